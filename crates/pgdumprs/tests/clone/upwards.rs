//! From older servers to newer ones: the copy is what stock's `pg_restore` makes there of an archive. A newer server may say definitions in
//! other words than the source, so that the source itself is compared in its rows alone.

use anyhow::{Context, Result, ensure};
use pgdumprs::{CloneEnd, Dump};
use pgdumprs_testkit::compare::{compare_copy, compare_rows};
use pgdumprs_testkit::{Database, Major, Server, fixtures_dir, reference_pg_restore};

use super::is_thorough;
use super::{DIVIDED, NOT_RESTORED_ALIKE, clone, make_roles, run};

#[test]
fn a_newer_server_gets_what_stock_gives_it() -> Result<()> {
    let pairs: &[(Major, Major)] = match is_thorough() {
        true => &[
            (Major::V13, Major::V17),
            (Major::V15, Major::V18),
            (Major::V17, Major::V19),
        ],
        false => &[(Major::V17, Major::V19)],
    };
    let mut failures = Vec::new();
    for &(old, new) in pairs {
        let servers = [Server::try_get(old)?, Server::try_get(new)?];
        let mut failed = Vec::new();
        if let Err(error) = sample_database(&servers) {
            failed.push(format!("the sample database: {error:#}"));
        }
        if is_thorough() {
            failed.extend(kinds(&servers)?);
        }
        println!("from {old} to {new}: {} differ", failed.len());
        failures.extend(failed);
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

fn sample_database(servers: &[Server; 2]) -> Result<()> {
    // Its roles have to be there.
    let roles = fixtures_dir().join("logistics/00_roles.sql");
    servers[1].database().load_file(&roles)?;
    let source = servers[0].database();
    source.load_fixture("logistics")?;
    let copy = cloned(&source, &servers[1])?.context("stock's restore is not complete")?;
    let comparison = compare_rows(&source, &copy, "rows")?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

/// Each kind of object in a database of its own.
fn kinds(servers: &[Server; 2]) -> Result<Vec<String>> {
    for server in servers {
        make_roles(server)?;
    }
    let mut failures = Vec::new();
    for (name, file) in super::kinds(&servers[0], NOT_RESTORED_ALIKE)? {
        let source = servers[0].database();
        source.load_file(&file)?;
        if let Err(error) = cloned(&source, &servers[1]) {
            failures.push(format!("{name}: {error:#}"));
        }
    }
    Ok(failures)
}

/// Clones a database, and compares the copy with what stock's restore makes. Gives the copy, unless stock meets errors: then the clone may not
/// say that it is complete.
fn cloned(source: &Database, server: &Server) -> Result<Option<Database>> {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    let dump = Dump::new(&source.conninfo())?;
    tokio::runtime::Runtime::new()?.block_on(dump.to_file(&archive))?;
    let (theirs, ours) = (server.database(), server.database());
    let output = reference_pg_restore()
        .args(["-d", &theirs.conninfo()])
        .arg(&archive)
        .output()
        .context("running pg_restore")?;
    let report = run(clone(source, &ours, DIVIDED)?);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let is_complete = report.is_ok_and(|report| report.end() == CloneEnd::Complete);
        ensure!(!is_complete, "only with stock fails {said}");
        return Ok(None);
    }
    let report = report?;
    ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
    let comparison = compare_copy(&theirs, &ours, "the copy")?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(Some(ours))
}
