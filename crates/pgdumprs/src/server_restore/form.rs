//! The forms of a statement: as it was dumped, as it is executed, and as it is compared.

use bstr::{BString, ByteSlice};
use pgdumprs_sql::{Encoding, identifier};

use super::existing::Standing;
use super::statement::{find, subject, without_needless_quotes};

/// What a role must be a superuser for, to say of another that it has it or has it not.
const OF_SUPERUSERS: [&str; 3] = ["SUPERUSER", "REPLICATION", "BYPASSRLS"];

/// What is otherwise on the server than where statements were dumped.
pub(super) struct Form {
    pub(super) encoding: Encoding,
    pub(super) reads_passwords: bool,
    is_superuser: bool,
    /// The superusers that the dumped server and this one were made with, where their names are different.
    bootstraps: Option<(BString, BString)>,
}

impl Form {
    pub(super) fn new(encoding: Encoding, standing: &Standing, bootstrap: Option<&str>) -> Self {
        let bootstraps = bootstrap
            .filter(|name| standing.bootstrap != *name)
            .map(|name| (name.into(), standing.bootstrap.clone()));
        Self {
            encoding,
            reads_passwords: standing.reads_passwords,
            is_superuser: standing.is_superuser,
            bootstraps,
        }
    }

    /// A statement as this server takes it: who grants a membership is who may. Memberships that the superuser has granted that a server was made with are
    /// granted by this server's; none but superusers may grant in another's name.
    pub(super) fn executed(&self, statement: &BString) -> BString {
        const BY: &str = " GRANTED BY ";
        let by = statement
            .starts_with(b"GRANT ")
            .then(|| find(statement, BY, self.encoding))
            .flatten();
        let Some(at) = by else {
            return statement.clone();
        };
        let mut text = BString::from(&statement[..at]);
        let grantor = statement[at + BY.len()..].trim_end_with(|letter| letter == ';');
        match &self.bootstraps {
            _ if !self.is_superuser => {}
            Some((dumped, here)) if unquoted(grantor) == *dumped => {
                text.extend_from_slice(BY.as_bytes());
                text.extend_from_slice(&identifier(here.as_bstr(), false, self.encoding));
            }
            _ => return statement.clone(),
        }
        text.push(b';');
        text
    }

    /// What a statement is known by, which is what it is about, or itself where it only adds something; and what it says. Both are the same however names
    /// are quoted. Of passwords nothing is said where those of the server cannot be read.
    pub(super) fn compared(&self, statement: &BString) -> (BString, BString) {
        let mut compared = without_needless_quotes(statement, self.encoding);
        if !self.reads_passwords && compared.starts_with(b"ALTER ROLE ") {
            compared = self.without_password(compared);
        }
        let key = subject(&compared, self.encoding).unwrap_or_else(|| compared.clone());
        (key, compared)
    }

    fn without_password(&self, statement: BString) -> BString {
        let Some(from) = find(&statement, " PASSWORD ", self.encoding) else {
            return statement;
        };
        let rest = &statement[from..];
        let ends = [" VALID UNTIL ", ";"].into_iter();
        let end = ends
            .filter_map(|word| find(rest, word, self.encoding))
            .min();
        let mut text = BString::from(&statement[..from]);
        text.extend_from_slice(&rest[end.unwrap_or(rest.len())..]);
        text
    }

