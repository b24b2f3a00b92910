//! Restores that are killed, and go on.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pgdumprs_testkit::compare::{compare_copy, stock_archive};
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{
    Database, Major, Server, SmallDisk, delicate_database, for_each_major_at_scale,
};

use crate::support::{assert_says, pgdumprs, run};

const SEED: u64 = 31;

/// The time within which a signal ends the program.
const LIMIT: Duration = Duration::from_secs(2);

/// Rows of the largest table.
const ROWS: u32 = 20_000;

fn restore(target: &Database, archive: &Path) -> Command {
    let mut command = pgdumprs();
    command
        .args(["restore", "-d", &target.conninfo(), "-v"])
        .arg(archive);
    command
}

/// Starts a restore, and sends it a signal when it has said so many lines, or is at its end.
fn cut_off(command: &mut Command, after: usize, signal: &str) -> (Option<i32>, String) {
    let mut count = 0;
    let is_enough = |_: &str| {
        count += 1;
        count > after
    };
    cut_off_when(command, is_enough, signal)
}

/// As [`cut_off`], when `is_enough` says so of what has been said.
fn cut_off_when(
    command: &mut Command,
    mut is_enough: impl FnMut(&str) -> bool,
    signal: &str,
) -> (Option<i32>, String) {
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    while !is_enough(&said) && lines.read_line(&mut said).unwrap() > 0 {}
    send(&child, signal);
    let since = Instant::now();
    while lines.read_line(&mut said).unwrap() > 0 {}
    let status = child.wait().unwrap();
    assert!(since.elapsed() < 4 * LIMIT, "{:?}: {said}", since.elapsed());
    (status.code(), said)
}

fn send(child: &Child, signal: &str) {
    // One that has ended already needs none.
    let kill = Command::new("kill")
        .args([format!("-{signal}"), child.id().to_string()])
        .stderr(Stdio::null())
        .status();
    kill.unwrap();
}

/// The journals beside an archive.
fn journals(archive: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(archive.parent().unwrap()).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|file| file.to_string_lossy().contains(".restore-"))
        .collect()
}

