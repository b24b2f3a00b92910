//! How files get to disk.

/// How the many files of a folder get safely to disk ([`Dump::to_directory`](crate::Dump::to_directory)). A single file gets there in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SyncMethod {
    /// Each file by itself.
    #[default]
    Fsync,
    /// All of the file system at once, with what else is on it: faster where files are very many. Linux alone can do it: elsewhere each file is synced
    /// by itself.
    Syncfs,
}
