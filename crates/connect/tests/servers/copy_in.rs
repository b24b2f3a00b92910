//! COPY … FROM STDIN and pipelines of statements, against real servers and through PgBouncer.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs_connect::{ConnectParams, Ended, Error, Session, wait_for_cancels};
use pgdumprs_testkit::{Database, Major, Server, for_each_major};

/// Runs a future to its end, which it must come to: both sides could wait for each other.
fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(300), future)
            .await
            .context("both sides wait for each other")?
    })
}

async fn connect(conninfo: &str) -> Result<Session> {
    Ok(Session::connect(&ConnectParams::parse(conninfo)?).await?)
}

/// A COPY that takes a number and a text.
const COPY: &str = "COPY item (id, t) FROM STDIN";

fn with_items(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql("CREATE TABLE item (id int PRIMARY KEY, t text)");
    database
}

/// Rows for the table, of about 100 bytes each.
fn rows(numbers: std::ops::Range<u32>) -> Vec<u8> {
    let row = |number| format!("{number}\t{}\n", "ä".repeat(45)).into_bytes();
    numbers.flat_map(row).collect()
}

async fn count(session: &mut Session) -> Result<u64> {
    let rows = session.query("SELECT count(*) FROM item").await?;
    Ok(rows.one()?.get(0)?)
}

/// The statement's SQLSTATE, empty where it did not fail.
fn code(ended: &Ended) -> String {
    let failure = ended.result.as_ref().err();
    failure.map_or(String::new(), |error| error.code().to_string())
}

#[test]
fn every_major_takes_rows_however_they_are_cut() {
    for_each_major(|server| {
        let database = with_items(server);
        run(async {
            let mut session = connect(&database.conninfo()).await?;
            let all = rows(0..10_000);
            let mut copy = session.copy_in(COPY).await?;
            // Within letters too, and in pieces larger than a message.
            let (small, large) = all.split_at(1001);
            for piece in small.chunks(7) {
                copy.send(piece).await?;
            }
            copy.send(large).await?;
            ensure!(copy.finish().await? == 10_000);
            let copy = session.copy_in(COPY).await?;
            ensure!(copy.finish().await? == 0);
            ensure!(count(&mut session).await? == 10_000);
            let texts = "SELECT count(*) FROM item WHERE t = repeat('ä', 45)";
            ensure!(session.query(texts).await?.one()?.get::<u64>(0)? == 10_000);
            Ok(())
        })
    });
}

#[test]
fn an_error_in_the_data_is_noticed_before_all_is_sent() {
    for_each_major(|server| {
        let database = with_items(server);
        run(async {
            let mut session = connect(&database.conninfo()).await?;
            let mut copy = session.copy_in(COPY).await?;
            copy.send(b"1\tone\nx\ttwo\n").await?;
            let mut number = 2;
            // It never ends by itself.
            let error = loop {
                match copy.send(&rows(number..number + 1000)).await {
                    Ok(()) => number += 1000,
                    Err(error) => break error,
                }
            };
            ensure!(error.sqlstate() == Some("22P02"), "{error}");
            ensure!(error.to_string().contains(COPY), "{error}");
            let Err(error) = copy.finish().await else {
                anyhow::bail!("it has failed");
            };
            ensure!(error.sqlstate() == Some("22P02"), "{error}");
            ensure!(count(&mut session).await? == 0);
            Ok(())
        })
    });
}

#[test]
fn what_is_no_copy_in_is_told_and_a_copy_can_be_given_up() -> Result<()> {
    let database = with_items(&Server::get(Major::V17));
    run(async {
        let mut session = connect(&database.conninfo()).await?;
        for sql in ["COPY item TO STDOUT", "SELECT 1", ""] {
            let error = session.copy_in(sql).await.err().context("no COPY")?;
            ensure!(matches!(error, Error::Misuse { .. }), "{error}");
        }
        let error = session.copy_in("COPY nothing FROM STDIN").await.err();
        ensure!(error.context("no table")?.sqlstate() == Some("42P01"));
        let mut copy = session.copy_in(COPY).await?;
        copy.send(&rows(0..100)).await?;
        copy.fail("not \0today").await?;
        ensure!(count(&mut session).await? == 0);
        Ok(())
    })
}

#[test]
fn a_copy_that_is_dropped_brings_no_row_in_and_holds_no_lock() -> Result<()> {
    let database = with_items(&Server::get(Major::V17));
    run(async {
        let mut session = connect(&database.conninfo()).await?;
        let mut copy = session.copy_in(COPY).await?;
        copy.send(&rows(0..100_000)).await?;
        drop(copy);
        let error = session.query("SELECT 1").await.unwrap_err();
        ensure!(matches!(error, Error::Broken { .. }), "{error}");
        drop(session);
        ensure!(wait_for_cancels(Duration::from_secs(60)));
        let mut other = connect(&database.conninfo()).await?;
        other.query("BEGIN; LOCK TABLE item; COMMIT").await?;
        ensure!(count(&mut other).await? == 0);
        Ok(())
    })
}

