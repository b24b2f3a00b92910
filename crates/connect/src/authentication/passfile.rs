//! The password file: `host:port:database:user:password` a line.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::authentication::secret::Secret;

/// What the password file has for a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The password of the first line that matches.
    Found(Secret),
    /// No such file, or no line for this connection.
    NotFound,
    /// The file is there but must not be used; the reason, for the error that a missing password
    /// leads to.
    Ignored(String),
}

/// The fields that a line is chosen by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The names that the host goes by: as it was given, and `localhost` for a Unix socket in the usual folder.
    pub(crate) hosts: &'a [&'a str],
    pub(crate) port: u16,
    pub(crate) database: &'a str,
    pub(crate) user: &'a str,
}

/// Looks a password up. A file that others may read is ignored, as libpq does: its passwords count
/// as known to others.
pub(crate) fn look_up(path: &Path, wanted: Wanted<'_>) -> Lookup {
    let Ok(mut file) = fs::File::open(path) else {
        return Lookup::NotFound;
    };
    let Ok(metadata) = file.metadata() else {
        return Lookup::NotFound;
    };
    if !metadata.is_file() {
        return Lookup::Ignored(format!("the password file {path:?} is not a plain file"));
    }
    if open_to_others(&metadata) {
        return Lookup::Ignored(format!(
            "the password file {path:?} was ignored because others may access it: chmod 600 it"
        ));
    }
    let mut text = Vec::new();
    if file.read_to_end(&mut text).is_err() {
        return Lookup::NotFound;
    }
    // A line that is not UTF-8 cannot match parameters that are.
    let lines = text
        .split(|&byte| byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok());
    for line in lines {
        if let Some(password) = match_line(line.trim_end_matches('\r'), wanted) {
            return Lookup::Found(Secret::new(password));
        }
    }
    Lookup::NotFound
}

#[cfg(unix)]
fn open_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &fs::Metadata) -> bool {
    false
}

/// The password of a line, if the line is for this connection.
fn match_line(line: &str, wanted: Wanted<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let port = wanted.port.to_string();
    let mut rest = line;
    for values in [wanted.hosts, &[&port], &[wanted.database], &[wanted.user]] {
        let (field, tail) = take_field(rest);
        // Only an unescaped asterisk is the wildcard.
        if !rest.starts_with("*:") && !values.contains(&field.as_str()) {
            return None;
        }
        rest = tail?;
    }
    Some(take_field(rest).0)
}

/// Reads a field up to the next colon; a backslash takes the next character as it is.
/// The rest is `None` where the line ends with the field.
fn take_field(text: &str) -> (String, Option<&str>) {
    let mut field = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ':' => return (field, Some(chars.as_str())),
            // A backslash at the very end stands for itself.
            '\\' => field.push(chars.next().unwrap_or('\\')),
            c => field.push(c),
        }
    }
    (field, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WANTED: Wanted<'static> = Wanted {
        hosts: &["db.example.com"],
        port: 5432,
        database: "shop",
        user: "ada",
    };

    fn password(line: &str) -> Option<String> {
        match_line(line, WANTED)
    }

    #[test]
    fn lines_match_by_field_and_wildcard() {
        assert_eq!(
            password("db.example.com:5432:shop:ada:pw"),
            Some("pw".into())
        );
        assert_eq!(password("*:*:*:*:pw"), Some("pw".into()));
        assert_eq!(password("*:*:*:ada:p\\:w\\\\"), Some("p:w\\".into()));
        assert_eq!(password("*:*:*:ada:pw:rest"), Some("pw".into()));
        assert_eq!(password("*:*:*:ada:"), Some("".into()));
        assert_eq!(password("*:*:*:ada"), None);
        assert_eq!(password("*:5433:*:ada:pw"), None);
        assert_eq!(password("\\*:*:*:ada:pw"), None);
        assert_eq!(password("#*:*:*:*:pw"), None);
        assert_eq!(password(""), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_first_line_wins_and_open_files_are_ignored() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        assert_eq!(look_up(&path, WANTED), Lookup::NotFound);
        fs::write(
            &path,
            b"# mine\r\n\xff:\nother:*:*:*:a\n*:*:shop:ada:b\r\n*:*:*:*:c",
        )
        .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(look_up(&path, WANTED), Lookup::Found(Secret::new("b")));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(
            matches!(look_up(&path, WANTED), Lookup::Ignored(reason) if reason.contains("chmod"))
        );
        assert!(matches!(look_up(folder.path(), WANTED), Lookup::Ignored(_)));
    }

    proptest! {
        #[test]
        fn escaped_fields_read_back(host in "[^\n]+", user in "[^\n]+", secret in "[^\n]*") {
            let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
            let line = format!("x{}:*:*:{}:{}", escape(&host), escape(&user), escape(&secret));
            let host = format!("x{host}");
            let hosts = [host.as_str()];
            let wanted = Wanted { hosts: &hosts, user: &user, ..WANTED };
            prop_assert_eq!(match_line(&line, wanted), Some(secret));
        }
    }
}
