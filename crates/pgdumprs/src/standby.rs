//! Standbys on which no other connection may read in an exported snapshot.
//!
//! A snapshot that was taken in recovery lost the list of running transactions when it was exported, as soon as one of them had more than
//! 64 subtransactions. Whoever read in it took those transactions for rolled back, and marked their rows so in the standby's own tables: the
//! rows were missing from the dump, and on the standby for good. The release notes of 15.20 and 17.12 say so under "Fix snapshot export and
//! import to work properly on a snapshot taken during recovery".

use pgdumprs_connect::{ServerVersion, Session};

use crate::Error;

/// What tells whether a server has the fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fix {
    /// Its version, in the form of `server_version_num`: this one and newer ones have it.
    Since(u32),
    /// A parameter that came with the same releases. Their number is not known, and that they have the fix follows from the majors before
    /// and after, which do.
    WithParameter,
    /// No release is known to have it.
    Never,
}

/// The parameter that the releases of 2026-11-12 brought, with the fix or after it.
const PARAMETER: &str = "composite_type_mismatch";

impl Fix {
    /// The fix of a server's major. 15 and 17 by their release notes; 19 by what 19rc1 writes for a snapshot, which newer majors grew from.
    pub(crate) fn of(version: &ServerVersion) -> Self {
        match version.major() {
            15 => Self::Since(150_020),
            16 | 18 => Self::WithParameter,
            17 => Self::Since(170_012),
            major if major >= 19 => Self::Since(190_000),
            _ => Self::Never,
        }
    }

    /// A condition in SQL: the server that runs it has the fix. A pooler may have told of another server's version.
    pub(crate) fn condition(self) -> String {
        match self {
            Self::Since(version) => format!(
                "pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= {version}"
            ),
            Self::WithParameter => {
                format!("pg_catalog.current_setting('{PARAMETER}', true) IS NOT NULL")
            }
            Self::Never => "false".into(),
        }
    }
}

/// Which releases of a server's major have the fix, in words.
pub(crate) fn releases(version: &ServerVersion) -> String {
    let major = version.major();
    match Fix::of(version) {
        Fix::Since(version) => format!("{major}.{} has the fix", version % 10_000),
        Fix::WithParameter => format!("releases of {major} since November 2026 have the fix"),
        Fix::Never => format!("no release of {major} is known to have the fix"),
    }
}

/// Why all is read over one connection.
pub(crate) fn alone(version: &ServerVersion) -> String {
    format!(
        "all is read over one connection: the server is a standby, and in {version}, connections that read in one snapshot there \
         miss rows and damage the standby's tables; {}",
        releases(version)
    )
}

/// Whether the server that answers is a standby without the fix.
pub(crate) async fn is_unsafe(session: &mut Session) -> Result<bool, Error> {
    let fixed = Fix::of(session.server_version()).condition();
    let question = format!("SELECT pg_catalog.pg_is_in_recovery() AND NOT ({fixed})");
    let answer = async { Ok(session.query(&question).await?.one()?.get(0)?) };
    answer.await.map_err(|source| Error::Transaction {
        what: "ask whether the server is a standby".into(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ServerVersion {
        ServerVersion::parse(text.into()).unwrap()
    }

    #[test]
    fn the_release_with_the_fix_is_named() {
        for (found, named) in [
            ("13.23", "no release of 13"),
            ("14.23", "no release of 14"),
            ("15.18 (Debian 15.18-0+deb12u1)", "15.20 has"),
            ("16.14", "releases of 16 since November 2026"),
            ("17.11", "17.12 has"),
            ("18.6", "releases of 18 since November 2026"),
        ] {
            let said = alone(&version(found));
            assert!(said.contains(named) && said.contains(found), "{said}");
        }
    }

    #[test]
    fn majors_newer_than_the_fix_have_it() {
        for newer in ["19rc1", "19.2", "20devel", "21.1"] {
            assert_eq!(Fix::of(&version(newer)), Fix::Since(190_000));
        }
    }
}
