//! Connection strings in URI form:
//! `postgresql://user:password@host:port,host2/dbname?keyword=value&…`.

use percent_encoding::percent_decode_str;

use crate::parameters::conninfo::{ConnInfoError, Setting};
use crate::parameters::shown::shown_keyword;

/// Strips the scheme from a connection URI; `None` where `text` is none.
pub(crate) fn strip_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
}

/// What a URI needs where an at sign stands in it that cannot be told from the one before the host.
const ENCODE: &str = "the URI holds an \"@\" where none can be: in a user's name, a password and a database's name, \"@\" is written %40, \
                      \"/\" %2F, \"?\" %3F and \"%\" %25";

/// Refuses URLs that are not libpq's: of drivers, of other libraries and other databases, and with something before the scheme.
///
/// No part of them may be taken for a database's name, which would be sent to a server.
pub(crate) fn check_scheme(text: &str) -> Result<(), ConnInfoError> {
    let Some((scheme, _)) = text.split_once("://") else {
        return Ok(());
    };
    // Such are keyword=value pairs.
    if scheme.contains('=') {
        return Ok(());
    }
    let bare = scheme.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let lower = bare.to_ascii_lowercase();
    let is_known = |scheme: &str| matches!(scheme, "postgresql" | "postgres");
    let reason = if is_known(bare) {
        "something stands before its scheme, such as a blank or a quotation mark: take it out"
            .into()
    } else if is_known(&lower) {
        format!("its scheme is written in small letters, {lower}")
    } else if let Some(rest) = lower.strip_prefix("jdbc:") {
        match is_known(rest) {
            true => "it is one of JDBC's: drop \"jdbc:\" before it".into(),
            false => "it is one of JDBC's, and not of PostgreSQL".into(),
        }
    } else if lower.starts_with("prisma+") {
        "it is one of Prisma's own service: take the URL of the database itself".into()
    } else if let Some((_, driver)) = lower.split_once('+').filter(|(first, _)| is_known(first)) {
        let driver = shown_keyword(driver);
        format!("it names a driver: drop \"+{driver}\" from its scheme")
    } else {
        "its scheme must be postgresql or postgres".into()
    };
    Err(ConnInfoError::new(format!(
        "the connection string is a URL that libpq does not know: {reason}"
    )))
}

/// Whether an at sign stands behind the hosts, as does one of a password whose "/" or "?" is not encoded.
pub(crate) fn has_stray_at(text: &str) -> bool {
    let rest = credentials(text).map_or(text, |(_, _, rest)| rest);
    rest.contains('@')
}

/// Takes a connection URI apart, given without its scheme.
pub(crate) fn parse_uri(text: &str) -> Result<Vec<Setting>, ConnInfoError> {
    let mut settings = Vec::new();
    let rest = match credentials(text) {
        None => text,
        Some((user, password, rest)) => {
            push_decoded(&mut settings, "user", user)?;
            push_decoded(&mut settings, "password", password)?;
            rest
        }
    };
    let (location, query) = match rest.split_once('?') {
        Some((location, query)) => (location, query),
        None => (rest, ""),
    };
    if location.contains('@') {
        return Err(ConnInfoError::new(ENCODE));
    }
    let (hosts, database) = match location.split_once('/') {
        Some((hosts, database)) => (hosts, database),
        None => (location, ""),
    };
    let (hosts, ports) = split_hosts(hosts)?;
    push_decoded(&mut settings, "host", &hosts)?;
    push_decoded(&mut settings, "port", &ports)?;
    push_decoded(&mut settings, "dbname", database)?;
    for parameter in query.split_terminator('&') {
        let setting = query_parameter(parameter);
        // It may be the middle of a password.
        let setting = setting.map_err(|error| match query.contains('@') {
            true => ConnInfoError::new(ENCODE),
            false => error,
        });
        settings.push(setting?);
    }
    Ok(settings)
}

