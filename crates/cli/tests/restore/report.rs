//! What a restore says while it runs, and the reports that it gives to programs.

use std::path::Path;
use std::process::{Command, Output};

use pgdumprs_testkit::compare::stock_archive;
use pgdumprs_testkit::{Database, Major, Server};
use serde_json::{Value, json};

use crate::support::{assert_says, pgdumprs, run};
use crate::terminal::on_a_terminal;

/// A password, which nothing may show.
const SECRET: &str = "hunter2";

/// A database in which some things go wrong when it is restored beside [`in_the_way`] and without `role`.
fn source(server: &Server, role: &str) -> Database {
    let source = server.database();
    source.execute_sql(format!(
        "CREATE TABLE first (id int PRIMARY KEY, name text);
         INSERT INTO first SELECT g, 'name ' || g FROM generate_series(1, 1000) g;
         CREATE TABLE second (id int PRIMARY KEY REFERENCES first);
         INSERT INTO second SELECT generate_series(1, 10);
         CREATE TABLE third AS SELECT generate_series(1, 20) AS id;
         COMMENT ON COLUMN second.id IS 'says nothing';
         CREATE VIEW names AS SELECT name FROM first;
         GRANT SELECT ON third TO {role};
         GRANT SELECT ON names TO {role};
         CREATE FOREIGN DATA WRAPPER wrapper;
         CREATE SERVER elsewhere FOREIGN DATA WRAPPER wrapper;
         CREATE USER MAPPING FOR {role} SERVER elsewhere OPTIONS (password '{SECRET}')"
    ));
    source
}

/// What a restore meets: a table without all the columns, and one that takes nothing.
fn in_the_way(target: &Database) {
    target.execute_sql(
        "CREATE TABLE first (id int CHECK (id < 500), name text);
         CREATE TABLE second (number int)",
    );
}

struct Restored {
    status: Option<i32>,
    said: String,
    report: Value,
}

fn restore(target: &Database, archive: &Path, arguments: &[&str]) -> Command {
    let mut command = pgdumprs();
    command
        .args(["restore", "-d", &target.conninfo()])
        .args(arguments)
        .arg(archive);
    command
}

fn restored(target: &Database, archive: &Path, arguments: &[&str]) -> Restored {
    let Output {
        status,
        stdout,
        stderr,
    } = run(restore(target, archive, arguments).args(["--report", "json"]));
    let said = String::from_utf8(stderr).unwrap();
    let text = String::from_utf8(stdout).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "one line: {text:?} {said}");
    for text in [&said, &text] {
        assert!(!text.contains(SECRET), "a password shows: {text}");
    }
    Restored {
        status: status.code(),
        said,
        report: serde_json::from_str(&text).unwrap(),
    }
}

/// The list behind a key.
fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    let list = value[key].as_array();
    list.unwrap_or_else(|| panic!("no list {key} in {value}"))
}

