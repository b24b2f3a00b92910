//! What settings must be like: object_store takes some of them for granted, and panics over others at the first request.

use url::Url;

/// An address of a store: of HTTP, with a host.
///
/// # Errors
/// What is wrong with it, without what it says: it may have a password in it.
pub(super) fn check_endpoint(name: &str, value: &str) -> Result<(), String> {
    let address = Url::parse(value).map_err(|error| {
        format!("{name} is no address (one is like https://host or http://host:9000): {error}")
    })?;
    if !matches!(address.scheme(), "http" | "https") || !address.has_host() {
        return Err(format!(
            "{name} is no address that begins with https:// or http://"
        ));
    }
    Ok(())
}

/// A value that goes into a header of HTTP.
///
/// # Errors
/// What is wrong with it, without the value: it may be a secret.
pub(super) fn check_header(name: &str, value: &str) -> Result<(), String> {
    let wrong = value.chars().find(|c| !matches!(c, ' '..='~'));
    match wrong {
        None => Ok(()),
        Some('\n' | '\r') => Err(format!(
            "{name} has a line end in it, as commands such as echo leave one: it must go"
        )),
        Some(_) => Err(format!("{name} has a character in it that no key has")),
    }
}

/// What is wrong with settings for Azure and for Google, by the variables that have them, where object_store tells of neither. No secret is in it.
pub(super) fn advice(said: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let is = |part: &str| said.contains(part);
    if is("Account must be specified") {
        return Some(
            "no storage account is named: AZURE_STORAGE_ACCOUNT_NAME must have its name".to_owned(),
        );
    }
    if is("Invalid Access Key") {
        return Some(
            "the storage account's key (AZURE_STORAGE_ACCOUNT_KEY) is not base64, as Azure gives it"
                .to_owned(),
        );
    }
    if is("Failed parsing an SAS key") || is("Missing component in SAS query pair") {
        return Some(
            "AZURE_STORAGE_SAS_TOKEN is no token as Azure gives it: pairs such as sig=…, with & between them".to_owned(),
        );
    }
    let unread = is("Unable to open service account file from");
    if !unread && !is("Unable to decode service account file") {
        return None;
    }
    let files = [
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_PATH",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ];
    let key = "GOOGLE_SERVICE_ACCOUNT_KEY";
    if !unread && variable(key).is_some() {
        return Some(format!(
            "{key} has no credentials of a service account: it must have the JSON of the file that Google gives"
        ));
    }
    let named = files
        .into_iter()
        .find_map(|name| Some((name, variable(name)?)));
    let whose = match named {
        Some((name, path)) => format!("the file of credentials \"{path}\" ({name})"),
        None => "the file of credentials that gcloud has left".to_owned(),
    };
    Some(match unread {
        true => {
            let reason = said.rsplit(": ").next().unwrap_or_default();
            format!("{whose} could not be read: {reason}")
        }
        false => format!("{whose} has no credentials in JSON, as Google gives them"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_scheme_and_a_host() {
        for good in [
            "https://minio.example",
            "http://127.0.0.1:9000/",
            "http://[::1]:1/below",
        ] {
            check_endpoint("E", good).unwrap();
        }
        for bad in [
            "minio:9000",
            "minio",
            "127.0.0.1:9000",
            "http://127.0.0.1:99999",
            "ftp://host",
            "http://",
            "https:// host",
            "unix:/run/minio",
        ] {
            let reason = check_endpoint("AWS_ENDPOINT_URL", bad).unwrap_err();
            assert!(
                reason.starts_with("AWS_ENDPOINT_URL is no address"),
                "{reason}"
            );
        }
    }

    #[test]
    fn keys_are_of_characters_that_a_header_takes() {
        check_header("K", "AKIA/+=abc 1").unwrap();
        for bad in ["geheim\n", "geheim\r\n", "geheim\u{e9}", "\u{7f}geheim"] {
            let reason = check_header("AWS_ACCESS_KEY_ID", bad).unwrap_err();
            assert!(reason.starts_with("AWS_ACCESS_KEY_ID has a"), "{reason}");
            assert!(!reason.contains("geheim"), "{reason}");
        }
    }
}
