//! Statements against real servers.

use std::time::{Duration, Instant};

use bstr::BString;
use pgdumprs_connect::{Bytea, ConnectParams, Error, Session, TransactionStatus, parse_array};
use pgdumprs_testkit::{Database, Major, Server, for_each_major, tool};

/// Runs a future to its end: the test kit's functions are not asynchronous.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

async fn connect(database: &Database) -> Session {
    Session::connect(&ConnectParams::parse(&database.url()).unwrap())
        .await
        .unwrap()
}

#[test]
fn every_major_answers() {
    for_each_major(|server| {
        let database = server.database();
        for conninfo in [database.conninfo(), database.url()] {
            let params = ConnectParams::parse(&conninfo)?;
            run(async {
                let mut session = Session::connect(&params).await?;
                assert_eq!(
                    session.server_version().major(),
                    u32::from(server.major().number())
                );
                let rows = session
                    .query(
                        "SELECT current_setting('server_version_num')::int AS num,
                                current_setting('application_name') AS application,
                                proargtypes AS types, '{a,\"b c\",NULL}'::text[] AS list,
                                'r'::\"char\" AS kind, NULL::int AS nothing, true AS yes,
                                '\\x00ff'::bytea AS bytes
                         FROM pg_proc WHERE oid = 'format(text,\"any\")'::regprocedure",
                    )
                    .await?;
                let row = rows.one()?;
                assert_eq!(
                    row.get::<u32>(rows.column("num")?)?,
                    session.server_version().num
                );
                assert_eq!(row.get::<BString>(rows.column("application")?)?, "pgdumprs");
                assert_eq!(row.get::<Vec<u32>>(rows.column("types")?)?, [25, 2276]);
                let list = row.get::<BString>(rows.column("list")?)?;
                assert_eq!(
                    parse_array(list.as_ref(), session.client_encoding()),
                    Some(vec![Some("a".into()), Some("b c".into()), None])
                );
                assert_eq!(row.get::<u8>(rows.column("kind")?)?, b'r');
                assert_eq!(row.get::<Option<i32>>(rows.column("nothing")?)?, None);
                assert!(row.get::<i32>(rows.column("nothing")?).is_err());
                assert!(row.get::<bool>(rows.column("yes")?)?);
                assert_eq!(
                    row.get::<Bytea>(rows.column("bytes")?)?,
                    Bytea(vec![0, 255])
                );
                session.close().await;
                anyhow::Ok(())
            })?;
        }
        Ok(())
    });
}

#[test]
fn a_pipeline_of_megabytes_both_ways_does_not_block() {
    let database = Server::get(Major::V15).database();
    run(async {
        let mut session = connect(&database).await;
        let padding = "y".repeat(3_000_000);
        let statements: Vec<String> = (0..20)
            .map(|number| format!("SELECT {number}, repeat('x', 3000000) /* {padding} */"))
            .collect();
        let results = tokio::time::timeout(Duration::from_secs(60), session.pipeline(&statements))
            .await
            .expect("both sides wait for each other")
            .unwrap();
        assert_eq!(results.len(), 20);
        for (number, rows) in results.iter().enumerate() {
            let row = rows.one().unwrap();
            assert_eq!(row.get::<i32>(0).unwrap(), number as i32);
            assert_eq!(row.bytes(1).unwrap().len(), 3_000_000);
        }
    });
}

#[test]
fn a_million_rows_are_what_psql_gets() {
    let database = Server::get(Major::V15).database();
    let copy = "COPY (SELECT g, md5(g::text),
                       CASE WHEN g % 7 <> 0 THEN repeat('ä\\' || chr(9), g % 50) END
                FROM generate_series(1, 1000000) g) TO STDOUT";
    let expected = tool(Major::V15, "psql")
        .args(["-X", "-d", &database.url(), "-c", copy])
        .output()
        .unwrap();
    assert!(expected.status.success());
    run(async {
        let mut session = connect(&database).await;
        let mut received = Vec::with_capacity(expected.stdout.len());
        let mut output = session.copy_out(copy).await.unwrap();
        while let Some(piece) = output.next().await.unwrap() {
            received.extend_from_slice(&piece);
        }
        assert_eq!(output.rows(), Some(1_000_000));
        // Comparing first: a failed assert_eq would print both.
        assert!(
            received == expected.stdout.as_slice(),
            "the output differs from psql's"
        );
    });
}

