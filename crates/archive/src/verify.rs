//! Verifies archives: reads all there is and counts it.

pub(crate) mod copy_text;

use std::{
    collections::HashSet,
    error, fmt,
    io::{self, ErrorKind, Read},
};

use bstr::{BString, ByteSlice};

use crate::{
    Block, DataBlock, Entry, Error, LargeObjectsBlock, Reader, Result,
    verify::copy_text::{Columns, CopyText},
};

/// Raw bytes looked at together.
const BUFFER_SIZE: usize = 128 * 1024;

/// What a sound archive holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Entries of the table of contents.
    pub entries: usize,
    /// Dependencies between entries.
    pub dependencies: usize,
    /// Dependencies on entries that are not there. `pg_dump` leaves such where only parts of a database were dumped, and
    /// `pg_restore` ignores them.
    pub absent_dependencies: usize,
    /// The blocks of data, in their order.
    pub blocks: Vec<VerifiedBlock>,
    /// Whether the blocks stand in the order of their entries. Otherwise `pg_restore` reads the archive from a file, and not from a pipe.
    pub is_in_order: bool,
    /// Bytes of the archive.
    pub archive_bytes: u64,
}

/// What one block of data holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedBlock {
    /// The entry that it belongs to.
    pub dump_id: i32,
    /// What kind of data it is.
    pub content: BlockContent,
    /// Bytes of rows or large objects, decompressed. The line that ends a table's rows is not counted.
    pub raw_bytes: u64,
    /// Bytes that these take in the archive, compressed as they are, without what frames them.
    pub stored_bytes: u64,
}

/// The kinds of data that a block can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockContent {
    /// Rows of a table, as COPY text.
    Rows(u64),
    /// Statements that insert the rows of a table: they are not looked into.
    Statements,
    /// Large objects.
    LargeObjects(u64),
}

impl Verified {
    /// Blocks that hold data of tables.
    pub fn tables(&self) -> usize {
        let large = |block: &&VerifiedBlock| matches!(block.content, BlockContent::LargeObjects(_));
        self.blocks.len() - self.blocks.iter().filter(large).count()
    }

    /// Rows in all blocks of COPY text.
    pub fn rows(&self) -> u64 {
        let rows = self.blocks.iter().map(|block| match block.content {
            BlockContent::Rows(rows) => rows,
            _ => 0,
        });
        rows.sum()
    }

    /// Large objects in all blocks.
    pub fn large_objects(&self) -> u64 {
        let objects = self.blocks.iter().map(|block| match block.content {
            BlockContent::LargeObjects(objects) => objects,
            _ => 0,
        });
        objects.sum()
    }

    /// Bytes of all data, decompressed.
    pub fn raw_bytes(&self) -> u64 {
        self.blocks.iter().map(|block| block.raw_bytes).sum()
    }

    /// Bytes that all data takes in the archive.
    pub fn stored_bytes(&self) -> u64 {
        self.blocks.iter().map(|block| block.stored_bytes).sum()
    }
}

/// What [`Reader::verify_with`] meets on its way, piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Met<'a> {
    /// The data of an entry begins.
    Block {
        /// The entry.
        dump_id: i32,
    },
    /// A large object begins, in the block that was met last.
    LargeObject {
        /// Its number.
        oid: u32,
    },
    /// Some bytes of what has begun, decompressed; of rows, with the line that ends them and what is behind it.
    Data(&'a [u8]),
}

/// The first thing that is wrong with an archive, and the entry it belongs to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Damage {
    /// The entry whose data is damaged or missing; `None` for damage to the table of contents.
    pub dump_id: Option<i32>,
    /// The entry as `pg_restore -l` names it: descriptor, schema and tag.
    pub name: Option<BString>,
    /// What is wrong, and where in the file.
    pub error: Error,
}

impl Damage {
    /// What is to be said of the archive: that it "is damaged", or that it "could not be read to its end", where what it is read from has failed, as a disk
    /// or an object store may, and nothing is known of the rest.
    pub fn in_words(&self) -> &'static str {
        // What decrypts tells of damage in this way.
        let is_known = |source: &io::Error| {
            matches!(
                source.kind(),
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof
            )
        };
        match self.error.of_input() {
            Some(source) if !is_known(source) => "could not be read to its end",
            _ => "is damaged",
        }
    }
}

