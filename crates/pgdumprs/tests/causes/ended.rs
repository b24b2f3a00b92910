//! Statements cancelled, sessions ended, servers stopped.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{Server, checked_output, for_each_major};

use crate::{Endless, runtime};

/// Says what is missing from what was said.
fn check((said, hint): &(String, String), parts: &[&str], hinted: &str) -> Result<()> {
    for part in parts {
        ensure!(said.contains(part), "{part} is not in: {said}");
    }
    ensure!(
        hint.contains(hinted),
        "{hinted} is not in the hint {hint:?} for: {said}"
    );
    Ok(())
}

#[test]
fn whoever_is_cancelled_or_terminated_names_the_table() {
    for_each_major(|server| {
        let endless = Endless::new(server);
        for (reader, table) in [(0, "a first"), (1, "z last")] {
            let table = format!("could not copy the data of table public.\"{table}\"");
            for (function, code, hinted) in [
                ("pg_cancel_backend", "57014", "cancelled"),
                ("pg_terminate_backend", "57P01", "pg_terminate_backend"),
            ] {
                let said = runtime().block_on(endless.dump_while(|readers| {
                    endless
                        .database
                        .psql(&format!("SELECT {function}({})", readers[reader]));
                    Ok(())
                }))?;
                check(&said, &[&table, code], hinted)
                    .with_context(|| format!("{function} of reader {reader}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_server_that_goes_down_is_told_of() {
    for_each_major(|shared| {
        // SIGINT is a fast shutdown, SIGQUIT an immediate one.
        for (signal, code) in [("INT", "57P01"), ("QUIT", "57P0")] {
            let server = Server::builder(shared.major()).start()?;
            let endless = Endless::new(&server);
            let said = runtime().block_on(endless.dump_while(|_| server.signal(signal)))?;
            check(
                &said,
                &["could not copy the data of table public.", "was lost", code],
                "the server was",
            )
            .with_context(|| format!("kill -{signal}"))?;
        }
        Ok(())
    });
}

/// A process that dies without a word; the server then ends all others.
#[test]
fn a_crash_is_told_of() {
    for_each_major(|shared| {
        let server = Server::builder(shared.major()).start()?;
        let endless = Endless::new(&server);
        let killed = endless.dump_while(|readers| {
            checked_output(Command::new("kill").args(["-KILL", &readers[0].to_string()]))?;
            Ok(())
        });
        let said = runtime().block_on(killed)?;
        check(
            &said,
            &["could not copy the data of table public.", "was lost"],
            "log",
        )
    });
}
