//! The library as a service uses it: where archives go, what is told of them, what is left behind.

mod directory;
mod events;
mod report;
mod rows_where;
mod sinks;
mod verify;

use std::future::Future;

use anyhow::Result;
use pgdumprs::{CreationTime, Dump};
use pgdumprs_testkit::{Database, Major, Server};

/// A database with tables of several parts, and what else there is to data.
fn shop() -> Result<Database> {
    let database = Server::try_get(Major::V17)?.database();
    database.try_execute_sql(
        "CREATE TABLE item (id int PRIMARY KEY, name text);
         INSERT INTO item SELECT g, md5(g::text) FROM generate_series(1, 50000) g;
         CREATE TABLE \"Odd name\" (note text);
         INSERT INTO \"Odd name\" VALUES ('one'), ('two');
         CREATE TABLE empty (id int);
         SELECT lo_from_bytea(0, convert_to(repeat('large ', 1000), 'UTF8'));
         VACUUM",
    )?;
    Ok(database)
}

/// A dump that makes the same bytes each time, in parts that are small enough for several connections to have something to do.
fn dump(database: &Database) -> Result<Dump> {
    Ok(Dump::new(&database.conninfo())?
        .jobs(2)
        .part_bytes(256 * 1024)
        .created(CreationTime::default()))
}

/// Runs a future as a service's runtime would.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}
