//! `pgdumprs cat`: one table's rows.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::{Context, bail};
use bstr::{BString, ByteVec};
use pgdumprs::archive::{Block, Reader};
use pgdumprs::find_table_data;

use crate::args::encryption::IdentityArgs;
use crate::commands::archive;
use crate::output::print;

#[derive(Debug, clap::Args)]
pub(crate) struct CatArgs {
    /// Archive in the custom, directory or tar format, also s3://, gs:// or az://, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Table whose rows are printed: schema.table, or "Odd Schema"."Odd Table", or the table's name alone where only one has it
    #[arg(value_name = "TABLE")]
    table: OsString,

    #[command(flatten)]
    encryption: IdentityArgs,
}

/// Prints the rows of a table.
pub(crate) fn run(args: CatArgs) -> anyhow::Result<()> {
    cat(archive::open(&args.file, &args.encryption)?, args)
}

fn cat(mut reader: Reader<impl Read>, args: CatArgs) -> anyhow::Result<()> {
    let name = archive::name(&args.file);
    let Ok(table) = Vec::from_os_string(args.table) else {
        bail!("the table's name is not UTF-8");
    };
    let table = BString::from(table);
    let entry = find_table_data(reader.entries(), table.as_ref()).with_context(|| name.clone())?;
    let (dump_id, has_copy) = (entry.dump_id, entry.copy.is_some());
    let Block::Data(mut data) = reader.block(dump_id).with_context(|| name.clone())? else {
        bail!("{name}: the data of {table} are large objects");
    };
    print(|mut output| {
        if has_copy {
            io::copy(&mut data.into_rows(), &mut output).map(drop)
        } else {
            io::copy(&mut data, &mut output).map(drop)
        }
    })
    .with_context(|| name)
}
