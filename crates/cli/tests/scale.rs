//! Databases that are large in some way: correct all the same, and with time and memory that grow no faster than stock's.
//!
//! Without `PGDUMPRS_SCALE=1` (`cargo xtask test --scale`) the databases are small, and show only that the cases work.
//! The figures that a run prints are for `cargo test -- --nocapture`.

#[expect(dead_code, reason = "every test takes what it needs of it")]
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pgdumprs_testkit::compare::compare_archives;
use pgdumprs_testkit::{Database, Major, Server, reference_pg_dump};
use support::pgdumprs;

/// How much slower than stock a dump may be before the test takes it for another order of growth. Tests run unoptimized and
/// beside each other, so that a factor of a few means nothing.
const TIMES_SLOWER: u32 = 20;
const SLACK: Duration = Duration::from_secs(15);
/// The same for memory, in KiB.
const TIMES_LARGER: u64 = 5;
const SLACK_KIB: u64 = 256 * 1024;

/// One size or the other, by whether the run is for scale.
fn size(full: usize, small: usize) -> usize {
    if std::env::var_os("PGDUMPRS_SCALE").is_some_and(|value| value == "1") {
        full
    } else {
        small
    }
}

/// A database on a server that can lock as many tables as the cases make.
fn database() -> Database {
    let server = Server::builder(Major::V17)
        .setting("max_locks_per_transaction", &size(1000, 64).to_string())
        .setting("shared_buffers", "64MB")
        .start()
        .unwrap();
    server.database()
}

struct Measured {
    wall: Duration,
    peak_kib: u64,
}

/// Runs a command and looks at its memory now and then: the kernel keeps the peak.
fn measure(command: &mut Command) -> Measured {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    let status = loop {
        if let Some(peak) = fs::read_to_string(&status_file)
            .ok()
            .as_deref()
            .and_then(peak)
        {
            peak_kib = peak;
        }
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{:?}: {status}", command.get_program());
    Measured {
        wall: started.elapsed(),
        peak_kib,
    }
}

/// The peak of resident memory from a process's status file.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Dumps with stock and with ours, compares archives and costs. `arguments` are for ours alone.
fn check(what: &str, database: &Database, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (stock, ours) = (
        folder.path().join("stock.dump"),
        folder.path().join("ours.dump"),
    );
    let dump = |command: &mut Command, file: &Path| {
        measure(
            command
                .args(["-Fc", "-d", &database.conninfo(), "-f"])
                .arg(file),
        )
    };
    let theirs = dump(&mut reference_pg_dump(), &stock);
    let own = dump(pgdumprs().args(arguments), &ours);
    for (whose, cost) in [("stock", &theirs), ("ours", &own)] {
        let (seconds, mib) = (cost.wall.as_secs_f64(), cost.peak_kib / 1024);
        println!("{what} {arguments:?}: {whose} {seconds:.2} s, {mib} MiB");
    }
    compare_archives(&stock, &ours).unwrap().assert_same();
    assert!(
        own.wall <= theirs.wall * TIMES_SLOWER + SLACK,
        "{what}: {:?} where stock took {:?}",
        own.wall,
        theirs.wall
    );
    assert!(
        own.peak_kib <= theirs.peak_kib * TIMES_LARGER + SLACK_KIB,
        "{what}: {} KiB where stock took {}",
        own.peak_kib,
        theirs.peak_kib
    );
}

const NEWEST: &[&str] = &["--archive-version=1.16"];

#[test]
fn many_tables() {
    let database = database();
    let tables = size(20_000, 200);
    // A hundred to a statement: one by one takes much longer, all in one needs too many locks.
    database.execute_sql(format!(
        "SELECT string_agg(format('CREATE TABLE %1$I (id serial PRIMARY KEY, parent int, name text DEFAULT %2$L);
                                   CREATE INDEX ON %1$I (name); COMMENT ON TABLE %1$I IS %2$L;', 't' || n, 'table ' || n), ' ')
         FROM generate_series(1, {tables}) n GROUP BY n / 100 ORDER BY n / 100 \\gexec\n"
    ));
    check("tables", &database, NEWEST);
}

#[test]
fn a_long_function() {
    let database = database();
    let length = size(5_000_000, 500_000);
    database.execute_sql(format!(
        "SET check_function_bodies = off;
         DO $$ BEGIN
             EXECUTE format('CREATE FUNCTION long() RETURNS int LANGUAGE plpgsql AS %L',
                            'BEGIN /* it''s ' || repeat('x\\y ', {length} / 4) || ' */ RETURN 1; END');
         END $$;"
    ));
    check("long function", &database, NEWEST);
}

#[test]
fn a_chain_of_views() {
    let database = database();
    // By name, each stands before the one it reads.
    database.execute_sql(format!(
        "CREATE TABLE v9999 (a int PRIMARY KEY, b text);
         DO $$ BEGIN
             FOR n IN 1..{} LOOP
                 EXECUTE format('CREATE VIEW v%s AS SELECT a, b FROM v%s', 9999 - n, 10000 - n);
             END LOOP;
         END $$;",
        size(500, 50)
    ));
    check("chain of views", &database, NEWEST);
}

#[test]
fn many_columns() {
    let database = database();
    // For each default, stock has the server go through all columns.
    let defaults = size(1600, 16);
    database.execute_sql(format!(
        "SELECT format('CREATE TABLE wide (%s)',
                       string_agg(format('\"Column %s\" int', n) || CASE WHEN n <= {defaults} THEN ' DEFAULT ' || n ELSE '' END, ', '))
         FROM generate_series(1, 1600) n \\gexec
         INSERT INTO wide DEFAULT VALUES; INSERT INTO wide DEFAULT VALUES;"
    ));
    check("1,600 columns", &database, NEWEST);
}

