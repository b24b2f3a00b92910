//! What an error says of a statement that may have been run before, or that another session was in the way of.

use bstr::{BStr, ByteSlice};
use pgdumprs_script::Pass;

/// Whether a statement may succeed when it is run again, because another session was in its way, or ended a process that worked for it.
pub(crate) fn is_passing(code: &BStr) -> bool {
    const DEADLOCK: &[u8] = b"40P01";
    const SERIALIZATION: &[u8] = b"40001";
    const LOCK_NOT_AVAILABLE: &[u8] = b"55P03";
    const ADMIN_SHUTDOWN: &[u8] = b"57P01";
    const CONNECTION_FAILURE: &[u8] = b"08006";
    [
        DEADLOCK,
        SERIALIZATION,
        LOCK_NOT_AVAILABLE,
        ADMIN_SHUTDOWN,
        CONNECTION_FAILURE,
    ]
    .contains(&code.as_ref())
}

/// Whether an error says that what a statement does is done already, for an entry of this kind.
pub(crate) fn is_done_already(pass: Pass, descriptor: &BStr, code: &BStr) -> bool {
    /// Objects, tables, schemas, databases, routines and columns of the name exist; a row of a catalog does (large objects).
    const THERE: [&[u8]; 7] = [
        b"42710", b"42P07", b"42P06", b"42P04", b"42723", b"42701", b"23505",
    ];
    /// Objects, tables, schemas, databases and routines of the name do not exist.
    const GONE: [&[u8]; 5] = [b"42704", b"42P01", b"3F000", b"3D000", b"42883"];
    if pass == Pass::Drop {
        return GONE.contains(&code.as_ref());
    }
    match descriptor.as_bytes() {
        // What stands in the place of rows may break a constraint.
        b"TABLE DATA" | b"BLOBS" => false,
        // A table has one primary key.
        b"CONSTRAINT" if code == "42P16" => true,
        // The column is an identity column already.
        b"SEQUENCE" if code == "55000" => true,
        // The table is a partition already.
        b"TABLE ATTACH" if code == "42809" => true,
        _ => THERE.contains(&code.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_of_each_pass_something_else() {
        let is_done = |pass, descriptor: &str, code: &str| {
            is_done_already(pass, BStr::new(descriptor), BStr::new(code))
        };
        assert!(is_done(Pass::Main, "TABLE", "42P07"));
        assert!(!is_done(Pass::Drop, "TABLE", "42P07"));
        assert!(is_done(Pass::Drop, "TABLE", "42P01"));
        assert!(!is_done(Pass::Main, "TABLE", "42P01"));
        assert!(!is_done(Pass::Main, "TABLE DATA", "23505"));
        assert!(is_done(Pass::Main, "CONSTRAINT", "42P16"));
        assert!(!is_done(Pass::Main, "TABLE", "42P16"));
    }
}
