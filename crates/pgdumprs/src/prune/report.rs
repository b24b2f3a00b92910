//! What became of backups.

use pgdumprs_keep::KeepReason;

/// What a [`Prune`](super::Prune) came to.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PruneReport {
    /// The backups that the template names, the oldest first.
    pub backups: Vec<PrunedBackup>,
    /// What the template could have named and is no backup, or nobody can tell. It is left as it is.
    pub left: Vec<LeftAlone>,
    /// The keys of uploads into a store that were begun of older backups and never completed, and were aborted.
    pub uploads: Vec<String>,
    /// The paths of files on a disk that dumps which were killed were writing, of older backups, and that were removed.
    pub unfinished: Vec<String>,
    /// Whether nothing was to be removed: then the fates are those that would be.
    pub is_dry_run: bool,
}

/// A backup, and what became of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PrunedBackup {
    /// Its path or place.
    pub name: String,
    /// When it was made, by its name, such as `2026-11-29T02:30:00`.
    pub made: String,
    /// Its bytes, in all of its files.
    pub bytes: u64,
    /// What is missing of it; nothing for a complete one.
    pub problem: Option<String>,
    /// What became of it.
    pub fate: BackupFate,
}

/// What became of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackupFate {
    /// It was kept, for these reasons.
    Kept(Vec<KeepReason>),
    /// It was removed.
    Removed,
    /// It was to be removed, and this is why it is still there, or a part of it is.
    NotRemoved(String),
}

/// What was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftAlone {
    /// Its path or place.
    pub name: String,
    /// Why it is taken for no backup.
    pub reason: String,
}

impl PruneReport {
    /// The backups that were removed, or would be.
    pub fn removed(&self) -> impl Iterator<Item = &PrunedBackup> {
        self.backups
            .iter()
            .filter(|one| one.fate == BackupFate::Removed)
    }

    /// The backups that were to be removed and were not, each with the reason.
    pub fn failed(&self) -> impl Iterator<Item = (&PrunedBackup, &str)> {
        self.backups.iter().filter_map(|one| match &one.fate {
            BackupFate::NotRemoved(reason) => Some((one, reason.as_str())),
            _ => None,
        })
    }
}
