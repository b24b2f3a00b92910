//! What is cut into parts, and what is not.

use std::time::Duration;

use anyhow::{Result, ensure};
use pgdumprs::{Dump, Inserts};
use pgdumprs_testkit::{Database, SlowLink, for_each_major};

use crate::PART;

/// How many statements a table's data takes: one for each of its parts, and a few that ask about it.
fn statements(
    database: &Database,
    table: &str,
    choose: impl Fn(Dump) -> Dump + Copy,
) -> Result<usize> {
    let said = |with_data: bool| {
        let link = SlowLink::open(database.server(), Duration::ZERO)?;
        let dump = Dump::new(&link.conninfo(database.name()))?
            .jobs(1)
            .part_bytes(PART)
            .include_table(table)
            .data(with_data);
        let dump = choose(dump).to_std_writer(std::io::sink());
        tokio::runtime::Runtime::new()?.block_on(dump)?;
        Ok::<_, anyhow::Error>(link.traffic().statements)
    };
    Ok(said(true)?.saturating_sub(said(false)?))
}

#[test]
fn large_tables_are_cut_where_ranges_of_pages_are_cheap_to_read() {
    for_each_major(|server| {
        let database = server.database();
        // Two MB each; of the second, most is in its TOAST table.
        database.execute_sql(
            "CREATE TABLE heap AS SELECT g, md5(g::text) FROM generate_series(1, 30000) g;
             CREATE TABLE toasted (pad char(1500), t text);
             ALTER TABLE toasted ALTER pad SET STORAGE PLAIN, ALTER t SET STORAGE EXTERNAL;
             INSERT INTO toasted SELECT 'x', repeat(md5(g::text), 1000) FROM generate_series(1, 80) g",
        );
        let is_cheap = server.major().number() >= 14;
        for table in ["heap", "toasted"] {
            let found = statements(&database, table, |dump| dump)?;
            ensure!(
                if is_cheap { found >= 10 } else { found <= 5 },
                "{table} is read by about {found} statements"
            );
            // Rows that are counted into statements, and rows that a policy may hide, are read in one go.
            for whole in [
                statements(&database, table, |dump| dump.inserts(Inserts::default()))?,
                statements(&database, table, |dump| dump.row_security(true))?,
            ] {
                ensure!(whole <= 5, "{table} is read by about {whole} statements");
            }
        }
        Ok(())
    });
}