#[test]
fn a_row_larger_than_any_buffer_comes_in_pieces() {
    let database = Server::get(Major::V15).database();
    run(async {
        let mut session = connect(&database).await;
        let mut copy = session
            .copy_out("COPY (SELECT repeat('x', 100000000)) TO STDOUT")
            .await
            .unwrap();
        let (mut length, mut largest) = (0, 0);
        while let Some(piece) = copy.next().await.unwrap() {
            length += piece.len();
            largest = largest.max(piece.len());
        }
        assert_eq!(length, 100_000_001);
        assert!(largest < 2_000_000, "{largest}");
    });
}

#[test]
fn rows_stream_in_batches() {
    let database = Server::get(Major::V15).database();
    run(async {
        let mut session = connect(&database).await;
        let sql = "SELECT g, repeat('x', 1000) AS text FROM generate_series(1, 10000) g";
        let mut stream = session.stream(sql).await.unwrap();
        let (mut next, mut batches) = (1, 0);
        while let Some(rows) = stream.next().await.unwrap() {
            assert_eq!(rows.column("text").unwrap(), 1);
            for row in &rows {
                assert_eq!(row.get::<i32>(0).unwrap(), next);
                next += 1;
            }
            batches += 1;
        }
        assert_eq!(next, 10_001);
        assert!(batches > 10, "{batches}");
        assert_eq!(session.query("SELECT 1").await.unwrap().len(), 1);
    });
}

#[test]
fn errors_carry_what_the_server_says() {
    let database = Server::get(Major::V15).database();
    database.execute_sql("CREATE TABLE item (id int CONSTRAINT item_positive CHECK (id > 0))");
    run(async {
        let mut session = connect(&database).await;
        let error = session
            .query("INSERT INTO item VALUES (-1)")
            .await
            .unwrap_err();
        let server = error.server_error().unwrap();
        assert_eq!(server.code(), "23514");
        assert_eq!(server.table, Some("item".into()));
        assert!(server.detail.is_some());
        let error = session.query("SELECT * FROM itme").await.unwrap_err();
        assert_eq!(error.server_error().unwrap().position, Some(15));
        assert!(error.to_string().contains("SELECT * FROM itme"), "{error}");

        session.query("BEGIN").await.unwrap();
        session.query("SELECT 1/0").await.unwrap_err();
        assert_eq!(session.transaction_status(), TransactionStatus::Failed);
        session.query("ROLLBACK").await.unwrap();
        assert_eq!(session.transaction_status(), TransactionStatus::Idle);

        session
            .query("DO $$ BEGIN RAISE WARNING 'look here'; END $$")
            .await
            .unwrap();
        let notices = session.take_notices().messages;
        assert_eq!(notices[0].message, "look here");
        assert_eq!(notices[0].severity, "WARNING");
        assert!(session.take_notices().is_empty());

        for copy in ["COPY item FROM STDIN", "COPY item TO STDOUT"] {
            let error = session.query(copy).await.unwrap_err();
            assert!(matches!(error, Error::Misuse { .. }), "{error}");
        }
        let error = session
            .copy_out("COPY nothing TO STDOUT")
            .await
            .err()
            .unwrap();
        assert_eq!(error.sqlstate(), Some("42P01"));
        assert_eq!(session.query("SELECT 1").await.unwrap().len(), 1);
    });
}

#[test]
fn texts_that_are_not_utf8_arrive_as_they_are() {
    let server = Server::get(Major::V15);
    let database = server.database();
    run(async {
        let mut session = connect(&database).await;
        session
            .query("SET client_encoding = 'LATIN1'")
            .await
            .unwrap();
        assert_eq!(session.parameter("client_encoding"), Some("LATIN1".into()));
        let rows = session.query(b"SELECT '\xe4' AS \"\xf6\"").await.unwrap();
        assert_eq!(rows.columns()[0].name, b"\xf6".as_slice());
        assert_eq!(rows.one().unwrap().bytes(0).unwrap(), b"\xe4".as_slice());
        let error = session.query(b"SELECT \"\xe4\"").await.unwrap_err();
        let message = &error.server_error().unwrap().message;
        assert!(message.contains(&0xe4), "{message}");
    });
}

