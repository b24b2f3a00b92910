//! Writes the tar format: a member for each table and each large object.

mod member;

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
};

use crate::{
    ArchiveVersion, Compression, CreationTime, Error, Header, Result,
    format::file_name,
    reader::tar::BLOCK,
    writer::{PlannedBlock, held_back::HeldBack, patch::Rewind},
};
use member::Member;

/// Bytes of a temporary file read together.
const BUFFER: usize = 64 << 10;

/// Everything but the members' own bytes comes to whole blocks of zeros.
const ZEROS: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// The script for people.
const SCRIPT: &str = "restore.sql";

/// An output, and the member that is being filled.
pub(crate) struct TarTarget<W: Write> {
    output: HeldBack<W>,
    position: u64,
    /// How to fill in what was not known yet, for an output that can seek.
    rewind: Option<Rewind<W>>,
    version: ArchiveVersion,
    /// When the archive was made, in seconds since 1970.
    time: u64,
    /// The name of the member that comes next, and its bytes.
    name: String,
    member: Member,
    /// Where the open member's head is, if it stands in the output already without its length.
    head_at: Option<u64>,
    /// The name of the list of the open block of large objects, and its lines.
    list_name: String,
    list: Member,
}

impl<W: Write> TarTarget<W> {
    /// Writes the table of contents.
    pub(crate) fn start(
        output: W,
        header: &Header,
        contents: &[u8],
        rewind: Option<Rewind<W>>,
    ) -> Result<Self> {
        if header.compression != Compression::None {
            return Err(Error::Unwritable {
                dump_id: 0,
                problem: "the tar format has no compression".into(),
            });
        }
        let mut target = TarTarget {
            output: HeldBack::new(output),
            position: 0,
            rewind,
            version: header.version,
            time: seconds(header.created),
            name: String::new(),
            member: Member::default(),
            head_at: None,
            list_name: String::new(),
            list: Member::default(),
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

    pub(crate) fn begin_blob(&mut self, oid: u32) -> Result<()> {
        self.name = file_name::of_large_object(oid);
        let listed = self.list.put(file_name::list_line(oid).as_bytes());
        listed.map_err(|source| write_error(self.position, source))
    }

    /// Puts bytes into the open member.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if self.head_at.is_none() && self.rewind.is_some() && !self.member.has_room(bytes) {
            self.head_at = Some(self.position);
            self.put_head(&self.name.clone(), 0)?;
            let kept = self.member.take();
            self.put_raw(&kept)?;
        }
        if self.head_at.is_some() {
            return self.put_raw(bytes);
        }
        let written = self.member.put(bytes);
        written.map_err(|source| write_error(self.position, source))
    }

    /// Writes the member, whose length is known now.
    pub(crate) fn end_stream(&mut self) -> Result<()> {
        let name = std::mem::take(&mut self.name);
        let Some(head_at) = self.head_at.take() else {
            let member = std::mem::take(&mut self.member);
            return self.put_kept(&name, member);
        };
        let length = self.position - head_at - BLOCK as u64;
        self.pad()?;
        let head = self.head(&name, length)?;
        let (position, rewind) = (self.position, self.rewind.as_ref());
        let patched = self.output.settle().and_then(|(output, lacks)| {
            let rewind = rewind.expect("the head was written ahead in an output that can seek");
            rewind.write(output, head_at, &head, position - lacks)
        });
        patched.map_err(|source| write_error(position, source))
    }

    pub(crate) fn end_blobs(&mut self) -> Result<()> {
        let name = std::mem::take(&mut self.list_name);
        let list = std::mem::take(&mut self.list);
        self.put_kept(&name, list)
    }

    pub(crate) fn put_script(&mut self, sql: &[u8]) -> Result<()> {
        self.put_member(SCRIPT, sql)
    }

    pub(crate) fn finish(mut self) -> Result<(W, u64)> {
        self.put_raw(&ZEROS)?;
        let position = self.position;
        let error = |source| write_error(position, source);
        let mut output = self.output.release().map_err(error)?;
        output.flush().map_err(error)?;
        Ok((output, position))
    }

    /// Writes a member whose bytes were kept.
    fn put_kept(&mut self, name: &str, member: Member) -> Result<()> {
        match member {
            Member::InMemory(bytes) => self.put_member(name, &bytes),
            Member::InFile(file) => self.put_file(name, file),
        }
    }

    /// Writes a member that is in a temporary file, up to where that stands.
    fn put_file(&mut self, name: &str, mut file: File) -> Result<()> {
        let position = self.position;
        let error = |source| write_error(position, source);
        let mut left = file.stream_position().map_err(error)?;
        file.rewind().map_err(error)?;
        self.put_head(name, left)?;
        let mut buffer = vec![0; BUFFER];
        while left > 0 {
            let count = file.read(&mut buffer).map_err(error)?;
            if count == 0 {
                return Err(error(io::ErrorKind::UnexpectedEof.into()));
            }
            self.put_raw(&buffer[..count])?;
            left -= count as u64;
        }
        self.pad()
    }

    /// Writes a member whose bytes are all there.
    fn put_member(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.put_head(name, bytes.len() as u64)?;
        self.put_raw(bytes)?;
        self.pad()
    }

    fn put_head(&mut self, name: &str, length: u64) -> Result<()> {
        let head = self.head(name, length)?;
        self.put_raw(&head)
    }

    /// A member's head. Lengths that eleven octal digits cannot say are said in base 256.
    fn head(&self, name: &str, length: u64) -> Result<[u8; BLOCK]> {
        let mut head = tar::Header::new_ustar();
        let named = head.set_path(name);
        named.map_err(|source| write_error(self.position, source))?;
        head.set_mode(0o600);
        head.set_uid(0);
        head.set_gid(0);
        head.set_mtime(self.time);
        head.set_size(length);
        head.set_cksum();
        Ok(*head.as_bytes())
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

/// A time as tar files say it. Which zone an archive's is of is not known: it is taken for UTC.
fn seconds(time: CreationTime) -> u64 {
    // The year is counted from March, so that a leap day is its last one.
    let months = i64::from(time.year) * 12 + i64::from(time.month) + 1900 * 12 - 2;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap_days + (153 * month + 2) / 5 + i64::from(time.day) - 1;
    // Days from the first of March of year 0 to that of 1970.
    let days = days - 719_468;
    let hours = days * 24 + i64::from(time.hour);
    let seconds = (hours * 60 + i64::from(time.minute)) * 60 + i64::from(time.second);
    u64::try_from(seconds).unwrap_or(0)
}

fn write_error(offset: u64, source: io::Error) -> Error {
    Error::Write { offset, source }
}

#[cfg(test)]
mod tests;
