//! pg_dump, and a dump here.

use super::Stock;

pub(super) const PG_DUMP: Stock = Stock {
    name: "pg_dump",
    own: OWN,
    differences: DIFFERENCES,
    other_differences: OTHER_DIFFERENCES,
    compared_by: "crates/cli/tests/options",
};

const OWN: &[&str] = &[
    "all",
    "allow-newer-server",
    "archive-version",
    "created",
    "encrypt-to",
    "encrypt-to-file",
    "encrypt-with-passphrase",
    "exclude-database",
    "generate",
    "globals-only",
    "include-database",
    "keep-daily",
    "keep-hourly",
    "keep-last",
    "keep-monthly",
    "keep-weekly",
    "keep-within",
    "keep-yearly",
    "memory",
    "no-role-passwords",
    "not-valid-foreign-keys",
    "passphrase-file",
    "progress",
    "quiet",
    "report",
    "report-file",
    "verify",
    "where",
];

const DIFFERENCES: &[(&str, &str)] = &[
    (
        "binary-upgrade",
        "refused: `pg_upgrade` runs the `pg_dump` of the new server, and only that fits",
    ),
    (
        "compress",
        "without a level, gzip's is chosen by the data, for about the size of `pg_dump`'s in less time ([architecture](architecture.md)); \
         zstd's `workers`, which `pg_dump` warns of and ignores, warns of `-j`",
    ),
    (
        "encoding",
        "of encodings that only clients use, such as `SJIS`, `pg_dump` stumbles over some letters ([fidelity](fidelity.md))",
    ),
    (
        "file",
        "the name is given to the complete file; `pg_dump` writes under it from the start, and leaves what it has when it fails. `-f -` is \
         standard output, as for `pg_dump -Fp` and `pg_restore`, and no folder; `pg_dump -Fc` makes a file of that name, which is `-f ./-` here. \
         A folder's files are removed where the dump fails",
    ),
    (
        "format",
        "custom is the default, unless the program is called by the name `pg_dump`. A tar file's `restore.sql` reads large objects too, which \
         `pg_dump`'s does not, and keeps psql from taking commands out of what was dumped",
    ),
    (
        "help",
        "understood anywhere; by `pg_dump` as the first argument alone",
    ),
    (
        "include-foreign-data",
        "goes together with `-j`; foreign tables are read over one connection",
    ),
    (
        "jobs",
        "many connections write one file, in every format and also within one table, and without the option there are as many as CPUs, \
         eight at most; `pg_dump` has one, and refuses more but for folders (`-Fd`), where each reads a table",
    ),
    (
        "restrict-key",
        "taken with `-Ft` too, for the script within the tar file",
    ),
    (
        "schema",
        "`-n database.schema` is accepted for the database that is dumped, as the documentation of patterns says",
    ),
    (
        "verbose",
        "other words; said twice, it says no more. The dump ids in the comments of a plain dump are not those of stock",
    ),
    (
        "version",
        "understood anywhere; by `pg_dump` as the first argument alone",
    ),
];

const OTHER_DIFFERENCES: &[&str] = &[
    "On a terminal, standard error shows a progress bar; elsewhere nothing is said unless something is wrong, or `-v` or `--progress` asks.",
    "Without `-F`, an archive is written, and an archive does not go to a terminal.",
    "An error is one line, and what helps may follow in a line that begins with `hint:`. It never holds a connection string: there may be a password in it.",
    "[Fidelity](fidelity.md) says where the content of the archive is not stock's.",
];
