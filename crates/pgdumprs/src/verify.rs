//! Reads back what a dump has written.

use std::fs::File;
use std::io::Seek;

use pgdumprs_archive::{BlockContent, Damage, Reader};

use crate::{Error, Report};

/// Verifies the archive in `file`, and that it holds what `report` says.
pub(crate) fn verify(file: &mut File, report: &Report) -> Result<(), Error> {
    let verified = file
        .rewind()
        .map_err(|source| pgdumprs_archive::Error::Read { offset: 0, source })
        .and_then(|()| Reader::new(file))
        .map_err(Damage::from)
        .and_then(|mut reader| reader.verify())
        .map_err(Error::Verify)?;
    let statements = |content: &BlockContent| matches!(content, BlockContent::Statements);
    // Rows of INSERT statements are not counted.
    let rows = if verified
        .blocks
        .iter()
        .any(|block| statements(&block.content))
    {
        report.rows
    } else {
        verified.rows()
    };
    let counts = [
        ("bytes", report.archive_bytes, verified.archive_bytes),
        ("entries", report.entries as u64, verified.entries as u64),
        ("tables", report.tables, verified.tables() as u64),
        ("rows", report.rows, rows),
        (
            "large objects",
            report.large_objects,
            verified.large_objects(),
        ),
    ];
    for (what, dumped, found) in counts {
        if dumped != found {
            return Err(Error::Miscounted {
                what,
                dumped,
                found,
            });
        }
    }
    Ok(())
}
