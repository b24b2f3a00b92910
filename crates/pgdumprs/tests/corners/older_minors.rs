//! What is dumped from the newest minor of a major restores into an older one, which does not know what newer ones keep, and into 18.

use anyhow::{Context, ensure};
use pgdumprs_testkit::{
    Major, Release, Server, checked_output, for_each_major, restoring_major, tool,
};

use crate::support::dump;

const CONTENT: &str = "
    CREATE TYPE pair AS (a integer, b text);
    CREATE TABLE plain (a integer PRIMARY KEY, b text, p pair);
    ALTER TABLE plain ALTER COLUMN b SET (n_distinct = 5);
    INSERT INTO plain SELECT g, 'row ' || g, (g, 'x')::pair FROM generate_series(1, 1000) g;
    CREATE TABLE parted (a integer) PARTITION BY RANGE (a);
    CREATE TABLE part PARTITION OF parted DEFAULT;
    INSERT INTO parted SELECT generate_series(1, 100);
    CREATE VIEW seen AS SELECT a, b FROM plain;
    CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS n FROM plain;";

const ROWS: &str = "
    SELECT (SELECT md5(string_agg(t::text, ',' ORDER BY a)) FROM plain AS t), (SELECT sum(a) FROM parted),
           (SELECT count(*) FROM seen), (SELECT n FROM kept),
           (SELECT count(*) FROM pg_attribute WHERE attoptions::text LIKE '%n_distinct=5%')";

#[test]
fn archives_of_the_newest_minor_restore_into_older_ones() {
    for_each_major(|server| {
        let Some(older) = Release::older(server.major()) else {
            return Ok(());
        };
        let source = server.database();
        source.execute_sql(CONTENT);
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("a.dump");
        dump(&source, None, &archive)?;
        for target in [Server::try_get(older)?, Server::try_get(Major::V18)?] {
            let copy = target.database();
            let mut restore = tool(restoring_major(server.major()), "pg_restore");
            restore.args(["--exit-on-error", "-d", &copy.conninfo()]);
            checked_output(restore.arg(&archive))
                .with_context(|| target.version().unwrap_or_default())?;
            let (expected, found) = (source.psql(ROWS), copy.psql(ROWS));
            ensure!(expected == found, "{expected}, and here {found}");
        }
        Ok::<_, anyhow::Error>(())
    });
}
