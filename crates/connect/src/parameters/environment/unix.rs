//! Unix: the user's files are hidden ones in the home folder, and the user database knows the rest.

use std::path::PathBuf;

use nix::unistd::{Uid, User};

/// The password file in the home folder.
pub(crate) const PASSWORD_FILE: &str = ".pgpass";
/// The same, as messages name it.
pub(crate) const USUAL_PASSWORD_FILE: &str = "~/.pgpass";

/// The service file in the home folder.
pub(crate) const SERVICE_FILE: &str = ".pg_service.conf";
/// The same, as messages name it.
pub(crate) const USUAL_SERVICE_FILE: &str = "~/.pg_service.conf";

/// Where builds of libpq look for the system's service file when `PGSYSCONFDIR` does not say: Debian's, that of the RPMs, and
/// PostgreSQL's own.
pub(crate) const SERVICE_FOLDERS: &[&str] = &[
    "/etc/postgresql-common",
    "/etc/sysconfig/pgsql",
    "/usr/local/pgsql/etc",
];

/// The folder of certificates and keys in the home folder.
pub(crate) const TLS_FOLDER: &str = ".postgresql";

/// The user's home folder: `HOME`, or what the user database says.
pub(crate) fn home(variable: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let home = variable("HOME").filter(|home| !home.is_empty());
    home.map(PathBuf::from)
        .or_else(|| account(Uid::effective()).map(|account| account.dir))
}

/// The name of the user that runs the program: libpq's default for the role.
pub(crate) fn user(variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    // A container may run as a user that its user database does not have.
    let from_variable = || {
        ["USER", "LOGNAME"]
            .into_iter()
            .find_map(variable)
            .filter(|user| !user.is_empty())
    };
    account(Uid::effective())
        .map(|account| account.name)
        .or_else(from_variable)
}

/// The name of the user of that number.
pub(crate) fn user_name(uid: u32) -> Option<String> {
    account(Uid::from_raw(uid)).map(|account| account.name)
}

/// The entry of a user in the user database.
fn account(uid: Uid) -> Option<User> {
    User::from_uid(uid).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_number() {
        assert_eq!(user_name(0).as_deref(), Some("root"));
        assert_eq!(user_name(u32::MAX - 5), None);
    }

    #[test]
    fn the_home_variable_comes_first() {
        let home_is = |value: &str| home(&|name| (name == "HOME").then(|| value.to_owned()));
        assert_eq!(home_is("/elsewhere"), Some("/elsewhere".into()));
        let own = account(Uid::effective()).unwrap();
        assert_eq!(home_is(""), Some(own.dir));
    }

    #[test]
    fn the_user_database_comes_before_the_variables() {
        let own = account(Uid::effective()).unwrap();
        assert_eq!(user(&|_| Some("other".to_owned())), Some(own.name));
    }
}
