//! What the server's side can do to a running dump: the error names the cause and the table in hand, and the hint says what to do.

mod choice;
mod ended;
mod large_object;
mod locked;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use pgdumprs::Dump;
use pgdumprs_testkit::{Database, Server};

/// Two tables whose rows take for ever to read, far enough apart for two connections to have one each, and a role that reads them: the
/// owner of row security's policies would not wait.
struct Endless {
    database: Database,
    role: String,
}

impl Endless {
    fn new(server: &Server) -> Endless {
        let database = server.database();
        let role = server.role("LOGIN");
        let endless = |name: &str| {
            format!(
                "CREATE TABLE \"{name}\" AS SELECT 1 AS a;
                 ALTER TABLE \"{name}\" ENABLE ROW LEVEL SECURITY;
                 CREATE POLICY p ON \"{name}\" USING (pg_sleep(600) IS NOT NULL);"
            )
        };
        database.execute_sql(format!(
            "{} {}
             DO $$ BEGIN
                 FOR i IN 1..40 LOOP
                     EXECUTE format('CREATE TABLE %I (a integer)', 'b' || i);
                 END LOOP;
             END $$;
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};",
            endless("a first"),
            endless("z last"),
        ));
        Endless { database, role }
    }

    /// Dumps over two connections, does something to the server when both are reading for ever, and returns what is said of it, with the
    /// hint. What is done gets the processes that serve the connections, the leader's first.
    async fn dump_while(&self, act: impl FnOnce(&[u32]) -> Result<()>) -> Result<(String, String)> {
        let conninfo = format!("{} user={}", self.database.conninfo(), self.role);
        let dump = Dump::new(&conninfo)?.jobs(2).row_security(true);
        let dump = tokio::spawn(dump.to_std_writer(std::io::sink()));
        act(&self.readers().await?)?;
        let ended = tokio::time::timeout(Duration::from_secs(60), dump).await;
        let Err(error) = ended.context("the dump hangs")?? else {
            bail!("there is a dump");
        };
        let hint = error.hint().unwrap_or_default();
        Ok((format!("{:#}", anyhow::Error::new(error)), hint))
    }

    /// The processes that read the endless tables, the oldest first.
    async fn readers(&self) -> Result<Vec<u32>> {
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            let said = self.database.psql(
                "SELECT string_agg(pid::text, ' ' ORDER BY backend_start) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event = 'PgSleep'",
            );
            let readers: Vec<u32> = said
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()?;
            if readers.len() == 2 {
                return Ok(readers);
            }
            if Instant::now() > limit {
                bail!("the tables are read by {readers:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A runtime as the command has it.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime starts")
}