impl From<Error> for Damage {
    fn from(error: Error) -> Self {
        Damage {
            dump_id: None,
            name: None,
            error,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(dump_id), Some(name)) = (self.dump_id, &self.name) {
            write!(f, "entry {dump_id} ({name}): ")?;
        }
        self.error.fmt(f)
    }
}

impl error::Error for Damage {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        // The error itself is part of the message.
        self.error.source()
    }
}

impl<R: Read> Reader<R> {
    /// Reads the whole archive and checks everything that can be checked without a server: that the blocks stand where the
    /// table of contents says, if it does, that each can be decompressed, that the rows of tables are COPY text of
    /// as many columns as their COPY statements name, that no large object comes twice, that nothing is missing, and that nothing follows
    /// but the table of contents once more.
    ///
    /// The header and the table of contents have been checked when there is a reader. Memory does not grow with the data;
    /// large objects take a few bytes each.
    ///
    /// # Errors
    /// The first [`Damage`], which holds [`Error::Truncated`], [`Error::Corrupt`] or [`Error::MissingData`];
    /// [`Error::Read`] where the input failed; [`Error::Misuse`] where blocks have been read before and the input cannot
    /// seek back to the first.
    pub fn verify(&mut self) -> Result<Verified, Damage> {
        self.verify_with(|_| {})
    }

    /// As [`verify`](Self::verify), and tells `hear` of all data as it goes by: what is found to be damaged may have been told before.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub fn verify_with(&mut self, mut hear: impl FnMut(Met<'_>)) -> Result<Verified, Damage> {
        self.restart()?;
        let mut verified = self.count_entries();
        let mut verifier = Verifier {
            buffer: vec![0; BUFFER_SIZE],
            encoding: self.encoding().map(BString::from),
            objects: HashSet::new(),
            hear: &mut hear,
        };
        let mut next = 0;
        loop {
            // Where the next block cannot be entered, its entry is the one to name.
            let is_due = |&index: &usize| self.entries()[index].had_dumper && !self.has_met(index);
            let due = (next..verified.entries).chain(0..next).find(is_due);
            let entered = self
                .enter_block()
                .map_err(|error| self.damage(due, error))?;
            let Some(index) = entered else {
                break;
            };
            verified.is_in_order &= index >= next;
            let block = self.verify_block(index, &mut verifier);
            verified
                .blocks
                .push(block.map_err(|error| self.damage(Some(index), error))?);
            next = index + 1;
        }
        if let Err(error) = self.check_complete() {
            let missing = match &error {
                Error::MissingData { dump_id, .. } => self.index_of(*dump_id),
                _ => None,
            };
            return Err(self.damage(missing, error));
        }
        verified.archive_bytes = self.position();
        Ok(verified)
    }

    fn count_entries(&self) -> Verified {
        let dependencies = self.entries().iter().flat_map(|entry| &entry.dependencies);
        let absent = dependencies
            .clone()
            .filter(|&&dump_id| self.index_of(dump_id).is_none());
        Verified {
            entries: self.entries().len(),
            dependencies: dependencies.clone().count(),
            absent_dependencies: absent.count(),
            is_in_order: true,
            ..Verified::default()
        }
    }

    fn damage(&self, index: Option<usize>, error: Error) -> Damage {
        let entry = index.and_then(|index| self.entries().get(index));
        Damage {
            dump_id: entry.map(|entry| entry.dump_id),
            name: entry.map(Entry::label),
            error,
        }
    }

    /// Reads the block that was entered last, which belongs to the entry of this index.
    fn verify_block(&mut self, index: usize, verifier: &mut Verifier<'_>) -> Result<VerifiedBlock> {
        let at = self.block_position();
        let entry = &self.entries()[index];
        let dump_id = entry.dump_id;
        let columns = match &entry.copy {
            Some(statement) => Some(copy_text::columns(statement).ok_or_else(|| {
                Error::corrupt(
                    at,
                    format!(
                        "the data follows a COPY statement that makes no sense: {:?}",
                        shorten(statement)
                    ),
                )
            })?),
            None => None,
        };
        (verifier.hear)(Met::Block { dump_id });
        let (content, raw_bytes, stored_bytes) = match (self.opened()?, columns) {
            (Block::LargeObjects(block), _) => verifier.large_objects(block)?,
            (Block::Data(block), Some(columns)) => verifier.rows(block, columns)?,
            (Block::Data(block), None) => verifier.statements(block)?,
        };
        Ok(VerifiedBlock {
            dump_id,
            content,
            raw_bytes,
            stored_bytes,
        })
    }
}

