//! Values that are far larger than any buffer on their way.

use anyhow::{Result, ensure};
use pgdumprs::ArchiveVersion;
use pgdumprs_testkit::compare::{compare_archives, stock_archive};
use pgdumprs_testkit::for_each_major;

use crate::support::dump;

/// Megabytes of the longest value as COPY writes it. Under `cargo xtask test --scale` that is half of what the protocol can carry.
fn longest() -> usize {
    if std::env::var_os("PGDUMPRS_SCALE").is_some() {
        512
    } else {
        8
    }
}

#[test]
fn long_values_are_carried_whole() {
    for_each_major(|server| -> Result<()> {
        let database = server.database();
        let half = longest() / 2 * 1024 * 1024;
        // Random enough not to shrink to nothing, and with every byte that has to be escaped; bytea is twice as long as text.
        database.execute_sql(format!(
            r"CREATE TABLE long (id integer, b bytea, t text);
              ALTER TABLE long ALTER b SET STORAGE EXTERNAL, ALTER t SET STORAGE EXTERNAL;
              INSERT INTO long VALUES (1, decode(repeat(md5('x'), {half} / 16), 'hex'), NULL);
              INSERT INTO long VALUES (2, '', repeat(E'\\\t\n', {half} / 6)), (3, NULL, '');",
        ));
        let folder = tempfile::tempdir()?;
        let (stock, ours) = (
            folder.path().join("stock.dump"),
            folder.path().join("ours.dump"),
        );
        stock_archive(&database, &stock, &[])?;
        dump(&database, Some(ArchiveVersion::V1_16), &ours)?;
        let comparison = compare_archives(&stock, &ours)?;
        ensure!(comparison.is_same(), "{comparison}");
        Ok(())
    });
}
