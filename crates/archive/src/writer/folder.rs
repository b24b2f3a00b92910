//! Writes the directory format: a file for each table and each large object.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    ArchiveVersion, Error, Header, Result, format::file_name, reader::folder::suffix,
    writer::PlannedBlock,
};

/// The table of contents before it has its name.
const UNFINISHED_TOC: &str = "toc.dat.partial";

/// A folder, and the file in it that is being written.
pub(crate) struct FolderTarget<W> {
    folder: Unfinished,
    /// What stands for an output, which a folder is none of.
    output: W,
    version: ArchiveVersion,
    suffix: &'static str,
    /// The header and the table of contents, which are written last.
    contents: Vec<u8>,
    open: Option<(String, BufWriter<File>)>,
    /// The name of the list of the open block of large objects, and its lines.
    list_name: String,
    list: String,
    /// Bytes written so far.
    bytes: u64,
}

/// What has been made, to be removed if the archive is not finished.
struct Unfinished {
    path: PathBuf,
    made_folder: bool,
    files: Vec<String>,
    finished: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // There is nobody to tell of what cannot be removed, and without its table of contents it is no archive.
        for file in &self.files {
            drop(fs::remove_file(self.path.join(file)));
        }
        if self.made_folder {
            drop(fs::remove_dir(&self.path));
        }
    }
}

impl FolderTarget<io::Sink> {
    /// Makes the folder, or takes an empty one.
    pub(crate) fn start(path: &Path, header: &Header, contents: Vec<u8>) -> Result<Self> {
        let error = |source| Error::Write { offset: 0, source };
        let made_folder = match fs::create_dir(path) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => false,
            Err(source) => return Err(error(source)),
        };
        if !made_folder && fs::read_dir(path).map_err(error)?.next().is_some() {
            return Err(Error::FolderInUse {
                path: path.to_owned(),
            });
        }
        Ok(FolderTarget {
            folder: Unfinished {
                path: path.to_owned(),
                made_folder,
                files: Vec::new(),
                finished: false,
            },
            output: io::sink(),
            version: header.version,
            suffix: suffix(header.compression),
            contents,
            open: None,
            list_name: String::new(),
            list: String::new(),
            bytes: 0,
        })
    }
}

impl<W> FolderTarget<W> {
    pub(crate) fn position(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn begin_block(&mut self, block: &PlannedBlock) -> Result<()> {
        if block.holds_blobs {
            self.list_name = file_name::list(block.dump_id, self.version);
            return Ok(());
        }
        self.create(file_name::of_table(block.dump_id) + self.suffix)
    }

    pub(crate) fn begin_blob(&mut self, oid: u32) -> Result<()> {
        self.list.push_str(&file_name::list_line(oid));
        self.create(file_name::of_large_object(oid) + self.suffix)
    }

    /// Puts bytes into the open file.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let (name, file) = self.open.as_mut().expect("a stream is open");
        file.write_all(bytes).map_err(|source| {
            let offset = self.bytes;
            Error::Write { offset, source }.in_file(Some(name))
        })?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn end_stream(&mut self) -> Result<()> {
        let Some((name, mut file)) = self.open.take() else {
            return Ok(());
        };
        file.flush().map_err(|source| {
            let offset = self.bytes;
            Error::Write { offset, source }.in_file(Some(&name))
        })
    }

    pub(crate) fn end_blobs(&mut self) -> Result<()> {
        let (name, list) = (
            std::mem::take(&mut self.list_name),
            std::mem::take(&mut self.list),
        );
        self.put_file(name, list.as_bytes())
    }

    /// Writes the table of contents, which makes the folder an archive.
    pub(crate) fn finish(mut self) -> Result<W> {
        let contents = std::mem::take(&mut self.contents);
        self.put_file(UNFINISHED_TOC.into(), &contents)?;
        let path = &self.folder.path;
        fs::rename(path.join(UNFINISHED_TOC), path.join(file_name::TOC)).map_err(|source| {
            let offset = self.bytes;
            Error::Write { offset, source }.in_file(Some(file_name::TOC))
        })?;
        self.folder.finished = true;
        Ok(self.output)
    }

    fn put_file(&mut self, name: String, bytes: &[u8]) -> Result<()> {
        self.create(name)?;
        self.put(bytes)?;
        self.end_stream()
    }

    /// Makes a file. None of that name may be there: somebody else would be writing into the same folder.
    fn create(&mut self, name: String) -> Result<()> {
        let file = File::create_new(self.folder.path.join(&name)).map_err(|source| {
            let offset = self.bytes;
            Error::Write { offset, source }.in_file(Some(&name))
        })?;
        self.folder.files.push(name.clone());
        self.open = Some((name, BufWriter::new(file)));
        Ok(())
    }
}
