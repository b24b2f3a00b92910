//! What a dump takes of the server's lock table, which all sessions share.

use anyhow::{Result, bail, ensure};
use pgdumprs::{Dump, Event};
use pgdumprs_testkit::{Major, Server, for_each_major, tool};

use crate::{PART, database};

/// Small tables, beside those that are cut.
const TABLES: usize = 600;

/// Indexes of each table that is cut: to plan the reading of a part, the server locks them.
const INDEXES: usize = 5;

/// Locks of a table that is being read: its own, its indexes', and those of its TOAST table and the index of that, as soon as a value is
/// fetched from there.
const OF_ONE_TABLE: usize = 1 + INDEXES + 2;

/// What other sessions may meet is a full lock table, so that a dump over many connections takes no more of it than over one: the locks of all
/// tables, once, and those of the tables that are being read.
#[test]
fn each_table_is_locked_once_and_while_it_is_read() {
    for_each_major(|server| {
        let database = database(server);
        database.execute_sql(format!(
            "DO $$ BEGIN
                 FOR i IN 1..{TABLES} LOOP
                     EXECUTE format('CREATE TABLE a_%1$s AS SELECT %1$s AS id', i);
                 END LOOP;
                 FOR i IN 1..{INDEXES} LOOP
                     CREATE INDEX ON narrow (id);
                     CREATE INDEX ON toasted (id);
                     CREATE INDEX ON heir (id);
                 END LOOP;
             END $$"
        ));
        let tables: usize = database
            .psql("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384 AND relnamespace = 'public'::regnamespace")
            .parse()?;
        for jobs in [1, 4] {
            // The leader may be done before the others are there.
            let mut followers = 0;
            for _ in 0..10 {
                let looks = locks_while_dumping(&database.conninfo(), jobs)?;
                for look in looks {
                    let (leader, others) = look.split_first().expect("the leader is there");
                    ensure!(
                        (tables..=tables + OF_ONE_TABLE).contains(leader),
                        "{jobs} connections: {look:?} locks, of {tables} tables"
                    );
                    ensure!(
                        others.iter().all(|locks| *locks <= OF_ONE_TABLE),
                        "{jobs} connections: {look:?} locks"
                    );
                    followers += others.len();
                }
                if jobs == 1 || followers > 0 {
                    break;
                }
            }
            ensure!(
                jobs == 1 || followers > 0,
                "nobody was seen beside the leader"
            );
        }
        Ok(())
    });
}

/// How many locks of the database's own tables and indexes each of a dump's sessions has, most first, at several times.
fn locks_while_dumping(conninfo: &str, jobs: usize) -> Result<Vec<Vec<usize>>> {
    let (sender, looks) = std::sync::mpsc::channel();
    let look = {
        let conninfo = conninfo.to_owned();
        move || {
            let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND relation >= 16384 AND pid <> pg_backend_pid()
                           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                       GROUP BY pid ORDER BY count(*) DESC";
            let mut psql = tool(Major::REFERENCE, "psql");
            let output = psql.args(["-XAtq", "-d", &conninfo, "-c", sql]).output();
            let text = String::from_utf8(output.expect("psql runs").stdout).expect("numbers");
            text.lines()
                .map(|line| line.parse().expect("a number"))
                .collect::<Vec<usize>>()
        }
    };
    let mut finished = 0;
    let dump = Dump::new(conninfo)?
        .jobs(jobs)
        .part_bytes(PART)
        .watch(move |event| {
            if let Event::TableFinished(_) = event {
                finished += 1;
                if finished % 50 == 0 {
                    // The receiver lives as long as the dump.
                    let _ = sender.send(look());
                }
            }
        });
    tokio::runtime::Runtime::new()?.block_on(dump.to_std_writer(std::io::sink()))?;
    Ok(looks
        .into_iter()
        .filter(|look: &Vec<usize>| !look.is_empty())
        .collect())
}

/// Where the lock table has no room for all tables, that is said, and what helps.
#[test]
fn a_lock_table_that_is_too_small_is_told_of() -> Result<()> {
    let server = Server::builder(Major::REFERENCE)
        .setting("max_connections", "5")
        .setting("max_locks_per_transaction", "10")
        .setting("max_worker_processes", "0")
        .setting("max_wal_senders", "0")
        .setting("autovacuum_max_workers", "1")
        .start()?;
    let database = server.database();
    for first in (0..3000).step_by(100) {
        database.execute_sql(format!(
            "SELECT format('CREATE TABLE t_%s ()', i) FROM generate_series({first}, {first} + 99) i \\gexec"
        ));
    }
    let dump = Dump::new(&database.conninfo())?;
    let dumped = tokio::runtime::Runtime::new()?.block_on(dump.to_std_writer(std::io::sink()));
    let Err(error) = dumped else {
        bail!("there is room for the locks of 3000 tables");
    };
    let hint = error.hint().unwrap_or_default();
    ensure!(error.sqlstate() == Some("53200"), "{error}");
    ensure!(hint.contains("max_locks_per_transaction"), "{hint}");
    Ok(())
}
