//! Planner statistics of what was restored, gathered by the server when everything is in: archives have them only where that was asked for, and servers
//! take them since 18.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bstr::{BString, ByteSlice};
use pgdumprs_connect::{ConnectParams, Error, Notices, Session};
use pgdumprs_script::Script;
use pgdumprs_sql::{identifier, literal};
use tokio::task::{JoinError, JoinSet};

/// Statements that a connection has under way.
const WINDOW: usize = 8;

/// What gathering statistics came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Analysis {
    /// Tables, partitioned tables and materialized views that were analyzed, each with its schema, as SQL writes them.
    pub analyzed: Vec<BString>,
    /// What kept the server from analyzing the others.
    pub failures: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Where and how it is done.
pub(super) struct Analyst {
    pub(super) params: ConnectParams,
    /// The role that the restore changed to.
    pub(super) role: Option<BString>,
    pub(super) jobs: usize,
}

/// What is left, and what became of the rest.
#[derive(Default)]
struct State {
    open: VecDeque<BString>,
    analyzed: Vec<BString>,
    failures: Vec<String>,
    warnings: Vec<String>,
}

type Shared = Arc<Mutex<State>>;

fn lock(state: &Shared) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Analyst {
    /// Analyzes the relations that `script` has brought rows for, or has made, over several connections. Returns what the server warned of, too.
    pub(super) async fn run(self, script: &Script) -> (Analysis, Vec<String>) {
        let started = Instant::now();
        let state = Shared::default();
        if let Err(error) = self.analyze(script, &state).await {
            lock(&state).failures.push(error.with_causes());
        }
        let mut state = std::mem::take(&mut *lock(&state));
        let left = state.open.len();
        if left > 0 {
            let failure = format!("{left} tables are not analyzed");
            state.failures.push(failure);
        }
        let analysis = Analysis {
            analyzed: state.analyzed,
            failures: state.failures,
            elapsed: started.elapsed(),
        };
        (analysis, state.warnings)
    }

    async fn analyze(&self, script: &Script, state: &Shared) -> Result<(), Error> {
        // Names are written in the script's encoding.
        let mut params = self.params.clone();
        params.set("client_encoding", script.encoding_name().to_string())?;
        let mut first = Session::connect(&params).await?;
        let role = self.role.as_ref();
        let before = [
            // Functions of indexes are found as every other session finds them that has no path of its own.
            b"SET LOCAL search_path = ''; SET LOCAL statement_timeout = 0; ".to_vec(),
            role.map_or(Vec::new(), |role| {
                let role = identifier(role.as_bstr(), true, first.client_encoding());
                [b"SET LOCAL ROLE ", role.as_slice(), b"; "].concat()
            }),
        ]
        .concat();
        let only_itself = first.server_version().major() >= 18;
        let relations = relations(&mut first, script, only_itself).await?;
        let command: &[u8] = if only_itself {
            b"ANALYZE ONLY "
        } else {
            b"ANALYZE "
        };
        let before: Arc<[u8]> = [&before, command].concat().into();
        let others = self.jobs.min(relations.len().div_ceil(WINDOW)).max(1) - 1;
        lock(state).open = relations.into();
        let mut workers = JoinSet::new();
        for _ in 0..others {
            let (opening, state, before) =
                (first.another(), Arc::clone(state), Arc::clone(&before));
            workers.spawn(async move {
                match opening.await {
                    Ok(session) => work(session, &state, &before).await,
                    // The first one goes on alone.
                    Err(_) => Ok(()),
                }
            });
        }
        let mut ended = work(first, state, &before).await;
        while let Some(other) = workers.join_next().await {
            match other.map_err(JoinError::try_into_panic) {
                Ok(other) => ended = ended.and(other),
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                // The runtime ends, and this future with it.
                Err(Err(_)) => std::future::pending().await,
            }
        }
        ended
    }
}

