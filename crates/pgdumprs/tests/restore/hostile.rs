//! Archives that somebody has made to do harm: beside the SQL of their entries, which runs with the rights of whoever restores, they reach nothing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use bstr::ByteSlice;
use pgdumprs::{RestoreEnd, RestoreOptions, RestoreReport, RestoreStopped};
use pgdumprs_testkit::compare::stock_archive;
use pgdumprs_testkit::{Database, Major, Server};

use super::{ALL_WAYS, into, run};

/// After this time a restore is taken to hang.
const HANG: Duration = Duration::from_secs(60);

const ROWS: &str = "1\n2\n3\n\\.\n\n\n";

/// Replaces bytes of a file by others, of the same number, since archives say how many there are.
fn forge(path: &Path, from: &str, to: &str) -> Result<()> {
    ensure!(to.len() <= from.len(), "{to} is longer than {from}");
    let to = format!("{to:width$}", width = from.len());
    let bytes = std::fs::read(path)?;
    ensure!(bytes.contains_str(from), "{from} is not there");
    std::fs::write(path, bytes.replace(from, &to))?;
    Ok(())
}

fn source() -> Database {
    let source = Server::get(Major::REFERENCE).database();
    source.execute_sql(
        "CREATE TABLE victim_of_a_name_that_leaves_room_for_more (id int);
         INSERT INTO victim_of_a_name_that_leaves_room_for_more SELECT generate_series(1, 3);
         CREATE TABLE other (id int);
         COMMENT ON TABLE other IS 'a comment with as much room as a command needs, and with more than that'",
    );
    source
}

fn codes(report: &RestoreReport) -> Vec<String> {
    let failures = report.failures.iter();
    failures
        .map(|failure| failure.error.code().to_string())
        .collect()
}

#[test]
fn a_copy_reads_no_file_and_runs_no_program() -> Result<()> {
    let source = source();
    let folder = tempfile::tempdir()?;
    let (archive, mark) = (folder.path().join("a.dump"), folder.path().join("mark"));
    let copy = "COPY public.victim_of_a_name_that_leaves_room_for_more (id) FROM stdin;";
    let touch = format!("COPY other FROM PROGRAM 'touch {}';", mark.display());
    for forged in [
        touch.as_str(),
        "COPY other FROM '/etc/hostname';",
        "CREATE TABLE made (); COPY other FROM stdin;",
    ] {
        stock_archive(&source, &archive, &[])?;
        forge(&archive, copy, forged)?;
        for way in [ALL_WAYS[0], ALL_WAYS[2]] {
            let target = source.empty_sibling()?;
            let report = run(into(&target, way)?, &archive)?;
            ensure!(report.end() == RestoreEnd::Incomplete, "{forged}");
            ensure!(codes(&report) == ["42601"], "{forged}: {report:#?}");
            ensure!(
                target.psql("SELECT (SELECT count(*) FROM other), to_regclass('made') IS NULL")
                    == "0|t"
            );
        }
    }
    ensure!(!mark.exists());
    Ok(())
}

/// psql would take these for its own.
#[test]
fn backslashes_are_no_commands() -> Result<()> {
    let source = source();
    let folder = tempfile::tempdir()?;
    let (archive, mark) = (folder.path().join("a.dump"), folder.path().join("mark"));
    stock_archive(&source, &archive, &[])?;
    let comment =
        "COMMENT ON TABLE public.other IS 'a comment with as much room as a command needs";
    forge(
        &archive,
        comment,
        &format!("\\! touch {}\n\\q '", mark.display()),
    )?;
    let target = source.empty_sibling()?;
    let report = run(into(&target, ALL_WAYS[0])?, &archive)?;
    ensure!(codes(&report) == ["42601"], "{report:#?}");
    ensure!(!mark.exists());
    ensure!(target.psql("SELECT count(*) FROM victim_of_a_name_that_leaves_room_for_more") == "3");
    Ok(())
}

