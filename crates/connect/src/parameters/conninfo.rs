//! Connection strings in libpq's `keyword=value` form.

use crate::parameters::shown::{HIDDEN, shown_keyword, without_passwords};

/// A connection string or parameter that cannot be used.
///
/// The message quotes keywords and values other than passwords; what cannot be told apart from a
/// password is not quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConnInfoError {
    message: String,
}

impl ConnInfoError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        ConnInfoError {
            message: without_passwords(&message.into()).into_owned(),
        }
    }
}

/// A keyword and its value as they stand in a connection string.
pub(crate) type Setting = (String, String);

/// Splits a `keyword=value` string.
///
/// Values are bare words or stand in single quotes; a backslash takes the next character as it is,
/// in both forms. Blanks around the equals sign do not count.
pub(crate) fn parse_key_values(text: &str) -> Result<Vec<Setting>, ConnInfoError> {
    let mut settings = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while !rest.is_empty() {
        let end = rest.find(|c| c == '=' || is_blank(c)).unwrap_or(rest.len());
        let (keyword, tail) = rest.split_at(end);
        let Some(tail) = tail.trim_start_matches(is_blank).strip_prefix('=') else {
            // Behind a password with a blank in it, what looks like a keyword is the rest of the
            // password.
            let shown = if follows_password(&settings) {
                String::new()
            } else {
                format!(" after {:?}", shown_keyword(keyword))
            };
            return Err(ConnInfoError::new(format!(
                "missing \"=\"{shown} in the connection string; \
                 values with blanks need single quotes"
            )));
        };
        let Some((value, tail)) = take_value(tail.trim_start_matches(is_blank)) else {
            let keyword = if follows_password(&settings) {
                HIDDEN
            } else {
                shown_keyword(keyword)
            };
            return Err(ConnInfoError::new(format!(
                "the value of {keyword:?} in the connection string has no closing quote"
            )));
        };
        settings.push((keyword.to_owned(), value));
        rest = tail.trim_start_matches(is_blank);
    }
    Ok(settings)
}

/// Whether a password came before.
fn follows_password(settings: &[Setting]) -> bool {
    settings.iter().any(|(keyword, _)| keyword == "password")
}

/// The blanks of C's locale, which libpq goes by.
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// Reads the value at the front of `text`; returns it and what follows, or nothing where its closing quote is missing.
fn take_value(text: &str) -> Option<(String, &str)> {
    let quoted = text.strip_prefix('\'');
    let mut value = String::new();
    let mut chars = quoted.unwrap_or(text).chars();
    loop {
        match chars.next() {
            Some('\'') if quoted.is_some() => return Some((value, chars.as_str())),
            Some(c) if quoted.is_none() && is_blank(c) => return Some((value, chars.as_str())),
            Some('\\') => value.extend(chars.next()),
            Some(c) => value.push(c),
            None if quoted.is_none() => return Some((value, "")),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Vec<Setting> {
        parse_key_values(text).unwrap()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<Setting> {
        expected
            .iter()
            .map(|&(keyword, value)| (keyword.into(), value.into()))
            .collect()
    }

    #[test]
    fn blanks_quotes_and_backslashes() {
        assert_eq!(parse(""), []);
        assert_eq!(parse("  \n"), []);
        assert_eq!(
            parse("host=a  port = 5433\tdbname='my db' user= 'it\\'s' options=a\\ b"),
            pairs(&[
                ("host", "a"),
                ("port", "5433"),
                ("dbname", "my db"),
                ("user", "it's"),
                ("options", "a b"),
            ])
        );
        assert_eq!(parse("password=''"), pairs(&[("password", "")]));
        assert_eq!(
            parse("user='a'host=b"),
            pairs(&[("user", "a"), ("host", "b")])
        );
        assert_eq!(parse("password= user=x"), pairs(&[("password", "user=x")]));
    }

    #[test]
    fn mistakes_are_told_without_the_password() {
        let error = parse_key_values("host").unwrap_err().to_string();
        assert!(error.contains("after \"host\""), "{error}");
        let error = parse_key_values("user='a").unwrap_err().to_string();
        assert!(
            error.contains("\"user\"") && error.contains("closing quote"),
            "{error}"
        );
        let error = parse_key_values("password=my secret")
            .unwrap_err()
            .to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    proptest! {
        #[test]
        fn quoted_values_read_back(values: Vec<String>) {
            let quote = |value: &String| {
                let escaped = value.replace('\\', "\\\\").replace('\'', "\\'");
                format!("k='{escaped}'")
            };
            let text = values.iter().map(quote).collect::<Vec<_>>().join(" ");
            let read: Vec<_> = parse(&text).into_iter().map(|(_, value)| value).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = parse_key_values(&text);
        }
    }
}
