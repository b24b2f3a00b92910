//! Windows: the user's files are in a folder of the roaming profile, and variables know the rest.

use std::path::{Path, PathBuf};

/// The password file in the folder.
pub(crate) const PASSWORD_FILE: &str = "pgpass.conf";
/// The same, as messages name it.
pub(crate) const USUAL_PASSWORD_FILE: &str = r"%APPDATA%\postgresql\pgpass.conf";

/// The service file in the folder.
pub(crate) const SERVICE_FILE: &str = ".pg_service.conf";
/// The same, as messages name it.
pub(crate) const USUAL_SERVICE_FILE: &str = r"%APPDATA%\postgresql\.pg_service.conf";

/// Only `PGSYSCONFDIR` says where the system's service file is.
pub(crate) const SERVICE_FOLDERS: &[&str] = &[];

/// Certificates and keys are beside the other files.
pub(crate) const TLS_FOLDER: &str = "";

/// The folder of PostgreSQL's files for the user, which does what the home folder does elsewhere.
pub(crate) fn home(variable: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let profile = variable("APPDATA").filter(|folder| !folder.is_empty())?;
    Some(Path::new(&profile).join("postgresql"))
}

/// The name of the user that runs the program: libpq's default for the role.
pub(crate) fn user(variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    variable("USERNAME").filter(|user| !user.is_empty())
}

/// Users have no numbers here.
pub(crate) fn user_name(_: u32) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_in_the_roaming_profile() {
        let variable =
            |name: &str| (name == "APPDATA").then(|| r"C:\Users\ada\AppData\Roaming".to_owned());
        let expected = Path::new(r"C:\Users\ada\AppData\Roaming\postgresql");
        assert_eq!(home(&variable).as_deref(), Some(expected));
        assert_eq!(home(&|_| None), None);
    }
}
