//! One state of the database, whatever goes on in it meanwhile.
//!
//! Writers move money between tables, add and remove rows that refer to one another, and draw numbers from a sequence; somebody else
//! creates, changes and drops tables. Each dump reads over many connections and many parts of tables, and is restored by stock
//! pg_restore, which checks every foreign key.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs::{Dump, ErrorKind};
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{Database, Major, Server, SlowLink, checked_output, restoring_major, tool};
use tokio::sync::Mutex;

const DUMPS: usize = 50;

/// Dumps and restores that go on at once.
const LANES: usize = 2;

/// How often a dump may be refused because somebody has dropped something just then. After that, nobody does while it is tried again: a
/// slow machine would otherwise never come to an end.
const REFUSALS: usize = 3;

/// All the money there is.
const MONEY: u64 = 3 * 2000 * 100;

const SCHEMA: &str = r"
    CREATE TABLE north (id integer PRIMARY KEY, balance bigint NOT NULL, note text);
    CREATE TABLE south (LIKE north INCLUDING ALL);
    CREATE TABLE west (LIKE north INCLUDING ALL);
    INSERT INTO north SELECT g, 100, md5(g::text) FROM generate_series(1, 2000) g;
    INSERT INTO south SELECT * FROM north;
    INSERT INTO west SELECT * FROM north;
    CREATE SEQUENCE ticket;
    CREATE TABLE transfer (
        ticket bigint PRIMARY KEY DEFAULT nextval('ticket'),
        north integer REFERENCES north, south integer REFERENCES south, west integer REFERENCES west
    );
    CREATE TABLE entry (ticket bigint REFERENCES transfer, amount bigint NOT NULL);
    CREATE FUNCTION move_money() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE n integer := 1 + 1999 * random(); s integer := 1 + 1999 * random(); w integer := 1 + 1999 * random();
            a bigint := 50 * random(); b bigint := 50 * random(); t bigint;
    BEGIN
        -- Always in this order, so that writers do not deadlock.
        UPDATE north SET balance = balance - a - b WHERE id = n;
        UPDATE south SET balance = balance + a WHERE id = s;
        UPDATE west SET balance = balance + b WHERE id = w;
        INSERT INTO transfer (north, south, west) VALUES (n, s, w) RETURNING ticket INTO t;
        INSERT INTO entry VALUES (t, -a - b), (t, a), (t, b);
        -- Only what another writer has committed, and is not just removing.
        IF random() < 0.3 AND EXISTS (SELECT FROM transfer WHERE ticket = t - 7 FOR UPDATE) THEN
            DELETE FROM entry WHERE ticket = t - 7;
            DELETE FROM transfer WHERE ticket = t - 7;
        END IF;
    END $$;
";

/// Where the books do not balance, or something refers to what is not there: one row for each reason.
const CHECKS: &str = r"
    SELECT 'money: ' || sum(balance) FROM (TABLE north UNION ALL TABLE south UNION ALL TABLE west) a
    HAVING sum(balance) <> ALL_THE_MONEY
    UNION ALL
    SELECT 'transfer ' || ticket FROM transfer LEFT JOIN entry USING (ticket) GROUP BY ticket HAVING sum(amount) IS DISTINCT FROM 0
    UNION ALL
    SELECT 'the sequence stands at ' || last_value FROM ticket WHERE last_value < (SELECT max(ticket) FROM transfer)
    UNION ALL
    SELECT 'a constraint is missing' FROM pg_constraint WHERE contype = 'f' HAVING count(*) <> 4
    UNION ALL
    SELECT 'rows are missing' FROM north HAVING count(*) <> 2000
";

#[test]
fn the_books_balance_in_every_dump() {
    dump_while_money_moves().unwrap();
}

