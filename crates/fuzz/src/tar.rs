//! Samples as tar files, and damage to these.

use anyhow::{Context, Result};
use fastrand::Rng;
use pgdumprs_archive::{Block, Compression, Header, Reader, Writer};

/// What every head of a member and every member's data begin at a multiple of.
const BLOCK: usize = 512;

/// The sample's content as a tar file; `None` for versions that are read and not written.
pub(crate) fn of(archive: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut reader = Reader::new(archive)?;
    if !reader.header().version.is_writable() {
        return Ok(None);
    }
    let header = Header {
        compression: Compression::None,
        ..reader.header().clone()
    };
    let mut writer = Writer::tar(Vec::new(), &header, reader.entries())?;
    let mut buffer = vec![0; 64 << 10];
    while let Some(block) = reader.next_block()? {
        match block {
            Block::Data(mut data) => {
                writer.begin_data(data.dump_id())?;
                loop {
                    match data.read_data(&mut buffer)? {
                        0 => break,
                        count => writer.write(&buffer[..count])?,
                    }
                }
            }
            Block::LargeObjects(mut block) => {
                writer.begin_blobs(block.dump_id())?;
                while let Some(mut object) = block.next_object()? {
                    writer.begin_blob(object.oid())?;
                    loop {
                        match object.read_data(&mut buffer)? {
                            0 => break,
                            count => writer.write(&buffer[..count])?,
                        }
                    }
                    writer.end_blob()?;
                }
            }
        }
        writer.end()?;
    }
    writer.finish().map(Some).context("writing a tar file")
}

/// Damages a tar file: blocks that are missing, repeated or changed, with heads whose checksums are right all the same.
pub(crate) fn damage(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..rng.usize(1..=3) {
        let blocks = bytes.len() / BLOCK;
        if blocks == 0 {
            return;
        }
        let at = rng.usize(..blocks) * BLOCK;
        let end = bytes.len().min(at + rng.usize(1..=4) * BLOCK);
        match rng.u8(..6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            2 => bytes[at..at + BLOCK].fill(0),
            // The table of contents has more to damage than all else.
            3 | 4 => {
                let among = bytes.len().min(16 * BLOCK);
                let place = rng.usize(..among);
                bytes[place] = rng.u8(..);
            }
            _ => {
                let head = &mut bytes[at..at + BLOCK];
                // The name, the length, or the type.
                let place = match rng.u8(..3) {
                    0 => rng.usize(..20),
                    1 => rng.usize(124..136),
                    _ => 156,
                };
                head[place] = rng.choice(*b"0123457./_-\x80\xff\0b").unwrap_or(0);
                seal(head);
            }
        }
    }
}

/// Puts the right checksum into a head.
fn seal(head: &mut [u8]) {
    head[148..156].fill(b' ');
    let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}
