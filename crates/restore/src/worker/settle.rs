//! Rows that may be in already, from before a connection was lost.

use bstr::{BStr, ByteSlice};

use super::{Kind, Shown, Worker, own_error};
use crate::Error;
use crate::standing::Rows as Fate;

/// What the definition of rows begins with that go into a table's root, where they lie among those of other entries.
const VIA_ROOT: &[u8] = b"-- load via partition root";

impl Worker<'_, '_> {
    /// Sees to it that a step's rows can be loaded: where they may be in already, the table is emptied, if it is this restore's own or had no
    /// rows before. `false` means that they are not to be loaded: they are in, or nobody can tell.
    pub(super) async fn make_room(&mut self, step: usize) -> Result<bool, Error> {
        let ledger = self.task.ledger;
        let (is_doubted, rows) =
            ledger.standing(|standing| (standing.is_doubted(step), standing.rows(step)));
        if !is_doubted || rows == Fate::Out {
            return Ok(true);
        }
        self.finish().await?;
        let position = self.task.script.steps()[step].entry;
        let entry = &self.task.script.entries()[position];
        let is_apart = !entry
            .definition
            .as_ref()
            .is_some_and(|text| text.starts_with(VIA_ROOT));
        let is_made = is_apart && self.has_made_table(step);
        let is_own = is_made || is_apart && ledger.is_known_empty(position);
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

    /// Whether a question has one row for its answer. One that fails has none. Nothing is under way before it.
    async fn finds_one(&mut self, sql: &[u8]) -> Result<bool, Error> {
        let sent = self.pipeline.send(sql).await;
        sent.map_err(|source| self.lost(source))?;
        let ended = self.pipeline.next().await;
        let ended = ended.map_err(|source| self.lost(source))?;
        Ok(ended.is_some_and(|ended| ended.result.is_ok_and(|tag| tag == "SELECT 1")))
    }
}
