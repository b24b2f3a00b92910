//! F1 to F5 of the design on random schemas, on every major.
//!
//! `PGDUMPRS_SEED=n` runs that one seed, `PGDUMPRS_SEED=n-m` those from one to another, and `PGDUMPRS_SCALE=1` runs 500 a major;
//! `PGDUMPRS_TEST_MAJORS` narrows the majors.

#[path = "../support/by_both.rs"]
mod by_both;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use by_both::Way;
use pgdumprs::{ArchiveVersion, Dump};
use pgdumprs_testkit::compare::{
    Comparison, Restore, Rule, Tolerated, compare_archives, compare_restored, compare_tolerated,
    stock_archive,
};
use pgdumprs_testkit::random::{Loaded, Step, census, create_roles, random_schema, shrink};
use pgdumprs_testkit::{Database, MAJORS_VARIABLE, Major, Server};

/// Names the one seed to run, or the first and the last.
const SEED_VARIABLE: &str = "PGDUMPRS_SEED";
/// Asks for many seeds.
const SCALE_VARIABLE: &str = "PGDUMPRS_SCALE";
/// Seeds a major, from 1 on.
const SEEDS: u64 = 6;
/// Seeds a major where many are asked for.
const SCALE_SEEDS: u64 = 500;
/// One seed in so many is compared at the default archive version as well.
const DEFAULT_VERSION_EVERY: u64 = 5;
/// One seed in so many is analyzed, and compared with its statistics as well.
const STATISTICS_EVERY: u64 = 2;
/// One seed in so many is restored once more, and the whole copy compared, where stock's own archive can be.
const RESTORE_EVERY: u64 = 6;
/// One seed in so many is restored by us as well, where many are not asked for.
const BY_US_EVERY: u64 = 3;
/// Two at once: the servers need the other half of a small machine.
const WORKERS: usize = 2;
/// How long to look for a smaller schema that differs too, for the first failure of a run.
const SHRINKING: Duration = Duration::from_secs(60);
/// How much of a report is shown.
const MOST_LINES: usize = 60;

/// Looks at all tables that can be looked at: some have indexes of expressions that fail.
const ANALYZE: &str = "
    DO $$
    DECLARE relation regclass;
    BEGIN
        FOR relation IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384 ORDER BY oid LOOP
            BEGIN
                EXECUTE format('ANALYZE %s', relation);
            EXCEPTION WHEN OTHERS THEN
                NULL;
            END;
        END LOOP;
    END $$";

/// What every schema has at least, in entries of its archive.
const FEWEST_ENTRIES: usize = 100;
/// How many of a hundred definitions may be refused, in one schema and over all of them.
const MOST_REFUSED: usize = 60;
const MOST_REFUSED_OVER_ALL: usize = 20;

/// How many of a hundred relations are restored at least.
const FEWEST_RESTORED: usize = 75;

/// The names that stock does not quote although they need it (docs/fidelity.md, deliberate differences): of NOT NULL constraints on
/// columns that a table has inherited. With what stands beside them in their clause, up to where a name breaks a line: a report shows
/// lines.
const MISQUOTED: &str = r"
    SELECT CASE WHEN n.conname ~ '[\r\n]' THEN regexp_replace(n.conname, '^.*[\r\n]', '') ELSE 'CONSTRAINT ' || n.conname END || ' NOT NULL '
    FROM pg_constraint AS n JOIN pg_attribute AS a ON a.attrelid = n.conrelid AND a.attnum = n.conkey[1]
    WHERE n.contype = 'n' AND n.conislocal AND NOT a.attislocal AND quote_ident(n.conname) <> n.conname";

/// What the schemas of a run hold together on each major, whatever the seeds.
const ALWAYS_THERE: &[&str] = &[
    "ACL",
    "AGGREGATE",
    "BLOB METADATA",
    "BLOBS",
    "CHECK CONSTRAINT",
    "COLLATION",
    "COMMENT",
    "CONSTRAINT",
    "DEFAULT",
    "DEFAULT ACL",
    "DOMAIN",
    "EXTENDED STATISTICS DATA",
    "FK CONSTRAINT",
    "FOREIGN TABLE",
    "FUNCTION",
    "INDEX",
    "INDEX ATTACH",
    "MATERIALIZED VIEW",
    "MATERIALIZED VIEW DATA",
    "POLICY",
    "PROCEDURE",
    "PUBLICATION",
    "PUBLICATION TABLE",
    "ROW SECURITY",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SEQUENCE OWNED BY",
    "SEQUENCE SET",
    "SERVER",
    "STATISTICS",
    "STATISTICS DATA",
    "TABLE",
    "TABLE ATTACH",
    "TABLE DATA",
    "TRIGGER",
    "TYPE",
    "VIEW",
];

