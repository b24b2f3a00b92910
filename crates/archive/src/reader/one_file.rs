//! The blocks of an archive that is one file: in the custom format, or in the tar format.

mod end;

use std::io::Read;

use crate::{
    Block, Compression, DataBlock, DataOffset, Entry, Error, Foreign, LargeObjectsBlock, Result,
    format::{
        chunk::{BLOCK_BLOBS, BLOCK_DATA, ChunkState},
        file_name,
        foreign::{self, SAMPLE},
        header::MAGIC,
        toc,
    },
    reader::{
        Format,
        block::{ChunkedObjects, Objects, ObjectsPlace},
        contents::Contents,
        source::Source,
        stream::Stream,
        tar::{self, LargeObjectMembers, Member},
    },
};

/// The blocks of one file, which follow one another, and how far it has been read.
pub(crate) struct FileBlocks<R> {
    source: Source<R>,
    format: Format,
    /// For each entry, where its block was met.
    found: Vec<Option<u64>>,
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

/// The block that was handed out last, and how far it has been read.
struct OpenBlock {
    index: usize,
    stream: ChunkState,
    /// `None` for a block of one stream.
    objects: Option<ObjectsPlace>,
}

impl<R: Read> FileBlocks<R> {
    /// Reads what is in front of the blocks, and finds out thereby which format it is.
    pub(crate) fn open(mut source: Source<R>) -> Result<(Contents, Self)> {
        let mut start = Vec::new();
        source.append_up_to(&mut start, MAGIC.len())?;
        let (format, contents) = if start == MAGIC {
            let contents = Contents::read(&mut source, Format::Custom)?;
            (Format::Custom, contents)
        } else {
            source.append_up_to(&mut start, SAMPLE)?;
            (Format::Tar, Self::open_tar(&mut source, &start)?)
        };
        let blocks_at = source.position();
        let blocks = FileBlocks {
            source,
            format,
            found: vec![None; contents.entries.len()],
            open: None,
            blocks_at,
            frontier: blocks_at,
            walking: true,
            sequential: true,
        };
        Ok((contents, blocks))
    }

