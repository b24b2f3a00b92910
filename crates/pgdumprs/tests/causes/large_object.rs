//! Large objects that cannot be read.

use anyhow::{Result, ensure};
use pgdumprs::Dump;
use pgdumprs_testkit::for_each_major;

use crate::runtime;

/// One that is there for whoever reads the catalogs, and whose pages are damaged.
#[test]
fn the_large_object_in_hand_is_named() {
    for_each_major(|server| -> Result<()> {
        let database = server.database();
        // A page with a length that no value of a large object may have.
        database.execute_sql(
            "SELECT lo_from_bytea(7100 + g, 'x') FROM generate_series(0, 99) g;
             SET allow_system_table_mods = on;
             UPDATE pg_largeobject SET data = decode(repeat('00', 5000), 'hex') WHERE loid = 7142;",
        );
        let dump = Dump::new(&database.conninfo())?.to_std_writer(std::io::sink());
        let Err(error) = runtime().block_on(dump) else {
            anyhow::bail!("there is a dump");
        };
        let said = format!("{:#}", anyhow::Error::new(error));
        ensure!(said.contains("could not read large object 7142"), "{said}");
        Ok(())
    });
}
