//! One table that several connections load.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;
use pgdumprs_copy::{BINARY_HEADER, BINARY_TRAILER, Format};
use pgdumprs_sql::{Encoding, literal};

use super::data::STOPPED;
use super::{Shown, Worker, own_error};
use crate::Error;
use crate::load::feed::Feed;
use crate::load::rows::Rows;
use crate::load::shared::{Division, Held, SharedTable, State};

/// Parts of a table that a connection asks for before it has loaded what comes first.
const PARTS_AHEAD: usize = 2;

/// How long a connection that helps with a table waits for its locks: without it the others load the table.
const SHORT_WAIT: &str = "SET LOCAL lock_timeout = '1s'";

impl<'s> Worker<'s, '_> {
    /// Whether other connections may load a table too, if it is large enough.
    pub(super) fn may_be_shared(&self, step: usize) -> bool {
        self.task.rules.shared_from.is_some() && self.has_made_table(step)
    }

    /// Whether other connections load a table too that comes over one feed.
    pub(super) async fn is_shared(&self, step: usize, dump_id: i32, rows: &mut Feed<Rows>) -> bool {
        let Some(from) = self.task.rules.shared_from else {
            return false;
        };
        let source = self.task.source;
        if !self.has_made_table(step) || source.is_server() {
            return false;
        }
        source.may_be_shared(dump_id, from)
            && (!source.is_read_once() || rows.has(self.task.rules.ahead).await)
    }

    /// Loads a table together with whoever has nothing else to do.
    pub(super) async fn copy_shared(
        &mut self,
        step: usize,
        statement: Cow<'s, BStr>,
        dump_id: i32,
        rows: Division,
    ) -> Result<(), Error> {
        let name = self
            .task
            .script
            .qualified_name(self.task.script.entry(&self.task.script.steps()[step]));
        let table = Arc::new(SharedTable::new(
            dump_id,
            statement.to_vec(),
            self.locks_of_ancestors(&name),
            rows,
        ));
        table.join();
        let loaded = self.take_part(&table, true).await;
        self.task.board.close(&table);
        loaded?;
        table.count_rest().await;
        let State {
            archived,
            bytes,
            loaded,
            failure,
            unreadable,
            ..
        } = table.end().await;
        self.bytes = bytes;
        if let Some(error) = unreadable {
            return Err(self.unreadable(step, error));
        }
        let entry = self.task.script.steps()[step].entry;
        // Of a table that is given up, parts were not read.
        if failure.is_none() || table.feed().is_some() {
            self.task.ledger.archived(entry, archived);
        }
        self.task.ledger.loaded(entry, loaded);
        if let Some(error) = failure {
            self.record(Some(step), &Shown::Whole(statement), error);
        }
        Ok(())
    }

    /// What takes the locks of the tables that a table is a partition of, which rows are held against.
    fn locks_of_ancestors(&self, table: &BString) -> Vec<u8> {
        let encoding = Encoding::named(self.task.script.encoding_name().as_bytes());
        let name = literal(table, encoding);
        [
            &b"SELECT pg_catalog.pg_get_partition_constraintdef("[..],
            &name,
            b"::pg_catalog.regclass)",
        ]
        .concat()
    }

    /// Loads a part of a table that another connection has begun to load.
    pub(crate) async fn help(&mut self, table: &Arc<SharedTable>) -> Result<(), Error> {
        self.take_part(table, false).await
    }

    /// Loads a part of a table, which whoever leads has joined already.
    async fn take_part(&mut self, table: &Arc<SharedTable>, leads: bool) -> Result<(), Error> {
        self.finish().await?;
        let mut has_joined = leads;
        let part = self.load_part(table, &mut has_joined).await;
        part.map_err(|source| {
            // The others must not wait for this connection.
            if has_joined {
                table.fail(own_error("08006", "a connection was lost"));
                table.leave(0);
            }
            let entry = self.entry_of(table.dump_id);
            Error::Connection {
                entry: entry.map(|entry| entry.label()),
                source,
            }
        })
    }

    async fn load_part(
        &mut self,
        table: &Arc<SharedTable>,
        has_joined: &mut bool,
    ) -> Result<(), pgdumprs_connect::Error> {
        let leads = *has_joined;
        self.pipeline.send("BEGIN").await?;
        if !leads {
            self.pipeline.send(SHORT_WAIT).await?;
        }
        self.pipeline.send(&table.locks).await?;
        self.pipeline.begin_copy(&table.statement).await?;
        let has_locks = self.pipeline.copy_begun().await?;
        if leads && has_locks {
            self.task.board.open(table);
        } else if !leads {
            *has_joined = has_locks && table.join();
            if !*has_joined {
                return self.give_up_part(table).await;
            }
        }
        let is_binary = table.format() == Format::Binary;
        let mut are_wanted = !is_binary || self.pipeline.send_data(BINARY_HEADER).await?;
        let mut parts = VecDeque::new();
        while are_wanted {
            if self.is_stopped() {
                table.fail(own_error("57014", STOPPED));
                break;
            }
            let Some((mut rows, held)) = self.next_rows(table, &mut parts).await else {
                break;
            };
            are_wanted = self.send_part(&rows).await?;
            if let Some(mut feed) = held {
                while are_wanted && !rows.are_whole {
                    let Some(more) = table.take(&mut feed).await else {
                        break;
                    };
                    rows = more;
                    are_wanted = self.send_part(&rows).await?;
                }
            }
        }
        drop(parts);
        if table.has_failed() {
            self.pipeline.fail_copy("the table is given up");
        } else {
            if is_binary {
                self.pipeline.send_data(BINARY_TRAILER).await?;
            }
            self.pipeline.finish_copy();
        }
        let mut copied = None;
        while let Some(ended) = self.pipeline.next().await? {
            copied = ended.copied();
            self.hear(table, ended.notices);
            if let Err(error) = ended.result {
                table.fail(*error);
            }
        }
        let commits = copied.is_some() && table.ready().await;
        self.pipeline
            .send(if commits { "COMMIT" } else { "ROLLBACK" })
            .await?;
        let mut loaded = 0;
        while let Some(ended) = self.pipeline.next().await? {
            self.hear(table, ended.notices);
            match ended.result {
                Ok(tag) if commits && tag == "COMMIT" => loaded = copied.unwrap_or(0),
                Ok(_) if commits => table.fail(own_error("25P02", "the transaction had failed")),
                Ok(_) => {}
                Err(error) => table.fail(*error),
            }
        }
        table.leave(loaded);
        Ok(())
    }

    /// The next rows of a table that several load, `None` at their end or where the table is given up. With rows of a common feed that end within one
    /// comes what gives the rest of it. `parts` are those that this connection has taken and has not loaded, in order.
    async fn next_rows<'t>(
        &mut self,
        table: &'t SharedTable,
        parts: &mut VecDeque<Feed<Rows>>,
    ) -> Option<(Rows, Option<Held<'t>>)> {
        if let Some(feed) = table.feed() {
            let mut feed = feed.lock().await;
            let rows = table.take(&mut feed).await?;
            let held = (!rows.are_whole).then_some(feed);
            return Some((rows, held));
        }
        loop {
            // The next ones are asked for before they are needed, as long as the others have enough to do.
            while parts.len() <= PARTS_AHEAD {
                let ahead = (!parts.is_empty()).then_some(PARTS_AHEAD * self.task.jobs);
                let Some(part) = table.take_part(ahead) else {
                    break;
                };
                match self.feeder.part(table.dump_id, part, table.format()) {
                    Ok(feed) => parts.push_back(feed),
                    Err(error) => {
                        table.fail(own_error("58000", &error.to_string()));
                        return None;
                    }
                }
            }
            if let Some(rows) = table.take(parts.front_mut()?).await {
                return Some((rows, None));
            }
            parts.pop_front();
            if table.has_failed() {
                return None;
            }
        }
    }

    /// Leaves a table to those who load it: it is drained, or the locks could not be had.
    async fn give_up_part(
        &mut self,
        table: &Arc<SharedTable>,
    ) -> Result<(), pgdumprs_connect::Error> {
        self.task.board.close(table);
        self.pipeline
            .fail_copy("no more rows are there to be copied");
        while self.pipeline.next().await?.is_some() {}
        self.pipeline.send("ROLLBACK").await?;
        while self.pipeline.next().await?.is_some() {}
        Ok(())
    }

    async fn send_part(&mut self, rows: &Rows) -> Result<bool, pgdumprs_connect::Error> {
        self.note_bytes(rows.bytes.len());
        self.pipeline.send_data(&rows.bytes).await
    }

    fn hear(&self, table: &SharedTable, notices: pgdumprs_connect::Notices) {
        if !notices.is_empty() {
            let entry = self.entry_of(table.dump_id);
            self.task.ledger.said(entry, notices);
        }
    }

    pub(super) fn entry_of(&self, dump_id: i32) -> Option<&'s Entry> {
        let position = self.task.positions.get(&dump_id)?;
        Some(&self.task.script.entries()[*position])
    }
}