/// A folder with an archive, `a.dump`, and the role that is in it and has gone since.
fn archived(server: &Server) -> (tempfile::TempDir, String) {
    let role = server.role("");
    let source = source(server, &role);
    let folder = tempfile::tempdir().unwrap();
    stock_archive(&source, &folder.path().join("a.dump"), &[]).unwrap();
    source.execute_sql(format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    (folder, role)
}

#[test]
fn every_loss_is_reported_beneath_its_cause() {
    let server = Server::get(Major::V17);
    let (folder, role) = archived(&server);
    let archive = folder.path().join("a.dump");

    let target = server.database();
    in_the_way(&target);
    plans(&target, &archive, &role);
    let Restored {
        status,
        said,
        report,
    } = restored(&target, &archive, &["--continue", "-j1"]);
    assert_eq!(status, Some(1), "{said}");
    assert_eq!(report["end"], "incomplete");
    assert_eq!(report["database"], target.name());
    for version in [
        &report["server_version"],
        &report["archive"]["server_version"],
    ] {
        assert!(version.as_str().unwrap().starts_with("17."), "{report}");
    }
    let phases = list(&report, "phases").iter();
    let phases: Vec<_> = phases
        .map(|phase| phase["phase"].as_str().unwrap())
        .collect();
    assert_eq!(
        phases,
        ["connect", "plan", "pre-data", "data", "post-data", "finish"]
    );

    let statements = list(&report, "not_executed");
    let entries = |positions: &Value| -> Vec<&str> {
        let positions = positions.as_array().unwrap().iter();
        let entry = |at: &Value| statements[at.as_u64().unwrap() as usize]["entry"].as_str();
        positions.map(|at| entry(at).unwrap()).collect()
    };
    let causes = list(&report, "causes");
    let cause = |code: &str, needle: &str| {
        let mut found = causes.iter().filter(|cause| {
            cause["sqlstate"] == code && entries(&cause["statements"]).contains(&needle)
        });
        let cause = found
            .next()
            .unwrap_or_else(|| panic!("no {code} of {needle}: {report:#}"));
        (entries(&cause["statements"]), entries(&cause["following"]))
    };
    let (exist, following) = cause("42P07", "TABLE public first");
    assert_eq!(exist, ["TABLE public first", "TABLE public second"]);
    assert_eq!(
        following,
        [
            "COMMENT public COLUMN second.id",
            "TABLE DATA public first",
            "TABLE DATA public second",
            "CONSTRAINT public second second_pkey",
            "FK CONSTRAINT public second second_id_fkey"
        ]
    );
    let (missing, following) = cause("42704", "ACL public TABLE third");
    assert_eq!(missing.len(), 3, "{missing:?}");
    assert!(missing.contains(&"ACL public TABLE names") && following.is_empty());
    let all: usize = causes
        .iter()
        .map(|cause| list(cause, "statements").len() + list(cause, "following").len())
        .sum();
    assert_eq!((causes.len(), all), (2, statements.len()), "{report:#}");

    // Each cause is said once, with what can be done, and how many there are of it.
    let lines = |part: &str| said.lines().filter(|line| line.contains(part)).count();
    assert_eq!(lines("the statement was"), 2, "{said}");
    assert_says(
        &said,
        &[
            "error: TABLE public first: ERROR: relation \"first\" already exists (SQLSTATE 42P07); the statement was: CREATE TABLE public.first",
            "besides TABLE public first (42P07): 1 more for the same reason, 5 that followed from it",
            "hint: TABLE public first: it is there already: --clean",
            "public.first: 0 of 1000 rows are loaded",
            "public.second: 0 of 10 rows are loaded",
            "the server refused 10 statements",
        ],
    );

    let tables = list(&report, "table_data").iter();
    let mut rows: Vec<_> = tables
        .map(|table| {
            (
                table["name"].as_str().unwrap(),
                &table["archived"],
                &table["loaded"],
            )
        })
        .collect();
    rows.sort_by_key(|row| row.0);
    assert_eq!(
        rows,
        [
            ("public.first", &json!(1000), &json!(0)),
            ("public.second", &json!(10), &json!(0)),
            ("public.third", &json!(20), &json!(20)),
        ]
    );

    ends_early(&server, &archive);
    complete(&server, &archive, &role);
}

/// The plan says of each entry what will become of it, and is what a restore reports that is refused.
fn plans(target: &Database, archive: &Path, role: &str) {
    let planned = restored(target, archive, &["--plan"]);
    let refused = restored(target, archive, &[]);
    assert_eq!((planned.status, refused.status), (Some(1), Some(1)));
    assert_eq!(planned.report, refused.report);
    assert_says(&refused.said, &["nothing has been changed"]);
    let plan = planned.report;
    assert_eq!(plan["possible"], false);
    let entries = list(&plan, "plan");
    let of = |name: &str| entries.iter().find(|entry| entry["entry"] == name).unwrap();
    assert_eq!(of("TABLE public third")["verdict"], "done");
    let first = of("TABLE public first");
    assert_eq!(first["verdict"], "impossible");
    assert_eq!(
        first["obstacles"],
        json!(["the database has a table public.first already"])
    );
    let rows = of("TABLE DATA public first");
    assert_eq!(
        (&rows["verdict"], &rows["hangs_on"]),
        (&json!("hangs_on"), &json!("TABLE public first"))
    );
    let obstacles = list(&plan, "obstacles").iter();
    let mut about_role = obstacles.filter(|one| {
        let obstacle = one["obstacle"].as_str().unwrap();
        obstacle.contains(role) && obstacle.contains("privileges")
    });
    let privileges = about_role.next().unwrap();
    assert_says(privileges["cure"].as_str().unwrap(), &["--no-privileges"]);
    assert_eq!(
        (&privileges["is_option"], &privileges["entries"]),
        (&json!(true), &json!(2))
    );
}

/// Where it ends before its end, all that it did not come to is named.
fn ends_early(server: &Server, archive: &Path) {
    let target = server.database();
    in_the_way(&target);
    let file = archive.with_extension("json");
    let mut command = restore(
        &target,
        archive,
        &["--continue", "-e", "-q", "--report=json"],
    );
    let output = run(command.arg("--report-file").arg(&file));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty());
    assert!(
        said.lines()
            .all(|line| line.starts_with("pgdumprs: error: ")
                || line.starts_with("pgdumprs: hint: ")),
        "{said}"
    );
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(list(&report, "not_executed").len(), 1, "{report:#}");
    let not_reached = list(&report, "not_reached");
    let is_there = |name: &str| not_reached.iter().any(|entry| entry["entry"] == name);
    assert!(is_there("TABLE DATA public third") && is_there("ACL public TABLE third"));
}

