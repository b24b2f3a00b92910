//! The blocks of an archive in the directory format: a file for each table, one for each large object, and lists of these.

mod inventory;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{
    Block, Compression, DataBlock, Error, Foreign, Format, LargeObject, LargeObjectsBlock, Result,
    format::{chunk::ChunkState, file_name, header::MAGIC},
    reader::{block::Objects, contents::Contents, source::Source, stream::Stream},
};

pub use inventory::FolderInventory;

/// What a file may be compressed with, by what follows its name. `pg_restore` looks for them in this order.
const SUFFIXES: [(&str, Compression); 4] = [
    ("", Compression::None),
    (".gz", Compression::GZIP),
    (".lz4", Compression::LZ4),
    (".zst", Compression::ZSTD),
];
/// What follows the names of files that are compressed so.
pub(crate) fn suffix(compression: Compression) -> &'static str {
    let mut suffixes = SUFFIXES.iter();
    let found = suffixes.find(|(_, method)| method.name() == compression.name());
    found.map_or("", |(suffix, _)| suffix)
}

/// Longer than any line in a list of large objects.
const LONGEST_LINE: usize = 64;
/// How many times as long as its file a table of contents may be when it is decompressed, or a list of large objects, which are kept in memory. SQL is
/// seldom twenty times as long.
const MOST_TIMES: u64 = 100;
/// Bytes that it may have in any case.
const ANY_LENGTH: u64 = 64 << 20;

/// Bytes of a list looked at together.
const LIST_BUFFER: usize = 32 * 1024;

/// A folder, and what has been read of it.
struct Folder<R> {
    path: PathBuf,
    /// Makes the reader's input of a file.
    input: fn(File) -> R,
    /// Bytes of the files that have been opened.
    bytes: u64,
}

/// A file of the archive.
struct OpenFile<R> {
    name: String,
    compression: Compression,
    /// Bytes of the file.
    length: u64,
    source: Source<R>,
    state: ChunkState,
}

/// The blocks of a folder.
pub(crate) struct FolderBlocks<R> {
    folder: Folder<R>,
    /// Bytes of the table of contents.
    toc_bytes: u64,
    /// Where in the table of contents the next block is looked for.
    next: usize,
    /// For each entry, whether its block has been opened.
    met: Vec<bool>,
    open: Option<(usize, Open<R>)>,
}

/// The block that was handed out last.
enum Open<R> {
    Data(OpenFile<R>),
    Objects(OpenObjects<R>),
}

/// Large objects, and how far they have been handed out.
struct OpenObjects<R> {
    oids: std::vec::IntoIter<u32>,
    file: Option<OpenFile<R>>,
}

/// The large objects of one block.
pub(crate) struct ObjectFiles<'a, R> {
    folder: &'a mut Folder<R>,
    dump_id: i32,
    objects: &'a mut OpenObjects<R>,
}

impl<R: Read> FolderBlocks<R> {
    /// Reads the table of contents, called `toc`, of the archive in this folder.
    pub(crate) fn open(path: &Path, toc: &str, input: fn(File) -> R) -> Result<(Contents, Self)> {
        let mut folder = Folder {
            path: path.to_owned(),
            input,
            bytes: 0,
        };
        let Some(mut toc) = folder.open(toc)? else {
            return Err(Error::NotAnArchive(Foreign::Directory));
        };
        let contents = toc
            .contents()
            .map_err(|error| error.unnested().in_file(Some(&toc.name)))?;
        let blocks = FolderBlocks {
            toc_bytes: folder.bytes,
            folder,
            next: 0,
            met: vec![false; contents.entries.len()],
            open: None,
        };
        Ok((contents, blocks))
    }
    /// Goes back to the first block, as if none had been read.
    pub(crate) fn restart(&mut self) {
        self.next = 0;
        self.met.fill(false);
        self.open = None;
        self.folder.bytes = self.toc_bytes;
    }

    /// Opens the block of an entry.
    pub(crate) fn find(&mut self, contents: &Contents, index: usize) -> Result<()> {
        let dump_id = contents.entries[index].dump_id;
        let Some(name) = contents.file(index) else {
            return Err(Error::NoData { dump_id });
        };
        self.open = None;
        self.next = index + 1;
        let mut file = self.folder.open_for(dump_id, &name.to_string())?;
        let open = if contents.holds_large_objects(index) {
            Open::Objects(OpenObjects {
                oids: file.list()?.into_iter(),
                file: None,
            })
        } else {
            Open::Data(file)
        };
        self.met[index] = true;
        self.open = Some((index, open));
        Ok(())
    }

    /// Opens the next block and tells whose it is; `None` behind the last.
    pub(crate) fn enter(&mut self, contents: &Contents) -> Result<Option<usize>> {
        let Some(index) = contents.with_data(self.next) else {
            self.open = None;
            return Ok(None);
        };
        self.find(contents, index)?;
        Ok(Some(index))
    }

    /// Bytes of the files that have been opened.
    pub(crate) fn bytes(&self) -> u64 {
        self.folder.bytes
    }

    /// Whether an entry's block has been met.
    pub(crate) fn has_met(&self, index: usize) -> bool {
        self.met[index]
    }

