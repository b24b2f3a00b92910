//! Archives put on one footing: stock's with the definitions restated that the server it was made from refuses, and without what this
//! server knows nothing like; ours without what the tool that wrote stock's is too old to say.

use std::fs::File;
use std::io::{self, BufWriter};

use anyhow::{Context, Result};
use bstr::BString;
use pgdumprs_archive::{Block, Compression, Entry, Header, Reader, Writer};
use tempfile::NamedTempFile;

use super::archive::{Archive, describe};
use super::report::Comparison;
use super::{refused, renumbered, unsaid};

/// The archive to compare ours with: stock's itself, or a copy in which definitions are restated and entries left out, with a note of
/// which.
pub(super) fn of(stock: Archive, ours: &Archive, comparison: &mut Comparison) -> Result<Archive> {
    let Some(major) = leading_number(stock.header().server_version.as_ref()) else {
        return Ok(stock);
    };
    let mut entries = stock.entries().to_vec();
    let (mut names, mut left_out, mut numbered) = (Vec::new(), Vec::new(), Vec::new());
    entries.retain(|entry| {
        let is_left_out = refused::is_left_out(entry, major);
        if is_left_out {
            left_out.push(describe(entry));
        }
        !is_left_out
    });
    for entry in &mut entries {
        if let Some(definition) = refused::restated(entry, major) {
            names.push(describe(entry));
            entry.definition = Some(definition);
        } else if entry.descriptor == "EXTENDED STATISTICS DATA" {
            let mut possible = renumbered::possible(entry, stock.entries());
            let said = possible.iter().position(|text| says(ours, entry, text));
            if !possible.is_empty() {
                let definition = Some(possible.swap_remove(said.unwrap_or(0)));
                if entry.definition != definition {
                    entry.definition = definition;
                    numbered.push(describe(entry));
                }
            }
        }
    }
    if names.is_empty() && left_out.is_empty() && numbered.is_empty() {
        return Ok(stock);
    }
    let refused = format!("stock's definitions that PostgreSQL {major} refuses were ");
    for (names, what) in [
        (names, format!("{refused}restated")),
        (left_out, format!("{refused}left out")),
        (numbered, "columns were renumbered in stock's".to_owned()),
    ] {
        if !names.is_empty() {
            comparison.note(format!("{what}: {}", names.join(", ")));
        }
    }
    copy(stock, &entries)
}

/// Whether an archive has this definition for an entry.
fn says(archive: &Archive, entry: &Entry, definition: &BString) -> bool {
    archive.entries().iter().any(|other| {
        other.descriptor == entry.descriptor
            && other.namespace == entry.namespace
            && other.tag == entry.tag
            && other.definition.as_ref() == Some(definition)
    })
}

/// Ours, as the tool that wrote stock's archive can say it: a copy, where that tool leaves out what newer ones say.
pub(super) fn as_said_by_the_writer_of(
    stock: &Archive,
    ours: Archive,
    comparison: &mut Comparison,
) -> Result<Archive> {
    let Some(writer) = leading_number(stock.header().dumper_version.as_ref()) else {
        return Ok(ours);
    };
    let mut entries = ours.entries().to_vec();
    let mut names = Vec::new();
    for entry in &mut entries {
        if let Some(definition) = unsaid::without_what_is_newer(entry, writer) {
            names.push(describe(entry));
            entry.definition = Some(definition);
        }
    }
    if names.is_empty() {
        return Ok(ours);
    }
    comparison.note(format!(
        "what pg_dump {writer} leaves out was taken out of: {}",
        names.join(", ")
    ));
    copy(ours, &entries)
}

/// A copy of an archive with these entries in place of its own.
fn copy(mut archive: Archive, entries: &[Entry]) -> Result<Archive> {
    let header = Header {
        compression: Compression::None,
        ..archive.header().clone()
    };
    let copy = NamedTempFile::new().context("creating a file for an archive")?;
    copy_data(archive.reader(), copy.as_file(), &header, entries)
        .with_context(|| format!("copying {}", archive.path().display()))?;
    Archive::temporary(copy)
}

/// The major of a version: the number that it begins with.
fn leading_number(version: Option<&BString>) -> Option<u16> {
    let digits = version?.iter().take_while(|byte| byte.is_ascii_digit());
    let digits: String = digits.map(|&byte| char::from(byte)).collect();
    digits.parse().ok()
}

fn copy_data(from: &mut Reader<File>, to: &File, header: &Header, entries: &[Entry]) -> Result<()> {
    let mut writer = Writer::seekable(BufWriter::new(to), header, entries)?;
    for entry in entries.iter().filter(|entry| entry.had_dumper) {
        match from.block(entry.dump_id)? {
            Block::Data(mut data) => {
                writer.begin_data(entry.dump_id)?;
                io::copy(&mut data, &mut Stream(&mut writer))?;
            }
            Block::LargeObjects(mut block) => {
                writer.begin_blobs(entry.dump_id)?;
                while let Some(mut object) = block.next_object()? {
                    writer.begin_blob(object.oid())?;
                    io::copy(&mut object, &mut Stream(&mut writer))?;
                    writer.end_blob()?;
                }
            }
        }
        writer.end()?;
    }
    writer.finish()?;
    Ok(())
}

/// The block that is being written.
struct Stream<'a, W: io::Write>(&'a mut Writer<W>);

impl<W: io::Write> io::Write for Stream<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
