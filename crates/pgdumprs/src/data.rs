//! The data part of a dump: what to copy, over which connections, and what is told of it.

use std::collections::HashMap;

use pgdumprs_catalog::ValueType;
use pgdumprs_connect::{Encoding, Session};
use pgdumprs_copy::{ByPages, Inserts, Job, Opening, Table, Value, Work};
use pgdumprs_ddl::{DataJob, InsertForm, InsertValue, TableRows};
use tracing::{Instrument, debug_span};

use crate::hint::advised;
use crate::patience::limited;
use crate::settings::SessionSettings;
use crate::transaction::{self, Shared};

/// The connections beside the first, of `connections` in all, which open when they are polled.
pub(crate) fn others(
    connections: usize,
    leader: &Session,
    snapshot: Option<Shared>,
    settings: &SessionSettings,
) -> Vec<Opening> {
    let Some(snapshot) = snapshot else {
        return Vec::new();
    };
    (1..connections)
        .map(|_| {
            let (another, snapshot) = (leader.another(), snapshot.clone());
            let settings = settings.clone();
            let opening: Opening = Box::pin(
                async move { limited(join(another, &snapshot, &settings)).await }
                    .instrument(debug_span!("open")),
            );
            opening
        })
        .collect()
}

/// Opens a connection, in the leader's snapshot.
async fn join(
    another: impl Future<Output = Result<Session, pgdumprs_connect::Error>>,
    snapshot: &Shared,
    settings: &SessionSettings,
) -> Result<Session, String> {
    let mut session = another.await.map_err(|error| advised(&error))?;
    match transaction::join(&mut session, snapshot, settings).await {
        Ok(true) => Ok(session),
        Ok(false) => Err(
            "another server answered at the same address, which does not have the snapshot that is dumped".into(),
        ),
        Err(error) => Err(advised(&error)),
    }
}

/// How rows become INSERT statements, in the words of whoever copies them.
fn insert_statements(form: InsertForm, encoding: Encoding) -> Inserts {
    let value = |value| match value {
        InsertValue::Typed(ValueType::Number) => Value::Number,
        InsertValue::Typed(ValueType::Bits) => Value::Bits,
        InsertValue::Typed(ValueType::Bool) => Value::Bool,
        InsertValue::Text => Value::Text,
        InsertValue::Default => Value::Default,
    };
    Inserts {
        head: form.head,
        values: form.values.into_iter().map(value).collect(),
        rows: form.rows,
        tail: form.tail,
        encoding,
    }
}

/// Which rows are read of each table, by the number of their entry.
pub(crate) fn table_rows(data: &[DataJob]) -> HashMap<i32, TableRows> {
    let tables = data.iter().filter_map(|job| match job {
        DataJob::Table { dump_id, rows, .. } => Some((*dump_id, TableRows::clone(rows))),
        DataJob::LargeObjects { .. } => None,
    });
    tables.collect()
}

/// What the entry of a table or of large objects takes its data from. With `row_security` in force each part of a table could be read by
/// another plan, in another order: there, tables stay whole.
/// The server sends texts in `encoding`.
pub(crate) fn job(job: DataJob, row_security: bool, encoding: Encoding) -> Job {
    match job {
        DataJob::Table {
            dump_id,
            name,
            copy,
            bytes,
            by_pages,
            condition,
            inserts,
            is_binary_exact,
            ..
        } => Job {
            dump_id,
            work: Work::Table(Table {
                name,
                copy,
                bytes,
                condition,
                by_pages: by_pages
                    .filter(|_| !row_security)
                    .map(|(pages, columns)| ByPages { pages, columns }),
                inserts: inserts.map(|form| insert_statements(form, encoding)),
                is_binary_exact,
            }),
        },
        DataJob::LargeObjects { dump_id, oids } => Job {
            dump_id,
            work: Work::LargeObjects { oids },
        },
    }
}
