//! Dumps a database into a file or to standard output.

use std::io::IsTerminal;

use anyhow::bail;
use pgdumprs::{Dump, Report};

use crate::args::DumpArgs;
use crate::message::say;
use crate::progress::Teller;
use crate::signal;

/// Dumps a database as `args` say.
pub(crate) fn run(args: DumpArgs) -> anyhow::Result<()> {
    let to_stdout = args.file().is_none();
    if to_stdout && std::io::stdout().is_terminal() {
        bail!(
            "an archive is not for a terminal to show: name a file with -f, or send the output to a file or a pipe"
        );
    }
    let params = args.connection()?;
    let mut dump = Dump::with_params(params.clone()).allow_newer_server(args.allow_newer_server);
    dump = args.apply(dump, &params)?;
    if let Some(version) = args.archive_version() {
        dump = dump.archive_version(version);
    }
    let report_sink = args.telling.report(!to_stdout)?;
    let mut teller = Teller::new(args.telling.verbosity(), args.telling.progress());
    dump = dump.watch(move |event| teller.tell(&event));

    let report = signal::run(async {
        Ok(match args.file() {
            Some(file) => dump.to_file(file).await?,
            None => dump.to_std_writer(std::io::stdout()).await?.1,
        })
    })?;
    if args.telling.summarizes() {
        summarize(&report);
    }
    if let Some(sink) = report_sink {
        sink.write(&report)?;
    }
    Ok(())
}

fn summarize(report: &Report) {
    say(format_args!(
        "dumped {} entries, {} tables with {} rows, {} large objects: {} bytes of data in an archive of {} bytes, in {:.1} s",
        report.entries,
        report.tables,
        report.rows,
        report.large_objects,
        report.raw_bytes,
        report.archive_bytes,
        report.elapsed.as_secs_f64(),
    ));
}