/// What a block was found to hold, with its raw and its stored bytes.
type Found = (BlockContent, u64, u64);

/// What is needed for block after block.
struct Verifier<'a> {
    buffer: Vec<u8>,
    encoding: Option<BString>,
    /// The large objects so far.
    objects: HashSet<u32>,
    /// Whoever hears of data.
    hear: &'a mut dyn FnMut(Met<'_>),
}

impl Verifier<'_> {
    fn rows<R: Read>(&mut self, mut block: DataBlock<'_, R>, columns: Columns) -> Result<Found> {
        let columns = match columns {
            Columns::Named(count) => Some(count),
            Columns::Unnamed => None,
        };
        let encoding = self.encoding.as_ref().map(|name| name.as_slice());
        let mut copy = CopyText::new(columns, encoding);
        loop {
            let count = block.read_data(&mut self.buffer)?;
            if count == 0 {
                break;
            }
            copy.take(&self.buffer[..count])
                .map_err(|fault| block.stream.corrupt(count - fault.index, fault.problem))?;
            (self.hear)(Met::Data(&self.buffer[..count]));
        }
        copy.end()
            .map_err(|problem| block.stream.corrupt(0, problem))?;
        Ok((
            BlockContent::Rows(copy.rows()),
            copy.data_bytes(),
            block.stored_bytes(),
        ))
    }

    fn statements<R: Read>(&mut self, mut block: DataBlock<'_, R>) -> Result<Found> {
        let mut raw = 0;
        loop {
            match block.read_data(&mut self.buffer)? {
                0 => return Ok((BlockContent::Statements, raw, block.stored_bytes())),
                count => {
                    raw += count as u64;
                    (self.hear)(Met::Data(&self.buffer[..count]));
                }
            }
        }
    }

    fn large_objects<R: Read>(&mut self, mut block: LargeObjectsBlock<'_, R>) -> Result<Found> {
        let (mut objects, mut raw, mut stored) = (0, 0, 0);
        loop {
            let Some(mut object) = block.next_object()? else {
                return Ok((BlockContent::LargeObjects(objects), raw, stored));
            };
            if !self.objects.insert(object.oid()) {
                return Err(Error::corrupt(
                    object.at,
                    format!("large object {} comes twice", object.oid()),
                ));
            }
            (self.hear)(Met::LargeObject { oid: object.oid() });
            loop {
                match object.read_data(&mut self.buffer)? {
                    0 => break,
                    count => {
                        raw += count as u64;
                        (self.hear)(Met::Data(&self.buffer[..count]));
                    }
                }
            }
            stored += object.stored_bytes();
            objects += 1;
        }
    }
}

/// As much of a text as belongs in an error message.
fn shorten(text: &BString) -> &bstr::BStr {
    text[..text.len().min(80)].as_bstr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_fails_is_no_damage() {
        let words = |kind| {
            let source = io::Error::from(kind);
            let error = Error::Read { offset: 7, source };
            Damage::from(error.in_file(Some("1.dat"))).in_words()
        };
        assert_eq!(words(ErrorKind::Other), "could not be read to its end");
        // So does what decrypts tell of a file that was changed.
        assert_eq!(words(ErrorKind::InvalidData), "is damaged");
        let missing = Error::NoData { dump_id: 1 };
        assert_eq!(Damage::from(missing).in_words(), "is damaged");
    }
}
