//! Reads archives.

pub(crate) mod block;
pub(crate) mod listing;
pub(crate) mod rows;
pub(crate) mod source;

use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek},
    path::Path,
};

use bstr::{BStr, ByteSlice};

use crate::{
    Block, DataBlock, DataOffset, Entry, Error, FieldSizes, Foreign, Header, LargeObjectsBlock,
    Result,
    compression::decompress::Decompressor,
    format::{
        chunk::{BLOCK_BLOBS, BLOCK_DATA, ChunkState},
        toc,
    },
    reader::{
        block::{BlobsPlace, advance_blobs},
        source::Source,
    },
};

/// Reads one archive: its header and table of contents at once, its data as it is asked for.
///
/// Nothing in the file is trusted: whatever is wrong with it comes out as an [`Error`] with the byte offset, memory grows
/// only with bytes that are really there, and every loop ends because it consumes the file.
pub struct Reader<R> {
    source: Source<R>,
    header: Header,
    entries: Vec<Entry>,
    /// For each entry, where its block is.
    places: Vec<Place>,
    index: HashMap<i32, usize>,
    open: Option<OpenBlock>,
    /// Where the first block begins.
    blocks_at: u64,
    /// Where the furthest block known by walking begins: where a search for an unknown one goes on.
    frontier: u64,
    /// The block before the place of reading was reached by walking: there is none between it and the frontier.
    walking: bool,
    /// Every block up to here has been walked over, so that one missing at the end is missing indeed.
    sequential: bool,
}

/// What is known about the place of an entry's block.
struct Place {
    stored: DataOffset,
    found: Option<u64>,
}

/// The block that was handed out last, and how far it has been read.
struct OpenBlock {
    dump_id: i32,
    stream: ChunkState,
    /// `None` for a block of one stream.
    blobs: Option<BlobsPlace>,
}

impl Reader<File> {
    /// Opens an archive by its path: a file, which can seek, or a named pipe, which is read front to back.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Read`] where the file cannot be opened.
    pub fn open_path(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_file(File::open(path).map_err(|source| Error::Read { offset: 0, source })?)
    }

    /// Opens an archive on a file that is open already, such as standard input. It begins where the file stands.
    ///
    /// # Errors
    /// As [`open_path`](Self::open_path).
    pub fn from_file(file: File) -> Result<Self> {
        let metadata = file.metadata();
        let kind = metadata
            .map_err(|source| Error::Read { offset: 0, source })?
            .file_type();
        if kind.is_dir() {
            return Err(Error::NotAnArchive(Foreign::Directory));
        }
        if kind.is_file() {
            Self::seekable(file)
        } else {
            Self::new(file)
        }
    }
}

impl<R: Read> Reader<R> {
    /// Opens an archive on an input that is read front to back, such as a pipe.
    ///
    /// # Errors
    /// [`Error::NotAnArchive`] for other files, [`Error::UnsupportedVersion`], [`Error::Truncated`],
    /// [`Error::Corrupt`] or [`Error::Read`].
    pub fn new(input: R) -> Result<Self> {
        Self::open(Source::streaming(input))
    }

    /// Opens an archive on an input that can seek. It begins where the input stands and ends where the input ends.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn seekable(input: R) -> Result<Self>
    where
        R: Seek,
    {
        Self::open(Source::seekable(input)?)
    }

