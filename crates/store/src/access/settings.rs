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
