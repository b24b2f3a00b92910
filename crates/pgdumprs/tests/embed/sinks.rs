//! An archive has the same bytes wherever it goes, and a failure shows everywhere.

use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use anyhow::{Context, Result, ensure};
use pgdumprs::{Compression, Dump, ErrorKind};
use pgdumprs_testkit::Database;
use tokio::io::AsyncWrite;

use crate::{block_on, dump, shop};

#[test]
fn every_writer_gets_the_same_archive() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.dump");
    block_on(dump(&database)?.to_file(&path))??;
    let file = std::fs::read(&path)?;

    // What stands before it stays.
    let mut cursor = Cursor::new(b"before".to_vec());
    cursor.seek(SeekFrom::End(0))?;
    let (cursor, report) = block_on(dump(&database)?.to_seekable(cursor))??;
    ensure!(cursor.position() == cursor.get_ref().len() as u64);
    let seekable = cursor.into_inner();
    ensure!(&seekable[..6] == b"before" && seekable[6..] == file);
    ensure!(report.archive_bytes == file.len() as u64);

    let (piped, _) = block_on(dump(&database)?.to_std_writer(Vec::new()))??;
    ensure!(
        piped.len() == file.len() && piped != file,
        "offsets are in files alone"
    );

    let mut written = Vec::new();
    let report = block_on(dump(&database)?.to_writer(&mut written))??;
    ensure!(written == piped);
    ensure!(report.archive_bytes == piped.len() as u64);

    let (streamed, report) = block_on(async {
        let mut stream = dump(&database)?.to_stream();
        ensure!(stream.report().is_none());
        let mut streamed = Vec::new();
        while let Some(piece) = stream.next().await {
            streamed.extend_from_slice(&piece?);
        }
        ensure!(
            stream.next().await.is_none(),
            "nothing comes behind the end"
        );
        Ok((streamed, stream.report().cloned().context("no report")?))
    })??;
    ensure!(streamed == piped);
    ensure!((report.rows, report.tables) == (50_002, 3));
    Ok(())
}

/// A writer that has room for so many bytes and then fails.
struct Full(usize);

impl AsyncWrite for Full {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.0 == 0 {
            return Poll::Ready(Err(io::Error::other("the line is dead")));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(if self.0 == 0 {
            Err(io::Error::other("the line is dead"))
        } else {
            Ok(())
        })
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn an_async_writer_that_fails_ends_the_dump_wherever_it_does() -> Result<()> {
    let database = shop()?;
    let plain = || Ok::<_, anyhow::Error>(dump(&database)?.compression(Compression::None));
    let size = block_on(plain()?.to_writer(tokio::io::sink()))??.archive_bytes;
    let size = usize::try_from(size)?;
    // At the last byte there is nothing left to fail but the flush.
    for room in [0, 1, 1000, size / 2, size - 1, size] {
        let error = block_on(plain()?.to_writer(Full(room)))?
            .err()
            .with_context(|| format!("room for {room} of {size} bytes is enough"))?;
        ensure!(error.kind() == ErrorKind::Output, "{error:?}");
        let text = format!("{:#}", anyhow::Error::new(error));
        ensure!(text.contains("the line is dead"), "{text}");
    }
    Ok(())
}

/// A dump that fails after it has read most tables.
fn failing(database: &Database) -> Result<Dump> {
    // The server has sent the other tables before it comes to the one that fails.
    database.try_execute_sql(
        "CREATE TABLE zz (id int, half int GENERATED ALWAYS AS (1) STORED);
         CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no rows today''; END';
         ALTER TABLE zz ENABLE ROW LEVEL SECURITY; ALTER TABLE zz FORCE ROW LEVEL SECURITY;
         CREATE POLICY p ON zz USING (fails() > 0); INSERT INTO zz VALUES (1);",
    )?;
    let role = database.server().role("LOGIN");
    database.try_execute_sql(format!(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
         DO $$ DECLARE lo oid; BEGIN
             FOR lo IN SELECT oid FROM pg_largeobject_metadata LOOP
                 EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO {role}', lo);
             END LOOP;
         END $$"
    ))?;
    let conninfo = format!("{} user={role}", database.conninfo());
    Ok(Dump::new(&conninfo)?.row_security(true).jobs(1))
}

#[test]
fn a_stream_that_fails_says_so_at_its_end() -> Result<()> {
    let database = shop()?;
    // There is not room enough for all rows that come before the failure, so that some have to be written first.
    let dump = failing(&database)?
        .compression(Compression::None)
        .memory(256 * 1024);
    let (bytes, error) = block_on(async {
        let mut stream = dump.to_stream();
        let mut bytes = 0;
        loop {
            match stream
                .next()
                .await
                .context("the stream ends as if it were whole")?
            {
                Ok(piece) => bytes += piece.len(),
                Err(error) => {
                    ensure!(stream.next().await.is_none() && stream.report().is_none());
                    return Ok((bytes, error));
                }
            }
        }
    })??;
    ensure!(bytes > 0, "the failure came before anything was written");
    ensure!(error.kind() == ErrorKind::Server, "{error:?}");
    ensure!(error.sqlstate() == Some("P0001"), "{error:?}");
    Ok(())
}

#[test]
fn a_writer_that_never_takes_anything_does_not_hide_a_failure() -> Result<()> {
    let database = shop()?;
    let dump = failing(&database)?;
    let failed = block_on(async {
        let (writer, _reader) = tokio::io::duplex(16);
        let limit = std::time::Duration::from_secs(60);
        tokio::time::timeout(limit, dump.to_writer(writer)).await
    })?;
    let error = failed.context("the dump waits for ever")?.err();
    ensure!(error.context("the dump succeeds")?.sqlstate() == Some("P0001"));
    Ok(())
}

#[test]
fn a_writer_that_never_takes_anything_can_be_given_up() -> Result<()> {
    let database = shop()?;
    block_on(async {
        let (writer, reader) = tokio::io::duplex(16);
        let dumping = dump(&database)?.to_writer(writer);
        let limit = std::time::Duration::from_secs(1);
        ensure!(tokio::time::timeout(limit, dumping).await.is_err());
        drop(reader);
        Ok(())
    })??;
    sessions_end(&database)
}

#[test]
fn a_stream_that_is_dropped_ends_the_dump() -> Result<()> {
    let database = shop()?;
    block_on(async {
        let mut stream = dump(&database)?.to_stream();
        ensure!(stream.next().await.context("no archive")?.is_ok());
        Ok(())
    })??;
    sessions_end(&database)
}

/// Waits until nobody but us is connected to the database: for a minute at most.
fn sessions_end(database: &Database) -> Result<()> {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for _ in 0..600 {
        if database.psql(sessions) == "0" {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    anyhow::bail!("connections of the dump are left")
}

/// A writer like any other, to be sure that what is given back is what was given.
#[test]
fn a_blocking_writer_comes_back_with_what_was_written() -> Result<()> {
    struct Counting(u64);
    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let database = shop()?;
    let (Counting(bytes), report) = block_on(dump(&database)?.to_std_writer(Counting(0)))??;
    ensure!(bytes == report.archive_bytes);
    Ok(())
}
