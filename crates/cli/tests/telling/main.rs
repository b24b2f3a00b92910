//! What the command says while it runs and when it is done.

mod lines;
mod names;
mod progress;
mod report;
#[path = "../support/mod.rs"]
mod support;
#[path = "../connection/terminal.rs"]
#[expect(dead_code, reason = "only tests of passwords do without a terminal")]
mod terminal;

use pgdumprs_testkit::{Database, Major, Server};

/// A database with a table large enough for a few figures on the way.
fn shop() -> Database {
    let database = Server::get(Major::V17).database();
    database.execute_sql(
        "CREATE TABLE item (id int PRIMARY KEY, name text);
         INSERT INTO item SELECT g, md5(g::text) FROM generate_series(1, 100000) g;
         CREATE TABLE \"two\nlines\" AS SELECT 1 AS a;
         CREATE TABLE empty (id int);
         VACUUM",
    );
    database
}