    /// The block that was opened last.
    pub(crate) fn opened(&mut self, contents: &Contents) -> Result<Block<'_, R>> {
        let (index, open) = self.open.as_mut().expect("a block was opened just before");
        let dump_id = contents.entries[*index].dump_id;
        Ok(match open {
            Open::Data(file) => Block::Data(DataBlock {
                dump_id,
                stream: file.stream()?,
            }),
            Open::Objects(objects) => Block::LargeObjects(LargeObjectsBlock {
                dump_id,
                objects: Objects::InFolder(ObjectFiles {
                    folder: &mut self.folder,
                    dump_id,
                    objects,
                }),
            }),
        })
    }
}

impl<R: Read> Folder<R> {
    /// Opens a file by its name, or by one with the suffix of a compression; `None` if there is none.
    fn open(&mut self, name: &str) -> Result<Option<OpenFile<R>>> {
        for (suffix, compression) in SUFFIXES {
            let name = format!("{name}{suffix}");
            let read_error = |source| Error::Read { offset: 0, source }.in_file(Some(&name));
            let path = self.path.join(&name);
            let metadata = match fs::symlink_metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(read_error)?,
            };
            // A link could lead anywhere, and to open a pipe would wait for somebody to write.
            if !metadata.is_file() {
                return Err(Error::OddFile { file: name });
            }
            let file = File::open(&path).map_err(read_error)?;
            self.bytes += metadata.len();
            return Ok(Some(OpenFile {
                compression,
                length: metadata.len(),
                source: Source::streaming((self.input)(file)),
                state: ChunkState::to_end(),
                name,
            }));
        }
        Ok(None)
    }

    /// Opens a file that holds data of an entry.
    fn open_for(&mut self, dump_id: i32, name: &str) -> Result<OpenFile<R>> {
        self.open(name)?.ok_or_else(|| Error::MissingFile {
            dump_id,
            file: name.to_owned(),
        })
    }
}

impl<R: Read> OpenFile<R> {
    fn stream(&mut self) -> Result<Stream<'_, R>> {
        let (source, state) = (&mut self.source, &mut self.state);
        Stream::new(self.compression, source, state, Some(&self.name))
    }

    /// The file as a table of contents.
    fn contents(&mut self) -> Result<Contents> {
        let limit = self.limit();
        let mut source = Source::streaming(self.stream()?);
        source.set_end(limit);
        Self::read_contents(&mut source).map_err(|error| match error {
            Error::Truncated { offset, .. } if Some(offset) == limit => {
                Error::corrupt(offset, too_long())
            }
            error => error,
        })
    }

    /// How many bytes of what is in the file are taken, where that is to be kept in memory; nothing limits what is not compressed.
    fn limit(&self) -> Option<u64> {
        let most = self.length.saturating_mul(MOST_TIMES).max(ANY_LENGTH);
        (self.compression != Compression::None).then_some(most)
    }

    fn read_contents(source: &mut Source<Stream<'_, R>>) -> Result<Contents> {
        let mut magic = [0; MAGIC.len()];
        if source.read_up_to(&mut magic)? < MAGIC.len() || magic != *MAGIC {
            return Err(Error::corrupt(0, "it does not begin with PGDMP"));
        }
        let contents = Contents::read(source, Format::Directory)?;
        let at = source.position();
        match source.byte_or_end()? {
            None => Ok(contents),
            Some(_) => Err(Error::corrupt(
                at,
                "something follows the table of contents",
            )),
        }
    }

    /// The file as a list of large objects, a line each: the oid, and the name of its file.
    fn list(&mut self) -> Result<Vec<u32>> {
        let mut left = self.limit().unwrap_or(u64::MAX);
        let mut stream = self.stream()?;
        let mut oids = Vec::new();
        let mut buffer = vec![0; LIST_BUFFER];
        let mut filled = 0;
        loop {
            let count = stream.read(&mut buffer[filled..])?;
            let Some(still_left) = left.checked_sub(count as u64) else {
                return Err(stream.corrupt(0, too_long()));
            };
            left = still_left;
            let end = filled + count;
            let mut lines = buffer[..end].split(|&byte| byte == b'\n');
            // What is behind the last newline is not a line yet.
            let rest = lines.next_back().unwrap_or_default().len();
            for line in lines {
                let oid = listed(line).ok_or_else(|| {
                    let shown = bstr::BStr::new(&line[..line.len().min(LONGEST_LINE)]);
                    stream.corrupt(0, format!("no line of a list of large objects: {shown:?}"))
                })?;
                oids.push(oid);
            }
            if count == 0 && rest == 0 {
                return Ok(oids);
            }
            if count == 0 || rest > LONGEST_LINE {
                return Err(stream.corrupt(0, "a line of a list of large objects has no end"));
            }
            buffer.copy_within(end - rest..end, 0);
            filled = rest;
        }
    }
}

fn too_long() -> String {
    format!("decompressed, it is more than {MOST_TIMES} times as long as the file")
}

/// The oid that a line of a list of large objects names, which must name the file that goes with it and no other.
fn listed(line: &[u8]) -> Option<u32> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let oid = file_name::large_object(&line[space + 1..])?;
    (line[..space] == *oid.to_string().as_bytes()).then_some(oid)
}

impl<R: Read> ObjectFiles<'_, R> {
    /// The next large object; `None` after the last.
    pub(crate) fn next_object(&mut self) -> Result<Option<LargeObject<'_, R>>> {
        let Some(oid) = self.objects.oids.next() else {
            self.objects.file = None;
            return Ok(None);
        };
        let name = file_name::of_large_object(oid);
        let file = self.folder.open_for(self.dump_id, &name)?;
        let file = self.objects.file.insert(file);
        Ok(Some(LargeObject {
            oid,
            at: 0,
            stream: file.stream()?,
        }))
    }
}
