//! Sizes as a table.

use std::io::{self, Read, Write};

use indicatif::HumanCount;
use pgdumprs::archive::{BlockContent, Reader, Verified};

use crate::commands::sizes::bytes;
use crate::message::visible;

/// A line: name, rows or objects, raw size, stored size, share.
type Line = [String; 5];

/// Writes a line for each block of data, the largest first, and a last one for all.
pub(super) fn write(
    reader: &Reader<impl Read>,
    verified: &Verified,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut blocks: Vec<_> = verified.blocks.iter().collect();
    blocks.sort_by_key(|block| std::cmp::Reverse(block.stored_bytes));
    let mut lines = vec![["data", "rows", "raw", "stored", "stored/raw"].map(String::from)];
    for block in blocks {
        let label = reader
            .entry(block.dump_id)
            .map(|entry| visible(&entry.label().to_string()));
        let rows = match block.content {
            BlockContent::Rows(rows) => HumanCount(rows).to_string(),
            BlockContent::LargeObjects(1) => "1 object".into(),
            BlockContent::LargeObjects(objects) => format!("{} objects", HumanCount(objects)),
            _ => "-".into(),
        };
        lines.push(line(
            label.unwrap_or_default(),
            rows,
            block.raw_bytes,
            block.stored_bytes,
        ));
    }
    lines.push(line(
        "total".into(),
        HumanCount(verified.rows()).to_string(),
        verified.raw_bytes(),
        verified.stored_bytes(),
    ));
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    for [name, rest @ ..] in &lines {
        write!(output, "{name:0$}", widths[0])?;
        for (cell, width) in rest.iter().zip(&widths[1..]) {
            write!(output, "  {cell:>width$}")?;
        }
        writeln!(output)?;
    }
    Ok(())
}

fn line(name: String, rows: String, raw: u64, stored: u64) -> Line {
    let share = match raw {
        0 => "-".into(),
        raw => format!("{:.0}%", stored as f64 * 100.0 / raw as f64),
    };
    [name, rows, bytes(raw), bytes(stored), share]
}