/// What a major's schemas came to.
#[derive(Default)]
struct Sum {
    seeds: usize,
    definitions: usize,
    refused: usize,
    rows: usize,
    rows_refused: usize,
    relations: usize,
    relations_restored: usize,
    failed: usize,
    unlike: usize,
    restored: usize,
    unrestorable: usize,
    entries: BTreeMap<String, usize>,
    reasons: BTreeMap<String, usize>,
    failures: BTreeMap<String, usize>,
}

/// What one seed came to.
struct Outcome {
    loaded: Loaded,
    entries: BTreeMap<String, usize>,
    /// How much of it a restore brought back.
    tolerated: Tolerated,
    /// Whether it was restored once more, and whether stock's own archive can be.
    restored: Option<bool>,
}

#[test]
fn random_schemas() -> Result<()> {
    let named = match std::env::var(SEED_VARIABLE) {
        Ok(named) => Some(range(&named).with_context(|| format!("in {SEED_VARIABLE}={named:?}"))?),
        Err(std::env::VarError::NotPresent) => None,
        Err(error) => return Err(error).context(SEED_VARIABLE),
    };
    let all = 1..=if is_at_scale() { SCALE_SEEDS } else { SEEDS };
    let seeds: Vec<u64> = named.clone().unwrap_or(all).collect();
    let is_one = seeds.len() == 1;
    let mut failures = Vec::new();
    // One major after the other, so that few servers are busy at once.
    for major in Major::covered()? {
        let server = Server::try_get(major)?;
        create_roles(&server)?;
        let started = Instant::now();
        let sum = Mutex::new(Sum::default());
        let failed = Mutex::new(Vec::new());
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                        match try_seed(&server, seed) {
                            Ok(outcome) => {
                                if is_one {
                                    print_refusals(&outcome.loaded);
                                }
                                add(&sum, outcome);
                            }
                            Err(error) => {
                                println!("seed {seed} on PostgreSQL {major} failed");
                                locked(&failed).push((seed, format!("{error:#}")));
                            }
                        }
                    }
                });
            }
        });
        let mut sum = sum
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut failed = failed
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        failed.sort();
        sum.seeds = seeds.len();
        println!(
            "PostgreSQL {major}: {}; {} differ, in {} s",
            sum.words(),
            failed.len(),
            started.elapsed().as_secs()
        );
        for (seed, report) in failed {
            // Later failures often have the first one's cause.
            let shrunk = if failures.is_empty() {
                shrunk(&server, seed)
            } else {
                String::new()
            };
            failures.push(failure(major, seed, &report, &shrunk));
        }
        // One schema alone may be poor.
        if is_one {
            continue;
        }
        if let Err(error) = sum.check(named.is_none()) {
            failures.push(format!("PostgreSQL {major}: {error:#}\n{}", sum.words()));
        }
    }
    assert!(
        failures.is_empty(),
        "{} schemas failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    Ok(())
}

/// Whether the test shall take its time.
fn is_at_scale() -> bool {
    std::env::var(SCALE_VARIABLE).is_ok_and(|value| value == "1")
}

/// The seeds that `n` or `n-m` names.
fn range(named: &str) -> Result<RangeInclusive<u64>> {
    let (first, last) = named.split_once('-').unwrap_or((named, named));
    Ok(first.parse()?..=last.parse()?)
}

/// What is compared beside the archive of version 1.16.
#[derive(Clone, Copy)]
struct More {
    at_default: bool,
    statistics: bool,
    restore: bool,
    /// By us, beside stock.
    by_us: Option<Way>,
}

impl More {
    fn of(seed: u64) -> Self {
        let by_us = is_at_scale() || seed % BY_US_EVERY == 0;
        Self {
            at_default: seed % DEFAULT_VERSION_EVERY == 0,
            statistics: seed % STATISTICS_EVERY == 0,
            restore: seed % RESTORE_EVERY == 0,
            by_us: by_us.then_some(Way {
                jobs: if seed % 2 == 0 { 1 } else { 4 },
                piped: seed % 4 == 0,
            }),
        }
    }
}

/// Makes a seed's database and compares.
fn try_seed(server: &Server, seed: u64) -> Result<Outcome> {
    let steps = random_schema(seed, server.major());
    let outcome = compare(server, &steps, More::of(seed))?;
    let entries: usize = outcome.entries.values().sum();
    ensure!(
        entries >= FEWEST_ENTRIES,
        "the schema is small: {entries} entries"
    );
    let (refused, definitions) = (outcome.loaded.refused.len(), outcome.loaded.definitions);
    ensure!(
        refused * 100 <= definitions * MOST_REFUSED,
        "{refused} of {definitions} definitions were refused"
    );
    Ok(outcome)
}

