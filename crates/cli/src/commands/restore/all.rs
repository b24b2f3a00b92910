//! Restores a whole server from the folder of its dump, or a store's.

use std::path::Path;

use anyhow::bail;
use pgdumprs::script::Options;
use pgdumprs::{
    Restore, RestoreError, RestoreReport, ServerRestore, ServerRestoreEnd, ServerRestoreEvent,
    ServerRestoreReport,
};

use super::RestoreArgs;
use super::ends::{say_impossible, say_missing, summary};
use crate::commands::server_backup;
use crate::failure::line;
use crate::message::say;
use crate::progress::Verbosity;
use crate::progress::restore::Teller;
use crate::report::servers::JsonServerRestore;
use crate::signal;

/// Restores the server that `args` name.
pub(super) fn run(args: &RestoreArgs, options: Options) -> anyhow::Result<()> {
    let folder = args.archive();
    if folder == Path::new("-") {
        bail!("option --all requires the folder of a dump of a server");
    }
    let store = server_backup::store(folder)?;
    let restore = args.apply(Restore::with_params(args.connection()?).options(options))?;
    let sink = args.telling.report(true)?;
    let (verbosity, progress) = (args.telling.verbosity(), args.telling.progress());
    let mut teller = Teller::new(verbosity, progress, false);
    let restore = ServerRestore::of(restore).identities(args.encryption.identities(folder)?);
    let restore = args.choose(restore).watch(move |event| match event {
        ServerRestoreEvent::Begun { database } => {
            if verbosity == Verbosity::Verbose {
                say(format_args!("restoring database \"{database}\""));
            }
            teller = Teller::new(verbosity, progress, false);
        }
        ServerRestoreEvent::Told { event, .. } => teller.tell(event),
        _ => {}
    });
    let report = signal::run("restore of the server", async {
        Ok(match &store {
            Some(store) => restore.from_store(store).await?,
            None => restore.from_folder(folder).await?,
        })
    })?;
    if let Some(sink) = sink {
        sink.write(&JsonServerRestore::from(&report), "the restore has ended")?;
    }
    conclude(&report, args.telling.summarizes())
}

/// Says what it came to, and fails where something is missing.
fn conclude(report: &ServerRestoreReport, summarizes: bool) -> anyhow::Result<()> {
    for failure in &report.globals.failures {
        let state = failure.sqlstate.as_deref().unwrap_or("no SQLSTATE");
        say(format_args!(
            "error: {}: {} ({state})",
            failure.statement, failure.reason
        ));
    }
    for different in &report.globals.different {
        say(format_args!(
            "warning: the server has another than was dumped, which is left as it is: {different}"
        ));
    }
    for more in &report.globals.more {
        say(format_args!(
            "warning: the server gives a right that was not dumped, which is left as it is: {more}"
        ));
    }
    for role in &report.globals.uncompared {
        say(format_args!(
            "warning: the password of a role that was there could not be compared: {role}"
        ));
    }
    let (mut missing, mut impossible) = (Vec::new(), false);
    for row in &report.databases {
        let name = &row.database;
        for entry in &row.not_restored {
            say(format_args!(
                "warning: database \"{name}\" is left as the server has it, without what was dumped of it: {entry}"
            ));
        }
        match &row.outcome {
            Ok(restored) if has_all(restored) => {
                if summarizes {
                    say(format_args!(
                        "database \"{name}\" is restored: {}",
                        summary(restored)
                    ));
                }
            }
            Ok(restored) => {
                let end = say_missing("the restore", restored);
                let stopped = restored.stopped.as_ref();
                let reason = stopped.map(|error| format!(": {}", line(anyhow::Chain::new(error))));
                say(format_args!(
                    "error: database \"{name}\": {end}{}",
                    reason.unwrap_or_default()
                ));
                missing.push(format!("\"{name}\""));
            }
            Err(RestoreError::Impossible(plan)) => {
                say_impossible(Some(name), plan);
                impossible = true;
                missing.push(format!("\"{name}\""));
            }
            Err(error) => {
                let chain = anyhow::Chain::new(error);
                say(format_args!("error: database \"{name}\": {}", line(chain)));
                missing.push(format!("\"{name}\""));
            }
        }
    }
    if report.end() == ServerRestoreEnd::Incomplete {
        if let Some(role) = &report.globals.unprivileged {
            say(format_args!(
                "hint: role \"{role}\" is no superuser: what is refused of roles, tablespaces and owners, a superuser can restore, or what the host has in \
                 its place; --adapt restores databases without it"
            ));
        }
        if impossible {
            say(
                "hint: of databases that cannot be restored whole nothing has been restored; --continue restores the rest of them",
            );
        }
        if !missing.is_empty() {
            say(format_args!(
                "hint: what is missing can be restored by itself: drop such a database if it is there, and name it by --include-database"
            ));
        }
        let what = match missing.is_empty() {
            true => "not all that belongs to no database is restored".to_owned(),
            false => format!(
                "databases that are not restored, or not whole: {}",
                missing.join(", ")
            ),
        };
        bail!(what);
    }
    if summarizes {
        say(format_args!(
            "the server is restored: {} databases, {} statements for what belongs to none, in {:.1} s",
            report.databases.len(),
            report.globals.done,
            report.elapsed.as_secs_f64()
        ));
    }
    Ok(())
}

fn has_all(report: &RestoreReport) -> bool {
    report.end() != pgdumprs::RestoreEnd::Incomplete
}