#[test]
fn a_statement_is_cancelled_from_elsewhere() {
    let database = Server::get(Major::V15).database();
    run(async {
        let mut session = connect(&database).await;
        let token = session.cancel_token();
        let cancel = async {
            sleeps(&database).await;
            token.cancel().await.unwrap();
        };
        let (result, ()) = tokio::join!(session.query("SELECT pg_sleep(60)"), cancel);
        assert_eq!(result.unwrap_err().sqlstate(), Some("57014"));
        assert_eq!(session.query("SELECT 1").await.unwrap().len(), 1);
    });
}

#[test]
fn what_a_dropped_session_runs_is_cancelled() {
    let database = Server::get(Major::V15).database();
    run(async {
        let mut session = connect(&database).await;
        tokio::select! {
            result = session.query("SELECT pg_sleep(600)") => panic!("{result:?}"),
            () = sleeps(&database) => {}
        }
        drop(session);
    });
    assert!(pgdumprs_connect::wait_for_cancels(Duration::from_secs(10)));
    let limit = Instant::now() + Duration::from_secs(60);
    while is_asleep(&database) {
        assert!(Instant::now() < limit, "the server still sleeps");
    }
}

/// Waits until somebody sleeps in a database.
async fn sleeps(database: &Database) {
    while !is_asleep(database) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_asleep(database: &Database) -> bool {
    let sleepers = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    database.psql(sleepers) != "0"
}

#[test]
fn a_session_that_the_server_ends_says_so() {
    let database = Server::get(Major::V15).database();
    run(async {
        let mut session = connect(&database).await;
        let rows = session.query("SELECT pg_backend_pid()").await.unwrap();
        let pid: i32 = rows.one().unwrap().get(0).unwrap();
        let mut copy = session
            .copy_out("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT")
            .await
            .unwrap();
        copy.next().await.unwrap();
        database.execute_sql(format!("SELECT pg_terminate_backend({pid})"));
        let error = loop {
            match copy.next().await {
                Ok(piece) => assert!(piece.is_some(), "the copy cannot have ended well"),
                Err(error) => break error,
            }
        };
        // A server that waits for us to read cannot say more than that it is gone.
        assert!(matches!(error, Error::ConnectionLost { .. }), "{error}");
        assert!(error.to_string().contains("repeat('x', 1000)"), "{error}");
        assert!(matches!(
            session.query("SELECT 1").await,
            Err(Error::Broken { .. })
        ));

        let mut session = connect(&database).await;
        let rows = session.query("SELECT pg_backend_pid()").await.unwrap();
        let pid: i32 = rows.one().unwrap().get(0).unwrap();
        database.execute_sql(format!("SELECT pg_terminate_backend({pid}, 10000)"));
        let error = session.query("SELECT 1").await.unwrap_err();
        assert!(matches!(error, Error::ConnectionLost { .. }), "{error}");
        assert_eq!(error.sqlstate(), Some("57P01"), "{error}");
    });
}

#[test]
fn queued_copies_follow_each_other() {
    let database = Server::get(Major::V15).database();
    run(async {
        let mut session = connect(&database).await;
        for number in 0..100 {
            let sql = format!("COPY (SELECT {number} FROM generate_series(1, {number})) TO STDOUT");
            session.queue_copy_out(sql).unwrap();
        }
        for number in 0..100 {
            let mut copy = session.next_copy_out().await.unwrap().unwrap();
            let mut output = Vec::new();
            while let Some(piece) = copy.next().await.unwrap() {
                output.extend_from_slice(&piece);
            }
            assert_eq!(copy.rows(), Some(number));
            assert_eq!(
                output,
                format!("{number}\n").repeat(number as usize).into_bytes()
            );
        }
        assert!(session.next_copy_out().await.unwrap().is_none());
        assert_eq!(session.query("SELECT 1").await.unwrap().len(), 1);
    });
}
