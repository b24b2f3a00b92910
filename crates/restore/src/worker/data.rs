//! Rows, statements in their place, and large objects, on their way to the server.

use std::borrow::Cow;

use bstr::BStr;
use pgdumprs_copy::{BINARY_HEADER, BINARY_TRAILER, Format, Object};
use pgdumprs_script::{RestrictKey, Text, TextOptions};

use super::{Kind, Sent, Shown, Worker, beginning, own_error};
use crate::Error;
use crate::load::copy_statement::{in_binary, takes_rows};
use crate::load::feed::Feed;
use crate::load::rows::Rows;
use crate::load::shared::Division;
use crate::load::statements::Cutter;
use crate::standing::Rows as Fate;

/// Bytes of calls for large objects that are sent together.
const CALLS: usize = 64 * 1024;

/// What is said of rows that are not sent because the server has refused others before them.
const REFUSED: &str = "the rows were refused";

/// What is said of rows under way where a failure elsewhere ends the restore.
pub(super) const STOPPED: &str = "nothing is done after the first failure";

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
            let format = self.format(step, dump_id);
            let statement = in_format(statement, format);
            let rows = Division::parts(parts, format);
            return self.copy_shared(step, statement, dump_id, rows).await;
        }
        let (format, mut rows) = match self.ahead.remove(&step) {
            Some(asked) => asked,
            None => {
                let format = self.format(step, dump_id);
                let rows = self.feeder.rows(dump_id, format);
                (format, rows.map_err(Error::Thread)?)
            }
        };
        let statement = in_format(statement, format);
        if self.is_shared(step, dump_id, &mut rows).await {
            self.rows_may_be_in(step);
            let rows = Division::feed(rows);
            return self.copy_shared(step, statement, dump_id, rows).await;
        }
        let begun = !self.leaves_out(step).await? && self.begin_copy(step, statement).await?;
        let is_binary = begun && format == Format::Binary;
        if is_binary {
            self.send_bytes(BINARY_HEADER).await?;
        }
        let Some(archived) = self.send_all(step, rows, begun).await? else {
            return Ok(());
        };
        self.task.ledger.archived(entry, archived);
        if is_binary {
            self.send_bytes(BINARY_TRAILER).await?;
        }
        if begun {
            self.rows_may_be_in(step);
            self.pipeline.finish_copy();
        }
        if self.task.rules.is_careful {
            self.finish().await?;
        }
        Ok(())
    }

    /// The format for a step's rows. A value in binary looks like one of another type: it is meant for none but the table that this restore has
    /// made.
    pub(super) fn format(&self, step: usize, dump_id: i32) -> Format {
        match self.task.source.format(dump_id) {
            Format::Binary if self.has_made_table(step) => Format::Binary,
            _ => Format::Text,
        }
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
    async fn begin_copy(&mut self, step: usize, statement: Cow<'s, BStr>) -> Result<bool, Error> {
        let begun = self.pipeline.begin_copy(&*statement).await;
        let text = Shown::Whole(statement);
        if let Err(source) = begun {
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
        self.send_bytes(&rows.bytes).await
    }

    async fn send_bytes(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        let sent = self.pipeline.send_data(bytes).await;
        sent.map_err(|source| self.lost(source))
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

/// A COPY of rows that come in a format.
fn in_format(statement: &BStr, format: Format) -> Cow<'_, BStr> {
    match format {
        Format::Text => Cow::Borrowed(statement),
        Format::Binary => Cow::Owned(in_binary(statement)),
    }
}