/// Splits `user:password@` off. The at sign only counts before the first slash, as a slash ends the
/// hosts.
fn credentials(text: &str) -> Option<(&str, &str, &str)> {
    let at = text
        .find(['@', '/'])
        .filter(|&at| text[at..].starts_with('@'))?;
    let (user, password) = text[..at].split_once(':').unwrap_or((&text[..at], ""));
    Some((user, password, &text[at + 1..]))
}

/// Splits `host:port,[::1]:port` into the list of hosts and the list of ports, both separated by
/// commas.
fn split_hosts(text: &str) -> Result<(String, String), ConnInfoError> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for part in text.split(',') {
        let (host, port) = match part.strip_prefix('[') {
            None => part.split_once(':').unwrap_or((part, "")),
            Some(address) => {
                let (address, port) = address.split_once(']').ok_or_else(|| {
                    ConnInfoError::new("an IPv6 address in the URI has no closing \"]\"")
                })?;
                if address.is_empty() {
                    return Err(ConnInfoError::new("an IPv6 address in the URI is empty"));
                }
                match port.strip_prefix(':') {
                    Some(port) => (address, port),
                    None if port.is_empty() => (address, ""),
                    None => {
                        return Err(ConnInfoError::new(
                            "after an IPv6 address in the URI, \":\" or \"/\" is expected",
                        ));
                    }
                }
            }
        };
        hosts.push(host);
        ports.push(port);
    }
    if ports.iter().all(|port| port.is_empty()) {
        ports.clear();
    }
    Ok((hosts.join(","), ports.join(",")))
}

fn query_parameter(parameter: &str) -> Result<Setting, ConnInfoError> {
    let Some((keyword, value)) = parameter.split_once('=') else {
        return Err(ConnInfoError::new(format!(
            "the query parameter {:?} of the URI has no \"=\"",
            shown_keyword(parameter)
        )));
    };
    let keyword = decode("a keyword", keyword)?;
    if value.contains('=') {
        return Err(ConnInfoError::new(format!(
            "the query parameter {:?} of the URI has more than one \"=\"; \
             write it as %3D in the value",
            shown_keyword(&keyword)
        )));
    }
    let value = decode(shown_keyword(&keyword), value)?;
    // What JDBC's URIs say for the same thing.
    if keyword == "ssl" && value == "true" {
        return Ok(("sslmode".into(), "require".into()));
    }
    Ok((keyword, value))
}

/// Adds a part of the URI unless it is empty: an empty part leaves the parameter unset.
fn push_decoded(
    settings: &mut Vec<Setting>,
    keyword: &str,
    value: &str,
) -> Result<(), ConnInfoError> {
    if !value.is_empty() {
        settings.push((keyword.to_owned(), decode(keyword, value)?));
    }
    Ok(())
}