fn compare(server: &Server, steps: &[Step], more: More) -> Result<Outcome> {
    let database = server.database();
    let loaded = database.load_steps(steps)?;
    let folder = tempfile::tempdir().context("creating a folder for archives")?;
    let path = |name: &str| folder.path().join(name);
    let (stock, newest, default) = (
        path("stock.dump"),
        path("newest.dump"),
        path("default.dump"),
    );
    stock_archive(&database, &stock, &[]).context("stock")?;

    dump(&database.conninfo(), Some(ArchiveVersion::V1_16), &newest)?;
    let comparison = compare_archives(&stock, &newest)?;
    ensure!(
        comparison.is_same() || is_misquoted(&database, &comparison),
        "at archive version 1.16:\n{comparison}"
    );
    dump(&database.conninfo(), None, &default)?;
    if more.at_default {
        let comparison = compare_archives(&stock, &default)?;
        ensure!(
            comparison.is_same() || is_misquoted(&database, &comparison),
            "at the default archive version:\n{comparison}"
        );
    }
    // Random schemas hold what no restore brings back, such as checks that call what is not there yet.
    let (comparison, tolerated) = compare_tolerated(&database, &stock, &default)?;
    ensure!(comparison.is_same(), "restored:\n{comparison}");
    if let Some(way) = more.by_us {
        let (theirs, ours) = (database.empty_sibling()?, database.empty_sibling()?);
        by_both::compare(&theirs, &ours, &default, way)?;
    }
    let mut restored = None;
    if more.restore {
        let possible = compare_restored(&database, &stock, &[Restore::Serial])?.is_same();
        if possible {
            let comparison = compare_restored(&database, &newest, &[Restore::Serial])?;
            ensure!(comparison.is_same(), "restored:\n{comparison}");
        }
        restored = Some(possible);
    }
    let mut entries = census(&stock)?;
    if more.statistics {
        compare_statistics(&database, folder.path())?;
        for (descriptor, count) in census(&folder.path().join("stock_statistics.dump"))? {
            if descriptor.ends_with("STATISTICS DATA") {
                entries.insert(descriptor, count);
            }
        }
    }
    Ok(Outcome {
        loaded,
        entries,
        tolerated,
        restored,
    })
}

/// Analyzes the database and compares what is known then. Leaves stock's archive in `folder`.
fn compare_statistics(database: &Database, folder: &Path) -> Result<()> {
    database.try_execute_sql(ANALYZE)?;
    let (stock, ours) = (
        folder.join("stock_statistics.dump"),
        folder.join("statistics.dump"),
    );
    stock_archive(database, &stock, &["--statistics"]).context("stock")?;
    let dump = Dump::new(&database.conninfo())?
        .archive_version(ArchiveVersion::V1_16)
        .statistics(true);
    write(dump, &ours)?;
    let comparison = compare_archives(&stock, &ours)?;
    ensure!(
        comparison.is_same() || is_misquoted(database, &comparison),
        "with statistics:\n{comparison}"
    );
    Ok(())
}

/// Whether nothing differs but definitions in which stock left out quotes.
fn is_misquoted(database: &Database, comparison: &Comparison) -> bool {
    if database.server().major().number() < 18 {
        return false;
    }
    let unquoted = database.psql(MISQUOTED);
    let is_named = |text: &String| unquoted.lines().any(|unquoted| text.contains(unquoted));
    [Rule::F3, Rule::F4]
        .iter()
        .all(|&rule| comparison.differences(rule).is_empty())
        && !comparison.differences(Rule::F2).is_empty()
        && comparison.differences(Rule::F2).iter().all(is_named)
}

fn dump(conninfo: &str, version: Option<ArchiveVersion>, path: &Path) -> Result<()> {
    let mut dump = Dump::new(conninfo)?;
    if let Some(version) = version {
        dump = dump.archive_version(version);
    }
    write(dump, path)
}

fn write(dump: Dump, path: &Path) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime
        .block_on(dump.to_file(path))
        .context("dumping with pgdumprs")?;
    Ok(())
}

/// The statements that a seed's difference needs, or all that are left when the time is up.
fn shrunk(server: &Server, seed: u64) -> String {
    let steps = random_schema(seed, server.major());
    let more = More {
        restore: false,
        ..More::of(seed)
    };
    let differs = |steps: &[Step]| compare(server, steps, more).is_err();
    if !differs(&steps) {
        // It was a poor schema, or differs only when restored, which takes too long to try over and over.
        return String::new();
    }
    let few = shrink(&steps, Instant::now() + SHRINKING, differs);
    let mut text = format!("\n{} of {} statements are left:\n", few.len(), steps.len());
    for step in few.iter().take(MOST_LINES) {
        let _ = writeln!(text, "{};", step.sql());
    }
    text
}

