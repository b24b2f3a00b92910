//! Commands that must succeed, and databases that must be alike after them.

use std::process::Command;

use pgdumprs_testkit::Database;

use crate::support::run;

/// Runs a command that must succeed, and returns its output.
pub(crate) fn succeeds(command: &mut Command) -> Vec<u8> {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output.stdout
}

/// Whether a restored database has the same rows in `large` and `small`, large objects and indexes.
pub(crate) fn assert_alike(source: &Database, target: &Database) {
    for query in [
        "SELECT md5(string_agg(large::text, '' ORDER BY id)) FROM large",
        "SELECT md5(string_agg(small::text, '' ORDER BY id)) FROM small",
        "SELECT string_agg(convert_from(lo_get(oid), 'UTF8'), ',') FROM pg_largeobject_metadata",
        "SELECT string_agg(indexdef, ',' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'public'",
    ] {
        assert_eq!(source.psql(query), target.psql(query), "{query}");
    }
}
