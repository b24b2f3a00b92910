//! Rows that may be in already, from before a connection was lost.

use bstr::{BStr, ByteSlice};
use pgdumprs_archive::Section;

use super::{Kind, Shown, Worker, own_error};
use crate::standing::Rows as Fate;
use crate::{Error, durable};

/// What the definition of rows begins with that go into a table's root, where they lie among those of other entries.
const VIA_ROOT: &[u8] = b"-- load via partition root";

impl Worker<'_, '_> {
    /// Sees to it that a step's rows can be loaded: where they may be in already, the table is emptied, if it is this restore's own or had no
    /// rows before. `false` means that they are not to be loaded: they are in, or nobody can tell.
    pub(super) async fn make_room(&mut self, step: usize) -> Result<bool, Error> {
        let ledger = self.task.ledger;
        if !ledger.standing(|standing| standing.is_doubted(step)) {
            return Ok(true);
        }
        self.finish().await?;
        let position = self.task.script.steps()[step].entry;
        let entry = &self.task.script.entries()[position];
        let is_own = self.owns_rows(step);
        let rows = ledger.standing(|standing| standing.rows(step, is_own));
        if rows == Fate::Out {
            return Ok(true);
        }
        let is_made = is_own && self.has_made_table(step);
        let table = self.task.script.qualified_name(entry);
        if let (Fate::In(count), true) = (rows, is_own) {
            let sql = format!("WHERE n = {count}");
            let sql = [
                b"SELECT FROM (SELECT pg_catalog.count(*) AS n FROM ONLY ".as_slice(),
                &table,
                b") AS c ",
                sql.as_bytes(),
            ];
            if self.finds_one(&sql.concat()).await? {
                return Ok(false);
            }
        }
        if !is_own {
            let message = "it is not known whether the rows are in, since the connection was lost before the server had said so, and the \
                           table may hold others that were there before";
            let copy = entry
                .copy
                .as_ref()
                .map_or(BStr::new(""), |text| text.as_bstr());
            self.record(
                Some(step),
                &Shown::Part(copy.into()),
                own_error("08007", message),
            );
            return Ok(false);
        }
        // What was there before may have foreign keys, which keep it from being truncated.
        let how: &[u8] = match is_made {
            true => b"TRUNCATE TABLE ONLY ",
            false => b"DELETE FROM ONLY ",
        };
        let sql = [how, &table].concat();
        self.send(
            Some(step),
            &sql,
            Shown::Part(sql.clone().into()),
            Kind::Plain,
        )
        .await?;
        self.finish().await?;
        let is_held_up = ledger.standing(|standing| standing.is_postponed(step));
        Ok(!ledger.has_failed(position) && !is_held_up)
    }

    /// Fails where data that is to be loaded was read before and does not come again.
    pub(super) fn check_unread(&self, step: usize) -> Result<(), Error> {
        let is_read = self.task.ledger.standing(|standing| standing.is_read(step));
        match is_read && self.task.source.is_read_once() {
            false => Ok(()),
            true => Err(Error::Spent {
                entry: self
                    .task
                    .script
                    .entry(&self.task.script.steps()[step])
                    .label(),
            }),
        }
    }

    /// Whether rows could not be loaded again after a step as they are before it: a foreign key keeps a table from being emptied, a trigger acts on
    /// what comes in.
    pub(super) fn bars_loading(&self, step: usize) -> bool {
        let entry = self.task.script.entry(&self.task.script.steps()[step]);
        let makes_index = matches!(entry.descriptor.as_slice(), b"INDEX" | b"CONSTRAINT");
        entry.section == Section::PostData && !makes_index
    }

    /// Has the server bring all rows to its disk that are in, and waits for that: they need not be loaded again then.
    pub(super) async fn settle_rows(&mut self) -> Result<(), Error> {
        let mark = self.task.ledger.standing(|standing| {
            let has_rows = standing.has_unflushed_rows();
            has_rows.then(|| standing.mark())
        });
        if let Some(mark) = mark {
            self.say_as(durable::FLUSH, Kind::Flush(mark)).await?;
            self.finish().await?;
        }
        Ok(())
    }

    /// Whether a table has no rows but those of a step.
    fn owns_rows(&self, step: usize) -> bool {
        let position = self.task.script.steps()[step].entry;
        let definition = self.task.script.entries()[position].definition.as_ref();
        let is_apart = !definition.is_some_and(|text| text.starts_with(VIA_ROOT));
        is_apart && (self.has_made_table(step) || self.task.ledger.is_known_empty(position))
    }

    /// Notes that a step's rows may be in from now on.
    pub(super) fn rows_may_be_in(&self, step: usize) {
        let is_own = self.owns_rows(step);
        self.task.ledger.rows_may_be_in(step, is_own);
    }

    /// Whether a question has one row for its answer. One that fails has none. Nothing is under way before it.
    async fn finds_one(&mut self, sql: &[u8]) -> Result<bool, Error> {
        let sent = self.pipeline.send(sql).await;
        sent.map_err(|source| self.lost(source))?;
        let ended = self.pipeline.next().await;
        let ended = ended.map_err(|source| self.lost(source))?;
        Ok(ended.is_some_and(|ended| ended.result.is_ok_and(|tag| tag == "SELECT 1")))
    }
}
