//! Rows, statements in their place, and large objects, on their way to the server.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;
use pgdumprs_copy::Object;
use pgdumprs_script::{RestrictKey, Text, TextOptions};
use pgdumprs_sql::{Encoding, literal};

use super::{Kind, Sent, Shown, Worker, beginning, own_error};
use crate::Error;
use crate::load::copy_statement::takes_rows;
use crate::load::feed::Feed;
use crate::load::rows::Rows;
use crate::load::shared::{Division, Held, SharedTable, State};
use crate::load::statements::Cutter;
use crate::standing::Rows as Fate;

/// Bytes of calls for large objects that are sent together.
const CALLS: usize = 64 * 1024;

/// Parts of a table that a connection asks for before it has loaded what comes first.
const PARTS_AHEAD: usize = 2;

/// How long a connection that helps with a table waits for its locks: without it the others load the table.
const SHORT_WAIT: &str = "SET LOCAL lock_timeout = '1s'";

/// What is said of rows that are not sent because the server has refused others before them.
const REFUSED: &str = "the rows were refused";

/// What is said of rows under way where a failure elsewhere ends the restore.
const STOPPED: &str = "nothing is done after the first failure";

impl<'s> Worker<'s, '_> {
    /// Copies a table's rows. They are read to their end even where the server refuses them, so that it is known how many are missing.
    pub(super) async fn copy(
        &mut self,
        step: usize,
        statement: &'s BStr,
        dump_id: i32,
    ) -> Result<(), Error> {
        if !takes_rows(statement) {
            let message = "this is no COPY that takes rows from the archive, and was not run";
            let text = Shown::Whole(Cow::Borrowed(statement));
            self.table_begun(step);
            self.record(Some(step), &text, own_error("42601", message));
            return Ok(());
        }
        if !self.make_room(step).await? {
            return Ok(());
        }
        self.check_unread(step)?;
        let entry = self.table_begun(step);
        self.task.ledger.rows(step, Fate::Out);
        let parts = self.task.source.parts(dump_id);
        if parts > 1 && self.may_be_shared(step) {
            self.rows_may_be_in(step);
            let rows = Division::parts(parts);
            return self.copy_shared(step, statement, dump_id, rows).await;
        }
        let mut rows = match self.ahead.remove(&step) {
            Some(rows) => rows,
            None => self.feeder.rows(dump_id).map_err(Error::Thread)?,
        };
        if self.is_shared(step, dump_id, &mut rows).await {
            self.rows_may_be_in(step);
            let rows = Division::feed(rows);
            return self.copy_shared(step, statement, dump_id, rows).await;
        }
        let begun = !self.leaves_out(step).await? && self.begin_copy(step, statement).await?;
        let Some(archived) = self.send_all(step, rows, begun).await? else {
            return Ok(());
        };
        self.task.ledger.archived(entry, archived);
        if begun {
            self.rows_may_be_in(step);
            self.pipeline.finish_copy();
        }
        if self.task.rules.is_careful {
            self.finish().await?;
        }
        Ok(())
    }

    /// Notes that a table's rows come; returns the position of their entry.
    fn table_begun(&self, step: usize) -> usize {
        let step = &self.task.script.steps()[step];
        self.task
            .ledger
            .table_begun(step.entry, self.task.script.entry(step));
        step.entry
    }

    /// Begins a COPY; `false` where it cannot even be sent.
    async fn begin_copy(&mut self, step: usize, statement: &'s BStr) -> Result<bool, Error> {
        let text = Shown::Whole(Cow::Borrowed(statement));
        if let Err(source) = self.pipeline.begin_copy(statement).await {
            self.unsendable(Some(step), source, &text)?;
            return Ok(false);
        }
        self.sent.push_back(Sent {
            step: Some(step),
            text,
            kind: Kind::Copy,
        });
        self.sent_count += 1;
        Ok(true)
    }

    /// Sends rows while they are wanted, and counts them all; `None` where the restore is to end here, or they were not counted.
    async fn send_all(
        &mut self,
        step: usize,
        mut rows: Feed<Rows>,
        begun: bool,
    ) -> Result<Option<u64>, Error> {
        let mut are_wanted = begun;
        let mut archived = 0;
        while let Some(piece) = rows.recv().await {
            if self.is_stopped() {
                if begun {
                    self.pipeline.fail_copy(STOPPED);
                }
                return Ok(None);
            }
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    if begun {
                        self.pipeline.fail_copy("the rows cannot be read on");
                    }
                    return Err(self.unreadable(step, error));
                }
            };
            archived += piece.count;
            if are_wanted {
                are_wanted = self.send_rows(&piece).await?;
            }
            if begun && !are_wanted && self.task.source.is_server() {
                // How many more there are is not worth reading them.
                self.pipeline.fail_copy(REFUSED);
                self.finish().await?;
                return Ok(None);
            }
        }
        Ok(Some(archived))
    }

    /// Sends rows; `false` where the server has refused them.
    async fn send_rows(&mut self, rows: &Rows) -> Result<bool, Error> {
        self.note_bytes(rows.bytes.len());
        self.pipeline
            .send_data(&rows.bytes)
            .await
            .map_err(|source| self.lost(source))
    }

    /// Whether other connections may load a table too, if it is large enough.
    fn may_be_shared(&self, step: usize) -> bool {
        self.task.rules.shared_from.is_some() && self.has_made_table(step)
    }

    /// Whether other connections load a table too that comes over one feed.
    async fn is_shared(&self, step: usize, dump_id: i32, rows: &mut Feed<Rows>) -> bool {
        let Some(from) = self.task.rules.shared_from else {
            return false;
        };
        if !self.has_made_table(step) || self.task.source.is_server() {
            return false;
        }
        match self.task.source.is_read_once() {
            true => rows.has(self.task.rules.ahead).await,
            false => self.task.source.size(dump_id) >= from,
        }
    }

    /// Loads a table together with whoever has nothing else to do.
    async fn copy_shared(
        &mut self,
        step: usize,
        statement: &'s BStr,
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
            self.record(Some(step), &Shown::Whole(Cow::Borrowed(statement)), error);
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
        let mut are_wanted = true;
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
                match self.feeder.part(table.dump_id, part) {
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

    fn entry_of(&self, dump_id: i32) -> Option<&'s Entry> {
        let position = self.task.positions.get(&dump_id)?;
        Some(&self.task.script.entries()[*position])
    }

    /// Runs the statements that stand in the place of rows.
    pub(super) async fn statements(&mut self, step: usize, dump_id: i32) -> Result<(), Error> {
        if self
            .task
            .script
            .entry(&self.task.script.steps()[step])
            .descriptor
            == "TABLE DATA"
        {
            if !self.make_room(step).await? {
                return Ok(());
            }
            self.check_unread(step)?;
            self.table_begun(step);
            self.rows_may_be_in(step);
        }
        if self.leaves_out(step).await? {
            return Ok(());
        }
        let cutter = Cutter::new(self.task.rules.standard_strings);
        let mut feed = self
            .feeder
            .statements(dump_id, cutter)
            .map_err(Error::Thread)?;
        while let Some(statement) = feed.recv().await {
            if self.is_stopped() {
                return Ok(());
            }
            let statement = statement.map_err(|error| self.unreadable(step, error))?;
            self.note_bytes(statement.len());
            self.send(Some(step), &statement, beginning(&statement), Kind::Insert)
                .await?;
        }
        Ok(())
    }

    /// Writes the content of large objects. Where they have a transaction to themselves, they are all written or none is.
    pub(super) async fn large_objects(
        &mut self,
        step: usize,
        dump_id: i32,
        transaction: bool,
    ) -> Result<(), Error> {
        let options = TextOptions {
            restrict_key: RestrictKey::random(),
            verbose: None,
        };
        let text = Text::new(self.task.script, &options);
        self.check_unread(step)?;
        self.task.ledger.rows(step, Fate::Out);
        let mut feed = self.feeder.large_objects(dump_id).map_err(Error::Thread)?;
        if transaction {
            self.call(step, b"BEGIN", Kind::Plain).await?;
        }
        let mut calls = Vec::new();
        let mut current = None;
        let mut count = 0;
        while let Some(object) = feed.recv().await {
            match object.map_err(|error| self.unreadable(step, error))? {
                Object::Begin(oid) => current = Some(text.large_object(oid, &mut calls)),
                Object::Content(content) => {
                    self.note_bytes(content.len());
                    if let Some(current) = &mut current {
                        current.push(&content, &mut calls);
                    }
                }
                Object::End => {
                    if let Some(current) = current.take() {
                        current.end(&mut calls);
                    }
                    count += 1;
                }
            }
            if calls.len() >= CALLS {
                self.call(step, &std::mem::take(&mut calls), Kind::Plain)
                    .await?;
            }
            if self.is_stopped() {
                return Ok(());
            }
        }
        if !calls.is_empty() {
            self.call(step, &calls, Kind::Plain).await?;
        }
        if transaction {
            self.call(step, b"COMMIT", Kind::Commit).await?;
        }
        self.finish().await?;
        let what = &self.task.script.steps()[step];
        if !self.task.ledger.has_failed(what.entry) {
            self.task.ledger.large_objects(step, what, count);
        }
        Ok(())
    }

    async fn call(&mut self, step: usize, sql: &[u8], kind: Kind) -> Result<(), Error> {
        self.send(Some(step), sql, beginning(sql), kind).await
    }
}