/// A complete restore says nothing unless it is asked, and shows a bar to whoever watches.
fn complete(server: &Server, archive: &Path, role: &str) {
    server.database().execute_sql(format!("CREATE ROLE {role}"));
    let verbose = restored(&server.database(), archive, &["-v", "-j1"]);
    assert_eq!(verbose.status, Some(0), "{}", verbose.said);
    assert_says(
        &verbose.said,
        &[
            "16 entries are to be made, with the data of 3 tables",
            "creating TABLE \"public.first\"",
            "processing data for table \"public.first\"",
            "loaded 1000 rows into public.first",
            "creating FK CONSTRAINT \"public.second second_id_fkey\"",
            "creating ACL \"public.TABLE third\"",
            "the restore is complete: 3 tables with 1030 rows",
        ],
    );
    let report = verbose.report;
    assert_eq!(report["end"], "complete");
    assert_eq!(
        (&report["tables"], &report["rows"]),
        (&json!(3), &json!(1030))
    );
    for key in ["causes", "not_executed", "not_reached"] {
        assert!(list(&report, key).is_empty(), "{report:#}");
    }

    let target = server.database();
    let mut shown = restore(&target, archive, &["-j1"]);
    let bar = on_a_terminal(shown.env("TERM", "xterm"), "");
    assert_eq!(bar.status, Some(0), "{}", bar.text);
    assert_says(&bar.text, &[" entries, ", "/3 tables, "]);
    let dropping = restored(&target, archive, &["-c", "-v", "--progress=never"]);
    assert_says(&dropping.said, &["dropping TABLE \"public.first\""]);
    let phases = list(&dropping.report, "phases");
    assert!(phases.iter().any(|phase| phase["phase"] == "drop"));
    let mut quiet = restore(&target, archive, &["-c", "-q"]);
    assert_eq!(on_a_terminal(quiet.env("TERM", "xterm"), "").text, "");
}

/// All that the server takes is there, and what it takes only otherwise is named on standard error and in the report: that is no failure.
#[test]
fn a_restore_that_was_adapted_is_complete_and_says_so() {
    let server = Server::get(Major::V17);
    let (folder, role) = archived(&server);
    let archive = folder.path().join("a.dump");

    let target = server.database();
    let Restored {
        status,
        said,
        report,
    } = restored(&target, &archive, &["--adapt"]);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(report["end"], "adapted");
    assert_eq!(list(&report, "not_executed"), &[] as &[Value]);
    let adapted = list(&report, "adaptations").iter();
    let mut adapted: Vec<_> = adapted
        .map(|entry| entry["entry"].as_str().unwrap().to_owned())
        .collect();
    adapted.sort_unstable();
    let mapping = format!("USER MAPPING - USER MAPPING {role} SERVER elsewhere");
    assert_eq!(
        adapted,
        [
            "ACL public TABLE names",
            "ACL public TABLE third",
            &*mapping
        ]
    );
    for entry in &adapted {
        assert_says(&said, &[&format!("adapted: {entry}: ")]);
    }
    assert_says(&said, &["but for 3 entries that were adapted"]);
    assert_eq!(target.psql("SELECT count(*) FROM names"), "1000");
}
