//! What can keep two databases from being compared.

use pgdumprs_archive::Damage;

use crate::OpenError;

/// Why nothing was compared. The sources say what the archive, the server or the connection said; no password is in them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// An archive cannot be opened, or is none.
    #[error("could not open \"{archive}\"")]
    Open {
        /// What it is called.
        archive: String,
        /// Why not.
        source: OpenError,
    },
    /// The data of an archive cannot be read.
    #[error("\"{archive}\" {}", source.in_words())]
    Damaged {
        /// What it is called.
        archive: String,
        /// Where, and what is wrong.
        source: Damage,
    },
    /// An archive was replaced or written to while it was read.
    #[error("\"{archive}\" was replaced or changed while it was read: compare again")]
    Changed {
        /// What it is called.
        archive: String,
    },
    /// A database cannot be read.
    #[error(transparent)]
    Database(#[from] crate::Error),
    /// A pattern is none.
    #[error(
        "\"{pattern}\" is no pattern for names: write table, schema.table or \"Odd Schema\".\"Odd Table\", with * for any letters and ? for one"
    )]
    Pattern {
        /// What was given.
        pattern: String,
    },
    /// Nothing on either side has such a name.
    #[error("nothing on either side is called {pattern}")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// Of one side there are only definitions, and of the other there are none.
    #[error("there is nothing to compare: one side has definitions alone, and the other has none")]
    Nothing,
}
