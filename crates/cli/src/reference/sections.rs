//! What the man page and `docs/cli.md` say besides the options.

/// A section of the man page and of `docs/cli.md`.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) content: &'static [Content],
}

/// A part of a section.
pub(super) enum Content {
    /// Text.
    Paragraph(&'static str),
    /// A name, and what it stands for.
    Item(&'static str, &'static str),
    /// A command, and what it does.
    Example(&'static str, &'static str),
}

use Content::{Example, Item, Paragraph};

/// The sections, in their order.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        title: "Exit status",
        content: &[
            Item(
                "0",
                "The archive is complete, or what was asked for was shown.",
            ),
            Item(
                "1",
                "Something failed: the last line on standard error says what, what the server said, and what to do. Under the \
                 name of -f stands what stood there before; what went to a pipe is cut off, which pg_restore and pgdumprs verify notice.",
            ),
            Item(
                "2",
                "Of diff: it is not known whether both sides are the same; there, 1 says that they differ.",
            ),
            Item(
                "129, 130, 131, 143",
                "Ended by SIGHUP, Ctrl-C, SIGQUIT or SIGTERM: queries are cancelled, and no unfinished file is left behind. \
                 On Windows, the status of Ctrl-C is the system's own, 0xC000013A.",
            ),
            Item(
                "141",
                "Nobody reads any more what diff, list, verify or cat print, as in pgdumprs list shop.dump | head.",
            ),
        ],
    },
    Section {
        title: "Output",
        content: &[
            Paragraph(
                "Without -f the archive goes to standard output. Messages go to standard error.",
            ),
            Paragraph(
                "Where standard output is a file, as with pgdumprs shop > shop.dump, the archive says where its data is, as one made with -f. A pipe, \
                 and a file that is appended to (>>), cannot say so: pg_restore then searches. To a file that holds something already, nothing is \
                 appended: pg_restore would not find it there.",
            ),
        ],
    },
    Section {
        title: "Environment",
        content: &[
            Item(
                "PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, PGSSLMODE, …",
                "Parameters of the connection that nothing on the command line gives, all those that libpq knows.",
            ),
            Item(
                "PGPASSFILE",
                "The password file, in place of ~/.pgpass, or on Windows of %APPDATA%\\postgresql\\pgpass.conf.",
            ),
            Item(
                "PGSERVICE, PGSERVICEFILE, PGSYSCONFDIR",
                "The service whose parameters count before those of the environment, and where it is looked up, in place of ~/.pg_service.conf (on Windows %APPDATA%\\postgresql\\.pg_service.conf) and of the system's folder.",
            ),
        ],
    },
    Section {
        title: "Examples",
        content: &[
            Example(
                "pgdumprs -d \"$DATABASE_URL\" -f shop.dump",
                "Backs up a database.",
            ),
            Example(
                "pg_restore -d \"$TARGET_URL\" -j 4 shop.dump",
                "Restores it, by PostgreSQL's own tool.",
            ),
            Example(
                "pgdumprs -n app -T 'app.log_*' -Z zstd shop > app.dump",
                "Backs up one schema without its logs.",
            ),
            Example(
                "pgdumprs --generate bash > ~/.local/share/bash-completion/completions/pgdumprs",
                "Installs completions.",
            ),
            Example(
                "pgdumprs --generate man > ~/.local/share/man/man1/pgdumprs.1",
                "Installs the man page.",
            ),
        ],
    },
];
