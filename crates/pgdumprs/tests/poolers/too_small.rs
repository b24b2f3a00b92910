//! Pools with fewer server connections than a dump asks for: it goes on with those it gets.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use pgdumprs::{Compression, Dump, Event};
use pgdumprs_testkit::{Major, Server};

use crate::{Direct, database, other_client, prepare, runtime};

#[test]
fn a_dump_takes_the_connections_there_are() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let database = database(&server);
    runtime().block_on(async {
        let direct = Direct::new(&database, 1).await?;
        for mode in ["transaction", "session"] {
            for size in ["1", "2"] {
                let pooler = server
                    .pooler()
                    .setting("pool_mode", mode)
                    .setting("default_pool_size", size)
                    .start()?;
                let conninfo = pooler.conninfo(database.name());
                let dumped = direct.is_given_by(&conninfo, 4);
                tokio::time::timeout(Duration::from_secs(60), dumped)
                    .await
                    .context("the dump hangs")?
                    .with_context(|| format!("{mode} mode, {size}"))?;
            }
        }
        Ok(())
    })
}

/// Takes nothing until it is told to, but for the first bytes.
struct Held(Receiver<()>, Vec<u8>);

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.1.is_empty() {
            // Once told, for good.
            let _ = self.0.recv_timeout(Duration::from_secs(120));
        }
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn connections_that_never_come_are_warned_of() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let database = database(&server);
    let pooler = server.pooler().setting("default_pool_size", "1").start()?;
    let (release, held) = channel();
    let (sender, warnings) = channel();
    let mut release = Some(release);
    // So little memory that what has not been written cannot all be read.
    let small = |dump: Dump| dump.memory(8 << 20).compression(Compression::None);
    let dump = small(prepare(&pooler.conninfo(database.name()), 4)?).watch(move |event| {
        if let Event::Warning(warning) = event {
            let _ = sender.send(warning);
            release.take();
        }
    });
    let dumped = dump.to_std_writer(Held(held, Vec::new()));
    let (Held(_, archive), _) = runtime()
        .block_on(async { tokio::time::timeout(Duration::from_secs(120), dumped).await })
        .context("the dump hangs")??;
    let warnings: Vec<String> = warnings.into_iter().collect();
    let [warning] = &warnings[..] else {
        bail!("{warnings:?}");
    };
    ensure!(
        warning.contains("fewer connections") && warning.contains("-j 1"),
        "{warning}"
    );

    // The same as into any writer that cannot seek.
    let (expected, _) =
        runtime().block_on(small(prepare(&database.conninfo(), 1)?).to_std_writer(Vec::new()))?;
    ensure!(archive == expected, "other bytes");
    Ok(())
}

/// A pooler that lets clients wait for ever says nothing while they do.
#[test]
fn a_wait_for_the_first_connection_is_warned_of() -> Result<()> {
    let pooler = Server::get(Major::REFERENCE)
        .pooler()
        .setting("default_pool_size", "1")
        .setting("query_wait_timeout", "0")
        .start()?;
    let conninfo = pooler.conninfo("postgres");
    runtime().block_on(async {
        let mut other = other_client(&conninfo).await?;
        let (sender, mut warnings) = tokio::sync::mpsc::unbounded_channel();
        let dump = prepare(&conninfo, 1)?.watch(move |event| {
            if let Event::Warning(warning) = event {
                let _ = sender.send(warning);
            }
        });
        let dumped = tokio::spawn(dump.to_std_writer(io::sink()));
        let warning = tokio::time::timeout(Duration::from_secs(60), warnings.recv()).await?;
        let warning = warning.context("no warning")?;
        ensure!(
            warning.contains("pooler") && warning.contains("-j 1"),
            "{warning}"
        );
        other.query("COMMIT").await?;
        dumped.await??;
        Ok(())
    })
}
