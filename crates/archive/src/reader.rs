//! Reads archives.

pub(crate) mod block;
pub(crate) mod contents;
pub(crate) mod folder;
pub(crate) mod listing;
pub(crate) mod one_file;
pub(crate) mod rows;
pub(crate) mod source;
pub(crate) mod stream;
pub(crate) mod tar;

use std::{
    fmt,
    fs::File,
    io::{Read, Seek},
    path::Path,
};

use bstr::{BStr, ByteSlice};

use crate::{
    Block, DataOffset, Entry, Error, FieldSizes, Foreign, Header, Result,
    format::file_name,
    reader::{contents::Contents, folder::FolderBlocks, one_file::FileBlocks, source::Source},
};

/// The formats of `pg_dump` that have a table of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One file of its own kind: `pg_dump -Fc`.
    Custom,
    /// A folder with a file for each table: `pg_dump -Fd`.
    Directory,
    /// A tar file: `pg_dump -Ft`.
    Tar,
}

/// The format as `pg_restore -l` names it.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Custom => "CUSTOM",
            Format::Directory => "DIRECTORY",
            Format::Tar => "TAR",
        })
    }
}

/// Reads one archive, whichever [`Format`] it has: its header and table of contents at once, its data as it is asked for.
///
/// The format is recognised, not asked for. An archive in the custom or the tar format is read from a file, block by block
/// in any order, or from a pipe, front to back. One in the directory format is a folder, and its blocks are read in any order.
///
/// Nothing in an archive is trusted: whatever is wrong with it comes out as an [`Error`] that says where, memory grows
/// only with bytes that are really there, every loop ends because it consumes a file, and no name in it leads out of its folder.
pub struct Reader<R> {
    contents: Contents,
    blocks: Blocks<R>,
}

/// Where the data is.
enum Blocks<R> {
    InFile(FileBlocks<R>),
    InFolder(FolderBlocks<R>),
}

