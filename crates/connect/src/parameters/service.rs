//! Service files: connection parameters under a name.
//!
//! A section is `[name]` and lines of `keyword=value` up to the next section. Values stand as they are, without quotes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::parameters::conninfo::{ConnInfoError, is_blank};
use crate::parameters::environment;
use crate::parameters::foreign;
use crate::parameters::keywords;
use crate::parameters::names;
use crate::parameters::shown::shown;

/// Where services are looked up.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The file that `servicefile` or `PGSERVICEFILE` names, in place of the one in the home folder.
    pub(crate) file: Option<PathBuf>,
    pub(crate) home: Option<PathBuf>,
    /// The folder that `PGSYSCONFDIR` names.
    pub(crate) system: Option<PathBuf>,
}

/// Finds the parameters of a service, the user's file before the system's.
///
/// Files that nobody named need not exist.
pub(crate) fn look_up(
    name: &str,
    places: &Places,
) -> Result<Vec<(&'static str, String)>, ConnInfoError> {
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    match (&places.file, &places.home) {
        (Some(file), _) => files.push((file.clone(), true)),
        (None, Some(home)) => files.push((home.join(environment::SERVICE_FILE), false)),
        (None, None) => {}
    }
    let in_folder = |folder: &Path| (folder.join("pg_service.conf"), false);
    match &places.system {
        Some(folder) => files.push(in_folder(folder)),
        None => files.extend(
            environment::SERVICE_FOLDERS
                .iter()
                .map(|folder| in_folder(Path::new(folder))),
        ),
    }
    let mut read = Vec::new();
    for (path, named) in files {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !named => continue,
            Err(error) => {
                return Err(ConnInfoError::new(format!(
                    "could not read the service file {path:?}: {error}"
                )));
            }
        };
        if let Some(settings) = section(&text, name, &path)? {
            return Ok(settings);
        }
        read.push(format!("{path:?}"));
    }
    let reason = if read.is_empty() {
        format!(
            "there is no service file; write {}, or name one in PGSERVICEFILE",
            environment::USUAL_SERVICE_FILE
        )
    } else {
        format!("there is no such section in {}", read.join(" or "))
    };
    Err(ConnInfoError::new(format!(
        "the service {:?} is not defined: {reason}",
        shown(name)
    )))
}

/// The settings in the section of that name; `None` where the text has no such section.
fn section(
    text: &str,
    name: &str,
    path: &Path,
) -> Result<Option<Vec<(&'static str, String)>>, ConnInfoError> {
    let mut found: Option<Vec<_>> = None;
    let mut unknown = Vec::new();
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_matches(is_blank);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(heading) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            // What follows the bracket does not count.
            if heading
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(']'))
            {
                found = Some(Vec::new());
            }
            continue;
        }
        let Some(settings) = &mut found else { continue };
        let wrong = |reason: String| {
            ConnInfoError::new(format!(
                "line {} of the service file {path:?} {reason}",
                index + 1
            ))
        };
        if line.starts_with("ldap") {
            return Err(wrong(
                "asks a directory (LDAP), which is not available here".into(),
            ));
        }
        let Some((keyword, value)) = line.split_once('=') else {
            return Err(wrong("has no \"=\"".into()));
        };
        if matches!(keyword, "service" | "servicefile") {
            return Err(wrong(format!("sets {keyword:?}, which a service may not")));
        }
        let Some(known) = keywords::find(keyword) else {
            // All at once: whoever has one parameter of another program's often has several.
            unknown.push((keyword.to_owned(), false));
            lines.push((index + 1).to_string());
            continue;
        };
        names::check(known.name, value).map_err(|error| wrong(format!("is wrong: {error}")))?;
        if value.contains('\0') {
            return Err(wrong("holds a zero byte".into()));
        }
        settings.push((known.name, value.to_owned()));
    }
    if unknown.is_empty() {
        return Ok(found);
    }
    let (line, lines, unknown) = (
        if lines.len() == 1 { "line" } else { "lines" },
        lines.join(", "),
        foreign::unknown(&unknown),
    );
    Err(ConnInfoError::new(format!(
        "{line} {lines} of the service file {path:?}: {unknown}"
    )))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "# services\n[shop2]\nhost=two\n\n[shop] old\n  host=one  \nport=5433\n\
                        options=-c a=b\n[other]\nhots=x\n";

    fn read(name: &str) -> Result<Option<Vec<(&'static str, String)>>, ConnInfoError> {
        section(TEXT, name, Path::new("f"))
    }

    #[test]
    fn sections_are_found_by_the_whole_name() {
        let expected = [("host", "one"), ("port", "5433"), ("options", "-c a=b")];
        let expected = expected.map(|(keyword, value)| (keyword, value.to_owned()));
        assert_eq!(read("shop").unwrap().unwrap(), expected);
        assert_eq!(read("sho").unwrap(), None);
        let error = read("other").unwrap_err().to_string();
        assert!(
            error.contains("line 10") && error.contains("hots"),
            "{error}"
        );
    }

    #[test]
    fn all_unknown_parameters_are_told_at_once() {
        let text = "[a]\nhots=x\nhost=y\nschema=z\n[b]\nnothere=x\n";
        let error = section(text, "a", Path::new("f")).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "lines 2, 4 of the service file \"f\": unknown connection parameters \"hots\""
            ) && error.contains("\"schema\" (Prisma's)")
                && !error.contains("nothere"),
            "{error}"
        );
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (line, part) in [
            ("host", "\"=\""),
            ("service=x", "may not"),
            ("host=a\0b", "zero byte"),
            ("ldap://h", "LDAP"),
        ] {
            let text = format!("[a]\n{line}\n");
            let error = section(&text, "a", Path::new("f")).unwrap_err().to_string();
            assert!(error.contains("line 2") && error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_users_file_comes_before_the_systems() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places {
            file: None,
            home: Some(folder.path().to_owned()),
            system: Some(folder.path().to_owned()),
        };
        let error = look_up("a", &places).unwrap_err().to_string();
        assert!(error.contains("there is no service file"), "{error}");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("pg_service.conf", "[a]\nhost=system\n[b]\nhost=system\n");
        write(".pg_service.conf", "[a]\nhost=user\n");
        assert_eq!(
            look_up("a", &places).unwrap(),
            [("host", "user".to_owned())]
        );
        assert_eq!(
            look_up("b", &places).unwrap(),
            [("host", "system".to_owned())]
        );
        let error = look_up("c", &places).unwrap_err().to_string();
        assert!(
            error.contains("no such section") && error.contains(" or "),
            "{error}"
        );
        let places = Places {
            file: Some(folder.path().join("nothing")),
            ..places
        };
        let error = look_up("a", &places).unwrap_err().to_string();
        assert!(error.contains("could not read"), "{error}");
    }

    proptest! {
        #[test]
        fn values_read_back_as_they_are(value in "[^\\s\0]([^\n\0]*[^\\s\0])?") {
            let text = format!("[other]\nhost=x\n[a]\noptions={value}\n[b]\n");
            let read = section(&text, "a", Path::new("f")).unwrap();
            prop_assert_eq!(read, Some(vec![("options", value)]));
        }

        #[test]
        fn no_text_makes_it_panic(text: String, name: String) {
            let _ = section(&text, &name, Path::new("f"));
        }
    }
}
