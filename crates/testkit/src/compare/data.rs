//! F4: the data of tables, decompressed.

use std::io::Read;

use anyhow::{Context, Result, bail};
use pgdumprs_archive::{Block, DataBlock, Entry};

use super::alignment::Alignment;
use super::archive::{Archive, describe};
use super::difference;
use super::report::{Comparison, Rule};

/// How many bytes before and after the first differing one are shown.
const SHOWN: usize = 60;

/// Compares every table's data, read side by side. A block that cannot be read is a difference.
pub(super) fn compare(
    stock: &mut Archive,
    ours: &mut Archive,
    alignment: &Alignment,
    comparison: &mut Comparison,
) -> Result<()> {
    for &(stock_position, our_position) in &alignment.pairs {
        let theirs = stock.entries()[stock_position].clone();
        let own = ours.entries()[our_position].clone();
        // One with data and one without is a field that F2 reports.
        if !theirs.had_dumper || !own.had_dumper || theirs.descriptor == "BLOBS" {
            continue;
        }
        let name = describe(&theirs);
        let mut theirs = table_data(stock, &theirs).context("stock's archive")?;
        let outcome =
            table_data(ours, &own).and_then(|mut own| first_difference(&mut theirs, &mut own));
        match outcome {
            Ok(None) => {}
            Ok(Some(shown)) => comparison.difference(Rule::F4, format!("{name}: {shown}")),
            Err(error) => comparison.difference(Rule::F4, format!("{name}: {error:#}")),
        }
    }
    Ok(())
}

fn table_data<'a>(
    archive: &'a mut Archive,
    entry: &Entry,
) -> Result<DataBlock<'a, impl Read + use<>>> {
    match archive.reader().block(entry.dump_id)? {
        Block::Data(block) => Ok(block),
        Block::LargeObjects(_) => bail!("{} holds large objects", describe(entry)),
    }
}

/// Shows where two streams first differ; `None` when they are the same.
fn first_difference(stock: &mut impl Read, ours: &mut impl Read) -> Result<Option<String>> {
    let mut theirs = vec![0; 1 << 16];
    let mut own = vec![0; 1 << 16];
    // The end of the part before, to show what stands before a difference at a part's start.
    let mut before: Vec<u8> = Vec::new();
    let mut offset: u64 = 0;
    let mut lines: u64 = 1;
    loop {
        let their_length = fill(stock, &mut theirs).context("stock's data")?;
        let own_length = fill(ours, &mut own).context("our data")?;
        let (left, right) = (&theirs[..their_length], &own[..own_length]);
        if left != right {
            let at = left.iter().zip(right).take_while(|(l, r)| l == r).count();
            let total = |seen: usize, rest: u64| offset + seen as u64 + rest;
            let their_total = total(their_length, drain(stock)?);
            let own_total = total(own_length, drain(ours)?);
            let line = lines + newlines(&left[..at]);
            let show = |part: &[u8]| {
                let joined = [&before, part].concat();
                let at = before.len() + at;
                let from = at.saturating_sub(SHOWN);
                let to = joined.len().min(at + SHOWN);
                format!("{:?}", difference::readable(&joined[from..to]))
            };
            return Ok(Some(format!(
                "differs at byte {} (line {line}); stock has {their_total} bytes, ours {own_total}\n  - {}\n  + {}",
                offset + at as u64,
                show(left),
                show(right)
            )));
        }
        if left.is_empty() {
            return Ok(None);
        }
        offset += left.len() as u64;
        lines += newlines(left);
        before = left[left.len().saturating_sub(SHOWN)..].to_vec();
    }
}

/// Reads until the buffer is full or the data ends.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match input.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

fn drain(input: &mut impl Read) -> Result<u64> {
    Ok(std::io::copy(input, &mut std::io::sink())?)
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(stock: &[u8], ours: &[u8]) -> Option<String> {
        first_difference(&mut &stock[..], &mut &ours[..]).unwrap()
    }

    #[test]
    fn equal_data_have_no_difference() {
        let data = b"1\tx\n".repeat(100_000);
        assert_eq!(compare(&data, &data), None);
        assert_eq!(compare(b"", b""), None);
    }

    #[test]
    fn the_first_differing_byte_is_placed() {
        let stock = b"1\tx\n".repeat(100_000);
        let mut ours = stock.clone();
        ours[280_002] = b'y';
        let shown = compare(&stock, &ours).unwrap();
        assert!(shown.contains("at byte 280002 (line 70001)"), "{shown}");
    }

    #[test]
    fn data_that_end_early_differ_where_they_end() {
        let stock = b"1\tx\n".repeat(16384);
        let shown = compare(&stock, &stock[..stock.len() - 4]).unwrap();
        assert!(shown.contains("at byte 65532 (line 16384)"), "{shown}");
        assert!(shown.contains("65536 bytes, ours 65532"), "{shown}");
        let longer = [&stock[..], b"2"].concat();
        let shown = compare(&stock, &longer).unwrap();
        assert!(shown.contains("at byte 65536 (line 16385)"), "{shown}");
    }
}
