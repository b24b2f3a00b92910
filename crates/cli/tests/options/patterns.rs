//! Schemas, tables and extensions chosen by patterns.

use std::process::Stdio;

use pgdumprs_testkit::{Database, Major, Server, for_each_major, tool};

use crate::against::{all_same, refusals, same};

/// A database whose sessions look for tables in schemas `app` and `log`.
fn sample(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(include_str!("names.sql"));
    database
}

#[test]
fn tables() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "-t parent",
            "-t \"Order\"",
            "-t *.\"Order\"",
            "-t \"App.2\".*",
            "-t \"dot.ted\" -t it's -t money$ -t arr[] -t \"star*\"",
            "-t st?rr(y|z) -t app.[mp]*",
            "-t child --statistics",
            "-t measured_2023 -t measured_2024_01",
            "--table-and-children=measured",
            "--table-and-children=parent -T parent_id_seq",
            "--table-and-children=measured --exclude-table-and-children=log.measured_2024",
            "-t app.owned",
            "-t log.free -t parent_id_seq",
            "-t kept -t log.kept",
            "-t far -n log",
            "-t app.* -a",
            "-t nothing --table-and-children=parent",
            "-t pg_catalog.pg_am -t information_schema.tables",
            // Their files are mapped outside the catalogs.
            "-s -t pg_catalog.pg_class",
            "-t pg_catalog.pg_tablespace",
        ],
    );
}

#[test]
fn everything_but_some_tables() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "-T measured",
            "-T parent",
            "-T app.parent_id_seq",
            "--exclude-table-and-children=app.measured",
            "--exclude-table-data=measured* --exclude-table-data=parent",
            "--exclude-table-data-and-children=app.parent -a",
            "--exclude-table-data=*_seq",
            "-T seen -T \"Order\"",
            "-T app.kept -T far -T nothing",
            "-T *.*",
        ],
    );
}

#[test]
fn schemas_and_extensions() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "-n app",
            "-n log -n \"App.2\"",
            "-n *pp* -n p?blic -N app",
            "-N app -N public",
            "-n public",
            "-n app -T m* --section=post-data",
            "-n log --statistics --no-data",
            "-e hstore",
            "-e h* -n app",
            "-e pg_trgm -t parent",
            "--exclude-extension=hstore",
            "-e * --exclude-extension=hstore -n app",
            "-t app.config -a",
            "-t log.config -T app.config",
            "-N log --exclude-extension=pg_trgm",
            "-N *",
        ],
    );
}

#[test]
fn on_every_major() {
    for_each_major(|server| {
        all_same(
            &sample(server),
            &["-t parent -t log.kept", "-T measured -N log", "-n app"],
        );
        Ok(())
    });
}

/// The database before the names is the one that is dumped, and no pattern. (Before schemas, stock refuses even that.)
#[test]
fn other_databases_are_refused() {
    let database = sample(&Server::get(Major::REFERENCE));
    let name = database.name().to_owned();
    same(&database, &["-t", &format!("{name}.app.parent")]);
    let conninfo = database.conninfo();
    for arguments in [
        ["-t", "other.app.parent"],
        ["-t", "app.*.2"],
        ["-n", "other.app"],
        ["-t", "a.b.c.d"],
        ["-n", "a.b.c"],
        ["-e", "a.b"],
    ] {
        let (stock, ours) = refusals(&conninfo, &arguments);
        assert_eq!(stock, ours);
    }
}

#[test]
fn patterns_that_match_nothing_are_refused() {
    let database = sample(&Server::get(Major::REFERENCE));
    let conninfo = database.conninfo();
    for line in [
        "-t nothing",
        "-t Order",
        "-t \"",
        "-n nothing",
        "-e nothing",
        "--table-and-children=nothing",
        "-t parent -t nothing --strict-names",
        "-n app -n nothing --strict-names",
        "--table-and-children=nothing -t parent --strict-names",
        "-e hstore -e nothing --strict-names",
    ] {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let (stock, ours) = refusals(&conninfo, &arguments);
        assert_eq!(stock, ours, "{line}");
    }
    same(
        &database,
        &[
            "-t",
            "parent",
            "--strict-names",
            "-T",
            "nothing",
            "-N",
            "nothing",
        ],
    );
    let (stock, ours) = refusals(&conninfo, &["-t", "app.(parent"]);
    let reason = "invalid regular expression: parentheses () not balanced";
    assert!(stock.contains(reason), "{stock}");
    assert!(
        ours.contains(reason) && ours.contains("\"app.(parent\""),
        "{ours}"
    );
}

/// A table that nobody asked for is neither locked nor looked at: it may be locked by others for hours.
#[test]
fn other_tables_are_left_alone() {
    let database = sample(&Server::get(Major::REFERENCE));
    let mut holder = tool(Major::REFERENCE, "psql")
        .args(["-X", "-q", "-d", &database.conninfo()])
        .args(["-c", "BEGIN; LOCK TABLE app.\"Order\"; SELECT pg_sleep(60)"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted
                AND relation = 'app.\"Order\"'::regclass";
    while database.psql(held).trim() != "1" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    same(&database, &["-t", "parent"]);
    same(
        &database,
        &["-n", "log", "-T", "log.kept", "-T", "log.counted"],
    );
    holder.kill().unwrap();
    holder.wait().unwrap();
}
