//! `pgdumprs verify`: reads all of an archive and says whether it is sound.

use std::io::Read;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};
use indicatif::HumanCount;
use pgdumprs::archive::{BlockContent, Header, Reader, Verified};

use crate::args::encryption::IdentityArgs;
use crate::commands::archive;
use crate::commands::server_backup;
use crate::commands::sizes::bytes;
use crate::message::visible;
use crate::output::print;

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Archive in the custom, directory or tar format, also s3://, gs:// or az://, or - for standard input; or the folder of dump --all
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    encryption: IdentityArgs,
}

/// Prints what the archive holds and that it is sound; fails at the first damage. Of a whole server, each file is read.
pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    if let Some(backup) = server_backup::find(&args.file)? {
        let backup = backup.identities(args.encryption.identities(&args.file)?);
        return server_backup::verify(&backup, &archive::name(&args.file));
    }
    verify(
        archive::open(&args.file, &args.encryption)?,
        &archive::name(&args.file),
    )
}

fn verify(mut reader: Reader<impl Read>, name: &str) -> anyhow::Result<()> {
    let verified = reader.verify().map_err(|damage| {
        let what = format!("{name} {}", damage.in_words());
        anyhow::Error::new(damage).context(what)
    })?;
    print(|output| {
        writeln!(output, "{}", visible(&origin(reader.header())))?;
        for (what, found) in counts(&verified) {
            writeln!(output, "{what:15}{found}")?;
        }
        if !verified.is_in_order {
            writeln!(
                output,
                "order          not that of the table of contents: pg_restore reads it from a file, and not from a pipe"
            )?;
        }
        writeln!(
            output,
            "{} is sound: all of its {} bytes were read",
            visible(name),
            HumanCount(verified.archive_bytes)
        )
    })
}

fn origin(header: &Header) -> String {
    fn or_unknown(text: &Option<BString>) -> &BStr {
        text.as_ref()
            .map_or(BStr::new("(unknown)"), |text| text.as_bstr())
    }
    format!(
        "archive version {}, compression {}, of database \"{}\" on PostgreSQL {}, written by {}{}",
        header.version,
        header.compression.name(),
        or_unknown(&header.database),
        or_unknown(&header.server_version),
        // pg_dump puts no more than its version there.
        if header
            .dumper_version
            .as_ref()
            .is_some_and(|text| text.starts_with_str("pgdumprs"))
        {
            ""
        } else {
            "pg_dump "
        },
        or_unknown(&header.dumper_version),
    )
}

fn counts(verified: &Verified) -> [(&'static str, String); 3] {
    let number = |found: usize| HumanCount(found as u64);
    let blocks = |chosen: fn(&BlockContent) -> bool| {
        verified
            .blocks
            .iter()
            .filter(move |block| chosen(&block.content))
    };
    let sizes = |chosen: fn(&BlockContent) -> bool| {
        let raw = blocks(chosen).map(|block| block.raw_bytes).sum();
        let stored = blocks(chosen).map(|block| block.stored_bytes).sum();
        format!("{}, stored in {}", bytes(raw), bytes(stored))
    };
    let objects = |content: &BlockContent| matches!(content, BlockContent::LargeObjects(_));
    let absent = match verified.absent_dependencies {
        0 => String::new(),
        absent => format!(", {} of them on what is not in the archive", number(absent)),
    };
    let statements = blocks(|content| matches!(content, BlockContent::Statements)).count();
    let statements = match statements {
        0 => String::new(),
        tables => format!(", and {} as INSERT statements", number(tables)),
    };
    [
        (
            "entries",
            format!(
                "{}, with {} dependencies{absent}",
                number(verified.entries),
                number(verified.dependencies)
            ),
        ),
        (
            "tables",
            format!(
                "{}, with {} rows of COPY text{statements}: {}",
                number(verified.tables()),
                HumanCount(verified.rows()),
                sizes(|content| !matches!(content, BlockContent::LargeObjects(_)))
            ),
        ),
        (
            "large objects",
            format!(
                "{}: {}",
                HumanCount(verified.large_objects()),
                sizes(objects)
            ),
        ),
    ]
}
