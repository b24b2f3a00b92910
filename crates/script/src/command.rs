//! What a restore says to the server, or writes into a script.

use std::borrow::Cow;

use bstr::BStr;
use pgdumprs_archive::Entry;

/// One thing that a step does. A script shows them all; a server is told [`Sql`](Command::Sql) and what concerns data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// The comment that stands before an entry. Only a script has it.
    Heading {
        /// The entry.
        entry: &'a Entry,
        /// What of it comes.
        content: Content,
    },
    /// SQL for the server: mostly one statement, but definitions may hold several.
    Sql(Sql<'a>),
    /// An empty line. Only a script has it.
    EmptyLine,
    /// The rows of a table. In the archive they stand with the line that ends them; a server is not sent that.
    Copy {
        /// `COPY … FROM stdin;`
        statement: &'a BStr,
        /// The entry whose data they are.
        dump_id: i32,
    },
    /// SQL statements in the place of data: INSERT statements, or what very old archives have.
    Statements {
        /// The entry whose data they are.
        dump_id: i32,
    },
    /// The contents of large objects that are there already.
    LargeObjects {
        /// The entry whose data they are.
        dump_id: i32,
        /// Whether they need a transaction of their own, because there is none around them.
        transaction: bool,
    },
    /// What follows goes into another database: a new session, of which nothing is known. The settings that it needs follow.
    Connect {
        /// Its name.
        database: &'a BStr,
    },
}

/// What of an entry comes, as its heading says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its definition.
    Definition,
    /// Its data.
    Data,
    /// Its statistics.
    Statistics,
}

/// SQL for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// The statements, each with its semicolon.
    pub text: Cow<'a, BStr>,
    /// Line breaks that follow in a script.
    pub(crate) breaks: &'static str,
}

/// What SQL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// How the session behaves from now on, for all that follows.
    Setting,
    /// The role that makes what follows (`--use-set-session-authorization`, `--disable-triggers`).
    Authorization,
    /// The search path for what follows, in archives that rely on one.
    SearchPath,
    /// The tablespace for what follows.
    Tablespace,
    /// The table access method for what follows.
    AccessMethod,
    /// A transaction begins.
    Begin,
    /// A transaction ends.
    Commit,
    /// An object goes.
    Drop,
    /// The entry's definition.
    Definition,
    /// The object is given to its owner.
    Owner,
    /// A partitioned table's access method.
    PartitionedAccessMethod,
    /// Triggers go off before data.
    DisableTriggers,
    /// Triggers go on after data.
    EnableTriggers,
}

impl<'a> Command<'a> {
    pub(crate) fn sql(
        purpose: Purpose,
        text: impl Into<Cow<'a, BStr>>,
        breaks: &'static str,
    ) -> Self {
        Command::Sql(Sql {
            purpose,
            text: text.into(),
            breaks,
        })
    }
}