    /// Reads the first member of a tar file, whose head has been read.
    fn open_tar(source: &mut Source<R>, head: &[u8]) -> Result<Contents> {
        let block = head.first_chunk().filter(|_| tar::is_head(head));
        let Some(block) = block else {
            let mut start = head.to_vec();
            source.append_up_to(&mut start, foreign::sample(head))?;
            return Err(Error::NotAnArchive(foreign::recognise(&start)));
        };
        let member = Member::decode(block, 0)?;
        if member.name != file_name::TOC || !member.is_file {
            return Err(Error::NotAnArchive(Foreign::Tar));
        }
        let end = source.position().saturating_add(member.length);
        source.set_end(Some(end));
        let mut magic = [0; MAGIC.len()];
        if source.read_up_to(&mut magic)? < MAGIC.len() || magic != *MAGIC {
            return Err(Error::NotAnArchive(Foreign::Tar));
        }
        let contents = Contents::read(source, Format::Tar)?;
        source.set_end(None);
        if contents.header.compression != Compression::None {
            let method = contents.header.compression.name();
            let problem =
                format!("the members of a tar file are not compressed, and not with {method}");
            return Err(Error::corrupt(source.position(), problem));
        }
        if source.position() != end {
            let problem = "something follows the table of contents in its member";
            return Err(Error::corrupt(source.position(), problem));
        }
        tar::pass_padding(source)?;
        Ok(contents)
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn can_seek(&self) -> bool {
        self.source.can_seek()
    }

    /// Goes back to the first block, as if none had been read.
    pub(crate) fn restart(&mut self) -> Result<()> {
        if self.source.position() != self.blocks_at {
            if !self.source.can_seek() {
                return Err(Error::Misuse(
                    "an input that cannot seek is read once, from its first block on".into(),
                ));
            }
            self.jump(self.blocks_at)?;
        }
        self.found.fill(None);
        self.frontier = self.blocks_at;
        self.walking = true;
        self.sequential = true;
        Ok(())
    }

    /// Opens the block of an entry: by its place if that is known and the input can seek, else by walking on.
    pub(crate) fn find(&mut self, contents: &Contents, index: usize) -> Result<()> {
        let dump_id = contents.entries[index].dump_id;
        let known = match contents.offset(index) {
            DataOffset::NoData => return Err(Error::NoData { dump_id }),
            DataOffset::Set(position) => Some(position),
            DataOffset::Unset => self.found[index],
        };
        if self.source.can_seek() {
            self.jump(known.unwrap_or(self.frontier))?;
        } else if self.found[index].is_some() {
            return Err(Error::Passed { dump_id });
        }
        loop {
            let at = self.source.position();
            match self.enter(contents)? {
                Some(other) if other == index => return Ok(()),
                Some(other) if known.is_some() && self.source.can_seek() => {
                    let id = contents.entries[other].dump_id;
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
        self.found[index].is_some()
    }

    /// Goes to the next block and tells whose it is; `None` behind the last block.
    pub(crate) fn enter(&mut self, contents: &Contents) -> Result<Option<usize>> {
        self.pass_open_block()?;
        let at = self.source.position();
        let (at, open) = match self.format {
            Format::Tar => match self.next_member(contents)? {
                Some(found) => found,
                None => return Ok(None),
            },
            _ => match self.next_chunked(contents)? {
                Some(open) => (at, open),
                None => return Ok(None),
            },
        };
        self.found[open.index] = Some(at);
        if self.walking {
            self.frontier = self.frontier.max(at);
        }
        let index = open.index;
        self.open = Some(open);
        Ok(Some(index))
    }

    /// Reads the next block's own head in a file of the custom format.
    fn next_chunked(&mut self, contents: &Contents) -> Result<Option<OpenBlock>> {
        let at = self.source.position();
        let Some(kind) = self.source.byte_or_end()? else {
            return Ok(None);
        };
        let objects = match kind {
            BLOCK_DATA => None,
            BLOCK_BLOBS => Some(ObjectsPlace::Chunks(ChunkedObjects::BeforeOid)),
            // The sign of the number of entries.
            0 => {
                let entries = contents.entries.iter().zip(self.found.iter().copied());
                toc::decode_repetition(&mut self.source, contents.header.version, entries)?;
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
        let index = self.check_block(contents, at, dump_id, objects.is_some())?;
        Ok(Some(OpenBlock {
            index,
            stream: ChunkState::begin(),
            objects,
        }))
    }

    /// Checks that a block at `at` agrees with the table of contents.
    fn check_block(
        &self,
        contents: &Contents,
        at: u64,
        dump_id: i32,
        holds_objects: bool,
    ) -> Result<usize> {
        let corrupt = |problem: String| Err(Error::corrupt(at, problem));
        let Some(index) = contents.index_of(dump_id) else {
            return corrupt(format!("a block of entry {dump_id}, which does not exist"));
        };
        if holds_objects != contents.holds_large_objects(index) {
            return corrupt(format!("the block of entry {dump_id} has the wrong type"));
        }
        match contents.offset(index) {
            DataOffset::NoData => corrupt(format!("a block of entry {dump_id}, which has no data")),
            DataOffset::Set(stored) if stored != at => corrupt(format!(
                "the block of entry {dump_id}, which the table of contents places at {stored}"
            )),
            _ => self.check_first(index, at, dump_id),
        }
    }

    /// Checks that an entry has no block at another place.
    fn check_first(&self, index: usize, at: u64, dump_id: i32) -> Result<usize> {
        match self.found[index] {
            Some(found) if found != at => Err(Error::corrupt(
                at,
                format!("a second block of entry {dump_id}"),
            )),
            _ => Ok(index),
        }
    }

    /// Goes to the next member of a tar file that is the data of an entry, or begins it.
    fn next_member(&mut self, contents: &Contents) -> Result<Option<(u64, OpenBlock)>> {
        loop {
            let Some(member) = Member::next(&mut self.source)? else {
                return Ok(None);
            };
            let at = member.at;
            let index = match file_name::large_object(&member.name) {
                Some(_) => Some(self.entry_of_objects(contents, at)?),
                None => contents.index_of_file(&member.name),
            };
            let Some(index) = index else {
                tar::pass(&mut self.source, &member)?;
                continue;
            };
            let Entry { dump_id, .. } = contents.entries[index];
            if !member.is_file {
                let problem = format!("{} is no regular file", member.name);
                return Err(Error::corrupt(at, problem));
            }
            self.check_first(index, at, dump_id)?;
            let stream = ChunkState::of_length(member.length);
            let list = contents.file(index).cloned().unwrap_or_default();
            let objects = contents
                .holds_large_objects(index)
                .then(|| ObjectsPlace::Members(LargeObjectMembers::begin(member, list)));
            return Ok(Some((
                at,
                OpenBlock {
                    index,
                    stream,
                    objects,
                },
            )));
        }
    }

    /// The entry whose first large object stands at `at`. Nothing there says which one it is; the list that follows its large objects will.
    fn entry_of_objects(&self, contents: &Contents, at: u64) -> Result<usize> {
        let candidates =
            (0..contents.entries.len()).filter(|&index| contents.holds_large_objects(index));
        let known = candidates
            .clone()
            .find(|&index| self.found[index] == Some(at));
        let next = || {
            candidates
                .clone()
                .find(|&index| self.found[index].is_none())
        };
        known
            .or_else(next)
            .ok_or_else(|| Error::corrupt(at, "a large object of no entry"))
    }

    fn pass_open_block(&mut self) -> Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        match &mut open.objects {
            None => open.stream.skip(&mut self.source)?,
            Some(place) => while place.advance(&mut self.source, &mut open.stream)?.is_some() {},
        }
        if self.format == Format::Tar {
            tar::pass_padding(&mut self.source)?;
        }
        self.open = None;
        Ok(())
    }

    /// The block that was entered last.
    pub(crate) fn opened(&mut self, contents: &Contents) -> Result<Block<'_, R>> {
        let open = self.open.as_mut().expect("a block was entered just before");
        let compression = contents.header.compression;
        let dump_id = contents.entries[open.index].dump_id;
        let (source, stream) = (&mut self.source, &mut open.stream);
        Ok(match &mut open.objects {
            None => {
                let stream = Stream::new(compression, source, stream, None)?;
                Block::Data(DataBlock { dump_id, stream })
            }
            Some(place) => Block::LargeObjects(LargeObjectsBlock {
                dump_id,
                objects: Objects::InFile {
                    compression,
                    source,
                    stream,
                    place,
                },
            }),
        })
    }

    /// Checks that no block is missing, if all of the file has been walked over.
    pub(crate) fn check_complete(&self, contents: &Contents) -> Result<()> {
        let mut entries = contents.entries.iter().zip(&self.found);
        let missing = entries.find(|(entry, found)| entry.had_dumper && found.is_none());
        match missing {
            Some((entry, _)) if self.sequential => Err(Error::MissingData {
                offset: self.source.position(),
                dump_id: entry.dump_id,
            }),
            _ => Ok(()),
        }
    }
}
