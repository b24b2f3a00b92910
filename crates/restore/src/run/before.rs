//! What has to be known of the tables before anything is changed, and of what an earlier run has done.

use std::collections::HashSet;
use std::sync::PoisonError;

use bstr::{BString, ByteSlice};
use pgdumprs_connect::{ConnectParams, Session};
use tokio::time::{Instant, sleep};

use super::Crew;
use super::again::{FIRST_PAUSE, Process, lost, still_at_work};
use super::serial::open;
use crate::Error;
use crate::journal::Earlier;

impl Crew {
    /// Finds out which of the tables that are filled, and that this restore does not make, have no rows: they may be emptied if a connection
    /// is lost.
    pub(super) async fn look_at_tables(&self, session: &mut Session) -> Result<(), Error> {
        let script = &self.script;
        let entries = script.entries();
        let made: HashSet<i32> = script
            .steps()
            .iter()
            .map(|step| script.entry(step))
            .filter(|entry| entry.descriptor == "TABLE")
            .map(|entry| entry.dump_id)
            .collect();
        let filled: Vec<usize> = script
            .steps()
            .iter()
            .map(|step| step.entry)
            .filter(|&at| {
                let entry = &entries[at];
                let is_made = entry
                    .dependencies
                    .first()
                    .is_some_and(|id| made.contains(id));
                // Others are said in the archive's encoding, which the session does not have yet.
                let is_plain = script.qualified_name(entry).is_ascii();
                entry.descriptor == "TABLE DATA" && !is_made && is_plain
            })
            .collect();
        let mut statements = session.statements(self.window).map_err(lost)?;
        let mut heard = filled.iter();
        let mut hear = |ended: pgdumprs_connect::Ended| {
            let at = heard.next();
            let is_empty = ended.result.is_ok_and(|tag| tag == "SELECT 0");
            if let Some(&at) = at.filter(|_| is_empty) {
                self.ledger.was_empty(at);
            }
        };
        for &at in &filled {
            let table = script.qualified_name(&entries[at]);
            let sql = [b"SELECT FROM ONLY ".as_slice(), &table, b" LIMIT 1"].concat();
            statements.send(sql).await.map_err(lost)?;
            while let Some(ended) = statements.ended() {
                hear(ended);
            }
        }
        while let Some(ended) = statements.next().await.map_err(lost)? {
            hear(ended);
        }
        Ok(())
    }

    /// Goes on with what an earlier run has done: waits until nothing works for it any more, and makes sure that what it has done is there.
    pub(super) async fn go_on_with(
        &self,
        earlier: &Earlier,
        session: &mut Session,
        params: &ConnectParams,
    ) -> Result<(), Error> {
        let of_earlier = earlier.processes.iter().map(|(id, began)| Process {
            id: *id,
            began: began.as_str().into(),
        });
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(of_earlier);
        let limit = Instant::now() + self.patience;
        loop {
            let left = self.end_processes(session).await.map_err(lost)?;
            if left == 0 {
                break;
            }
            if Instant::now() >= limit {
                let reason = still_at_work(left);
                return Err(Error::StillAtWork { reason });
            }
            sleep(FIRST_PAUSE).await;
        }
        let script = &self.script;
        let of_database = script.steps().iter().enumerate().find(|(position, step)| {
            let is_done = self
                .ledger
                .standing(|standing| standing.is_settled(*position));
            script.options().create && script.entry(step).descriptor == "DATABASE" && is_done
        });
        if let Some((_, step)) = of_database {
            let database = script.entry(step).tag.clone().unwrap_or_default();
            let opened = open(params, session, &database.to_str_lossy()).await;
            let other = opened.map_err(|source| Error::Database { database, source })?;
            std::mem::replace(session, other).close().await;
            self.stay_at(session).await?;
        }
        self.find_missing(earlier, session).await
    }

    /// Steps that are not done again.
    fn settled(&self) -> Vec<usize> {
        let steps = 0..self.script.steps().len();
        self.ledger
            .standing(|standing| steps.filter(|step| standing.is_settled(*step)).collect())
    }

    /// Fails where a table is not there, or has no rows, though it is taken for done: the journal says so, and nothing that it hangs on is done again.
    async fn find_missing(&self, earlier: &Earlier, session: &mut Session) -> Result<(), Error> {
        let script = &self.script;
        let mut asked: Vec<(BString, bool)> = Vec::new();
        for position in self.settled() {
            let step = &script.steps()[position];
            let entry = script.entry(step);
            let done = earlier.done.get(&(step.pass, entry.dump_id));
            let rows = done.copied().unwrap_or_default();
            let name = script.qualified_name(entry);
            // Others are said in the archive's encoding, which the session does not have yet.
            let is_plain = name.is_ascii() && !name.contains(&b'\\');
            let has_rows = match (entry.descriptor.as_slice(), &entry.definition) {
                (b"TABLE", _) => false,
                // What goes in by way of a table's root may lie in any of its partitions.
                (b"TABLE DATA", None) => rows > 0,
                (b"TABLE DATA", Some(text)) => rows > 0 && text.is_empty(),
                _ => continue,
            };
            if is_plain {
                asked.push((name, has_rows));
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let values: Vec<_> = asked
            .iter()
            .map(|(name, has_rows)| {
                let name = name.to_str_lossy().replace('\'', "''");
                format!("('{name}', {has_rows})")
            })
            .collect();
        let sql = format!(
            "SELECT name FROM (VALUES {}) AS asked (name, has_rows) LEFT JOIN pg_catalog.pg_class c \
             ON c.oid = pg_catalog.to_regclass(name) \
             WHERE c.oid IS NULL OR has_rows AND relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) = 0 LIMIT 1",
            values.join(", ")
        );
        let rows = session.query(sql).await.map_err(lost)?;
        match rows.get(0) {
            None => Ok(()),
            Some(row) => {
                let name: BString = row.get(0).map_err(|error| lost(error.into()))?;
                let missing = [b"table ".as_slice(), &name].concat().into();
                Err(Error::Misfit { missing })
            }
        }
    }
}