impl Reader<File> {
    /// Opens an archive by its path: a file, which can seek, a named pipe, which is read front to back, or a folder.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Read`] where the file cannot be opened. For a folder, [`Error::NotAnArchive`] if it has no table of
    /// contents, [`Error::OddFile`], and [`Error::InFile`] with what is wrong with that.
    pub fn open_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.is_dir() {
            return Self::in_folder(path, |file| file);
        }
        Self::from_file(File::open(path).map_err(|source| Error::Read { offset: 0, source })?)
    }

    /// Opens an archive on a file that is open already, such as standard input. It begins where the file stands.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::NotAnArchive`] for a folder, whose files are opened by its path alone.
    pub fn from_file(file: File) -> Result<Self> {
        // Windows has no metadata of pipes.
        let Ok(metadata) = file.metadata() else {
            return Self::new(file);
        };
        let kind = metadata.file_type();
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

    /// Opens an archive in the directory format by its path. `input` makes the reader's input of each file, so that one type of reader serves folders
    /// and whatever else archives are read from.
    ///
    /// # Errors
    /// As [`open_path`](Reader::open_path), for a folder.
    pub fn in_folder(path: impl AsRef<Path>, input: fn(File) -> R) -> Result<Self> {
        Self::open_folder(path.as_ref(), file_name::TOC, input)
    }

    /// Opens a folder whose table of contents is called `toc`.
    pub(crate) fn open_folder(path: &Path, toc: &str, input: fn(File) -> R) -> Result<Self> {
        let (contents, blocks) = FolderBlocks::open(path, toc, input)?;
        Ok(Reader {
            contents,
            blocks: Blocks::InFolder(blocks),
        })
    }

    fn open(source: Source<R>) -> Result<Self> {
        let (contents, blocks) = FileBlocks::open(source)?;
        Ok(Reader {
            contents,
            blocks: Blocks::InFile(blocks),
        })
    }

    /// The archive's format.
    pub fn format(&self) -> Format {
        match &self.blocks {
            Blocks::InFile(blocks) => blocks.format(),
            Blocks::InFolder(_) => Format::Directory,
        }
    }

    /// Whether [`block`](Self::block) gives blocks in any order, and again: from all but an input that cannot seek.
    pub fn is_random_access(&self) -> bool {
        match &self.blocks {
            Blocks::InFile(blocks) => blocks.can_seek(),
            Blocks::InFolder(_) => true,
        }
    }

    /// The archive's header.
    pub fn header(&self) -> &Header {
        &self.contents.header
    }

    /// How long the archive's integers and offsets are.
    pub fn field_sizes(&self) -> FieldSizes {
        self.contents.sizes
    }

    /// The name of the encoding of the archive's texts and data, as PostgreSQL spells it, if the archive names it.
    pub fn encoding(&self) -> Option<&BStr> {
        let entry = self
            .entries()
            .iter()
            .find(|entry| entry.descriptor == "ENCODING")?;
        let (_, value) = entry.definition.as_ref()?.split_once_str(b"'")?;
        Some(value.split_once_str(b"'")?.0.as_bstr())
    }

    /// The table of contents, in its own order.
    pub fn entries(&self) -> &[Entry] {
        &self.contents.entries
    }

    /// The entry of this id.
    pub fn entry(&self, dump_id: i32) -> Option<&Entry> {
        self.index_of(dump_id)
            .map(|index| &self.contents.entries[index])
    }

    /// What the table of contents says about the place of an entry's data. In the directory and tar formats that is
    /// [`data_file`](Self::data_file) and no offset.
    pub fn offset(&self, dump_id: i32) -> Option<DataOffset> {
        self.index_of(dump_id)
            .map(|index| self.contents.offset(index))
    }

    /// The file or member of the tar file that holds an entry's data, as the table of contents names it: without the suffix of a compression.
    /// `None` for entries without data, and in the custom format.
    pub fn data_file(&self, dump_id: i32) -> Option<&BStr> {
        self.index_of(dump_id)
            .and_then(|index| self.contents.noted_file(index))
    }

    /// Where an entry stands in the table of contents.
    pub(crate) fn index_of(&self, dump_id: i32) -> Option<usize> {
        self.contents.index_of(dump_id)
    }

    /// The next block, passing over what is left of the one before; `None` at the end of the archive.
    ///
    /// In a file that is the order of the blocks in it, in a folder that of the table of contents.
    ///
    /// # Errors
    /// [`Error::MissingData`] at the end of an archive that was read from its first block on and lacks one,
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`]; for a folder as [`block`](Self::block).
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
    /// [`Error::UnknownEntry`] or [`Error::NoData`] if there can be no such block, [`Error::MissingData`] or
    /// [`Error::MissingFile`] if there should be one and is not, [`Error::Passed`] if the input cannot seek back to it,
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`], which are within [`Error::InFile`] in a directory-format
    /// archive, and there also [`Error::OddFile`].
    pub fn block(&mut self, dump_id: i32) -> Result<Block<'_, R>> {
        let index = self
            .index_of(dump_id)
            .ok_or(Error::UnknownEntry { dump_id })?;
        match &mut self.blocks {
            Blocks::InFile(blocks) => blocks.find(&self.contents, index)?,
            Blocks::InFolder(blocks) => blocks.find(&self.contents, index)?,
        }
        self.opened()
    }

    /// Looks at the archive's end by a few seeks, and so finds one that was cut off without reading its data: that the last block begins where it should and
    /// ends with the file. In the directory format, that the file of each entry is there. What is wrong elsewhere, [`verify`](Self::verify) finds.
    ///
    /// # Errors
    /// As [`block`](Self::block), and [`Error::Misuse`] if the input cannot seek.
    pub fn check_end(&mut self) -> Result<()> {
        match &mut self.blocks {
            Blocks::InFile(blocks) => blocks.check_end(&self.contents),
            Blocks::InFolder(blocks) => {
                blocks.restart();
                while blocks.enter(&self.contents)?.is_some() {}
                Ok(())
            }
        }
    }

    /// Goes back to the first block, as if none had been read.
    ///
    /// # Errors
    /// [`Error::Misuse`] if blocks have been read and the input cannot seek, [`Error::Read`].
    pub(crate) fn restart(&mut self) -> Result<()> {
        match &mut self.blocks {
            Blocks::InFile(blocks) => blocks.restart(),
            Blocks::InFolder(blocks) => {
                blocks.restart();
                Ok(())
            }
        }
    }

    /// Bytes of the archive that lie before the place where reading has come to.
    pub(crate) fn position(&self) -> u64 {
        match &self.blocks {
            Blocks::InFile(blocks) => blocks.position(),
            Blocks::InFolder(blocks) => blocks.bytes(),
        }
    }

    /// Where the block that was entered last begins, in its file.
    pub(crate) fn block_position(&self) -> u64 {
        match &self.blocks {
            Blocks::InFile(blocks) => blocks.block_position(),
            Blocks::InFolder(_) => 0,
        }
    }

    /// Whether an entry's block has been met.
    pub(crate) fn has_met(&self, index: usize) -> bool {
        match &self.blocks {
            Blocks::InFile(blocks) => blocks.has_met(index),
            Blocks::InFolder(blocks) => blocks.has_met(index),
        }
    }

    /// Goes to the next block and tells whose it is; `None` behind the last block.
    pub(crate) fn enter_block(&mut self) -> Result<Option<usize>> {
        match &mut self.blocks {
            Blocks::InFile(blocks) => blocks.enter(&self.contents),
            Blocks::InFolder(blocks) => blocks.enter(&self.contents),
        }
    }

    /// The block that was entered last.
    pub(crate) fn opened(&mut self) -> Result<Block<'_, R>> {
        match &mut self.blocks {
            Blocks::InFile(blocks) => blocks.opened(&self.contents),
            Blocks::InFolder(blocks) => blocks.opened(&self.contents),
        }
    }

    /// Checks that no block is missing, if all of the archive has been walked over.
    pub(crate) fn check_complete(&self) -> Result<()> {
        match &self.blocks {
            Blocks::InFile(blocks) => blocks.check_complete(&self.contents),
            // Each of its files was opened, or there was an error.
            Blocks::InFolder(_) => Ok(()),
        }
    }
}
