//! Writes the directory format: a file for each table and each large object.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
};

use crate::{
    ArchiveVersion, Error, FolderFiles, Header, Result, format::file_name, reader::folder::suffix,
    writer::PlannedBlock,
};

/// A folder, and the files in it that are being written.
pub(crate) struct FolderTarget<W> {
    files: FolderFiles,
    /// What stands for an output, which a folder is none of.
    output: W,
    version: ArchiveVersion,
    suffix: &'static str,
    /// The file of the open stream.
    open: Option<OpenFile>,
    /// The list of the open block of large objects.
    list: Option<OpenFile>,
    /// Bytes written so far.
    bytes: u64,
}

/// A file that is being written.
struct OpenFile {
    name: String,
    file: BufWriter<File>,
}

impl FolderTarget<io::Sink> {
    /// Writes the table of contents.
    pub(crate) fn start(files: &FolderFiles, header: &Header, contents: &[u8]) -> Result<Self> {
        let error = |source| Error::Write { offset: 0, source }.in_file(Some(file_name::TOC));
        let mut toc = files.open_toc().map_err(error)?;
        toc.write_all(contents).map_err(error)?;
        Ok(FolderTarget {
            files: files.clone(),
            output: io::sink(),
            version: header.version,
            suffix: suffix(header.compression),
            open: None,
            list: None,
            bytes: contents.len() as u64,
        })
    }
}

impl<W> FolderTarget<W> {
    pub(crate) fn position(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn begin_block(&mut self, block: &PlannedBlock) -> Result<()> {
        if block.holds_blobs {
            let name = file_name::list(block.dump_id, self.version);
            self.list = Some(self.create(name)?);
        } else {
            let name = file_name::of_table(block.dump_id) + self.suffix;
            self.open = Some(self.create(name)?);
        }
        Ok(())
    }

    pub(crate) fn begin_blob(&mut self, oid: u32) -> Result<()> {
        let list = self
            .list
            .as_mut()
            .expect("a block of large objects is open");
        list.put(file_name::list_line(oid).as_bytes(), &mut self.bytes)?;
        let name = file_name::of_large_object(oid) + self.suffix;
        self.open = Some(self.create(name)?);
        Ok(())
    }

    /// Puts bytes into the open file.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let open = self.open.as_mut().expect("a stream is open");
        open.put(bytes, &mut self.bytes)
    }

    pub(crate) fn end_stream(&mut self) -> Result<()> {
        let ended = self.open.take();
        ended.map_or(Ok(()), |open| open.end(self.bytes))
    }

    pub(crate) fn end_blobs(&mut self) -> Result<()> {
        let ended = self.list.take();
        ended.map_or(Ok(()), |list| list.end(self.bytes))
    }

    pub(crate) fn finish(self) -> (W, u64) {
        (self.output, self.bytes)
    }

    fn create(&self, name: String) -> Result<OpenFile> {
        match self.files.create(&name) {
            Ok(file) => Ok(OpenFile {
                name,
                file: BufWriter::new(file),
            }),
            Err(source) => Err(write_error(self.bytes, source, &name)),
        }
    }
}

impl OpenFile {
    /// Writes bytes, and adds them to those of the archive.
    fn put(&mut self, bytes: &[u8], all: &mut u64) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| write_error(*all, source, &self.name))?;
        *all += bytes.len() as u64;
        Ok(())
    }

    fn end(mut self, all: u64) -> Result<()> {
        let flushed = self.file.flush();
        flushed.map_err(|source| write_error(all, source, &self.name))
    }
}

fn write_error(offset: u64, source: io::Error, file: &str) -> Error {
    Error::Write { offset, source }.in_file(Some(file))
}
