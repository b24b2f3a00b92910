//! Dumps all databases of a server, and what belongs to none of them, into a folder or a store.

use std::path::Path;

use anyhow::bail;
use pgdumprs::{ConnectParams, Dump, ServerDump, ServerDumpEvent, ServerReport};

use crate::args::DumpArgs;
use crate::commands::server_backup;
use crate::message::say;
use crate::progress::Verbosity;
use crate::progress::dump::Teller;
use crate::report::servers::JsonServerDump;
use crate::{signal, verbose};

/// Dumps the server that `params` name.
pub(crate) fn run(args: &DumpArgs, params: &ConnectParams) -> anyhow::Result<()> {
    let Some(folder) = args.file() else {
        bail!("option --all requires option -f/--file, which names the folder");
    };
    let store = server_backup::store(folder)?;
    let verbosity = args.telling.verbosity();
    let dump = Dump::with_params(params.clone()).allow_newer_server(args.allow_newer_server);
    let mut dump = args.apply(dump, params)?;
    if let Some(version) = args.archive_version() {
        dump = dump.archive_version(version);
    }
    let sink = args.telling.report(true)?;
    let mut teller = Teller::new(verbosity, args.telling.progress());
    dump = dump.watch(move |event| teller.tell(&event));
    let dump = args.server.apply(ServerDump::of(dump));
    let dump = dump.watch(move |event| tell(event, verbosity));
    let report = signal::run("dump of the server", async {
        Ok(match &store {
            Some(store) => dump.to_store(store).await?,
            None => dump.to_folder(folder).await?,
        })
    })?;
    if args.telling.summarizes() {
        summarize(&report, folder);
    }
    if let Some(sink) = sink {
        sink.write(&JsonServerDump::from(&report), "the dump has ended")?;
    }
    let failed: Vec<_> = report
        .failed()
        .map(|one| format!("\"{}\"", one.database))
        .collect();
    if !failed.is_empty() {
        bail!(
            "{} of {} databases could not be dumped: {}; the others are in \"{}\", which is no whole dump",
            failed.len(),
            report.databases.len(),
            failed.join(", "),
            folder.display()
        );
    }
    Ok(())
}

/// Says what happens. What fails is said however little is to be said.
pub(crate) fn tell(event: &ServerDumpEvent, verbosity: Verbosity) {
    let is_verbose = verbosity == Verbosity::Verbose;
    match event {
        ServerDumpEvent::Begun {
            database,
            connections,
        } if is_verbose => say(format_args!(
            "dumping database \"{database}\" over {connections} connection{}",
            if *connections == 1 { "" } else { "s" }
        )),
        ServerDumpEvent::Complete {
            database,
            rows,
            archive_bytes,
        } if is_verbose => say(format_args!(
            "database \"{database}\" is complete: {rows} rows, {archive_bytes} bytes"
        )),
        ServerDumpEvent::Told { database, event } if verbosity != Verbosity::Quiet => {
            if let Some(line) = verbose::line(event, is_verbose) {
                say(format_args!("database \"{database}\": {line}"));
            }
        }
        ServerDumpEvent::Failed { database, reason } => {
            say(format_args!("error: database \"{database}\": {reason}"));
        }
        _ => {}
    }
}

fn summarize(report: &ServerReport, folder: &Path) {
    let dumped = report
        .databases
        .iter()
        .filter_map(|one| one.outcome.as_ref().ok());
    let (databases, rows, bytes) = dumped.fold((0, 0, 0), |(databases, rows, bytes), one| {
        (databases + 1, rows + one.rows, bytes + one.archive_bytes)
    });
    say(format_args!(
        "dumped {databases} databases with {rows} rows into \"{}\": {bytes} bytes, in {:.1} s",
        folder.display(),
        report.elapsed.as_secs_f64(),
    ));
}