fn failure(major: Major, seed: u64, report: &str, shrunk: &str) -> String {
    let lines: Vec<&str> = report.lines().collect();
    let mut shown = lines[..lines.len().min(MOST_LINES)].join("\n");
    if lines.len() > MOST_LINES {
        let _ = write!(shown, "\n… and {} more lines", lines.len() - MOST_LINES);
    }
    format!(
        "seed {seed} on PostgreSQL {major}: {shown}\n{shrunk}\n\
         again: {SEED_VARIABLE}={seed} {MAJORS_VARIABLE}={major} cargo test -p pgdumprs --test random_schemas -- --nocapture"
    )
}

/// Who runs one seed wants to know what came of it.
fn print_refusals(loaded: &Loaded) {
    for refusal in loaded.refused.iter().chain(&loaded.rows_refused) {
        println!("refused: {}\n  {}", refusal.message, refusal.sql);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn add(sum: &Mutex<Sum>, outcome: Outcome) {
    let mut sum = locked(sum);
    sum.definitions += outcome.loaded.definitions;
    sum.refused += outcome.loaded.refused.len();
    sum.rows += outcome.loaded.rows;
    sum.rows_refused += outcome.loaded.rows_refused.len();
    sum.relations += outcome.tolerated.relations;
    sum.relations_restored += outcome.tolerated.restored;
    sum.failed += outcome.tolerated.failed.len();
    sum.unlike += usize::from(!outcome.tolerated.is_whole());
    if let Some(possible) = outcome.restored {
        sum.restored += usize::from(possible);
        sum.unrestorable += usize::from(!possible);
    }
    for (descriptor, count) in &outcome.entries {
        *sum.entries.entry(descriptor.clone()).or_default() += count;
    }
    for refusal in outcome.loaded.refused {
        *sum.reasons.entry(reason(&refusal.message)).or_default() += 1;
    }
    for message in outcome.tolerated.failed {
        *sum.failures.entry(reason(&message)).or_default() += 1;
    }
}

/// A message without names, which differ: what is wrong with them repeats.
fn reason(message: &str) -> String {
    let message = message.rsplit("ERROR:  ").next().unwrap_or(message);
    let ends = ["\nDETAIL:  ", "\nHINT:  ", "\nCONTEXT:  "];
    let end = ends.iter().filter_map(|end| message.find(end)).min();
    let message = &message[..end.unwrap_or(message.len())];
    let parts: Vec<&str> = message.split('"').step_by(2).collect();
    parts.join("…")
}

/// The most frequent reasons.
fn frequent(reasons: &BTreeMap<String, usize>, most: usize) -> String {
    let mut reasons: Vec<_> = reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let reasons = reasons.iter().take(most);
    let reasons: Vec<String> = reasons
        .map(|(reason, count)| format!("{count} × {reason}"))
        .collect();
    reasons.join(", ")
}

impl Sum {
    fn words(&self) -> String {
        format!(
            "{} seeds, {} entries of {} kinds; {} definitions, {} refused ({}); {} rows and grants by others, {} refused; \
             {} of {} relations restored as they were; {} seeds not restored whole, and stock's archives neither, with {} entries that failed ({}); \
             {} restored and compared whole, {} that stock cannot restore alike",
            self.seeds,
            self.entries.values().sum::<usize>(),
            self.entries.len(),
            self.definitions,
            self.refused,
            frequent(&self.reasons, 8),
            self.rows,
            self.rows_refused,
            self.relations_restored,
            self.relations,
            self.unlike,
            self.failed,
            frequent(&self.failures, usize::MAX),
            self.restored,
            self.unrestorable,
        )
    }

    /// Sees to it that the schemas were rich.
    fn check(&self, all_kinds: bool) -> Result<()> {
        let seeds = self.seeds.max(1);
        let entries: usize = self.entries.values().sum();
        ensure!(
            entries / seeds >= 2 * FEWEST_ENTRIES,
            "schemas are small: {entries} entries in {seeds}"
        );
        ensure!(
            self.refused * 100 <= self.definitions * MOST_REFUSED_OVER_ALL,
            "many definitions were refused"
        );
        ensure!(
            self.rows_refused * 100 <= self.rows * 75,
            "many rows were refused"
        );
        ensure!(
            self.relations_restored * 100 >= self.relations * FEWEST_RESTORED,
            "few relations were restored"
        );
        if all_kinds {
            let missing: Vec<_> = ALWAYS_THERE
                .iter()
                .filter(|kind| !self.entries.contains_key(**kind))
                .collect();
            ensure!(missing.is_empty(), "no schema has any of {missing:?}");
        }
        Ok(())
    }
}
