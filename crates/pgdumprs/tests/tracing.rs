//! What subscribers to `tracing` see: every stage, and no password. Alone in its program: which spans are worth making is remembered for the
//! whole process, and tests beside it have no subscriber.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use pgdumprs::Dump;
use pgdumprs_testkit::{Major, Server};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Where lines are kept.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn every_stage_is_a_span_and_no_password_shows() -> Result<()> {
    let server = Server::builder(Major::V17)
        .access_rules("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        .start()?;
    let role = server.role("LOGIN SUPERUSER PASSWORD 'hunter2'");
    let database = server.database();
    database.try_execute_sql(
        "CREATE TABLE item AS SELECT g FROM generate_series(1, 50000) g; SELECT lo_from_bytea(0, 'large');",
    )?;
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::NEW)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let connection = |password: &str| {
        format!(
            "postgresql://{role}:{password}@127.0.0.1:{}/{}",
            server.port(),
            database.name()
        )
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Threads of a dump carry the subscriber on with their spans; the runtime has no others.
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let dump = Dump::new(&connection("hunter2"))?
                .jobs(2)
                .part_bytes(64 * 1024);
            dump.to_writer(tokio::io::sink()).await?;
            let refused = Dump::new(&connection("w3ong"))?
                .to_writer(tokio::io::sink())
                .await;
            ensure!(refused.is_err());
            Ok(())
        })
    })?;

    let text = String::from_utf8(
        lines
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone(),
    )?;
    for span in [
        "dump",
        "dump:connect",
        "dump:begin",
        "dump:list",
        "dump:lock",
        "dump:detail",
        "dump:plan",
        "dump:copy",
        "dump:copy:copy_table{table=public.item}",
        "dump:copy:copy_large_objects{count=1}",
        "dump:copy:open",
        "dump:copy:write",
        "dump:finish",
    ] {
        let is_new = |line: &str| line.contains(&format!(" {span}: ")) && line.ends_with(": new");
        ensure!(text.lines().any(is_new), "no span {span} in\n{text}");
    }
    let wanted = format!(
        "host=\"127.0.0.1\" port={} user=\"{role}\" database=\"{}\"",
        server.port(),
        database.name()
    );
    for event in [
        &wanted,
        "snapshot taken lsn=",
        "planned entries=",
        "copied table=public.item rows=50000",
        "written tables=1 rows=50000",
    ] {
        ensure!(text.contains(event), "no event {event} in\n{text}");
    }
    for secret in ["hunter2", "w3ong"] {
        ensure!(!text.contains(secret), "a password shows");
    }
    Ok(())
}
