//! pg_restore, and `pgdumprs restore`.

use super::Stock;

pub(super) const PG_RESTORE: Stock = Stock {
    name: "pg_restore",
    own: OWN,
    differences: DIFFERENCES,
    other_differences: OTHER_DIFFERENCES,
    compared_by: "crates/cli/tests/restore",
};

const OWN: &[&str] = &[
    "adapt",
    "all",
    "analyze",
    "continue",
    "exclude-database",
    "identity",
    "include-database",
    "journal",
    "keep-row-order",
    "maintenance-work-mem",
    "map-extension-schema",
    "map-role",
    "memory",
    "missing-roles",
    "passphrase-file",
    "plan",
    "profile",
    "progress",
    "quiet",
    "report",
    "report-file",
    "resume",
];

const DIFFERENCES: &[(&str, &str)] = &[
    (
        "file",
        "the name is given to the complete file; `pg_restore` writes under it from the start, and leaves what it has when it fails",
    ),
    (
        "format",
        "found out in any case; an archive of another format than the one that is named is refused",
    ),
    (
        "jobs",
        "without the option there are as many connections as CPUs, eight at most, unless the program is called by the name `pg_restore`; large \
         tables are loaded over several",
    ),
    (
        "help",
        "understood anywhere; by `pg_restore` as the first argument alone",
    ),
    ("verbose", "other words"),
    (
        "version",
        "understood anywhere; by `pg_restore` as the first argument alone",
    ),
];

const OTHER_DIFFERENCES: &[&str] = &[
    "`FILE` may be `-`, which is standard input; for `pg_restore` it is a file of that name, which is `./-` here.",
    "Where the server's catalogs show beforehand that something will not be restored, the restore is refused before it changes anything, unless \
     `--continue` says otherwise or the program is called by the name `pg_restore`.",
    "A large object that is not there to be filled is an error as any other; `pg_restore` ends there.",
    "An error is one line, and what helps may follow in a line that begins with `hint:`.",
];