/// Goes on until it is complete, and compares.
fn go_on(source: &Database, target: &Database, archive: &Path, jobs: &str, what: &str) {
    let output = run(restore(target, archive).args(["--resume", jobs]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{what}: {said}");
    assert_says(&said, &["the restore is complete"]);
    let comparison = compare_copy(source, target, what).unwrap();
    assert!(comparison.is_same(), "{what}: {comparison}");
    assert!(journals(archive).is_empty());
}

#[test]
fn a_killed_restore_goes_on_from_its_journal() {
    for_each_major_at_scale(|server| {
        goes_on_after_a_kill(server);
        Ok(())
    });
}

fn goes_on_after_a_kill(server: &Server) {
    let points = match std::env::var_os("PGDUMPRS_SCALE").is_some() {
        true => 30,
        false => 2,
    };
    let source = delicate_database(server, ROWS);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    for (format, jobs) in [("-Fc", "-j1"), ("-Fd", "-j4")] {
        let _ = std::fs::remove_file(&archive);
        stock_archive(&source, &archive, &[format]).unwrap();
        for after in random_numbers(SEED, points, 150) {
            let target = source.empty_sibling().unwrap();
            let what = format!("{format} {jobs}, after {after} lines");
            let (status, said) = cut_off(restore(&target, &archive).arg(jobs), after, "KILL");
            if status.is_some() {
                assert_eq!(status, Some(0), "{what}: {said}");
                continue;
            }
            let has_begun = |journal: &PathBuf| journal.metadata().unwrap().len() > 0;
            if !journals(&archive).iter().any(has_begun) {
                let begun = "SELECT count(*) FROM pg_class WHERE oid >= 16384";
                assert_eq!(target.psql(begun), "0", "{what}");
                journals(&archive)
                    .iter()
                    .for_each(|journal| std::fs::remove_file(journal).unwrap());
                continue;
            }
            // And once more, in the midst of that.
            cut_off(
                restore(&target, &archive).args(["--resume", jobs]),
                after / 2,
                "KILL",
            );
            if journals(&archive).is_empty() {
                let comparison = compare_copy(&source, &target, &what).unwrap();
                assert!(comparison.is_same(), "{what}: {comparison}");
                continue;
            }
            go_on(&source, &target, &archive, jobs, &what);
        }
    }
}

#[test]
fn a_signal_says_what_is_done_and_how_it_goes_on() {
    let server = Server::get(Major::REFERENCE);
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    stock_archive(&source, &archive, &[]).unwrap();
    let target = source.empty_sibling().unwrap();
    // What is done last waits for long.
    target.execute_sql(
        "CREATE FUNCTION waits() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); END';
         CREATE EVENT TRIGGER waits ON ddl_command_start WHEN TAG IN ('REFRESH MATERIALIZED VIEW') EXECUTE FUNCTION waits()",
    );
    let at_last = |said: &str| said.contains("MATERIALIZED VIEW DATA");
    let (status, said) = cut_off_when(restore(&target, &archive).arg("-j2"), at_last, "INT");
    assert_eq!(status, Some(130), "{said}");
    assert_says(
        &said,
        &[
            "entries are done",
            "tables are loaded",
            "--resume",
            "ended by SIGINT before the restore was complete",
        ],
    );
    let at_work = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let since = Instant::now();
    while target.psql(at_work) != "0" {
        assert!(since.elapsed() < Duration::from_secs(30));
    }
    let [journal] = journals(&archive).try_into().unwrap();

    // A journal of something else is refused, and stays.
    let refused = |command: &mut Command, parts: &[&str]| {
        let output = run(command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{parts:?}: {said}");
        assert_says(&said, parts);
        assert!(journal.exists());
    };
    refused(
        restore(&target, &archive).args(["--resume", "-x"]),
        &["a restore with other options"],
    );
    let other = folder.path().join("b.dump");
    stock_archive(&source, &other, &["-T", "small_1"]).unwrap();
    let named = ["--resume", "--journal", journal.to_str().unwrap()];
    refused(
        restore(&target, &other).args(named),
        &["is of another archive"],
    );
    let elsewhere = source.empty_sibling().unwrap();
    refused(
        restore(&elsewhere, &archive).args(named),
        &["another database"],
    );
    refused(
        restore(&elsewhere, &archive).arg("--resume"),
        &["there is no journal"],
    );
    refused(
        restore(&target, &archive).args(["--resume", "-1"]),
        &["cannot be used together"],
    );
    // So is one of a database that has lost what was done.
    let kept = std::fs::read(&journal).unwrap();
    target.execute_sql("DROP SCHEMA s CASCADE");
    refused(
        restore(&target, &archive).arg("--resume"),
        &["the journal is not of what the database holds", "s.big"],
    );
    assert_eq!(std::fs::read(&journal).unwrap(), kept);
}

/// Tables that were there before: those without rows are emptied and filled, others are not touched where nobody can tell.
#[test]
fn tables_that_were_there_are_filled_once() {
    let server = Server::get(Major::REFERENCE);
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    stock_archive(&source, &archive, &[]).unwrap();
    let target = source.empty_sibling().unwrap();
    let output = run(restore(&target, &archive).args(["-s"]));
    assert!(output.status.success());
    target.execute_sql(
        "ALTER TABLE small_3 DROP CONSTRAINT small_3_id_fkey; INSERT INTO small_3 VALUES (-1)",
    );
    let fill = |resumes: bool| {
        let mut command = restore(&target, &archive);
        command.args(["-a", "--disable-triggers"]);
        if resumes {
            command.arg("--resume");
        }
        command
    };
    let (status, said) = cut_off(&mut fill(false), 45, "KILL");
    assert_eq!(status, None, "{said}");
    let output = run(&mut fill(true));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let rows = target.psql("SELECT count(*) FROM small_3");
    match output.status.success() {
        true => assert_eq!(rows, "201", "{said}"),
        false => assert_says(&said, &["small_3", "08007", "--resume"]),
    }
    assert_eq!(
        target.psql("SELECT (SELECT count(*) FROM s.big), (SELECT count(*) FROM small_1), (SELECT count(*) FROM small_30)"),
        "20000|200|200",
        "{said}"
    );
}

/// What another object was in the way of, and what a disk had no room for, is done when nothing is in the way any more. The disk is tried where there is
/// time, as root.
#[test]
fn what_was_refused_is_tried_again() {
    let server = Server::builder(Major::REFERENCE).start().unwrap();
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    stock_archive(&source, &archive, &[]).unwrap();
    let target = source.empty_sibling().unwrap();
    target.execute_sql("CREATE TABLE small_2 (other text)");
    let disk = std::env::var_os("PGDUMPRS_SCALE").map(|_| {
        let disk = SmallDisk::of(&server, 16 << 20).unwrap();
        disk.take(&target, "small").unwrap();
        disk
    });
    let refused = |arguments: &[&str], parts: &[&str]| {
        let output = run(restore(&target, &archive).args(arguments));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_says(&said, parts);
        assert_says(&said, &["the restore is not complete", "--resume"]);
    };
    let is_in_the_way = ["TABLE public small_2", "42P07"];
    match &disk {
        None => refused(&["--continue", "-j4"], &is_in_the_way),
        Some(disk) => {
            refused(
                &["--continue", "-j4"],
                &["No space left on device", "53100"],
            );
            disk.resize(500 << 20).unwrap();
        }
    }
    refused(&["--resume", "-j4"], &is_in_the_way);
    target.execute_sql("DROP TABLE small_2");
    go_on(&source, &target, &archive, "-j4", "after all");
}
