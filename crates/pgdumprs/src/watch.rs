//! Whoever watches a dump, and what is kept of what they are told.

use std::collections::HashMap;

use bstr::BString;
use pgdumprs_connect::Notices;
use pgdumprs_copy::Progress as Copied;
use tracing::{debug, info, trace, warn};

use crate::said::Said;
use crate::{Event, Progress, TableReport};

/// Somebody who is told of events.
pub(crate) type Watcher = Box<dyn FnMut(Event) + Send>;

/// Tells of events, and keeps what the report will say of them.
#[derive(Default)]
pub(crate) struct Watch {
    watchers: Vec<Watcher>,
    progress: Progress,
    warnings: Vec<String>,
    said: Said,
    /// Tables that were read to their end, by their entries.
    tables: HashMap<i32, TableReport>,
}

impl Watch {
    pub(crate) fn add(&mut self, watcher: Watcher) {
        self.watchers.push(watcher);
    }

    /// Tells everybody.
    pub(crate) fn tell(&mut self, event: Event) {
        log(&event);
        if let Event::Warning(warning) = &event {
            self.warnings.push(warning.clone());
        }
        let Some((last, others)) = self.watchers.split_last_mut() else {
            return;
        };
        for watcher in others {
            watcher(event.clone());
        }
        last(event);
    }

    /// A server has said something, while `table` was read where that was so.
    pub(crate) fn said(&mut self, table: Option<&BString>, notices: Notices) {
        for event in self.said.hear(table, notices) {
            self.tell(event);
        }
    }

    /// Everything has been said.
    pub(crate) fn all_said(&mut self) {
        if let Some(event) = self.said.rest() {
            self.tell(event);
        }
    }

    /// Warns of what each try of a dump finds again.
    pub(crate) fn warn_once(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.tell(Event::Warning(warning));
        }
    }

    /// The table of contents is ready. The data of so many tables takes so many bytes on disk.
    pub(crate) fn planned(&mut self, entries: usize, tables: usize, disk_bytes: u64) {
        self.tell(Event::Planned { entries, tables });
        self.progress.tables_planned = tables as u64;
        self.progress.disk_bytes_planned = disk_bytes;
        self.tell(Event::Progress(self.progress));
    }

    /// Something was told of the copy.
    pub(crate) fn copied(&mut self, copied: Copied) {
        match copied {
            Copied::TableStarted { name } => self.tell(Event::TableStarted { name }),
            Copied::TableFinished {
                dump_id,
                name,
                rows,
                bytes,
                elapsed,
            } => {
                self.progress.tables += 1;
                self.progress.rows += rows;
                let table = TableReport {
                    name,
                    rows,
                    raw_bytes: bytes,
                    compressed_bytes: 0,
                    elapsed,
                };
                self.tables.insert(dump_id, table.clone());
                self.tell(Event::TableFinished(table));
            }
            Copied::Said { table, notices } => self.said(table.as_ref(), notices),
            Copied::LargeObjectsFinished { count, bytes } => {
                self.tell(Event::LargeObjectsFinished { count, bytes });
            }
            Copied::Came { raw, disk } => {
                self.progress.raw_bytes = raw;
                self.progress.disk_bytes = disk;
                self.tell(Event::Progress(self.progress));
            }
            Copied::FewerConnections { reason } => self.tell(Event::Warning(format!(
                "all is read over fewer connections than asked for: {reason}"
            ))),
            Copied::TableContended { name, reason } => self.tell(Event::Warning(format!(
                "table {name} is read over one connection alone, because another session waits to lock it: {reason}"
            ))),
            // Whoever adds something to be told of adds it here.
            _ => {}
        }
    }

    /// The tables that were dumped, with the entries they belong to, and the warnings, for the report.
    pub(crate) fn take(&mut self) -> (HashMap<i32, TableReport>, Vec<String>) {
        (
            std::mem::take(&mut self.tables),
            std::mem::take(&mut self.warnings),
        )
    }
}

/// Tells whoever subscribes to `tracing`.
fn log(event: &Event) {
    match event {
        Event::Connected { server_version } => info!(%server_version, "connected"),
        Event::ReadingCatalogs => debug!("reading the system catalogs"),
        Event::LockingTables { count } => debug!(count, "locking tables"),
        Event::ReadingDefinitions => debug!("reading definitions and dependencies"),
        Event::TryingAgain { attempt, reason } => info!(attempt, reason, "trying again"),
        Event::Warning(warning) => warn!("{warning}"),
        Event::Notice(notice) => info!("{notice}"),
        Event::Hint(hint) => info!("{hint}"),
        Event::Planned { entries, tables } => info!(entries, tables, "planned"),
        Event::TableStarted { name } => debug!(table = %name, "copying"),
        Event::TableFinished(TableReport {
            name,
            rows,
            raw_bytes,
            elapsed,
            ..
        }) => debug!(table = %name, rows, raw_bytes, ?elapsed, "copied"),
        Event::LargeObjectsFinished { count, bytes } => {
            debug!(count, raw_bytes = bytes, "copied large objects");
        }
        Event::Progress(progress) => trace!(raw_bytes = progress.raw_bytes, "progress"),
        Event::Verifying => debug!("verifying the archive"),
        Event::Syncing => debug!("syncing the archive to disk"),
    }
}
