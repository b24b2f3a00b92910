//! Addresses that lead to another server, or to another database, in the midst of a restore.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use pgdumprs::{Restore, RestoreEnd, RestoreReport, RestoreStopped};
use pgdumprs_testkit::{Database, Major, Server, SlowLink, delicate_database};

use super::lost::{complete, disturbed};
use super::{SERIAL, SHARED, Way, dump, run};

/// Rows of the largest table.
const ROWS: u32 = 3000;

/// Entries after which it happens.
const AFTER: usize = 20;

/// A restore over a link, which has to end when its connections end and others lead elsewhere, by `lead`.
fn disturb(
    link: &SlowLink,
    target: &Database,
    (way, archive, journal): (Way, &Path, &Path),
    lead: impl FnOnce() + Send + 'static,
) -> Result<RestoreReport> {
    let name = target.name().to_owned();
    let beside = target.server().database();
    let mut restore = Restore::new(&link.conninfo(&name))?
        .jobs(way.jobs)
        .journal(journal);
    if way.shares {
        restore = restore.share_tables_from(0);
    }
    let restore = disturbed(restore, AFTER, move || {
        lead();
        beside.execute_sql(format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ));
    });
    run(restore, archive)
}

fn ensure_told(report: &RestoreReport, place: &str) -> Result<()> {
    ensure!(report.end() == RestoreEnd::Incomplete, "{report:#?}");
    ensure!(
        matches!(report.stopped, Some(RestoreStopped::Elsewhere { what }) if what.contains(place)),
        "{place}: {report:#?}"
    );
    Ok(())
}

/// It may lack what its primary had told was done. When the address leads to the server of before again, the restore goes on.
#[test]
fn a_standby_that_is_promoted_is_another_server() -> Result<()> {
    let server = Server::builder(Major::REFERENCE).start()?;
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir()?;
    let (archive, journal) = (folder.path().join("a.dump"), folder.path().join("journal"));
    dump(&source, &archive)?;
    let targets = [source.empty_sibling()?, source.empty_sibling()?];
    let standby = server.standby().start()?;
    standby.catch_up_with(&server)?;
    standby.promote()?;
    for (target, way) in targets.into_iter().zip([SERIAL, SHARED]) {
        let link = Arc::new(SlowLink::open(&server, Duration::ZERO)?);
        let (leading, to) = (Arc::clone(&link), standby.clone());
        let report = disturb(&link, &target, (way, &archive, &journal), move || {
            leading.lead_to(&to);
        })?;
        ensure_told(&report, "a standby that was promoted")?;
        let there = Restore::new(&link.conninfo(target.name()))?
            .journal(&journal)
            .resume(true);
        let Err(refused) = run(there, &archive) else {
            anyhow::bail!("it goes on at the standby");
        };
        ensure!(
            format!("{refused:#}").contains("of another server"),
            "{refused:#}"
        );
        complete(&source, &target, way, &archive, &journal, report)?;
    }
    Ok(())
}

#[test]
fn another_server_or_database_of_the_same_name_is_not_gone_on_in() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    // Test servers of a major are copies of one, with the same identifier.
    let other = Server::get(Major::V17);
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir()?;
    let (archive, journal) = (folder.path().join("a.dump"), folder.path().join("journal"));
    dump(&source, &archive)?;
    for way in [SERIAL, SHARED] {
        let target = source.empty_sibling()?;
        let create = format!("CREATE DATABASE {}", target.name());
        other.database().execute_sql(&create);
        let link = Arc::new(SlowLink::open(&server, Duration::ZERO)?);
        let (leading, to) = (Arc::clone(&link), other.clone());
        let how = (way, archive.as_path(), journal.as_path());
        let report = disturb(&link, &target, how, move || leading.lead_to(&to))?;
        ensure_told(&report, "another server")?;

        let target = source.empty_sibling()?;
        let link = SlowLink::open(&server, Duration::ZERO)?;
        let beside = server.database();
        let name = target.name().to_owned();
        let report = disturb(&link, &target, how, move || {
            beside.execute_sql(format!(
                "DROP DATABASE {name} WITH (FORCE); CREATE DATABASE {name}"
            ));
        })?;
        ensure_told(&report, "another database of the same name")?;
    }
    Ok(())
}
