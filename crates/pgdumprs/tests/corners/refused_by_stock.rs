//! What stock pg_dump does not get through.

use std::process::Command;
use std::sync::mpsc;

use anyhow::{Result, ensure};
use pgdumprs::{Dump, Event};
use pgdumprs_testkit::{Major, checked_output, for_each_major, tool};

/// Servers of 17 let a domain be NOT NULL twice.
#[test]
fn domains_that_are_not_null_twice() {
    for_each_major(|server| -> Result<()> {
        if server.major() != Major::V17 {
            return Ok(());
        }
        let database = server.database();
        database.execute_sql(
            "CREATE DOMAIN d AS integer CONSTRAINT \"N 1\" NOT NULL CHECK (VALUE > 0) CONSTRAINT n2 NOT NULL;
             COMMENT ON CONSTRAINT \"N 1\" ON DOMAIN d IS 'first';
             COMMENT ON CONSTRAINT n2 ON DOMAIN d IS 'second';",
        );
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("ours.dump");
        let (sender, warnings) = mpsc::channel();
        let dump = Dump::new(&database.conninfo())?.watch(move |event| {
            if let Event::Warning(warning) = event {
                // The receiver lives as long as the dump.
                let _ = sender.send(warning);
            }
        });
        tokio::runtime::Runtime::new()?.block_on(dump.to_file(&archive))?;
        let warnings: Vec<String> = warnings.into_iter().collect();
        ensure!(
            warnings.len() == 1 && warnings[0].contains("\"n2\""),
            "{warnings:?}"
        );
        let copy = database.empty_sibling()?;
        let mut restore: Command = tool(Major::V17, "pg_restore");
        restore.args(["--exit-on-error", "-d", &copy.conninfo()]);
        checked_output(restore.arg(&archive))?;
        let constraints = copy.psql(
            "SELECT string_agg(conname || ' ' || contype::text || coalesce(obj_description(oid), ''), ', ' ORDER BY conname)
             FROM pg_constraint WHERE contypid = 'd'::regtype",
        );
        ensure!(constraints == "N 1 nfirst, d_check c", "{constraints}");
        Ok(())
    });
}
