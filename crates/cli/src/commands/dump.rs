//! Dumps a database into a file or a folder, or to standard output.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::anyhow;
use pgdumprs::{ConnectParams, Dump, Report};

use crate::args::DumpArgs;
use crate::command_line::words;
use crate::commands::archive::object;
use crate::commands::chosen_rows::say_chosen;
use crate::commands::{all, globals, prune};
use crate::failure::Failure;
use crate::message::say;
use crate::progress::Verbosity;
use crate::progress::dump::Teller;
use crate::report::dump::DumpReport;
use crate::{signal, standard_output};

/// Dumps a database as `args` say.
pub(crate) fn run(mut args: DumpArgs) -> Result<(), Failure> {
    let named = args.name()?;
    if args.file().is_none()
        && !args.server.all
        && (!args.is_plain() || args.encryption.is_given())
        && !args.is_directory()
        && std::io::stdout().is_terminal()
    {
        let error = anyhow!(
            "an archive is not for a terminal to show: name a file with -f, or send the output to a file or a pipe"
        );
        return Err(error.into());
    }
    let params = args.connection()?;
    if let Some(named) = &named {
        let made = named.template.make_folders(named.time);
        made.map_err(anyhow::Error::from)?;
    }
    let dumped = match (args.server.all, args.server.globals_only) {
        (true, _) => all::run(&args, &params),
        (false, true) => globals::run(&args, &params),
        (false, false) => dump(&args, &params),
    };
    dumped.map_err(|error| explain(error, &args, &params))?;
    match named {
        Some(named) if args.keep.is_given() => Ok(prune::after_dump(
            &named.template,
            args.keep.retention(),
            named.time,
            args.telling.verbosity() == Verbosity::Verbose,
        )?),
        _ => Ok(()),
    }
}

fn dump(args: &DumpArgs, params: &ConnectParams) -> anyhow::Result<()> {
    let mut dump = Dump::with_params(params.clone()).allow_newer_server(args.allow_newer_server);
    dump = args.apply(dump, params)?;
    if let Some(version) = args.archive_version() {
        dump = dump.archive_version(version);
    }
    let report_sink = args.telling.report(args.file().is_some())?;
    let mut teller = Teller::new(args.telling.verbosity(), args.telling.progress());
    dump = dump.watch(move |event| teller.tell(&event));

    // A script says nowhere where something is in it.
    let seekable = match args.file() {
        None if !args.is_plain() => standard_output::seekable()?,
        _ => None,
    };
    let object = args.file().map(object).transpose()?.flatten();
    let report = signal::run(args.product(), async {
        if let Some(place) = object {
            if args.is_directory() {
                return Err(pgdumprs::Error::ObjectFormat.into());
            }
            return Ok(dump.to_object(&place).await?);
        }
        Ok(match (args.file(), seekable) {
            (Some(folder), _) if args.is_directory() => dump.to_directory(folder).await?,
            (Some(file), _) => dump.to_file(file).await?,
            (None, Some(output)) => dump.to_seekable(output).await?.1,
            (None, None) => dump.to_std_writer(std::io::stdout()).await?.1,
        })
    })?;
    if args.telling.summarizes() {
        say_chosen(&report.chosen_rows);
        summarize(&report, args.product());
    }
    if let Some(sink) = report_sink {
        let report = DumpReport::new(&report, args.file());
        sink.write(&report, "the archive is complete")?;
    }
    Ok(())
}

/// Adds what the command line tells of a failure, and says with `-v` what the error has no room for.
fn explain(error: anyhow::Error, args: &DumpArgs, params: &ConnectParams) -> Failure {
    let of_dump = error.downcast_ref::<pgdumprs::Error>();
    if args.telling.verbosity() == Verbosity::Verbose {
        for object in of_dump.map_or(&[][..], pgdumprs::Error::forbidden) {
            say(format_args!("may not be read: {object}"));
        }
    }
    let hint = match of_dump {
        Some(of_dump @ pgdumprs::Error::Connect(_)) => unconnected(of_dump, args, params),
        _ => None,
    };
    Failure::from(error).hint(hint)
}

/// What may have been meant by the name of a database that there is no connection to.
fn unconnected(error: &pgdumprs::Error, args: &DumpArgs, params: &ConnectParams) -> Option<String> {
    // invalid_catalog_name: there is no such database
    let is_unknown = error.sqlstate() == Some("3D000");
    match args.positional_dbname() {
        Some(name) => words::advice(name).or_else(|| {
            (is_unknown && Path::new(name).is_file()).then(|| {
                "that is the name of a file, which pgdumprs list, verify and cat look into and pg_restore restores".into()
            })
        }),
        None => (is_unknown && params.get("dbname").is_none()).then(|| {
            "no database was named, so that the user's name was taken: name it with -d, or by PGDATABASE".into()
        }),
    }
}

/// Says what a dump came to; `product` is what it is.
fn summarize(report: &Report, product: &str) {
    say(format_args!(
        "dumped {} entries, {} tables with {} rows, {} large objects: {} bytes of data in {} of {} bytes, in {:.1} s",
        report.entries,
        report.tables,
        report.rows,
        report.large_objects,
        report.raw_bytes,
        if product == "script" {
            "a script"
        } else {
            "an archive"
        },
        report.archive_bytes,
        report.elapsed.as_secs_f64(),
    ));
}
