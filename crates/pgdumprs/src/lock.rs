//! Locking the tables that are dumped.

use std::collections::HashSet;

use bstr::BString;
use pgdumprs_catalog::likeness::some_of;
use pgdumprs_connect::{Error, Rows, Session};

use crate::error::NAMED;
use crate::patience::limited;
use crate::transaction::literal;

/// Bytes of one LOCK statement, which names many tables: a bound for what a pooler or a log has to hold at once.
const LOCK_STATEMENT: usize = 100_000;

/// As few LOCK statements as reasonable, for any number of tables, between others that limit the time they may wait.
pub(crate) fn lock_statements(tables: &[BString], timeout: Option<&str>) -> Vec<BString> {
    let mut statements: Vec<BString> = Vec::new();
    for table in tables {
        match statements.last_mut() {
            Some(statement) if statement.len() < LOCK_STATEMENT => {
                statement.extend_from_slice(b", ")
            }
            _ => statements.push("LOCK TABLE ".into()),
        }
        if let Some(statement) = statements.last_mut() {
            statement.extend_from_slice(table);
        }
    }
    for statement in &mut statements {
        statement.extend_from_slice(b" IN ACCESS SHARE MODE");
    }
    if let Some(timeout) = timeout {
        let limit = format!("SET LOCAL statement_timeout = {}", literal(timeout));
        statements.insert(0, limit.into());
        statements.push("SET LOCAL statement_timeout = 0".into());
    }
    statements
}

/// The names in the first column of an answer.
pub(crate) fn named(rows: &Rows) -> Vec<String> {
    let names = rows.iter().filter_map(|row| row.get::<BString>(0).ok());
    names.map(|name| name.to_string()).collect()
}

/// Sessions that want a table for themselves, and have it or wait for it: nobody reads it meanwhile.
const HOLDERS: &str = "
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
           coalesce('process ' || l.pid, 'a prepared transaction') || coalesce(' (' || nullif(a.application_name, '') || ')', '')
               || CASE WHEN l.granted THEN ' has' ELSE ' waits for' END
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
    ORDER BY 1, l.granted DESC, l.pid";

/// Who is in the way of locking `tables`, in words, where waiting for them was ended: by a timeout or by somebody. The server only says
/// that it was, and a statement names many tables. Whoever has gone since is not seen.
pub(crate) async fn holders(
    session: &mut Session,
    tables: &[BString],
    error: &Error,
) -> Vec<String> {
    if error.sqlstate() != Some("57014") {
        return Vec::new();
    }
    // The failed transaction has lost its settings. What else cannot be found out is left out.
    if session.query("ROLLBACK").await.is_err() {
        return Vec::new();
    }
    in_the_way(session, tables).await
}

/// Who is in the way of a dump that waits for its locks, in words, as `another` connection sees it.
pub(crate) async fn waited_for(
    another: impl Future<Output = Result<Session, Error>>,
    tables: &[BString],
) -> Vec<String> {
    let asking = async {
        let mut session = another.await.map_err(|error| error.to_string())?;
        let found = in_the_way(&mut session, tables).await;
        session.close().await;
        Ok(found)
    };
    // That the dump waits is worth more than for whom: where there is no other connection, it is said without.
    limited(asking).await.unwrap_or_default()
}

/// Says that the dump waits for its locks, and for whom.
pub(crate) fn waits(who: &[String]) -> String {
    let who = match who {
        [] => String::new(),
        who => format!(": {}", some_of(who, NAMED, "; ")),
    };
    format!(
        "the dump waits until it can lock its tables, which took more than 15 s{who}; it goes on when they are free, and --lock-wait-timeout \
         limits the wait (in the library, Dump::lock_wait_timeout)"
    )
}

/// Who has or waits for an exclusive lock on some of `tables`, in words; nobody where that cannot be found out.
async fn in_the_way(session: &mut Session, tables: &[BString]) -> Vec<String> {
    let begin = "BEGIN READ ONLY; SET LOCAL search_path = ''";
    let statements = [begin, HOLDERS, "COMMIT"];
    let results = session.pipeline(&statements).await.unwrap_or_default();
    let Some(rows) = results.get(1) else {
        return Vec::new();
    };
    let wanted: HashSet<&BString> = tables.iter().collect();
    let mut holders = Vec::new();
    for row in rows.iter() {
        let (Ok(table), Ok(process)) = (row.get::<BString>(0), row.get::<BString>(1)) else {
            continue;
        };
        if wanted.contains(&table) {
            holders.push(format!("{process} an exclusive lock on table {table}"));
        }
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_statements_lock_many_tables() {
        assert!(lock_statements(&[], None).is_empty());
        let two = lock_statements(&["public.a".into(), "public.b".into()], None);
        assert_eq!(two, ["LOCK TABLE public.a, public.b IN ACCESS SHARE MODE"]);
        let many = vec![BString::from("public.orders"); 20_000];
        let statements = lock_statements(&many, None);
        assert_eq!(statements.len(), 3);
        assert!(
            statements
                .iter()
                .all(|s| s.ends_with(b"public.orders IN ACCESS SHARE MODE"))
        );
    }
}