/// Undoes percent-encoding. Blanks around the value do not count; others must be encoded.
fn decode(what: &str, text: &str) -> Result<String, ConnInfoError> {
    let text = text.trim_matches(' ');
    let wrong = |reason: &str| Err(ConnInfoError::new(format!("in the URI, {what} {reason}")));
    if text.contains(' ') {
        return wrong("holds a blank; write it as %20");
    }
    let mut rest = text;
    while let Some(percent) = rest.find('%') {
        let digits = rest.as_bytes().get(percent + 1..percent + 3);
        match digits {
            Some(b"00") => return wrong("holds %00, which no value may"),
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            _ => {
                return wrong(
                    "holds a \"%\" without two hexadecimal digits; write the sign as %25",
                );
            }
        }
        rest = &rest[percent + 3..];
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(value) => Ok(value.into_owned()),
        Err(_) => wrong("is not UTF-8 after percent-decoding"),
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Vec<Setting> {
        parse_uri(strip_scheme(text).unwrap()).unwrap()
    }

    fn error(text: &str) -> String {
        parse_uri(strip_scheme(text).unwrap())
            .unwrap_err()
            .to_string()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<Setting> {
        expected
            .iter()
            .map(|&(keyword, value)| (keyword.into(), value.into()))
            .collect()
    }

    #[test]
    fn hosted_services() {
        assert_eq!(
            parse(
                "postgresql://app_owner:pa%40ss@ep-cool-1.eu-central-1.aws.neon.tech/shop\
                 ?sslmode=require&channel_binding=require"
            ),
            pairs(&[
                ("user", "app_owner"),
                ("password", "pa@ss"),
                ("host", "ep-cool-1.eu-central-1.aws.neon.tech"),
                ("dbname", "shop"),
                ("sslmode", "require"),
                ("channel_binding", "require"),
            ])
        );
        assert_eq!(
            parse("postgres://postgres.ref:pw@aws-0.pooler.supabase.com:6543/postgres"),
            pairs(&[
                ("user", "postgres.ref"),
                ("password", "pw"),
                ("host", "aws-0.pooler.supabase.com"),
                ("port", "6543"),
                ("dbname", "postgres"),
            ])
        );
    }

    #[test]
    fn every_part_may_be_absent() {
        assert_eq!(parse("postgresql://"), []);
        assert_eq!(parse("postgresql:///shop"), pairs(&[("dbname", "shop")]));
        assert_eq!(
            parse("postgresql://localhost"),
            pairs(&[("host", "localhost")])
        );
        assert_eq!(parse("postgresql://:5433/"), pairs(&[("port", "5433")]));
        assert_eq!(parse("postgresql://user@"), pairs(&[("user", "user")]));
        assert_eq!(
            parse("postgresql://user:@h"),
            pairs(&[("user", "user"), ("host", "h")])
        );
        assert_eq!(
            parse("postgresql:///shop?host=/tmp&port=5433"),
            pairs(&[("dbname", "shop"), ("host", "/tmp"), ("port", "5433")])
        );
        assert_eq!(
            parse("postgresql://h?ssl=true"),
            pairs(&[("host", "h"), ("sslmode", "require")])
        );
    }

    #[test]
    fn hosts_in_every_form() {
        assert_eq!(
            parse("postgresql://[2001:db8::1]:5433/d"),
            pairs(&[("host", "2001:db8::1"), ("port", "5433"), ("dbname", "d")])
        );
        assert_eq!(
            parse("postgresql://a:1,[::1],c:3/d"),
            pairs(&[("host", "a,::1,c"), ("port", "1,,3"), ("dbname", "d")])
        );
        assert_eq!(
            parse("postgresql://%2Fvar%2Frun%2Fpostgresql/d"),
            pairs(&[("host", "/var/run/postgresql"), ("dbname", "d")])
        );
    }

    #[test]
    fn mistakes_are_told_without_the_password() {
        assert!(error("postgresql://[::1/d").contains("closing \"]\""));
        assert!(error("postgresql://[]/d").contains("empty"));
        assert!(error("postgresql://[::1]x/d").contains("expected"));
        assert!(error("postgresql://h/d?sslmode").contains("\"sslmode\""));
        assert!(error("postgresql://h/d?options=a=b").contains("%3D"));
        assert!(error("postgresql://h/d%00").contains("%00"));
        assert!(error("postgresql://h/d%ff").contains("UTF-8"));
        assert!(error("postgresql://h/a b").contains("%20"));
        let secret = error("postgresql://u:secret%zz@h/d");
        assert!(
            secret.contains("password") && !secret.contains("secret"),
            "{secret}"
        );
    }

    proptest! {
        #[test]
        fn encoded_values_read_back(user in "[^\0]+", password in "[^\0]+", name in "[^\0]+") {
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let uri = format!("{}:{}@h/{}", encode(&user), encode(&password), encode(&name));
            let expected =
                [("user", &*user), ("password", &password), ("host", "h"), ("dbname", &name)];
            prop_assert_eq!(parse_uri(&uri).unwrap(), pairs(&expected));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = parse_uri(&text);
        }
    }
}