/// Analyzes over one connection until nothing is left.
async fn work(mut session: Session, state: &Shared, before: &[u8]) -> Result<(), Error> {
    let mut statements = session.statements(WINDOW)?;
    let mut sent = VecDeque::new();
    loop {
        while sent.len() < WINDOW {
            let next = lock(state).open.pop_front();
            let Some(relation) = next else {
                break;
            };
            let sql = [before, &relation].concat();
            sent.push_back(relation);
            if let Err(error) = statements.send(sql).await {
                lock(state).open.extend(sent);
                return Err(error);
            }
        }
        let ended = match statements.next().await {
            Ok(Some(ended)) => ended,
            Ok(None) => break,
            Err(error) => {
                lock(state).open.extend(sent);
                return Err(error);
            }
        };
        let Some(relation) = sent.pop_front() else {
            break;
        };
        let mut state = lock(state);
        state.warnings.extend(warnings(&relation, &ended.notices));
        match ended.result {
            Ok(_) => state.analyzed.push(relation),
            Err(error) => state.failures.push(format!("{relation}: {error}")),
        }
    }
    drop(statements);
    session.close().await;
    Ok(())
}

/// What a server warns of, as that the role may not analyze a table.
fn warnings(relation: &BString, notices: &Notices) -> Vec<String> {
    let messages = notices.messages.iter();
    messages
        .filter(|message| message.severity == "WARNING")
        .map(|message| {
            format!(
                "the server says while {relation} is analyzed: {}",
                message.text()
            )
        })
        .collect()
}

/// The relations to be analyzed, the largest first. With `only_itself`, each is analyzed for itself; otherwise a partitioned table brings its
/// partitions along.
async fn relations(
    session: &mut Session,
    script: &Script,
    only_itself: bool,
) -> Result<Vec<BString>, Error> {
    const HAVE_STATISTICS: [&str; 4] = [
        "TABLE",
        "TABLE DATA",
        "MATERIALIZED VIEW",
        "MATERIALIZED VIEW DATA",
    ];
    let entries = script.steps().iter().map(|step| script.entry(step));
    let names: HashSet<(&BString, &BString)> = entries
        .filter(|entry| HAVE_STATISTICS.iter().any(|kind| entry.descriptor == *kind))
        .filter_map(|entry| Some((entry.namespace.as_ref()?, entry.tag.as_ref()?)))
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let encoding = session.client_encoding();
    let array = |part: fn(&(&BString, &BString)) -> BString| {
        let parts = names.iter().map(|name| literal(part(name), encoding));
        bstr::join(", ", parts.collect::<Vec<_>>())
    };
    let (schemas, tables) = (array(|name| name.0.clone()), array(|name| name.1.clone()));
    let which: &[u8] = match only_itself {
        true => b"",
        false => b" AND NOT relation.relispartition",
    };
    let sql = [
        b"WITH chosen AS (
              SELECT c.oid FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              JOIN ROWS FROM (pg_catalog.unnest(ARRAY[",
        schemas.as_slice(),
        b"]::pg_catalog.text[]), pg_catalog.unnest(ARRAY[",
        &tables,
        b"]::pg_catalog.text[])) AS wanted(schema, name) ON n.nspname = wanted.schema AND c.relname = wanted.name)
          SELECT pg_catalog.format('%I.%I', schema.nspname, relation.relname)
          FROM (SELECT oid FROM chosen
                UNION SELECT ancestor.relid FROM chosen, LATERAL pg_catalog.pg_partition_ancestors(chosen.oid) AS ancestor(relid)) AS wanted
          JOIN pg_catalog.pg_class relation ON relation.oid = wanted.oid
          JOIN pg_catalog.pg_namespace schema ON schema.oid = relation.relnamespace
          WHERE relation.relkind IN ('r', 'm', 'p')",
        which,
        b" ORDER BY relation.relkind = 'p', pg_catalog.pg_relation_size(relation.oid) DESC, 1",
    ]
    .concat();
    let rows = session.query(sql).await?;
    let names: Result<Vec<BString>, _> = rows.iter().map(|row| row.get(0)).collect();
    Ok(names?)
}
