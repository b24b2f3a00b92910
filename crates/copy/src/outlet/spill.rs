//! A temporary file for what has to wait longer than there is memory for it.
//!
//! It is divided into blocks of one size. Those that have been read again take what is put aside later, so that the file is no longer than what waited
//! at a time.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::item::Item;

const BLOCK: u64 = 1 << 20;

/// Bytes that are written and read at once.
const BUFFER: usize = 64 << 10;

/// The file. Clones are one.
#[derive(Debug, Clone)]
pub(super) struct Spill(Arc<Mutex<Blocks>>);

#[derive(Debug)]
struct Blocks {
    file: File,
    /// How many blocks it has.
    count: u64,
    free: Vec<u64>,
}

impl Spill {
    /// One in a file that is open for reading and writing, and empty.
    pub(super) fn new(file: File) -> Self {
        Self(Arc::new(Mutex::new(Blocks {
            file,
            count: 0,
            free: Vec::new(),
        })))
    }

    /// Begins to put something aside.
    pub(super) fn begin(&self) -> Spilling {
        let run = Run {
            spill: self.clone(),
            blocks: VecDeque::new(),
            start: 0,
            end: 0,
        };
        Spilling(BufWriter::with_capacity(BUFFER, run))
    }

    /// The blocks. Whatever went wrong in here, each is free or somebody's.
    fn lock(&self) -> MutexGuard<'_, Blocks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes in some blocks of the file, which are free again when it is dropped.
struct Run {
    spill: Spill,
    blocks: VecDeque<u64>,
    /// Where it begins in the first of them.
    start: u64,
    /// Where it ends, counted from the beginning of the first of them.
    end: u64,
}

impl Run {
    /// Goes to a place, counted from the beginning of the first block, and says how much of its block comes behind it.
    fn seek(blocks: &mut Blocks, own: &VecDeque<u64>, place: u64) -> io::Result<usize> {
        let index = usize::try_from(place / BLOCK).map_err(io::Error::other)?;
        let within = place % BLOCK;
        blocks
            .file
            .seek(SeekFrom::Start(own[index] * BLOCK + within))?;
        usize::try_from(BLOCK - within).map_err(io::Error::other)
    }
}

impl Write for Run {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut blocks = self.spill.lock();
        if self.end == self.blocks.len() as u64 * BLOCK {
            let free = blocks.free.pop().unwrap_or_else(|| {
                blocks.count += 1;
                blocks.count - 1
            });
            self.blocks.push_back(free);
        }
        let room = Self::seek(&mut blocks, &self.blocks, self.end)?;
        let written = blocks.file.write(&bytes[..bytes.len().min(room)])?;
        self.end += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Run {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut blocks = self.spill.lock();
        let left = usize::try_from(self.end - self.start).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let there = Self::seek(&mut blocks, &self.blocks, self.start)?;
        let read = blocks.file.read(&mut buffer[..wanted.min(there)])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.start += read as u64;
        if self.start == BLOCK {
            blocks.free.extend(self.blocks.pop_front());
            (self.start, self.end) = (0, self.end - BLOCK);
        }
        Ok(read)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.spill.lock().free.extend(self.blocks.drain(..));
    }
}

/// What is being put aside.
pub(super) struct Spilling(BufWriter<Run>);

impl Spilling {
    pub(super) fn put(&mut self, item: &Item) -> io::Result<()> {
        item.write(&mut self.0)
    }

    /// All of it was put aside.
    pub(super) fn end(self) -> io::Result<Spilled> {
        let run = self
            .0
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        Ok(Spilled(Box::new(run)))
    }
}

/// What was put aside.
pub(crate) struct Spilled(Box<Run>);

impl Spilled {
    /// Reads it again.
    pub(super) fn read(self) -> Unspilling {
        Unspilling(BufReader::with_capacity(BUFFER, *self.0))
    }
}

impl fmt::Debug for Spilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spilled").finish_non_exhaustive()
    }
}

/// What was put aside, while it is read.
pub(super) struct Unspilling(BufReader<Run>);

impl Unspilling {
    /// The next item, `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        Item::read(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use pgdumprs_archive::Piece;

    use super::*;
    use crate::Step;

    fn items(seed: u8, chunks: usize) -> Vec<Item> {
        let mut items = vec![
            Item::Step(Step::BeginTable { dump_id: -7 }),
            Item::Step(Step::BeginLargeObjects { dump_id: 8 }),
            Item::Step(Step::BeginLargeObject { oid: u32::MAX }),
            Item::JoinBegins,
        ];
        items.extend((0..chunks).map(|at| Item::Step(Step::Chunk(vec![seed; 60_000 + at]))));
        items.extend([
            Item::PieceEnds(Piece {
                raw_length: 1 << 40,
                adler32: 77,
            }),
            Item::JoinEnds,
            Item::Step(Step::EndLargeObject),
            Item::Step(Step::EndBlock),
        ]);
        items
    }

    fn shown(items: &[Item]) -> String {
        format!("{items:?}")
    }

    fn read(spilled: Spilled) -> Vec<Item> {
        let mut spilled = spilled.read();
        std::iter::from_fn(|| spilled.next().unwrap()).collect()
    }

    #[test]
    fn what_was_put_aside_comes_again_and_its_blocks_are_used_again() {
        let spill = Spill::new(tempfile::tempfile().unwrap());
        let (one, other) = (items(1, 70), items(2, 50));
        let (mut first, mut second) = (spill.begin(), spill.begin());
        for (a, b) in one.iter().zip(&other) {
            first.put(a).unwrap();
            second.put(b).unwrap();
        }
        for item in &one[other.len()..] {
            first.put(item).unwrap();
        }
        let (first, second) = (first.end().unwrap(), second.end().unwrap());
        assert_eq!(shown(&read(second)), shown(&other));
        assert_eq!(shown(&read(first)), shown(&one));
        let count = spill.lock().count;
        assert_eq!(spill.lock().free.len() as u64, count);

        // One that is given up leaves nothing behind.
        let mut lost = spill.begin();
        for item in &one {
            lost.put(item).unwrap();
        }
        drop(lost);
        assert_eq!(spill.lock().count, count);
        assert_eq!(spill.lock().free.len() as u64, count);
    }
}
