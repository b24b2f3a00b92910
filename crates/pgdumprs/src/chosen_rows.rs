//! Tables of which not all rows are dumped: whether the server takes their conditions, and how many rows there are.

use std::collections::HashMap;

use bstr::BString;
use pgdumprs_connect::{Error as Cause, Session};
use pgdumprs_copy::{Job, Work};

use crate::Error;

/// What was dumped of a table, or cloned, where a condition chose its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChosenRows {
    /// The number of the entry that holds the rows.
    pub dump_id: i32,
    /// Qualified, quoted name.
    pub table: BString,
    /// The condition, as it was given.
    pub condition: BString,
    /// How many rows the source has sent; `None` where they were not read to their end.
    pub rows: Option<u64>,
    /// How many rows the table has in all, as the server's statistics guess; `None` where they do not know.
    pub estimated_total: Option<u64>,
}

impl ChosenRows {
    /// Notes which entry holds the rows of each.
    pub(crate) fn note_entries(all: &mut [Self], jobs: &[Job]) {
        if all.is_empty() {
            return;
        }
        let entries: HashMap<&BString, i32> = jobs
            .iter()
            .filter_map(|job| match &job.work {
                Work::Table(table) => Some((&table.name, job.dump_id)),
                Work::LargeObjects { .. } => None,
            })
            .collect();
        for chosen in all {
            chosen.dump_id = entries.get(&chosen.table).copied().unwrap_or_default();
        }
    }
}

/// Asks the server, in one flight, whether it takes the conditions for rows. Nothing is executed.
///
/// # Errors
///
/// [`Error::Condition`] for the first that it does not take.
pub(crate) async fn check(
    session: &mut Session,
    dump: &pgdumprs_ddl::Dump,
) -> Result<Vec<ChosenRows>, Error> {
    let chosen = dump.chosen_rows();
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let mut statements: Vec<BString> = Vec::with_capacity(chosen.len() + 1);
    for table in &chosen {
        statements.push([&b"EXPLAIN (COSTS OFF) "[..], &table.query].concat().into());
    }
    let oids: Vec<String> = chosen.iter().map(|table| table.oid.to_string()).collect();
    let guesses = format!(
        "SELECT c.oid, c.reltuples::pg_catalog.int8 FROM pg_catalog.pg_class AS c WHERE c.oid IN ({}) AND c.reltuples > 0",
        oids.join(", ")
    );
    statements.push(guesses.into());
    let answers = session.pipeline(&statements).await.map_err(|source| {
        let refused = match source {
            Cause::Statement {
                index: Some(index), ..
            } => chosen.get(index),
            _ => None,
        };
        // A connection that is lost has nothing against any of them.
        let first = refused.or(chosen.first());
        Error::Condition {
            table: first.map(|table| table.name.clone()).unwrap_or_default(),
            condition: first
                .map(|table| table.condition.clone())
                .unwrap_or_default(),
            source,
        }
    })?;
    let guesses: HashMap<u32, i64> = answers
        .last()
        .map(|rows| {
            let rows = rows.iter();
            rows.filter_map(|row| Some((row.get(0).ok()?, row.get(1).ok()?)))
                .collect()
        })
        .unwrap_or_default();
    let known = chosen.into_iter().map(|table| ChosenRows {
        // Entries get their numbers when all is known that goes into them.
        dump_id: 0,
        estimated_total: guesses
            .get(&table.oid)
            .and_then(|&rows| u64::try_from(rows).ok()),
        table: table.name,
        condition: table.condition,
        rows: None,
    });
    Ok(known.collect())
}
