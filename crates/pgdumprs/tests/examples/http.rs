//! The service that streams backups, as clients see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::compare::compare_with_stock;
use pgdumprs_testkit::{Database, Major, Server};
use tokio::runtime::Runtime;

use crate::backup_service::service;

/// Starts the service in a runtime of its own.
fn start(connection: &str) -> Result<(Runtime, SocketAddr)> {
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let service = service(connection);
    runtime.spawn(async { axum::serve(listener, service).await });
    Ok((runtime, address))
}

/// A response whose head has been read.
struct Response {
    status: u16,
    rest: BufReader<TcpStream>,
}

fn ask(address: SocketAddr) -> Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(b"GET /backup HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut rest = BufReader::new(stream);
    let mut line = String::new();
    rest.read_line(&mut line)?;
    let status = line.split(' ').nth(1).context("no status")?.parse()?;
    while line != "\r\n" {
        line.clear();
        rest.read_line(&mut line)?;
    }
    Ok(Response { status, rest })
}

impl Response {
    /// The chunks of the body, and whether they ended as they must.
    fn body(mut self) -> Result<(Vec<u8>, bool)> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            // A connection that is reset is an end as well, though not a good one.
            if self.rest.read_line(&mut line).unwrap_or(0) == 0 {
                return Ok((body, false));
            }
            let length = usize::from_str_radix(line.trim_end(), 16)?;
            let mut chunk = vec![0; length + 2];
            if self.rest.read_exact(&mut chunk).is_err() {
                return Ok((body, false));
            }
            body.extend_from_slice(&chunk[..length]);
            if length == 0 {
                return Ok((body, true));
            }
        }
    }
}

/// A database whose archive is larger than what sockets and queues on the way hold.
fn shop() -> Result<Database> {
    let database = Server::try_get(Major::V17)?.database();
    database.try_execute_sql(
        "CREATE TABLE noise AS SELECT sha512(convert_to(g::text, 'UTF8')) AS bytes FROM generate_series(1, 300000) g",
    )?;
    Ok(database)
}

/// Sessions that are connected to the database, ours apart.
fn sessions(database: &Database) -> String {
    database.psql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
}

#[test]
fn the_body_is_a_backup() -> Result<()> {
    let database = shop()?;
    let (_runtime, address) = start(&database.conninfo())?;
    let response = ask(address)?;
    ensure!(response.status == 200, "{}", response.status);
    let (body, is_complete) = response.body()?;
    ensure!(
        is_complete,
        "the response broke off after {} bytes",
        body.len()
    );
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("backup.dump");
    std::fs::write(&archive, body)?;
    compare_with_stock(&database, &archive, &["--compress=zstd"])?.assert_same();
    Ok(())
}

#[test]
fn a_dump_that_fails_breaks_the_response_off() -> Result<()> {
    let database = shop()?;
    let (_runtime, address) = start(&database.conninfo())?;
    let response = ask(address)?;
    ensure!(response.status == 200, "{}", response.status);
    // Nobody reads, so that the dump cannot have come to its end.
    database.psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    let (body, is_complete) = response.body()?;
    ensure!(!is_complete, "{} bytes look like all", body.len());
    Ok(())
}

#[test]
fn a_dump_that_cannot_begin_has_a_status_of_its_own() -> Result<()> {
    let (_runtime, address) = start("host=127.0.0.1 port=1 user=x password=hunter2")?;
    let mut response = ask(address)?;
    ensure!(response.status == 503, "{}", response.status);
    let mut text = String::new();
    response.rest.read_to_string(&mut text)?;
    ensure!(text == "the backup could not be made\n", "{text}");
    Ok(())
}

#[test]
fn a_client_that_goes_away_cancels_the_dump() -> Result<()> {
    let database = shop()?;
    let (_runtime, address) = start(&database.conninfo())?;
    let response = ask(address)?;
    ensure!(sessions(&database) != "0");
    drop(response);
    for _ in 0..600 {
        if sessions(&database) == "0" {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    anyhow::bail!("{} connections of the dump are left", sessions(&database))
}
