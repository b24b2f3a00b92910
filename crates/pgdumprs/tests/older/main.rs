//! Archives of newer servers on older ones: what the plan says comes true, and what is adapted is named.

mod internal_options;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use pgdumprs::{Adapt, AdaptKinds, Adaptation, Dump, Fate, Restore, RestorePlan, RestoreReport};
use pgdumprs_testkit::{Database, Major, Server, reference_pg_restore};
use tempfile::TempDir;

/// What each major brought, by that major.
const NOVELTIES: &[(Major, &str)] = &[
    (Major::V14, include_str!("since_14.sql")),
    (Major::V15, include_str!("since_15.sql")),
    (Major::V16, include_str!("since_16.sql")),
    (Major::V17, include_str!("since_17.sql")),
    (Major::V18, include_str!("since_18.sql")),
    (Major::V19, include_str!("since_19.sql")),
];

#[test]
fn a_server_that_is_older_gets_what_it_can_hold() -> Result<()> {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    for source in Major::ALL.iter().copied() {
        let targets = Major::ALL.iter().copied().filter(|&target| {
            let is_usual = matches!(
                (source, target),
                (Major::V19, Major::V13) | (Major::V18, Major::V15)
            );
            target < source && (is_usual || is_thorough)
        });
        let targets: Vec<_> = targets.collect();
        if targets.is_empty() {
            continue;
        }
        let archive = Archive::new(&Server::get(source))?;
        for target in targets {
            archive
                .goes_into(&Server::get(target))
                .with_context(|| format!("from {source} into {target}"))?;
        }
    }
    Ok(())
}

/// What columns and constraints restrict, what roles may do, and rows.
const KEPT: &str = "
    SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid IN ('app.strict'::regclass, 'app.late'::regclass, 'app.lax'::regclass) ORDER BY 2, 3;
    SELECT 'not null', attrelid::regclass, attname FROM pg_attribute
    WHERE attrelid IN ('app.heir'::regclass, 'app.only_heir'::regclass) AND attnum > 0 AND attnotnull ORDER BY 2, 3;
    SELECT 'privilege', c.oid::regclass, privilege_type FROM pg_class c, aclexplode(relacl) WHERE grantee = 'pg_monitor'::regrole
    AND relname IN ('item', 'spans', 'late') ORDER BY 2, 3;
    SELECT 'option', relname, reloptions FROM pg_class WHERE relname = 'tuned';
    SELECT 'subscription', subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()
    WHERE subname <> 'keeps' ORDER BY 2;
    SELECT 'row', * FROM app.strict ORDER BY a, d;
    SELECT 'row', * FROM app.spans;";

const EXPECTED: &str = "\
constraint|app.strict|c|CHECK ((\"c C\" IS NOT NULL)) NO INHERIT
constraint|app.strict|strict_b_check|CHECK ((b IS NOT NULL)) NO INHERIT
constraint|app.late|late_a|CHECK ((a IS NOT NULL)) NOT VALID
not null|app.heir|a
not null|app.heir|d
not null|app.only_heir|a
not null|app.only_heir|d
privilege|app.item|SELECT
privilege|app.late|INSERT
option|tuned|{fillfactor=70}
subscription|careful
subscription|lasting
subscription|mine
subscription|plain
row|1|||4
row|1|||4
row|1|2|3|
row|[2020-01-01,2020-02-01)";

/// An archive of a database that has something of all that its server knows.
struct Archive {
    _folder: TempDir,
    path: PathBuf,
    /// Of the server that it was made from.
    source: Major,
}

impl Archive {
    fn new(server: &Server) -> Result<Archive> {
        let database = server.database();
        for (major, sql) in NOVELTIES {
            if *major <= server.major() {
                database.execute_sql(sql);
            }
        }
        database.execute_sql("ANALYZE");
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.dump");
        // Stock's would hold options that servers keep for themselves, which stock's own restore is refused.
        let dump = Dump::new(&database.conninfo())?.statistics(true);
        tokio::runtime::Runtime::new()?.block_on(dump.to_file(&path))?;
        // Databases with subscriptions cannot be dropped.
        drop_subscriptions(&database);
        Ok(Archive {
            _folder: folder,
            path,
            source: server.major(),
        })
    }

