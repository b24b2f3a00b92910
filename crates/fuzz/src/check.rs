//! What must hold of whatever is read, damaged or not.

use std::collections::HashMap;
use std::io::{self, Cursor, Read};

use anyhow::{Context, Result, anyhow, bail, ensure};
use pgdumprs_archive::{Block, BlockContent, Error, Reader, Verified};

/// What was read of a block: bytes, and a hash of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digest {
    length: u64,
    hash: u64,
}

/// The blocks of an archive by dump id.
type Blocks = HashMap<i32, Digest>;

/// Reads an archive in every way there is. Damage may come out as errors, as long as every way agrees. Tells whether the archive is sound.
pub(crate) fn check(bytes: &[u8]) -> Result<bool> {
    let front_to_back = read_all(bytes);
    let trickled = read_all(Trickle(bytes));
    match (&front_to_back, &trickled) {
        (Ok(one), Ok(other)) => ensure!(one == other, "small reads give other data"),
        // What a decompressor says of the same damage can depend on how its input was cut; where it is cannot.
        (Err(one), Err(other)) => ensure!(
            place(one) == place(other),
            "small reads give another error: {one}, but {other}"
        ),
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => {
            bail!("small reads make a difference: {error}")
        }
    }
    let by_id = read_by_id(bytes);
    if let (Ok(blocks), Ok(by_id)) = (&front_to_back, &by_id) {
        for (dump_id, digest) in by_id {
            ensure!(
                blocks.get(dump_id) == Some(digest),
                "entry {dump_id} has other data by its offset"
            );
        }
    }
    let walks = [
        Reader::new(bytes).and_then(walk),
        Reader::seekable(Cursor::new(bytes)).and_then(walk),
    ];
    let verified = Reader::new(bytes)
        .map_err(Into::into)
        .and_then(|mut reader| reader.verify());
    let sound = verified.is_ok();
    if let Ok(verified) = &verified {
        let blocks = also_sound(&front_to_back)?;
        also_sound(&by_id)?;
        for walked in &walks {
            also_sound(walked)?;
        }
        check_verified(bytes, verified, blocks)?;
    }
    list(bytes)?;
    let errors = [
        front_to_back.err(),
        by_id.err(),
        verified.err().map(|damage| damage.error),
    ];
    let walked = walks.into_iter().filter_map(Result::err);
    for error in errors.into_iter().flatten().chain(walked) {
        check_error(&error, bytes.len())?;
    }
    Ok(sound)
}

fn also_sound<T>(outcome: &Result<T, Error>) -> Result<&T> {
    outcome
        .as_ref()
        .map_err(|error| anyhow!("verified, and yet: {error}"))
}

/// What is said of a sound archive must agree with what is in it.
fn check_verified(bytes: &[u8], verified: &Verified, blocks: &Blocks) -> Result<()> {
    let length = bytes.len() as u64;
    ensure!(
        verified.archive_bytes == length,
        "not all of it was verified"
    );
    ensure!(
        verified.stored_bytes() <= length,
        "more is stored than there is"
    );
    ensure!(verified.blocks.len() == blocks.len(), "blocks are missing");
    let mut reader = Reader::seekable(Cursor::new(bytes))?;
    for block in &verified.blocks {
        let digest = blocks
            .get(&block.dump_id)
            .context("another block was verified")?;
        match block.content {
            BlockContent::Rows(_) => {
                ensure!(block.raw_bytes < digest.length, "rows have no end");
                let Block::Data(data) = reader.block(block.dump_id)? else {
                    bail!("rows in a block of large objects");
                };
                let rows = io::copy(&mut data.into_rows(), &mut io::sink())?;
                // Rows are cut off where the end usually is; others are told, not shown.
                ensure!(
                    rows == block.raw_bytes,
                    "{rows} bytes of rows, not {}",
                    block.raw_bytes
                );
            }
            _ => ensure!(
                block.raw_bytes == digest.length,
                "another length was verified"
            ),
        }
    }
    Ok(())
}

/// An error must be one of damage, and point into the file.
fn check_error(error: &Error, length: usize) -> Result<()> {
    let Some(offset) = place(error) else {
        ensure!(
            matches!(
                error,
                Error::NotAnArchive(_) | Error::UnsupportedVersion { .. }
            ),
            "damage gave {error:?}"
        );
        return Ok(());
    };
    // An offset that is itself damaged is reported as it stands in the file.
    let wild = error.to_string().contains("a data offset points");
    ensure!(
        wild || offset <= length as u64,
        "{error}, in a file of {length} bytes"
    );
    Ok(())
}

/// Where an error says the damage is, if it does.
fn place(error: &Error) -> Option<u64> {
    match error {
        Error::Truncated { offset, .. }
        | Error::Corrupt { offset, .. }
        | Error::MissingData { offset, .. } => Some(*offset),
        _ => None,
    }
}

fn read_all(input: impl Read) -> Result<Blocks, Error> {
    let mut reader = Reader::new(input)?;
    let mut blocks = Blocks::new();
    while let Some(block) = reader.next_block()? {
        blocks.insert(block.dump_id(), digest(block)?);
    }
    Ok(blocks)
}

/// Each block by its id, the last first.
fn read_by_id(bytes: &[u8]) -> Result<Blocks, Error> {
    let mut reader = Reader::seekable(Cursor::new(bytes))?;
    let with_data = reader.entries().iter().filter(|entry| entry.had_dumper);
    let ids: Vec<i32> = with_data.map(|entry| entry.dump_id).collect();
    let read = |dump_id: i32| Ok((dump_id, digest(reader.block(dump_id)?)?));
    ids.into_iter().rev().map(read).collect()
}

fn walk<R: Read>(mut reader: Reader<R>) -> Result<(), Error> {
    while reader.next_block()?.is_some() {}
    Ok(())
}

fn list(bytes: &[u8]) -> Result<()> {
    let Ok(reader) = Reader::new(bytes) else {
        return Ok(());
    };
    let mut list = Vec::new();
    reader.write_list("now", true, &mut list)?;
    let lines = list.iter().filter(|&&byte| byte == b'\n').count();
    ensure!(lines >= reader.entries().len(), "an entry has no line");
    Ok(())
}

fn digest<R: Read>(block: Block<'_, R>) -> Result<Digest, Error> {
    let mut digest = Digest {
        length: 0,
        hash: 0xcbf2_9ce4_8422_2325,
    };
    match block {
        Block::Data(mut block) => digest.take(|buffer| block.read_data(buffer))?,
        Block::LargeObjects(mut block) => {
            while let Some(mut object) = block.next_object()? {
                digest.mix(u64::from(object.oid()));
                digest.take(|buffer| object.read_data(buffer))?;
            }
        }
    }
    Ok(digest)
}

impl Digest {
    fn take(
        &mut self,
        mut read: impl FnMut(&mut [u8]) -> Result<usize, Error>,
    ) -> Result<(), Error> {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            match read(&mut buffer)? {
                0 => return Ok(()),
                count => {
                    self.length += count as u64;
                    // Byte by byte, so that it does not matter how the data was cut into reads.
                    buffer[..count]
                        .iter()
                        .for_each(|&byte| self.mix(u64::from(byte)));
                }
            }
        }
    }

    /// One step of FNV-1a.
    fn mix(&mut self, value: u64) {
        self.hash = (self.hash ^ value).wrapping_mul(0x0100_0000_01b3);
    }
}

/// An input that gives little at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(61);
        self.0.read(&mut buffer[..length])
    }
}
