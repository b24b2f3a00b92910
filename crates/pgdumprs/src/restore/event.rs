//! What happens during a restore, for whoever watches.

use std::path::PathBuf;

use bstr::BString;
use pgdumprs_archive::Entry;
use pgdumprs_connect::Notices;
use pgdumprs_restore::{Failure, Progress, TableOutcome};
use pgdumprs_script::Pass;
use tracing::{debug, info, trace, warn};

use crate::restore::cause::Causes;
use crate::restore::progress::RestoreProgress;
use crate::restore::report::AdaptedEntry;

/// A step of a restore.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RestoreEvent {
    /// The first session is open.
    #[non_exhaustive]
    Connected {
        /// The server's version as it prints it.
        server_version: BString,
    },
    /// An entry is restored otherwise than the archive has it, or left out. Told of all such entries before the first change.
    Adapted(AdaptedEntry),
    /// What is done is written into this journal, which another run can go on with.
    Journal(PathBuf),
    /// An entry is about to be restored, or one of its parts is: an object, its privileges, its data.
    #[non_exhaustive]
    EntryStarted {
        /// The entry's number in the archive.
        dump_id: i32,
        /// Kind, schema and name, as the archive's list has them.
        name: BString,
        /// Its kind, as the archive's list has it.
        descriptor: BString,
        /// Its name, with its schema where it is in one, joined by a point and without quotes.
        object: BString,
        /// Whether it is dropped, to be made anew later on.
        is_dropped: bool,
    },
    /// An entry has been restored, or was tried to be.
    #[non_exhaustive]
    EntryFinished {
        /// The entry's number in the archive.
        dump_id: i32,
    },
    /// A table's rows are in, or could not be loaded.
    TableFinished(TableOutcome),
    /// The entries have been read and the server was asked: now they are restored.
    #[non_exhaustive]
    Began {
        /// How many entries.
        entries: usize,
        /// Tables whose rows are loaded.
        tables: usize,
    },
    /// Everything is in, and statistics are gathered.
    Analyzing,
    /// The server refused a statement.
    #[non_exhaustive]
    Failed {
        /// What failed and why.
        failure: Failure,
        /// Whether nothing before has failed for the same reason.
        is_new: bool,
    },
    /// Something the user should know of.
    Warning(String),
    /// What the server said and that is no warning.
    Notice(String),
    /// How far the restore has come: told whenever an entry has ended, and every 128 KiB of data or so.
    Progress(RestoreProgress),
}

impl RestoreEvent {
    /// What is to be told of something beside how far it is; `entries` are those of the archive.
    pub(super) fn of(
        progress: Progress,
        entries: &[Entry],
        causes: &mut Causes<'_>,
    ) -> Vec<RestoreEvent> {
        let event = match progress {
            Progress::Begun { entry, pass } => {
                let entry = &entries[entry];
                let parts = [&entry.namespace, &entry.tag].into_iter().flatten();
                let parts = parts.filter(|part| !part.is_empty());
                RestoreEvent::EntryStarted {
                    dump_id: entry.dump_id,
                    name: entry.label(),
                    descriptor: entry.descriptor.clone(),
                    object: bstr::join(".", parts).into(),
                    is_dropped: pass == Pass::Drop,
                }
            }
            Progress::Ended { entry, .. } => RestoreEvent::EntryFinished {
                dump_id: entries[entry].dump_id,
            },
            Progress::Table(table) => RestoreEvent::TableFinished(table),
            Progress::Failed(failure) => {
                let is_new = causes.add(&failure);
                RestoreEvent::Failed { failure, is_new }
            }
            Progress::FewerConnections { reason } => RestoreEvent::Warning(format!(
                "there are fewer connections to the target than asked for: {reason}"
            )),
            Progress::NoJournal { reason } => RestoreEvent::Warning(format!(
                "the journal could not be written and was removed, so that the restore cannot be gone on with if it is killed: {reason}"
            )),
            Progress::Reconnected { reason } => RestoreEvent::Warning(format!(
                "a connection to the target was lost, and another takes its place: {reason}"
            )),
            Progress::TriedAgain { entry, error } => {
                RestoreEvent::Warning(format!("{entry} is tried again: {error}"))
            }
            Progress::Said { entry, notices } => return said(&entry, notices),
            // Whoever adds something to be told of adds it here.
            _ => return Vec::new(),
        };
        vec![event]
    }

    /// Tells whoever subscribes to `tracing`.
    pub(crate) fn log(&self) {
        match self {
            RestoreEvent::Connected { server_version } => info!(%server_version, "connected"),
            RestoreEvent::Journal(path) => debug!(path = %path.display(), "journal"),
            RestoreEvent::Adapted(AdaptedEntry {
                dump_id,
                name,
                adaptations,
            }) => {
                for adaptation in adaptations {
                    info!(dump_id, %name, "{adaptation}");
                }
            }
            RestoreEvent::EntryStarted { dump_id, name, .. } => debug!(dump_id, %name, "restoring"),
            RestoreEvent::EntryFinished { dump_id } => trace!(dump_id, "restored"),
            RestoreEvent::TableFinished(table) => {
                debug!(table = %table.name, rows = table.loaded, "loaded");
            }
            RestoreEvent::Analyzing => debug!("analyzing"),
            RestoreEvent::Began { entries, tables } => info!(entries, tables, "restoring"),
            RestoreEvent::Failed { failure, .. } => {
                warn!(entry = %failure.entry, "{}", failure.error)
            }
            RestoreEvent::Warning(warning) => warn!("{warning}"),
            RestoreEvent::Notice(notice) => info!("{notice}"),
            RestoreEvent::Progress(progress) => trace!(bytes = progress.bytes, "progress"),
        }
    }
}

/// What a server said while an entry was restored, or at another time.
fn said(entry: &BString, notices: Notices) -> Vec<RestoreEvent> {
    let during = match entry.is_empty() {
        true => String::new(),
        false => format!(" at {entry}"),
    };
    let messages = notices.messages.iter().map(|message| {
        let text = format!("the server says{during}: {}", message.text());
        match message.severity.as_slice() {
            b"WARNING" => RestoreEvent::Warning(text),
            _ => RestoreEvent::Notice(text),
        }
    });
    let lost = (notices.lost > 0).then(|| {
        let text = format!(
            "the server said {} messages more{during}: its log has them",
            notices.lost
        );
        RestoreEvent::Warning(text)
    });
    messages.chain(lost).collect()
}