fn dump_while_money_moves() -> Result<()> {
    let server = Server::get(Major::V17);
    let database = server.database();
    database.execute_sql(SCHEMA);
    let stop = AtomicBool::new(false);
    let (left, refused) = (AtomicUsize::new(DUMPS), AtomicUsize::new(0));
    let moved = AtomicUsize::new(0);
    let changing = Mutex::new(());
    // Counts connections.
    let link = SlowLink::open(&server, Duration::ZERO)?;
    let conninfo = link.conninfo(database.name());
    let defined = thread::scope(|scope| {
        let write = || write(&database, &stop, &moved);
        let writers = [scope.spawn(write), scope.spawn(write)];
        let definer = scope.spawn(|| define(&database, &stop, &changing));
        let dump = || dump_and_restore(&database, &conninfo, &left, &refused, &changing);
        let lanes = [(); LANES].map(|()| scope.spawn(dump));
        let lanes = lanes.map(|lane| lane.join().expect("no panic"));
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().expect("no panic").context("moving money")?;
        }
        for lane in lanes {
            lane?;
        }
        definer.join().expect("no panic").context("changing tables")
    })?;
    let (moved, refused) = (moved.into_inner(), refused.into_inner());
    println!(
        "{DUMPS} dumps balance; {refused} more were refused; {moved} transfers and {defined} rounds of DDL meanwhile"
    );
    // A dump may be over before the last of its four connections is open, and does without it then.
    let connections = link.traffic().connections;
    ensure!(
        connections > DUMPS * 3,
        "{connections} connections for {DUMPS} dumps over up to four each"
    );
    ensure!(
        moved > DUMPS && defined > 5,
        "too little happened: {moved} transfers, {defined} rounds of DDL"
    );
    Ok(())
}

/// Moves money until it is to stop.
fn write(database: &Database, stop: &AtomicBool, moved: &AtomicUsize) -> Result<()> {
    in_session(database, async |session| {
        while !stop.load(Ordering::Relaxed) {
            session.query("SELECT move_money()").await?;
            moved.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    })
}

/// Creates, changes and drops things until it is to stop, but for times when somebody else holds `changing`. Returns how often.
fn define(database: &Database, stop: &AtomicBool, changing: &Mutex<()>) -> Result<usize> {
    in_session(database, async |session| {
        session.query("SET lock_timeout = '100ms'").await?;
        let mut rounds = 0;
        while !stop.load(Ordering::Relaxed) {
            for sql in [
                "CREATE TABLE passing (id integer PRIMARY KEY, t text DEFAULT 'x'); INSERT INTO passing SELECT generate_series(1, 100)",
                "CREATE VIEW passing_view AS SELECT id FROM passing",
                "CREATE OR REPLACE FUNCTION passing_function() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
                "ALTER TABLE passing ADD COLUMN more integer",
                "CREATE INDEX south_balance ON south (balance)",
                "COMMENT ON TABLE north IS 'changed'",
                "DROP VIEW passing_view",
                "DROP TABLE passing",
                "DROP INDEX south_balance",
                "DROP FUNCTION passing_function()",
            ] {
                // A dump may be in the way: then, next time.
                loop {
                    let changing = changing.lock().await;
                    let Err(error) = session.query(sql).await else {
                        break;
                    };
                    drop(changing);
                    ensure!(error.sqlstate() == Some("55P03"), "{error}");
                    if stop.load(Ordering::Relaxed) {
                        return Ok(rounds);
                    }
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            rounds += 1;
        }
        Ok(rounds)
    })
}

fn in_session<T>(
    database: &Database,
    work: impl AsyncFnOnce(&mut Session) -> Result<T>,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut session = Session::connect(&ConnectParams::parse(&database.conninfo())?).await?;
        let done = work(&mut session).await?;
        session.close().await;
        Ok(done)
    })
}

/// Dumps and restores as long as dumps are left to make.
fn dump_and_restore(
    database: &Database,
    conninfo: &str,
    left: &AtomicUsize,
    refused: &AtomicUsize,
    changing: &Mutex<()>,
) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.dump");
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        })
        .is_ok()
    {
        for attempt in 0.. {
            let dump = Dump::new(conninfo)?.jobs(4).part_bytes(8 << 10);
            let outcome = runtime.block_on(async {
                let _nothing_changes = match attempt {
                    ..REFUSALS => None,
                    _ => Some(changing.lock().await),
                };
                dump.to_file(&path).await
            });
            let Err(error) = outcome else {
                break;
            };
            // Somebody was quicker to drop a table than the dump to lock it.
            let again = error.kind() == ErrorKind::Changed && attempt < REFUSALS;
            let text = format!("{:#}", anyhow::Error::new(error));
            ensure!(again && text.contains("try again"), "{text}");
            refused.fetch_add(1, Ordering::Relaxed);
        }
        check_restored(database, &path)?;
    }
    Ok(())
}

fn check_restored(database: &Database, path: &std::path::Path) -> Result<()> {
    let restored = database.empty_sibling()?;
    let mut restore = tool(restoring_major(database.server().major()), "pg_restore");
    restore
        .args(["--exit-on-error", "-d", &restored.conninfo()])
        .arg(path);
    checked_output(&mut restore)?;
    let wrong = restored.psql(&CHECKS.replace("ALL_THE_MONEY", &MONEY.to_string()));
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}
