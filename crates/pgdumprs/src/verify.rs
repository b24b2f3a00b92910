//! Reads back what a dump has written.

use std::fs::File;
use std::io::{Read, Seek};

use pgdumprs_archive::{BlockContent, Damage, FolderFiles, Reader};

use crate::{Error, Report};

/// Verifies the archive in `file`, and that it holds what `report` says.
pub(crate) fn verify_file(file: &mut File, report: &Report) -> Result<(), Error> {
    let reader = file
        .rewind()
        .map_err(|source| pgdumprs_archive::Error::Read { offset: 0, source })
        .and_then(|()| Reader::new(file));
    verify(reader, report)
}

/// Verifies the archive that a folder with these files will be, and that it holds what `report` says.
pub(crate) fn verify_folder(files: &FolderFiles, report: &Report) -> Result<(), Error> {
    verify(files.reader(), report)
}

fn verify<R: Read>(
    reader: Result<Reader<R>, pgdumprs_archive::Error>,
    report: &Report,
) -> Result<(), Error> {
    let verified = reader
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