#[test]
fn a_server_that_goes_away_in_the_midst_of_a_copy_is_noticed() -> Result<()> {
    let database = with_items(&Server::get(Major::V17));
    run(async {
        let mut session = connect(&database.conninfo()).await?;
        let pid = session.query("SELECT pg_backend_pid()").await?;
        let pid: i32 = pid.one()?.get(0)?;
        let mut copy = session.copy_in(COPY).await?;
        copy.send(&rows(0..1000)).await?;
        database.execute_sql(format!("SELECT pg_terminate_backend({pid}, 10000)"));
        let mut number = 1000;
        let error = loop {
            match copy.send(&rows(number..number + 1000)).await {
                Ok(()) => number += 1000,
                Err(error) => break error,
            }
        };
        ensure!(matches!(error, Error::ConnectionLost { .. }), "{error}");
        ensure!(database.psql("SELECT count(*) FROM item") == "0");
        Ok(())
    })
}

/// So many statements, with COPYs, failures, large texts both ways and notices among them.
async fn sends_many(
    session: &mut Session,
    statement_count: usize,
    copies_apart: bool,
) -> Result<()> {
    session.take_notices();
    let mut statements = session.statements(256)?.copies_apart(copies_apart);
    let padding = "x".repeat(100_000);
    let mut all = Vec::new();
    for number in 0..statement_count {
        match number % 100 {
            1 => statements.send("SELECT 1/0").await?,
            2 if number < 4000 => {
                let sql = format!("SELECT repeat('y', 1000000) /* {padding} */");
                statements.send(sql).await?;
            }
            3 => {
                let sql = format!("DO $$ BEGIN RAISE WARNING '{number}'; END $$");
                statements.send(sql).await?;
            }
            4 => {
                statements.begin_copy(COPY).await?;
                statements
                    .send_data(&rows(number as u32..number as u32 + 10))
                    .await?;
                statements.finish_copy();
            }
            5 if number < 1000 => {
                statements.begin_copy(COPY).await?;
                statements.send_data(b"one\n").await?;
                statements.send_data(&rows(0..10_000)).await?;
                statements.finish_copy();
            }
            6 => {
                statements.begin_copy("COPY nothing FROM STDIN").await?;
                statements.send_data(&rows(0..10)).await?;
                statements.finish_copy();
            }
            7 => {
                statements.begin_copy(COPY).await?;
                statements.send_data(&rows(0..10)).await?;
                statements.fail_copy("not today");
            }
            8 => statements.send("COPY item TO STDOUT").await?,
            _ => statements.send("SELECT 1").await?,
        }
        while let Some(ended) = statements.ended() {
            all.push(ended);
        }
    }
    while let Some(ended) = statements.next().await? {
        all.push(ended);
    }
    ensure!(all.len() == statement_count);
    for (number, ended) in all.iter().enumerate() {
        let expected = match number % 100 {
            1 => "22012",
            5 if number < 1000 => "22P02",
            6 => "42P01",
            7 => "57014",
            _ => "",
        };
        ensure!(code(ended) == expected, "{number}: {ended:?}");
        let copied = (number % 100 == 4).then_some(10);
        if number % 100 != 8 {
            ensure!(ended.copied() == copied, "{number}: {ended:?}");
        }
        let said: Vec<String> = ended
            .notices
            .messages
            .iter()
            .map(|notice| notice.message.to_string())
            .collect();
        let expected = (number % 100 == 3).then(|| number.to_string());
        ensure!(said == Vec::from_iter(expected), "{number}: {ended:?}");
    }
    ensure!(count(session).await? == statement_count as u64 / 10);
    Ok(())
}

#[test]
fn many_statements_and_copies_follow_each_other() {
    for_each_major(|server| {
        let database = with_items(server);
        run(async {
            let mut session = connect(&database.conninfo()).await?;
            ensure!(!session.is_pooled().await?);
            sends_many(&mut session, 4000, false).await
        })
    });
}

#[test]
fn poolers_carry_copies_and_pipelines() -> Result<()> {
    let server = Server::get(Major::V17);
    let pooler = server.pooler().start()?;
    let database = with_items(&server);
    run(async {
        let mut session = connect(&pooler.conninfo(database.name())).await?;
        ensure!(session.is_pooled().await?);
        sends_many(&mut session, 40_000, true).await?;
        let mut copy = session.copy_in(COPY).await?;
        copy.send(b"one\n").await?;
        let error = loop {
            if let Err(error) = copy.send(&rows(0..1000)).await {
                break error;
            }
        };
        ensure!(error.sqlstate() == Some("22P02"), "{error}");
        drop(copy);
        ensure!(count(&mut session).await? == 4000);
        Ok(())
    })
}
