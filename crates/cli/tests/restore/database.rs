//! Restores into databases.

use std::fs::File;
use std::process::Command;

use pgdumprs_testkit::compare::stock_archive;
use pgdumprs_testkit::{Database, Major, Server};

use crate::support::{assert_says, failure, pgdumprs, run};

const ROWS: &str = "CREATE TABLE item (id int PRIMARY KEY, name text);
    INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 1000) i;";

fn restore(target: &Database) -> Command {
    let mut command = pgdumprs();
    command.args(["restore", "-d", &target.conninfo()]);
    command
}

#[test]
fn what_was_dumped_is_there_and_what_is_refused_is_said() {
    let server = Server::get(Major::REFERENCE);
    let (source, target) = (server.database(), server.database());
    source.execute_sql(ROWS);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    stock_archive(&source, &archive, &[]).unwrap();

    let output = run(restore(&target).arg("--plan").arg(&archive));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert_says(&said, &["entries are possible"]);
    assert_eq!(
        target.psql("SELECT count(*) FROM pg_tables WHERE tablename = 'item'"),
        "0"
    );

    let output = run(restore(&target).arg(&archive));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
    assert_eq!(
        target.psql("SELECT count(*), sum(id) FROM item"),
        "1000|500500"
    );

    // Again, where everything is there already: that is told before anything is changed.
    for (argument, end) in [
        (
            "-v",
            "nothing has been changed; --continue restores the rest",
        ),
        ("--plan", "not everything can be restored"),
    ] {
        let output = run(restore(&target).arg(argument).arg(&archive));
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_says(
            &said,
            &[
                "the database has a table public.item already: TABLE public item",
                "→ --clean --if-exists",
                "entries need what cannot be made",
                end,
            ],
        );
    }

    // Where it is to go on, each refusal is said, and the last line says which end it is.
    let output = run(restore(&target).arg("--continue").arg(&archive));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_says(
        &said,
        &[
            "TABLE public item",
            "already exists",
            "42P07",
            "CREATE TABLE public.item",
        ],
    );
    let last = said.lines().last().unwrap_or_default();
    assert_says(last, &["the restore is not complete", "refused"]);
    assert_eq!(target.psql("SELECT count(*) FROM item"), "1000");

    // In one transaction nothing changes.
    let output = run(restore(&target).args(["-1", "--continue"]).arg(&archive));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_says(&said, &["nothing has changed"]);

    // From standard input, over what is there.
    let input = File::open(&archive).unwrap();
    let output = run(restore(&target).args(["-c", "-v"]).stdin(input));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_says(&said, &["loaded 1000 rows into", "the restore is complete"]);
}

/// A format that is named is the only one that is taken, from a pipe too, and nothing is changed where it is another.
#[test]
fn an_archive_in_another_format_than_was_asked_for_is_refused() {
    let server = Server::get(Major::REFERENCE);
    let (source, target) = (server.database(), server.database());
    source.execute_sql(ROWS);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    stock_archive(&source, &archive, &[]).unwrap();
    let found = "the archive is in the custom format, and option -F/--format says tar";
    for plan in [&[][..], &["--plan"]] {
        let mut named = restore(&target);
        assert_says(
            &failure(named.args(plan).arg("-Ft").arg(&archive)),
            &[found],
        );
        let mut piped = restore(&target);
        piped.args(plan).arg("-Ft");
        let piped = piped.stdin(File::open(&archive).unwrap());
        assert_says(&failure(piped), &[found]);
    }
    assert_eq!(target.psql("SELECT to_regclass('item') IS NULL"), "t");
    let restored = run(restore(&target).arg("-Fc").arg(&archive));
    assert!(restored.status.success());
}
