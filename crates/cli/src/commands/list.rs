//! `pgdumprs list`: the table of contents of an archive.

mod json;
mod table;

use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::bail;
use pgdumprs::archive::{Reader, Verified};
use pgdumprs::created_text;

use crate::args::encryption::IdentityArgs;
use crate::commands::archive;
use crate::commands::server_backup;
use crate::output::{print, print_names};

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Archive in the custom, directory or tar format, also s3://, gs:// or az://, or - for standard input; or the folder of dump --all
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print everything as JSON, for programs
    #[arg(long, help_heading = "General options")]
    json: bool,

    /// Print how many rows and bytes the data of each table has, raw and as it is stored; reads the whole archive
    #[arg(long, help_heading = "General options")]
    sizes: bool,

    /// Print dependencies as well, and entries that pg_restore handles by itself
    #[arg(short, long, help_heading = "General options")]
    verbose: bool,

    #[command(flatten)]
    encryption: IdentityArgs,
}

/// Prints the table of contents, or the databases of a whole server.
pub(crate) fn run(args: &ListArgs) -> anyhow::Result<()> {
    if let Some(backup) = server_backup::find(&args.file)? {
        if args.sizes {
            bail!(
                "option --sizes is for one archive, and {} is the dump of a whole server",
                archive::name(&args.file)
            );
        }
        return server_backup::list(&backup, args.json);
    }
    list(archive::open(&args.file, &args.encryption)?, args)
}

fn list(mut reader: Reader<impl Read>, args: &ListArgs) -> anyhow::Result<()> {
    let sizes = args.sizes.then(|| sizes(&mut reader, args)).transpose()?;
    if args.json {
        return print(|mut output| json::write(&reader, sizes.as_ref(), &mut output));
    }
    print_names(|mut output| match &sizes {
        Some(sizes) => table::write(&reader, sizes, &mut output),
        None => reader.write_list(
            &created_text(reader.header().created),
            args.verbose,
            &mut output,
        ),
    })
}

fn sizes(reader: &mut Reader<impl Read>, args: &ListArgs) -> anyhow::Result<Verified> {
    use anyhow::Context;
    reader.verify().with_context(|| archive::name(&args.file))
}

/// Turns what serde_json reports into what the output said.
fn io_error(error: serde_json::Error) -> io::Error {
    error.into()
}
