//! Why there can be no script, and what is odd about one.

use bstr::BString;

/// Why an archive does not become a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two options contradict each other.
    #[error("options {first} and {second} exclude each other")]
    Conflict {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// An option makes sense only with another.
    #[error("option {option} is only for use with {needed}")]
    Needs {
        /// The option.
        option: &'static str,
        /// What it needs.
        needed: &'static str,
    },
    /// No objects at all in a transaction.
    #[error("--transaction-size must be at least 1")]
    TransactionSize,
    /// A list names an entry that is not in the archive.
    #[error("line {line} of the list names entry {dump_id}, which the archive does not have")]
    UnknownListed {
        /// The line, counted from 1.
        line: usize,
        /// The number there.
        dump_id: i32,
    },
    /// With strict names: no entry has such a name.
    #[error("the archive has no {kind} named \"{name}\"")]
    NotFound {
        /// What was asked for: `schema`, `table`, `index`, `function`, `trigger`.
        kind: &'static str,
        /// Its name.
        name: BString,
    },
    /// The archive is in an encoding that PostgreSQL does not know, or does not say well in which.
    #[error("the archive's ENCODING entry names no encoding of PostgreSQL: {definition}")]
    Encoding {
        /// What it says.
        definition: BString,
    },
    /// The archive does not say well how its strings are to be read.
    #[error("the archive's STDSTRINGS entry is neither on nor off: {definition}")]
    StandardStrings {
        /// What it says.
        definition: BString,
    },
    /// It is not known how things of such a kind are given to their owner.
    #[error(
        "entry {dump_id}: how to set the owner of a {descriptor} is not known; with --no-owner it is not set"
    )]
    Owner {
        /// The entry.
        dump_id: i32,
        /// What it is.
        descriptor: BString,
    },
    /// Privileges on large objects, without the large objects.
    #[error("entry {dump_id}: these privileges do not say on which large objects they are")]
    LargeObjectPrivileges {
        /// The entry.
        dump_id: i32,
    },
    /// A database whose name psql cannot be told.
    #[error(
        "entry {dump_id}: the database's name has a line break in it, which a script cannot say: {name:?}"
    )]
    DatabaseName {
        /// The entry.
        dump_id: i32,
        /// The name.
        name: BString,
    },
    /// What is no key for `\restrict`.
    #[error("a key for \\restrict is made of letters and digits only, and of at least one")]
    RestrictKey,
}

/// What is odd about a script, but did not prevent it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A line of the list names no entry, or one that it has named before.
    ListLine {
        /// The line, counted from 1.
        line: usize,
        /// What it says, without its comment.
        text: BString,
    },
    /// A drop statement is unlike those known, and is left without `IF EXISTS`.
    IfExists {
        /// The statement.
        statement: BString,
    },
    /// Words of warning that the archive itself holds.
    FromArchive(BString),
    /// Definitions were asked for, but there are none: the restore is one of data only.
    NoDefinitions,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Warning::ListLine { line, text } => write!(
                f,
                "line {line} of the list is left out, for it names no entry or one named before: {text}"
            ),
            Warning::IfExists { statement } => write!(
                f,
                "this statement is left without IF EXISTS, for there is no known place for it: {statement}"
            ),
            Warning::FromArchive(text) => write!(f, "the archive warns: {text}"),
            Warning::NoDefinitions => write!(f, "there are no definitions to be restored"),
        }
    }
}
