//! Why nothing was looked at.

use std::io;
use std::path::PathBuf;

use pgdumprs_keep::TemplateError;

/// Why backups cannot be looked for. What is wrong with a single one is in the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// The names do not tell when a backup was made.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Nothing says what is to be kept.
    #[error("no rule says which backups are to be kept, so that none is removed")]
    NoRule,
    /// A folder cannot be looked into.
    #[error("could not look into \"{}\"", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder that has a part of the time in its name cannot be made.
    #[error("could not make the folder \"{}\"", folder.display())]
    MakeFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The names are of a store, and this was built without the feature `object-store`.
    #[error("\"{name}\" is in an object store, for which this program was not built")]
    NoStores {
        /// The template.
        name: String,
    },
    /// The store does not let objects be listed, or the place is none.
    #[cfg(feature = "object-store")]
    #[error(transparent)]
    Object(#[from] pgdumprs_store::Error),
}
