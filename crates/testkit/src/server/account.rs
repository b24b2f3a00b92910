//! The user that servers run as: PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::provision::effective_uid;

/// The environment variable that names the user servers run as when root runs the tests.
const USER_VARIABLE: &str = "PGDUMPRS_TEST_USER";

/// Who owns and runs a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The user of this process.
    Own(u32),
    /// Another user, which only root can switch to.
    Other {
        /// The user id.
        uid: u32,
        /// The user's group id.
        gid: u32,
    },
}

impl Account {
    /// The user of this process, or for root the configured one, else `postgres`, else `nobody`.
    pub(super) fn choose() -> Result<Account> {
        let own = effective_uid()?;
        if own != 0 {
            return Ok(Account::Own(own));
        }
        let users = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        let configured = std::env::var(USER_VARIABLE).ok();
        let candidates = match &configured {
            Some(user) => vec![user.as_str()],
            None => vec!["postgres", "nobody"],
        };
        for user in &candidates {
            if let Some((uid, gid)) = ids(&users, user) {
                if uid == 0 {
                    bail!("servers refuse to run as {user}, which is root");
                }
                return Ok(Account::Other { uid, gid });
            }
        }
        bail!(
            "no user {} to run servers as; name one in {USER_VARIABLE}",
            candidates.join(" or ")
        )
    }

    /// The user id.
    pub(super) fn uid(self) -> u32 {
        match self {
            Account::Own(uid) | Account::Other { uid, .. } => uid,
        }
    }

    /// Makes a command run as this user.
    pub(super) fn act(self, command: &mut Command) {
        if let Account::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    /// Gives this user a file or folder.
    pub(super) fn give(self, path: &Path) -> Result<()> {
        match self {
            Account::Own(_) => Ok(()),
            Account::Other { uid, gid } => chown(path, Some(uid), Some(gid))
                .with_context(|| format!("giving {} to user {uid}", path.display())),
        }
    }
}

/// Finds a user's ids in the text of `/etc/passwd`.
fn ids(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        match fields[..] {
            [user, _, uid, gid, ..] if user == name => Some((uid.parse().ok()?, gid.parse().ok()?)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_by_the_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\n\
                     postgres:x:101:104:admin:/var:/bin/sh\n";
        assert_eq!(ids(users, "postgres"), Some((101, 104)));
        assert_eq!(ids(users, "nobody"), None);
    }
}