    /// The statements that do what one does that gives a role its properties, where none but superusers may say all of them: a new role has none of
    /// those, and what it is to have is said by itself.
    pub(super) fn parted(&self, statement: BString) -> Vec<BString> {
        let with = match self.is_superuser || !statement.starts_with(b"ALTER ROLE ") {
            true => None,
            false => find(&statement, " WITH ", self.encoding),
        };
        let Some(at) = with else {
            return vec![statement];
        };
        let (whose, rest) = statement.split_at(at + " WITH".len());
        // They come first, and hold no blanks.
        let end = find(rest, " CONNECTION ", self.encoding)
            .into_iter()
            .chain(find(rest, " PASSWORD ", self.encoding))
            .chain(find(rest, " VALID ", self.encoding))
            .min()
            .unwrap_or(rest.len().saturating_sub(1));
        let mut text = BString::from(whose);
        let mut more = Vec::new();
        for word in rest[..end].split_str(" ").filter(|word| !word.is_empty()) {
            let property = word.strip_prefix(b"NO").unwrap_or(word);
            if !OF_SUPERUSERS
                .iter()
                .any(|known| property == known.as_bytes())
            {
                text.push(b' ');
                text.extend_from_slice(word);
            } else if property == word {
                let mut alone = BString::from(whose);
                alone.push(b' ');
                alone.extend_from_slice(word);
                alone.push(b';');
                more.push(alone);
            }
        }
        text.extend_from_slice(&rest[end..]);
        let mut all = vec![text];
        all.append(&mut more);
        all
    }
}

/// A name without its quotes.
fn unquoted(name: &[u8]) -> BString {
    let quoted = name
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    match quoted {
        Some(quoted) => quoted.replace("\"\"", "\"").into(),
        None => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(is_superuser: bool) -> Form {
        let standing = Standing {
            role: "me".into(),
            is_superuser,
            reads_passwords: is_superuser,
            bootstrap: "the root".into(),
        };
        Form::new(Encoding::Utf8, &standing, Some("postgres"))
    }

    #[test]
    fn who_grants_a_membership_is_who_may_here() {
        for (is_superuser, statement, expected) in [
            (
                true,
                "GRANT a TO b WITH INHERIT TRUE GRANTED BY postgres;",
                "GRANT a TO b WITH INHERIT TRUE GRANTED BY \"the root\";",
            ),
            (
                true,
                "GRANT a TO \"x GRANTED BY y\" GRANTED BY \"postgres\";",
                "GRANT a TO \"x GRANTED BY y\" GRANTED BY \"the root\";",
            ),
            (
                true,
                "GRANT a TO b GRANTED BY c;",
                "GRANT a TO b GRANTED BY c;",
            ),
            (false, "GRANT a TO b GRANTED BY c;", "GRANT a TO b;"),
            (
                true,
                "COMMENT ON ROLE a IS ' GRANTED BY postgres';",
                "COMMENT ON ROLE a IS ' GRANTED BY postgres';",
            ),
        ] {
            assert_eq!(form(is_superuser).executed(&statement.into()), expected);
        }
    }

    #[test]
    fn what_superusers_alone_may_say_is_said_by_itself() {
        let statement = "ALTER ROLE \"a WITH b\" WITH NOSUPERUSER INHERIT LOGIN REPLICATION BYPASSRLS CONNECTION LIMIT 3 PASSWORD 'SUPERUSER';";
        let parted: Vec<_> = form(false)
            .parted(statement.into())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            parted,
            [
                "ALTER ROLE \"a WITH b\" WITH INHERIT LOGIN CONNECTION LIMIT 3 PASSWORD 'SUPERUSER';",
                "ALTER ROLE \"a WITH b\" WITH REPLICATION;",
                "ALTER ROLE \"a WITH b\" WITH BYPASSRLS;",
            ]
        );
        assert_eq!(form(true).parted(statement.into()), [statement]);
        let plain = "ALTER ROLE a WITH NOSUPERUSER NOLOGIN NOBYPASSRLS;";
        assert_eq!(
            form(false).parted(plain.into()),
            ["ALTER ROLE a WITH NOLOGIN;"]
        );
    }

    #[test]
    fn passwords_that_cannot_be_read_are_not_compared() {
        let (key, compared) = form(false).compared(
            &"ALTER ROLE a WITH LOGIN PASSWORD 'it''s; VALID UNTIL ' VALID UNTIL 'x';".into(),
        );
        assert_eq!(key, "ALTER ROLE a");
        assert_eq!(compared, "ALTER ROLE a WITH LOGIN VALID UNTIL 'x';");
    }
}
