//! pg_dumpall, and what is called by that name here.

use super::Stock;

pub(super) const PG_DUMPALL: Stock = Stock {
    name: "pg_dumpall",
    own: OWN,
    differences: DIFFERENCES,
    other_differences: OTHER_DIFFERENCES,
    compared_by: "crates/cli/tests/globals",
};

const OWN: &[&str] = &[
    "allow-newer-server",
    "create",
    "enable-row-security",
    "large-objects",
    "no-large-objects",
    "no-reconnect",
    "progress",
    "quiet",
    "report",
    "report-file",
    "section",
    "serializable-deferrable",
    "snapshot",
    "sync-method",
];

const DIFFERENCES: &[(&str, &str)] = &[
    (
        "binary-upgrade",
        "refused: `pg_upgrade` runs the `pg_dumpall` of the new server, and only that fits",
    ),
    (
        "database",
        "a name, whatever it looks like; `pg_dumpall` takes a connection string there too, which wins over `-d`",
    ),
    (
        "file",
        "the name is given to the complete file; `pg_dumpall` writes under it from the start, and leaves what it has when it fails",
    ),
    (
        "help",
        "understood anywhere; by `pg_dumpall` as the first argument alone",
    ),
    (
        "verbose",
        "other words. The dump ids in the comments of a script are not those of stock",
    ),
    (
        "version",
        "understood anywhere; by `pg_dumpall` as the first argument alone",
    ),
];

const OTHER_DIFFERENCES: &[&str] = &[
    "Only a program that is called by the name `pg_dumpall`, a link or a copy, has these options. `pgdumprs dump --all` writes an archive a database.",
    "Settings of all roles, and what was changed of the tablespaces that every server has, are dumped too ([whole servers](whole-servers.md)).",
];
