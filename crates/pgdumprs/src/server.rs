//! Which servers can be dumped.

use pgdumprs_connect::ServerVersion;

use crate::Error;

/// The oldest server major whose catalogs can be read.
const OLDEST: u32 = 13;
/// The newest server major that is known.
const NEWEST: u32 = 19;

/// Refuses servers that are too old, and those that are too new unless they are allowed. Gives a warning for those.
pub(crate) fn check(server: &ServerVersion, allow_newer: bool) -> Result<Option<String>, Error> {
    let found = server.text.to_string();
    if server.major() < OLDEST {
        return Err(Error::OldServer { found });
    }
    if server.major() <= NEWEST {
        return Ok(None);
    }
    if !allow_newer {
        return Err(Error::NewServer { found });
    }
    Ok(Some(format!(
        "the server runs PostgreSQL {server}, newer than the {NEWEST} that this version of pgdumprs knows: it is \
         dumped as if it were {NEWEST}, and what is new in it may be missing from the archive"
    )))
}