#[test]
fn many_large_objects() {
    let database = database();
    let (objects, mebibytes) = (size(50_000, 300), size(300, 3));
    database.execute_sql(format!(
        "CREATE ROLE keeper;
         SELECT count(lo_create(n)) FROM generate_series(100001, 100000 + {objects}) n;
         SELECT count(lo_put(n::oid, 0, decode(md5(n::text), 'hex')))
         FROM generate_series(100001, 100000 + {objects}, 3) n;
         SELECT string_agg(format('ALTER LARGE OBJECT %s OWNER TO keeper;', n), ' ')
         FROM generate_series(100001, 100000 + {objects}, 10) n GROUP BY n / 5000 \\gexec
         SELECT string_agg(format('COMMENT ON LARGE OBJECT %s IS %L; GRANT SELECT ON LARGE OBJECT %1$s TO keeper;', n, n), ' ')
         FROM generate_series(100001, 100000 + {objects}, 100) n GROUP BY n / 5000 \\gexec
         SELECT lo_create(99999);
         SELECT count(lo_put(99999, n::bigint * 1048576, convert_to(repeat(md5(n::text), 32768), 'SQL_ASCII')))
         FROM generate_series(0, {mebibytes} - 1) n;"
    ));
    check("large objects", &database, NEWEST);
    check("large objects", &database, &["--archive-version=1.14"]);
    check(
        "large objects",
        &database,
        &["--archive-version=1.14", "-Z", "none"],
    );
}

#[test]
fn many_entries() {
    let database = database();
    let (tables, columns) = (size(625, 3), size(1600, 100));
    // Comments are put where COMMENT would put them: a million statements would take too long.
    database.execute_sql(format!(
        "SELECT format('CREATE TABLE t%s (%s)', t, string_agg('c' || c || ' int', ', '))
         FROM generate_series(1, {tables}) t, generate_series(1, {columns}) c GROUP BY t \\gexec
         INSERT INTO pg_description
         SELECT attrelid, 'pg_class'::regclass, attnum, 'comment ' || attnum FROM pg_attribute
         WHERE attrelid >= 16384 AND attnum > 0 AND attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r');"
    ));
    check("many entries", &database, NEWEST);
}
