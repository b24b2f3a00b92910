//! Names that were given for a user or a database and are none.

use crate::parameters::conninfo::ConnInfoError;

/// Refuses a connection string where the name of a user or a database belongs: it would be sent to a server, with its password.
///
/// Values that were taken out of a URI need no check: what is really called so is written there, with percent-encoding.
pub(crate) fn check(keyword: &str, value: &str) -> Result<(), ConnInfoError> {
    let (what, variable) = match keyword {
        "user" => ("user", "PGUSER"),
        "dbname" => ("database", "PGDATABASE"),
        _ => return Ok(()),
    };
    if !is_connection_string(value) {
        return Ok(());
    }
    Err(ConnInfoError::new(format!(
        "what is given as the {what}'s name ({keyword}, {variable}) looks like a connection string or a part of one: give that with -d, or as \
         the argument; a {what} that is really called so is named in a URI, with percent-encoding"
    )))
}

/// Whether a text is a URL, or one that has lost its scheme: `user:password@host`.
fn is_connection_string(text: &str) -> bool {
    let credentials = text.find(':').zip(text.rfind('@'));
    text.contains("://") || credentials.is_some_and(|(colon, at)| colon < at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_strange() {
        for name in ["", "shop", "ada@server", "a:b", "@:", "a/b?c=d"] {
            check("user", name).unwrap();
        }
        check("application_name", "https://a.example").unwrap();
    }

    #[test]
    fn connection_strings_are_no_names() {
        for text in ["postgresql://u:secret@h/d", "u:secret@h", "x+y://h"] {
            for keyword in ["user", "dbname"] {
                let said = check(keyword, text).unwrap_err().to_string();
                assert!(said.contains("-d") && !said.contains("secret"), "{said}");
            }
        }
    }
}
