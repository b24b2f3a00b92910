//! `pgdumprs restore`: restores an archive into a database, or makes SQL of it.

mod all;
pub(crate) mod ends;
mod execute;
mod itself;
mod options;
mod reached;

use std::io::{self, Read};

use anyhow::{Context, bail};
use pgdumprs::archive::Reader;
use pgdumprs::script::Warning;
use pgdumprs::{ArchiveInput, ArchiveScript};

use crate::commands::archive;
use crate::message::say;
use crate::output::print_names;
use crate::progress;
use crate::signal;

pub(crate) use options::{AdaptArgs, RestoreArgs, size};

/// Restores as `args` say.
pub(crate) fn run(args: &RestoreArgs) -> anyhow::Result<()> {
    args.check()?;
    let options = args.options()?;
    if args.is_all() {
        return all::run(args, options);
    }
    if args.has_database() {
        return execute::run(args, options);
    }
    let plain = args.plain(options)?;
    write(ArchiveScript::new(open(args)?, &plain)?, args)
}

/// Writes what a restore is, and restores nothing.
fn write<R>(mut script: ArchiveScript<R>, args: &RestoreArgs) -> anyhow::Result<()>
where
    R: Read + Send + 'static,
{
    let adapt = args.adapt()?;
    if !adapt.is_nothing() && !args.is_list() {
        for entry in script.rename(&adapt) {
            say(format_args!("{}", progress::restore::adapted(&entry)));
        }
    }
    for warning in script.warnings() {
        // What is odd about statements is none of a list's business.
        if !args.is_list() || matches!(warning, Warning::ListLine { .. }) {
            say(format_args!("warning: {warning}"));
        }
    }
    if let Some(file) = args.output() {
        itself::refuse(args.archive(), file)?;
    }
    if args.is_list() && args.output().is_none() {
        return print_names(|mut output| script.write_list(args.verbose(), &mut output));
    }
    let written = signal::run(args.product(), async {
        match args.output() {
            Some(file) if args.is_list() => script.list_to_file(args.verbose(), file).await?,
            Some(file) => script.to_file(file).await?,
            None => {
                script.to_std_writer(io::stdout()).await?;
            }
        }
        Ok(())
    });
    written.with_context(|| archive::name(args.archive()))
}

/// Opens the archive, and fails where it is in another format than the one that it must have.
fn open(args: &RestoreArgs) -> anyhow::Result<Reader<ArchiveInput>> {
    let reader = archive::open(args.archive(), &args.encryption)?;
    let found = reader.format();
    if let Some(format) = args.format()?.filter(|format| *format != found) {
        bail!(
            "{} is an archive in the {} format, and option -F/--format says {}",
            archive::name(args.archive()),
            found.to_string().to_lowercase(),
            format.to_string().to_lowercase()
        );
    }
    Ok(reader)
}