    fn open(mut source: Source<R>) -> Result<Self> {
        let header = Header::decode(&mut source)?;
        let (entries, places): (Vec<_>, Vec<_>) = toc::decode(&mut source, header.version)?
            .into_iter()
            .map(|(entry, stored)| {
                (
                    entry,
                    Place {
                        stored,
                        found: None,
                    },
                )
            })
            .unzip();
        let index = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.dump_id, index))
            .collect();
        let blocks_at = source.position();
        Ok(Reader {
            source,
            header,
            entries,
            places,
            index,
            open: None,
            blocks_at,
            frontier: blocks_at,
            walking: true,
            sequential: true,
        })
    }

    /// The archive's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How long the archive's integers and offsets are.
    pub fn field_sizes(&self) -> FieldSizes {
        self.source.field_sizes()
    }

    /// The name of the encoding of the archive's texts and data, as PostgreSQL spells it, if the archive names it.
    pub fn encoding(&self) -> Option<&BStr> {
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.descriptor == "ENCODING")?;
        let (_, value) = entry.definition.as_ref()?.split_once_str(b"'")?;
        Some(value.split_once_str(b"'")?.0.as_bstr())
    }

    /// The table of contents, in its own order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of this id.
    pub fn entry(&self, dump_id: i32) -> Option<&Entry> {
        self.index.get(&dump_id).map(|&index| &self.entries[index])
    }

    /// What the table of contents says about the place of an entry's data.
    pub fn offset(&self, dump_id: i32) -> Option<DataOffset> {
        self.index
            .get(&dump_id)
            .map(|&index| self.places[index].stored)
    }

    /// Goes back to the first block, as if none had been read.
    ///
    /// # Errors
    /// [`Error::Misuse`] if blocks have been read and the input cannot seek, [`Error::Read`].
    pub(crate) fn restart(&mut self) -> Result<()> {
        if self.source.position() != self.blocks_at {
            if !self.source.can_seek() {
                return Err(Error::Misuse(
                    "an input that cannot seek is read once, from its first block on".into(),
                ));
            }
            self.jump(self.blocks_at)?;
        }
        self.places.iter_mut().for_each(|place| place.found = None);
        self.frontier = self.blocks_at;
        self.walking = true;
        self.sequential = true;
        Ok(())
    }

    /// Where an entry stands in the table of contents.
    pub(crate) fn index_of(&self, dump_id: i32) -> Option<usize> {
        self.index.get(&dump_id).copied()
    }

    /// The input, wherever it has come to; it may have been read ahead.
    pub fn into_inner(self) -> R {
        self.source.into_inner()
    }

    /// The next block in the file, passing over what is left of the one before; `None` at the end of the archive.
    ///
    /// # Errors
    /// [`Error::MissingData`] at the end of an archive that was read from its first block on and lacks one,
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`].
    pub fn next_block(&mut self) -> Result<Option<Block<'_, R>>> {
        match self.enter_block()? {
            None => {
                self.check_complete()?;
                Ok(None)
            }
            Some(_) => self.opened().map(Some),
        }
    }

    /// The block of one entry.
    ///
    /// An input that can seek goes there, if the table of contents says where it is or it has been passed before. Else
    /// the blocks are searched onward. [`next_block`](Self::next_block) goes on behind the block found.
    ///
    /// # Errors
    /// [`Error::UnknownEntry`] or [`Error::NoData`] if there can be no such block, [`Error::MissingData`] if there
    /// should be one and is not, [`Error::Passed`] if the input cannot seek back to it, [`Error::Truncated`],
    /// [`Error::Corrupt`] or [`Error::Read`].
    pub fn block(&mut self, dump_id: i32) -> Result<Block<'_, R>> {
        let &index = self
            .index
            .get(&dump_id)
            .ok_or(Error::UnknownEntry { dump_id })?;
        let Place { stored, found } = self.places[index];
        let known = match stored {
            DataOffset::NoData => return Err(Error::NoData { dump_id }),
            DataOffset::Set(position) => Some(position),
            DataOffset::Unset => found,
        };
        if self.source.can_seek() {
            self.jump(known.unwrap_or(self.frontier))?;
        } else if found.is_some() {
            return Err(Error::Passed { dump_id });
        }
        loop {
            let at = self.source.position();
            match self.enter_block()? {
                Some(id) if id == dump_id => return self.opened(),
                Some(id) if known.is_some() && self.source.can_seek() => {
                    return Err(Error::corrupt(
                        at,
                        format!("the block of entry {id} stands where that of {dump_id} should"),
                    ));
                }
                Some(_) => {}
                None => {
                    return Err(Error::MissingData {
                        offset: self.source.position(),
                        dump_id,
                    });
                }
            }
        }
    }

    fn jump(&mut self, position: u64) -> Result<()> {
        if position < self.blocks_at {
            return Err(Error::corrupt(
                position,
                "a data offset points into the header or the table of contents",
            ));
        }
        self.open = None;
        self.sequential = false;
        // Behind the frontier there may be blocks that nobody has met yet.
        self.walking = position <= self.frontier;
        self.source.go_to(position)
    }

    /// The length of the input from the archive's first byte to the place where reading has come to.
    pub(crate) fn position(&self) -> u64 {
        self.source.position()
    }

    /// Where the block that was entered last begins.
    pub(crate) fn block_position(&self) -> u64 {
        self.frontier
    }

    /// Whether an entry's block has been met.
    pub(crate) fn has_met(&self, index: usize) -> bool {
        self.places[index].found.is_some()
    }

    /// Reads the next block's own header and gives its id; `None` behind the last block.
    pub(crate) fn enter_block(&mut self) -> Result<Option<i32>> {
        self.pass_open_block()?;
        let at = self.source.position();
        let Some(kind) = self.source.byte_or_end()? else {
            return Ok(None);
        };
        let blobs = match kind {
            BLOCK_DATA => None,
            BLOCK_BLOBS => Some(BlobsPlace::BeforeOid),
            // The sign of the number of entries.
            0 => {
                let blocks = self.places.iter().map(|place| place.found);
                let entries = self.entries.iter().zip(blocks);
                toc::decode_repetition(&mut self.source, self.header.version, entries)?;
                return Ok(None);
            }
            other => {
                return Err(Error::corrupt(
                    at,
                    format!("there is no block type {other}"),
                ));
            }
        };
        let dump_id = self.source.int("a data block")?;
        self.check_block(at, dump_id, blobs.is_some())?;
        if self.walking {
            self.frontier = self.frontier.max(at);
        }
        self.open = Some(OpenBlock {
            dump_id,
            stream: ChunkState::begin(),
            blobs,
        });
        Ok(Some(dump_id))
    }

    /// Checks that a block at `at` agrees with the table of contents, and notes its place.
    fn check_block(&mut self, at: u64, dump_id: i32, blobs: bool) -> Result<()> {
        let corrupt = |problem: String| Err(Error::corrupt(at, problem));
        let Some(&index) = self.index.get(&dump_id) else {
            return corrupt(format!("a block of entry {dump_id}, which does not exist"));
        };
        if blobs != (self.entries[index].descriptor == toc::BLOBS) {
            return corrupt(format!("the block of entry {dump_id} has the wrong type"));
        }
        let place = &mut self.places[index];
        match (place.stored, place.found) {
            (DataOffset::NoData, _) => {
                return corrupt(format!("a block of entry {dump_id}, which has no data"));
            }
            (DataOffset::Set(stored), _) if stored != at => {
                return corrupt(format!(
                    "the block of entry {dump_id}, which the table of contents places at {stored}"
                ));
            }
            (_, Some(found)) if found != at => {
                return corrupt(format!("a second block of entry {dump_id}"));
            }
            _ => place.found = Some(at),
        }
        Ok(())
    }

    fn pass_open_block(&mut self) -> Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        match &mut open.blobs {
            None => open.stream.skip(&mut self.source)?,
            Some(place) => {
                while advance_blobs(&mut self.source, &mut open.stream, place)?.is_some() {}
            }
        }
        self.open = None;
        Ok(())
    }

    pub(crate) fn opened(&mut self) -> Result<Block<'_, R>> {
        let open = self.open.as_mut().expect("a block was entered just before");
        let compression = self.header.compression;
        let source = &mut self.source;
        let (dump_id, stream) = (open.dump_id, &mut open.stream);
        Ok(match &mut open.blobs {
            None => {
                let stream = Decompressor::new(compression, source, stream)?;
                Block::Data(DataBlock { dump_id, stream })
            }
            Some(place) => Block::LargeObjects(LargeObjectsBlock {
                dump_id,
                compression,
                source,
                stream,
                place,
            }),
        })
    }

    pub(crate) fn check_complete(&self) -> Result<()> {
        let missing = self.sequential.then(|| {
            let places = self.entries.iter().zip(&self.places);
            places
                .into_iter()
                .find(|(entry, place)| entry.had_dumper && place.found.is_none())
        });
        match missing.flatten() {
            None => Ok(()),
            Some((entry, _)) => Err(Error::MissingData {
                offset: self.source.position(),
                dump_id: entry.dump_id,
            }),
        }
    }
}
