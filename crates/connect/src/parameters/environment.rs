//! What the operating system says about the user.

use std::path::PathBuf;

/// The user's home folder: `HOME`, or what the user database says.
pub(crate) fn home(variable: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let home = variable("HOME").filter(|home| !home.is_empty());
    home.or_else(|| Some(account()?.home)).map(PathBuf::from)
}

/// The name of the user that runs the program: libpq's default for the role.
pub(crate) fn user(variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    // Where the user database is not a file (directory services), the login's variables know.
    let from_variable = || {
        ["USER", "LOGNAME"]
            .into_iter()
            .find_map(variable)
            .filter(|user| !user.is_empty())
    };
    account().map(|account| account.name).or_else(from_variable)
}

/// The name of the user of that number.
#[cfg(unix)]
pub(crate) fn user_name(uid: u32) -> Option<String> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    find_account(&accounts, uid).map(|account| account.name)
}

#[cfg(not(unix))]
pub(crate) fn user_name(_: u32) -> Option<String> {
    None
}

/// An entry of the user database.
struct Account {
    name: String,
    home: String,
}

/// The entry of the user that owns this process.
#[cfg(unix)]
fn account() -> Option<Account> {
    use std::os::unix::fs::MetadataExt;
    // The owner of a process's own folder there is its effective user.
    let uid = std::fs::metadata("/proc/self").ok()?.uid();
    find_account(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

#[cfg(not(unix))]
fn account() -> Option<Account> {
    None
}

/// Finds the line of `uid`: `name:password:uid:gid:comment:home:shell`.
#[cfg(unix)]
fn find_account(accounts: &str, uid: u32) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, number, _, _, home, ..] = fields[..] else {
            return None;
        };
        (number.parse() == Ok(uid)).then(|| Account {
            name: name.into(),
            home: home.into(),
        })
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_number() {
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000:,,,:/home/ada:/bin/sh\n";
        let ada = find_account(accounts, 1000).unwrap();
        assert_eq!((ada.name.as_str(), ada.home.as_str()), ("ada", "/home/ada"));
        assert!(find_account(accounts, 1001).is_none());
    }

    #[test]
    fn the_home_variable_comes_first() {
        let home = home(&|name| (name == "HOME").then(|| "/elsewhere".to_owned()));
        assert_eq!(home, Some("/elsewhere".into()));
    }
}
