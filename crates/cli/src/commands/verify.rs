//! `pgdumprs verify`: reads all of an archive and says whether it is sound.

use std::path::PathBuf;

use anyhow::Context;
use bstr::{BStr, BString, ByteSlice};
use pgdumprs::archive::{Header, Verified};

use crate::commands::archive;
use crate::commands::sizes::{bytes, count};

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Archive in the custom format, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Prints what the archive holds and that it is sound; fails at the first damage.
pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    let name = archive::name(&args.file);
    let mut reader = archive::open(&args.file)?;
    let verified = reader
        .verify()
        .with_context(|| format!("{name} is damaged"))?;
    archive::print(|output| {
        writeln!(output, "{}", origin(reader.header()))?;
        for (what, found) in counts(&verified) {
            writeln!(output, "{what:15}{found}")?;
        }
        writeln!(
            output,
            "{name} is sound: all of its {} bytes were read",
            count(verified.archive_bytes)
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

fn counts(verified: &Verified) -> Vec<(&'static str, String)> {
    let sizes = |large: bool| {
        let blocks = verified.blocks.iter();
        let chosen = blocks.filter(|block| {
            large
                == matches!(
                    block.content,
                    pgdumprs::archive::BlockContent::LargeObjects(_)
                )
        });
        let (raw, stored) = chosen.fold((0, 0), |(raw, stored), block| {
            (raw + block.raw_bytes, stored + block.stored_bytes)
        });
        format!("{}, stored in {}", bytes(raw), bytes(stored))
    };
    let absent = match verified.absent_dependencies {
        0 => String::new(),
        absent => format!(
            ", {} of them on what is not in the archive",
            count(absent as u64)
        ),
    };
    vec![
        (
            "entries",
            format!(
                "{}, with {} dependencies{absent}",
                count(verified.entries as u64),
                count(verified.dependencies as u64)
            ),
        ),
        (
            "tables",
            format!(
                "{}, with {} rows: {}",
                count(verified.tables() as u64),
                count(verified.rows()),
                sizes(false)
            ),
        ),
        (
            "large objects",
            format!("{}: {}", count(verified.large_objects()), sizes(true)),
        ),
    ]
}
