//! `pgdumprs clone`: how source and target are named, what is said and the exit status.

mod support;

use std::fs;
use std::time::Duration;

use pgdumprs_testkit::{Database, Fault, Major, Server, SlowLink, reference_pg_restore};
use support::{assert_says, failure, pgdumprs, run};

fn source(server: &Server) -> Database {
    let source = server.database();
    source.execute_sql(
        "CREATE TABLE item AS SELECT g AS id FROM generate_series(1, 100) g; CREATE TABLE log AS TABLE item",
    );
    source
}

/// Runs a command that must succeed, and returns what it printed.
fn success(command: &mut std::process::Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Makes sure that nothing is said of what a clone has not.
fn assert_is_of_a_clone(said: &str) {
    for word in ["restor", "archive"] {
        assert!(!said.contains(word), "{word:?} is in {said:?}");
    }
}

#[test]
fn source_and_target_are_named_in_several_ways() {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let from = source.conninfo();
    for way in 0..4 {
        let target = server.database();
        let to = target.conninfo();
        let mut command = pgdumprs();
        match way {
            0 => command.args(["clone", &from, &to]),
            1 => command.args(["clone", "--source", &from, "--target", &to]),
            2 => command.args(["clone", "-d", &from, &to, "-T", "log"]),
            // What the environment says is the source's alone.
            _ => command
                .args(["clone", "--target", &to, "-j2", "-T", "log"])
                .env("PGHOST", server.socket_dir())
                .env("PGPORT", server.port().to_string())
                .env("PGUSER", "postgres")
                .env("PGDATABASE", source.name()),
        };
        assert_eq!(success(&mut command), "", "{way}");
        assert_eq!(target.psql("SELECT count(*) FROM item"), "100", "{way}");
        let has_log = target.psql("SELECT to_regclass('log') IS NOT NULL");
        assert_eq!(has_log, if way < 2 { "t" } else { "f" }, "{way}");
    }
}

#[test]
fn what_a_clone_comes_to_is_told() {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let (from, target) = (source.conninfo(), server.database());
    let to = target.conninfo();

    let plan = success(pgdumprs().args(["clone", &from, &to, "--plan"]));
    assert_says(&plan, &["entries are possible"]);
    assert_is_of_a_clone(&plan);
    assert_eq!(target.psql("SELECT to_regclass('item') IS NULL"), "t");

    let report = success(pgdumprs().args(["clone", &from, &to, "--report=json"]));
    let report: serde_json::Value = serde_json::from_str(&report).expect("it is JSON");
    assert_eq!(report["end"], "complete");
    assert_eq!(report["source"]["database"], source.name());
    assert_eq!(report["target"]["rows"], 200);
    assert_eq!(report["target"]["table_data"][0]["archived"], 100);

    // It is there already.
    let said = run(pgdumprs().args(["clone", &from, &to]));
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8_lossy(&said.stderr);
    assert_says(&said, &["nothing has been changed", "--continue"]);
    assert_is_of_a_clone(&said);

    // Rows are refused.
    let target = server.database();
    target.execute_sql("CREATE TABLE item (id int CHECK (id < 50))");
    let to = target.conninfo();
    let said = run(pgdumprs().args(["clone", &from, &to, "--continue", "-v"]));
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8_lossy(&said.stderr);
    assert_says(&said, &["the clone is not complete"]);
    assert_is_of_a_clone(&said);
    assert_eq!(
        target.psql("SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM log)"),
        "0|100"
    );
}

#[test]
fn an_archive_is_kept_of_the_same_snapshot() {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let from = source.conninfo();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.dump");
    let target = server.database();
    let mut command = pgdumprs();
    command.args([
        "clone",
        &from,
        &target.conninfo(),
        "--report=json",
        "-Znone",
    ]);
    let report = success(command.arg("--archive").arg(&file));
    let report: serde_json::Value = serde_json::from_str(&report).expect("it is JSON");
    assert_eq!(report["end"], "complete");
    assert_eq!(report["archive"]["file"], file.to_str().unwrap());
    assert_eq!(report["archive"]["bytes"], file.metadata().unwrap().len());
    let copy = server.database();
    success(
        reference_pg_restore()
            .args(["-d", &copy.conninfo()])
            .arg(&file),
    );
    assert_eq!(copy.psql("SELECT count(*) FROM log"), "100");

    // There is one whatever the target does.
    let target = server.database();
    target.execute_sql("CREATE TABLE item (id int CHECK (id < 50))");
    fs::remove_file(&file).unwrap();
    let mut command = pgdumprs();
    command.args(["clone", &from, &target.conninfo(), "--continue"]);
    let said = run(command.arg("--archive").arg(&file));
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8_lossy(&said.stderr);
    assert_says(
        &said,
        &["db.dump\" is complete", "the clone is not complete"],
    );
    assert!(file.exists());

    // The copy is there without an archive, and the clone not complete.
    let (target, size) = (server.database(), "--fsize=300:300");
    let mut limited = std::process::Command::new("prlimit");
    limited.arg(size).arg(pgdumprs().get_program());
    limited.args(["clone", &from, &target.conninfo(), "--archive"]);
    fs::remove_file(&file).unwrap();
    let said = run(limited.arg(&file));
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8_lossy(&said.stderr);
    assert_says(&said, &["there is no archive", "ulimit", "not kept"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(target.psql("SELECT count(*) FROM log"), "100");
}

#[test]
fn both_sides_are_compared() {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let (from, target) = (source.conninfo(), server.database());
    let to = target.conninfo();
    let verified = [
        "clone",
        &from,
        &to,
        "--verify",
        "--analyze",
        "--report=json",
    ];
    let report = success(pgdumprs().args(verified));
    let report: serde_json::Value = serde_json::from_str(&report).expect("it is JSON");
    let found = &report["verification"];
    assert_eq!(found["equal"], true);
    assert_eq!(found["compared"][0]["name"], "public.item");
    let analyzed = &report["target"]["analysis"]["analyzed"];
    assert_eq!(*analyzed, serde_json::json!(["public.item", "public.log"]));
    assert_eq!(
        target.psql("SELECT count(*) FROM pg_stats WHERE schemaname = 'public'"),
        "2"
    );
    assert_eq!(found["compared"][0]["source"]["count"], 100);
    assert_eq!(
        found["compared"][0]["source"],
        found["compared"][0]["target"]
    );

    // Rows that are changed when they come in.
    target.execute_sql(
        "TRUNCATE item, log; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.id = new.id / 2; RETURN new; END';
         CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION f(); CREATE TABLE log_2 (); INSERT INTO item VALUES (1)",
    );
    let said = run(pgdumprs().args(["clone", &from, &to, "-a", "--verify", "--report=json"]));
    assert_eq!(said.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&said.stdout).expect("it is JSON");
    assert_eq!(report["end"], "incomplete");
    assert_eq!(report["verification"]["compared"][1]["equal"], false);
    let said = String::from_utf8_lossy(&said.stderr);
    assert_says(
        &said,
        &[
            "public.item: 100 rows on the source, and 101 on the target",
            "public.log: 100 rows on both sides, and they are not the same",
            "the clone is not complete; of what was compared, 2 are different",
        ],
    );
}

/// The source goes away: what is there is said, and that nothing goes on from it.
#[test]
fn a_lost_source_is_told_of() {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    source.execute_sql(
        "CREATE TABLE wide AS SELECT repeat(md5(g::text), 100) FROM generate_series(1, 2000) g",
    );
    let target = server.database();
    let link = SlowLink::open(&server, Duration::ZERO).unwrap();
    link.fail_after(3_000_000, Fault::CutAll);
    let from = link.conninfo(source.name());
    let said = run(pgdumprs().args(["clone", &from, &target.conninfo(), "-j2"]));
    assert_eq!(said.status.code(), Some(1));
    assert_says(
        &String::from_utf8_lossy(&said.stderr),
        &[
            "tables have all their rows",
            "begins anew",
            "the clone is not complete",
        ],
    );
}

#[test]
fn rows_are_chosen_by_conditions() {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    source.execute_sql("ALTER TABLE item ADD PRIMARY KEY (id); ALTER TABLE log ADD FOREIGN KEY (id) REFERENCES item; ANALYZE");
    let (from, target) = (source.conninfo(), server.database());
    let to = target.conninfo();
    let choice = ["--where", "public.item: id <= 5"];

    let command = ["clone", &from, &to, "--plan"];
    let said = run(pgdumprs().args(command).args(choice));
    let said = String::from_utf8_lossy(&said.stderr);
    assert_says(&said, &["log_id_fkey", "--not-valid-foreign-keys"]);

    let command = ["clone", &from, &to, "-v", "--not-valid-foreign-keys"];
    let said = run(pgdumprs().args(command).args(choice).arg("--report=json"));
    assert_eq!(said.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&said.stdout).expect("it is JSON");
    let said = String::from_utf8_lossy(&said.stderr);
    assert_says(
        &said,
        &["table public.item: 5 rows of about 100, where id <= 5"],
    );
    let expected = serde_json::json!([
        {"name": "public.item", "condition": "id <= 5", "rows": 5, "estimated_total": 100}
    ]);
    assert_eq!(report["source"]["chosen_rows"], expected);
    assert_eq!(target.psql("SELECT count(*) FROM item"), "5");

    let file = tempfile::NamedTempFile::new().expect("there is a place for it");
    let command = ["dump", "-d", &from, "--report=json", "-f"];
    let report = success(pgdumprs().args(command).arg(file.path()).args(choice));
    let report: serde_json::Value = serde_json::from_str(&report).expect("it is JSON");
    assert_eq!(report["chosen_rows"], expected);

    for (condition, parts) in [
        (
            "item: id <= 5; DROP TABLE item",
            &["--where", "semicolon"][..],
        ),
        ("item: id <= 5) OR (true", &["--where", "parenthesis"]),
        ("item", &["--where", "PATTERN: CONDITION"]),
        ("item: nobody = 5", &["public.item", "nobody", "hint:"]),
        ("nothing: true", &["no matching tables"]),
    ] {
        for command in [&["dump", "-d", &from][..], &["clone", &from, &to]] {
            let said = failure(pgdumprs().args(command).args(["--where", condition]));
            assert_says(&said, parts);
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let from = source.conninfo();
    let itself = failure(pgdumprs().args(["clone", &from, &source.url()]));
    assert_says(&itself, &["the target is the source", source.name()]);
    let nobody = failure(pgdumprs().args(["clone", &from, "host=/nowhere dbname=x"]));
    assert_says(&nobody, &["the target:", "/nowhere"]);
    for (arguments, part) in [
        (&["--source", "a"][..], "no target is named"),
        (&["a", "b", "--target", "c"], "named twice"),
        (&["a", "b", "-a", "-c"], "cannot be used together"),
        (&["a", "b", "--if-exists"], "requires option -c"),
        (&["a", "b", "-1", "-C"], "cannot be used together"),
        (&["a", "b", "--inserts"], "--inserts"),
        (&["a", "b", "--resume"], "begin anew"),
        (&["a", "b", "-Z9"], "that --archive keeps"),
        (&["a", "b", "--archive", "-"], "goes into a file"),
    ] {
        let said = failure(pgdumprs().arg("clone").args(arguments));
        assert_says(&said, &[part]);
    }
}