#[test]
fn a_folder_leads_nowhere_else() -> Result<()> {
    let source = source();
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive");
    stock_archive(&source, &archive, &["-Fd", "-Z0"])?;
    let files = std::fs::read_dir(&archive)?.map(|file| file.map(|file| file.file_name()));
    let files: Vec<_> = files.collect::<std::io::Result<_>>()?;
    let file = files
        .iter()
        .find(|name| std::fs::read(archive.join(name)).is_ok_and(|text| text == ROWS.as_bytes()));
    let Some(file) = file.and_then(|name| name.to_str()) else {
        anyhow::bail!("no file has the rows: {files:?}");
    };
    let toc = archive.join("toc.dat");
    let whole = std::fs::read(&toc)?;
    std::fs::write(folder.path().join("x"), ROWS)?;
    for forged in ["../x", "./../x"] {
        // A name that is shorter than the one before: the rest of it is made of what leads nowhere.
        let rest = file.len() - forged.len();
        let slashes = "/".repeat(rest);
        let forged = forged.replacen('/', &format!("/{slashes}"), 1);
        std::fs::write(&toc, &whole)?;
        forge(&toc, file, &forged)?;
        {
            let way = ALL_WAYS[0];
            let target = source.empty_sibling()?;
            let runtime = tokio::runtime::Runtime::new()?;
            let ended = runtime.block_on(into(&target, way)?.from_file(&archive));
            ensure!(
                ended.is_err() || ended.is_ok_and(|report| report.end() == RestoreEnd::Incomplete),
                "{forged}"
            );
            let rows = "SELECT count(*) FROM victim_of_a_name_that_leaves_room_for_more";
            ensure!(
                target.psql(
                    "SELECT to_regclass('victim_of_a_name_that_leaves_room_for_more') IS NULL"
                ) == "t"
                    || target.psql(rows) == "0",
                "{forged}"
            );
        }
    }
    Ok(())
}

/// What stands where a role's name belongs is a role's name.
#[test]
fn an_owner_is_a_name() -> Result<()> {
    let source = source();
    let server = source.server();
    let owner = "o''\"\"; DROP TABLE keep; --";
    source.execute_sql(format!(
        "CREATE ROLE \"{owner}\"; ALTER TABLE other OWNER TO \"{owner}\""
    ));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    stock_archive(&source, &archive, &[])?;
    for use_set_session_authorization in [false, true] {
        let target = server.database();
        target.execute_sql(format!(
            "CREATE TABLE keep (); GRANT CREATE ON SCHEMA public TO \"{owner}\""
        ));
        let options = RestoreOptions {
            use_set_session_authorization,
            ..RestoreOptions::default()
        };
        let report = run(into(&target, ALL_WAYS[0])?.options(options), &archive)?;
        ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
        ensure!(target.psql("SELECT to_regclass('keep') IS NULL") == "f");
        let found =
            target.psql("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'other'");
        ensure!(found == owner.replace("\"\"", "\""), "{found}");
    }
    Ok(())
}

/// Nobody else gets what a transaction that an entry leaves open has locked, and whoever has it waits for the others.
#[test]
fn a_lock_that_is_left_open_holds_up_nobody_for_ever() -> Result<()> {
    let source = Server::get(Major::REFERENCE).database();
    source.execute_sql(
        "CREATE TABLE t AS SELECT md5(g::text) AS a FROM generate_series(1, 40000) g;
         CREATE INDEX the_first_by_name ON t (a);
         DO $$ BEGIN
             FOR i IN 1..6 LOOP EXECUTE format('CREATE INDEX then_%s ON t (a)', i); END LOOP;
         END $$",
    );
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    stock_archive(&source, &archive, &["-Z0"])?;
    forge(
        &archive,
        "CREATE INDEX the_first_by_name ON public.t USING btree (a);",
        "BEGIN; LOCK TABLE public.t;",
    )?;
    let target = source.empty_sibling()?;
    let way = ALL_WAYS[1];
    let runtime = tokio::runtime::Runtime::new()?;
    let restore = into(&target, way)?.from_file(&archive);
    let report = runtime.block_on(async { tokio::time::timeout(HANG, restore).await })??;
    ensure!(report.end() == RestoreEnd::Incomplete, "{report:#?}");
    ensure!(
        matches!(report.stopped, Some(RestoreStopped::LeftOpen)),
        "{report:#?}"
    );
    Ok(())
}
