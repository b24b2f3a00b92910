//! Writes the tar format: a member for each table and each large object.

use std::io::{self, Read, Seek, Write};

use tar::Header as Head;
use tempfile::SpooledTempFile;

use crate::{
    ArchiveVersion, Compression, Error, Header, Result,
    format::file_name,
    reader::tar::BLOCK,
    writer::{PlannedBlock, held_back::HeldBack},
};

/// Bytes of a member that are kept in memory. What is longer goes into a temporary file.
const KEPT: usize = 1 << 20;

/// Bytes of a temporary file read together.
const BUFFER: usize = 64 << 10;

/// Everything but the members' own bytes comes to whole blocks of zeros.
const ZEROS: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// An output, and the member that is being filled.
pub(crate) struct TarTarget<W: Write> {
    output: HeldBack<W>,
    position: u64,
    version: ArchiveVersion,
    /// The name of the member that comes next, and its bytes.
    name: String,
    member: SpooledTempFile,
    /// The name of the list of the open block of large objects, and its lines.
    list_name: String,
    list: String,
}

impl<W: Write> TarTarget<W> {
    /// Writes the table of contents.
    pub(crate) fn start(output: W, header: &Header, contents: &[u8]) -> Result<Self> {
        if header.compression != Compression::None {
            return Err(Error::Unwritable {
                dump_id: 0,
                problem: "the tar format has no compression".into(),
            });
        }
        let mut target = TarTarget {
            output: HeldBack::new(output),
            position: 0,
            version: header.version,
            name: String::new(),
            member: SpooledTempFile::new(KEPT),
            list_name: String::new(),
            list: String::new(),
        };
        target.put_member(file_name::TOC, contents)?;
        Ok(target)
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn begin_block(&mut self, block: &PlannedBlock) {
        if block.holds_blobs {
            self.list_name = file_name::list(block.dump_id, self.version);
        } else {
            self.name = file_name::of_table(block.dump_id);
        }
    }

    pub(crate) fn begin_blob(&mut self, oid: u32) {
        self.name = file_name::of_large_object(oid);
        self.list.push_str(&file_name::list_line(oid));
    }

    /// Puts bytes into the open member.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let position = self.position;
        let written = self.member.write_all(bytes);
        written.map_err(|source| write_error(position, source))
    }

    /// Writes the member, whose length is known now.
    pub(crate) fn end_stream(&mut self) -> Result<()> {
        let position = self.position;
        let error = |source| write_error(position, source);
        let mut member = std::mem::replace(&mut self.member, SpooledTempFile::new(KEPT));
        let mut left = member.stream_position().map_err(error)?;
        member.rewind().map_err(error)?;
        self.put_head(&self.name.clone(), left)?;
        let mut buffer = vec![0; BUFFER];
        while left > 0 {
            let count = member.read(&mut buffer).map_err(error)?;
            if count == 0 {
                return Err(error(io::ErrorKind::UnexpectedEof.into()));
            }
            self.put_raw(&buffer[..count])?;
            left -= count as u64;
        }
        self.pad()
    }

    pub(crate) fn end_blobs(&mut self) -> Result<()> {
        let (name, list) = (
            std::mem::take(&mut self.list_name),
            std::mem::take(&mut self.list),
        );
        self.put_member(&name, list.as_bytes())
    }

    /// Writes a member whose bytes are all there.
    pub(crate) fn put_member(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.put_head(name, bytes.len() as u64)?;
        self.put_raw(bytes)?;
        self.pad()
    }

    pub(crate) fn finish(mut self) -> Result<W> {
        self.put_raw(&ZEROS)?;
        let position = self.position;
        let mut output = self
            .output
            .release()
            .map_err(|source| write_error(position, source))?;
        output
            .flush()
            .map_err(|source| write_error(position, source))?;
        Ok(output)
    }

    /// Writes a member's head. Lengths that eleven octal digits cannot say are said in base 256.
    fn put_head(&mut self, name: &str, length: u64) -> Result<()> {
        let mut head = Head::new_ustar();
        let named = head.set_path(name);
        named.map_err(|source| write_error(self.position, source))?;
        head.set_mode(0o600);
        head.set_uid(0);
        head.set_gid(0);
        head.set_mtime(0);
        head.set_size(length);
        head.set_cksum();
        self.put_raw(head.as_bytes())
    }

    fn pad(&mut self) -> Result<()> {
        let over = (self.position % BLOCK as u64) as usize;
        if over == 0 {
            return Ok(());
        }
        self.put_raw(&ZEROS[..BLOCK - over])
    }

    fn put_raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.output
            .put(bytes)
            .map_err(|source| write_error(self.position, source))?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

fn write_error(offset: u64, source: io::Error) -> Error {
    Error::Write { offset, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CreationTime, reader::tar::Member};

    #[test]
    fn heads_say_lengths_of_any_size() {
        let header = Header {
            version: ArchiveVersion::V1_16,
            compression: Compression::None,
            created: CreationTime::default(),
            database: None,
            server_version: None,
            dumper_version: None,
        };
        for length in [0, 1, (8 << 30) - 1, 8 << 30, 5 << 40] {
            let mut target = TarTarget::start(Vec::new(), &header, b"").unwrap();
            target.put_head("3506.dat", length).unwrap();
            let bytes = target.finish().unwrap();
            let head = bytes[BLOCK..].first_chunk().unwrap();
            let member = Member::decode(head, 0).unwrap();
            assert_eq!((member.name, member.length), ("3506.dat".into(), length));
        }
    }
}
