//! The archives that cases are made from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::map::{Map, OFFSET};
use crate::mutate::{int, splice};
use crate::tar;

/// A sound archive.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) map: Map,
    /// The same content in the tar format, if its version can be written.
    pub(crate) tar: Option<Vec<u8>>,
}

impl Sample {
    fn new(name: String, bytes: Vec<u8>) -> Result<Self> {
        let map = Map::of(&bytes).with_context(|| format!("{name} is no sound archive"))?;
        let tar = tar::of(&bytes).with_context(|| format!("{name} as a tar file"))?;
        Ok(Sample {
            name,
            bytes,
            map,
            tar,
        })
    }
}

/// Where the archives stand that stock `pg_dump` of each major and pgdumprs made.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Reads all archives, and adds one of version 1.13 for each of 1.14: no `pg_dump` of today writes such. To each that went to a pipe, it adds
/// what `pg_dump` since 16 leaves where its standard output is a file.
pub(crate) fn load() -> Result<Vec<Sample>> {
    let folder = folder();
    let reading = || format!("reading {}", folder.display());
    let mut samples = Vec::new();
    for file in fs::read_dir(&folder).with_context(reading)? {
        let path = file.with_context(reading)?.path();
        if path.extension().is_none_or(|extension| extension != "dump") {
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let sample = Sample::new(name.into_owned(), bytes)?;
        if sample.map.minor == 14 {
            samples.push(Sample::new(
                format!("{}-as-1.13", sample.name),
                as_1_13(&sample),
            )?);
        }
        if sample.name.ends_with("-pipe") {
            samples.push(Sample::new(
                format!("{}-redirected", sample.name),
                redirected(&sample),
            )?);
        }
        samples.push(sample);
    }
    ensure!(
        !samples.is_empty(),
        "there are no archives in {}",
        folder.display()
    );
    samples.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(samples)
}

/// The same archive with its table of contents once more behind the blocks, where the places of these are known.
fn redirected(sample: &Sample) -> Vec<u8> {
    let map = &sample.map;
    let toc = map.count..map.entries.last().map_or(map.count, |entry| entry.end);
    let mut blocks = map.blocks.iter();
    let mut repeated = sample.bytes[toc.clone()].to_vec();
    for at in &map.offsets {
        let field = &mut repeated[at - toc.start..][..OFFSET];
        // Unset: the entry has a block, and the blocks stand in the entries' order.
        if let (1, Some(block)) = (field[0], blocks.as_slice().first()) {
            field[0] = 2;
            field[1..].copy_from_slice(&(block.start as u64).to_le_bytes());
            blocks.next();
        }
    }
    [&sample.bytes[..], &repeated].concat()
}

/// The same archive without table access methods, which came with 1.14.
fn as_1_13(sample: &Sample) -> Vec<u8> {
    let removed: usize = sample
        .map
        .access_methods
        .iter()
        .map(|range| range.len())
        .sum();
    let mut edits = vec![(6..7, vec![13])];
    for range in &sample.map.access_methods {
        edits.push((range.clone(), Vec::new()));
    }
    for &at in &sample.map.offsets {
        if sample.bytes[at] == 2 {
            let place = &sample.bytes[at + 1..at + 9];
            let place = u64::from_le_bytes(place.try_into().unwrap_or_default());
            let moved = place.wrapping_sub(removed as u64);
            edits.push((at + 1..at + 9, moved.to_le_bytes().to_vec()));
        }
    }
    splice(&sample.bytes, edits)
}

/// A text as it stands in an archive.
pub(crate) fn text(bytes: &[u8]) -> Vec<u8> {
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    [&int(length)[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use pgdumprs_archive::Reader;

    use super::*;

    #[test]
    fn every_archive_is_sound_and_mapped() {
        let samples = load().unwrap();
        for sample in &samples {
            let verified = Reader::new(&sample.bytes[..]).unwrap().verify();
            let verified = verified.unwrap_or_else(|damage| panic!("{}: {damage}", sample.name));
            assert_eq!(verified.entries, sample.map.entries.len());
            assert_eq!(verified.blocks.len(), sample.map.blocks.len());
            if let Some(tar) = &sample.tar {
                let as_tar = Reader::new(&tar[..]).unwrap().verify().unwrap();
                assert_eq!(as_tar.raw_bytes(), verified.raw_bytes());
            }
        }
        for minor in [13, 14, 15, 16] {
            assert!(
                samples.iter().any(|sample| sample.map.minor == minor),
                "1.{minor}"
            );
        }
    }
}