    fn goes_into(&self, server: &Server) -> Result<()> {
        let by_stock = server.database();
        let plan = plan(Restore::new(&by_stock.conninfo())?, &self.path)?;
        let failed = failed_by_stock(&by_stock, &self.path)?;
        drop_subscriptions(&by_stock);
        let wrong = plan.entries.iter().filter(|entry| match entry.fate {
            Fate::Done | Fate::Adapted => failed.contains(&entry.dump_id),
            Fate::Impossible(_) => !failed.contains(&entry.dump_id),
            _ => false,
        });
        let wrong: Vec<_> = wrong.collect();
        ensure!(wrong.is_empty(), "told wrongly: {wrong:#?}");

        let target = server.database();
        let adapt = Adapt {
            kinds: AdaptKinds::VERSION,
            ..Adapt::default()
        };
        let adapting = || anyhow::Ok(Restore::new(&target.conninfo())?.adapt(adapt.clone()));
        let plan = self::plan(adapting()?, &self.path)?;
        let report = run(adapting()?.regardless(true), &self.path)?;
        // Those before 16 keep the same of what is asked.
        let is_asked = self.source >= Major::V18 && server.major() < Major::V16;
        let kept = is_asked.then(|| target.psql(KEPT));
        drop_subscriptions(&target);
        check(&plan, &report)?;
        let is_kept = kept.as_ref().is_none_or(|kept| kept.trim() == EXPECTED);
        ensure!(is_kept, "{kept:?}");
        Ok(())
    }
}

/// No statement fails that the plan has not named, all rows of tables that are there are in, and the report names what is otherwise.
fn check(plan: &RestorePlan, report: &RestoreReport) -> Result<()> {
    let named = |entry: &&pgdumprs::PlannedEntry| {
        matches!(entry.fate, Fate::Impossible(_) | Fate::HangsOn(_))
    };
    let named: BTreeSet<i32> = plan
        .entries
        .iter()
        .filter(named)
        .map(|entry| entry.dump_id)
        .collect();
    for failure in &report.failures {
        let is_named = failure
            .dump_id
            .is_some_and(|dump_id| named.contains(&dump_id));
        ensure!(is_named, "not foretold: {failure:#?}");
    }
    let planned: BTreeMap<_, _> = plan
        .entries
        .iter()
        .filter(|entry| !entry.adaptations.iter().all(Adaptation::loses_nothing))
        .map(|entry| (entry.dump_id, &entry.adaptations))
        .collect();
    let reported: BTreeMap<_, _> = report
        .adaptations
        .iter()
        .map(|entry| (entry.dump_id, &entry.adaptations))
        .collect();
    ensure!(planned == reported, "{planned:#?}\n{reported:#?}");
    Ok(())
}

fn plan(restore: Restore, archive: &Path) -> Result<RestorePlan> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(restore.plan(archive)).context("planning")
}

fn run(restore: Restore, archive: &Path) -> Result<RestoreReport> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime
        .block_on(restore.from_file(archive))
        .context("restoring")
}

/// The entries at which stock meets an error.
fn failed_by_stock(target: &Database, archive: &Path) -> Result<BTreeSet<i32>> {
    let mut pg_restore = reference_pg_restore();
    pg_restore.args(["-v", "-d", &target.conninfo()]);
    let output = pg_restore.arg(archive).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let entries = said
        .lines()
        .filter_map(|line| line.strip_prefix("pg_restore: from TOC entry "));
    entries
        .map(|rest| {
            let number = rest.split(';').next().unwrap_or_default();
            number.parse().with_context(|| rest.to_owned())
        })
        .collect()
}

fn drop_subscriptions(database: &Database) {
    for name in database.psql("SELECT quote_ident(s.subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()").lines() {
        database.execute_sql(format!("DROP SUBSCRIPTION {name}"));
    }
}
