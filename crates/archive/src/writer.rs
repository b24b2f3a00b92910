//! Writes archives.

pub(crate) mod custom;
pub(crate) mod folder;
pub(crate) mod held_back;
pub(crate) mod new_folder;
pub(crate) mod patch;
pub(crate) mod tar;
mod target;

use std::{
    collections::HashMap,
    io::{Seek, Sink, Write},
};

use crate::{
    Compressor, Entry, Error, FolderFiles, Format, Header, Result,
    format::toc::{self, EncodedToc},
    writer::{
        custom::CustomTarget, folder::FolderTarget, patch::Rewind, tar::TarTarget, target::Target,
    },
};

/// Writes one archive, front to back.
///
/// [`new`](Self::new) or [`seekable`](Self::seekable) writes the header and the table of contents of the custom format,
/// [`tar`](Self::tar) or [`seekable_tar`](Self::seekable_tar) those of the tar format, [`directory`](Self::directory) writes into a folder. Then each entry with
/// [`had_dumper`](Entry::had_dumper) gets its block, in the order of the entries:
///
/// - table data: [`begin_data`](Self::begin_data), the stream, [`end`](Self::end);
/// - large objects (descriptor `BLOBS`): [`begin_blobs`](Self::begin_blobs), for each large object
///   [`begin_blob`](Self::begin_blob), its stream and [`end_blob`](Self::end_blob), then [`end`](Self::end).
///
/// A stream is either raw bytes given to [`write`](Self::write), which the writer compresses as the header says, or
/// chunk payloads given to [`write_chunk`](Self::write_chunk), which a [`Compressor`] made elsewhere: one for files in the directory
/// format. [`finish`](Self::finish) ends the archive.
///
/// The writer adds no bytes to a stream. The `\.` line that ends COPY data is the caller's to write.
///
/// Every call out of this order is refused with [`Error::Misuse`], and nothing is written for it. After any other error
/// the archive is of no use.
///
/// Before [`finish`](Self::finish) the output is a truncated archive, whatever has been given to the writer: its last byte
/// is kept back, and a writer that is dropped writes nothing more. A folder is no archive before it is [committed](crate::NewFolder::commit).
pub struct Writer<W: Write> {
    target: Target<W>,
    compressor: Compressor,
    blocks: Vec<PlannedBlock>,
    /// How many blocks have been begun.
    begun: usize,
    had_dumper: HashMap<i32, bool>,
    state: State,
}

/// An entry that is to have a data block.
pub(crate) struct PlannedBlock {
    dump_id: i32,
    holds_blobs: bool,
    /// Where its offset stands in the table of contents of the custom format.
    offset_at: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    BetweenBlocks,
    Data(Stream),
    Blobs,
    Blob(Stream),
}

/// How the open stream is being fed. Compressed and raw bytes cannot be mixed in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stream {
    Untouched,
    Raw,
    Chunks,
}

impl<W: Write> Writer<W> {
    /// Starts an archive in the custom format on an output that cannot seek. Data offsets stay unset: `pg_restore` finds the blocks by
    /// walking over them.
    ///
    /// # Errors
    /// [`Error::VersionNotWritable`], [`Error::CompressionVersion`] or [`Error::CompressionLevel`] for the header,
    /// [`Error::Unwritable`] for an entry that the format cannot hold, [`Error::Write`] from the output.
    pub fn new(output: W, header: &Header, entries: &[Entry]) -> Result<Self> {
        check_version(header)?;
        Self::start_custom(output, header, entries, None)
    }

    /// Starts an archive in the custom format on an output that can seek, where it stands now. [`finish`](Self::finish) goes back and fills
    /// in the data offsets.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn seekable(mut output: W, header: &Header, entries: &[Entry]) -> Result<Self>
    where
        W: Seek,
    {
        check_version(header)?;
        let rewind = rewind(&mut output)?;
        Self::start_custom(output, header, entries, Some(rewind))
    }

    /// Starts an archive in the tar format, which holds data as it is: the header's compression must be none.
    ///
    /// The length of a member stands before it. So each table and each large object goes into a temporary file first if it is longer than
    /// 1 MiB, in the folder that the system has for these.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Unwritable`] for a header with a compression.
    pub fn tar(output: W, header: &Header, entries: &[Entry]) -> Result<Self> {
        check_version(header)?;
        Self::start_tar(output, header, entries, None)
    }

    /// Starts an archive in the tar format on an output that can seek, where it stands now. Long members go there at once, and
    /// their lengths are filled in behind.
    ///
    /// # Errors
    /// As [`tar`](Self::tar).
    pub fn seekable_tar(mut output: W, header: &Header, entries: &[Entry]) -> Result<Self>
    where
        W: Seek,
    {
        check_version(header)?;
        let rewind = rewind(&mut output)?;
        Self::start_tar(output, header, entries, Some(rewind))
    }

    /// Starts an archive of a version that is no longer written, so that reading it can be tested.
    #[cfg(test)]
    pub(crate) fn of_old_version(output: W, header: &Header, entries: &[Entry]) -> Result<Self> {
        Self::start_custom(output, header, entries, None)
    }

    fn start_custom(
        output: W,
        header: &Header,
        entries: &[Entry],
        rewind: Option<Rewind<W>>,
    ) -> Result<Self> {
        let (toc, plan) = Self::plan(header, entries, Format::Custom)?;
        let target = CustomTarget::start(output, header, toc.bytes, rewind)?;
        Self::start(Target::Custom(target), header, entries, plan)
    }

    fn start_tar(
        output: W,
        header: &Header,
        entries: &[Entry],
        rewind: Option<Rewind<W>>,
    ) -> Result<Self> {
        let (toc, plan) = Self::plan(header, entries, Format::Tar)?;
        let mut contents = header.encode(Format::Tar);
        contents.extend(toc.bytes);
        let target = TarTarget::start(output, header, &contents, rewind)?;
        Self::start(Target::Tar(target), header, entries, plan)
    }

    /// Checks what is to be written, and plans the blocks.
    fn plan(
        header: &Header,
        entries: &[Entry],
        format: Format,
    ) -> Result<(EncodedToc, Vec<PlannedBlock>)> {
        header.compression.validate_for(header.version)?;
        toc::check_header(header)?;
        let toc = toc::encode(entries, header.version, format)?;
        let mut offsets = toc.offsets.iter().map(|(_, offset_at)| *offset_at);
        let with_data = entries.iter().filter(|entry| entry.had_dumper);
        let plan = with_data.map(|entry| PlannedBlock {
            dump_id: entry.dump_id,
            holds_blobs: entry.descriptor == toc::BLOBS,
            offset_at: offsets.next(),
        });
        let plan = plan.collect();
        Ok((toc, plan))
    }

    fn start(
        target: Target<W>,
        header: &Header,
        entries: &[Entry],
        blocks: Vec<PlannedBlock>,
    ) -> Result<Self> {
        let compressor = match target {
            Target::Folder(_) => Compressor::for_files(header.compression)?,
            Target::Custom(_) | Target::Tar(_) => Compressor::new(header.compression)?,
        };
        Ok(Writer {
            target,
            compressor,
            blocks,
            begun: 0,
            had_dumper: entries
                .iter()
                .map(|entry| (entry.dump_id, entry.had_dumper))
                .collect(),
            state: State::BetweenBlocks,
        })
    }

    /// How many bytes of the archive have been written.
    pub fn position(&self) -> u64 {
        self.target.position()
    }

    /// Begins the block of an entry whose data is one stream.
    ///
    /// # Errors
    /// [`Error::UnknownEntry`] or [`Error::NoData`] if the entry has no block to be written, [`Error::Misuse`] if it is
    /// not this block's turn or the entry holds large objects, [`Error::Write`] from the output.
    pub fn begin_data(&mut self, dump_id: i32) -> Result<()> {
        self.begin_block(dump_id, false)?;
        self.state = State::Data(Stream::Untouched);
        Ok(())
    }

    /// Begins the block of an entry whose data are large objects.
    ///
    /// # Errors
    /// As [`begin_data`](Self::begin_data).
    pub fn begin_blobs(&mut self, dump_id: i32) -> Result<()> {
        self.begin_block(dump_id, true)?;
        self.state = State::Blobs;
        Ok(())
    }

    /// Begins a large object inside the open block.
    ///
    /// # Errors
    /// [`Error::Misuse`] outside a block of large objects or for oid 0, which ends the block; [`Error::Write`] from the
    /// output.
    pub fn begin_blob(&mut self, oid: u32) -> Result<()> {
        if self.state != State::Blobs {
            return Err(misuse(format!(
                "large object {oid} begins {}",
                self.place()
            )));
        }
        if oid == 0 {
            return Err(misuse("a large object cannot have oid 0".into()));
        }
        self.target.begin_blob(oid)?;
        self.state = State::Blob(Stream::Untouched);
        Ok(())
    }

    /// Writes raw bytes into the open stream.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no stream is open or it was fed with chunks, [`Error::Compress`] from the compression,
    /// [`Error::Write`] from the output.
    pub fn write(&mut self, raw: &[u8]) -> Result<()> {
        self.feed(Stream::Raw)?;
        self.compressor.write(raw)?;
        self.put_ready_chunks()
    }

    /// Writes a finished chunk payload into the open stream, as one chunk. It must be compressed as the header says.
    ///
    /// # Errors
    /// [`Error::Misuse`] if no stream is open, it was fed with raw bytes, or the payload is empty or 2 GiB long or
    /// longer; [`Error::Write`] from the output.
    pub fn write_chunk(&mut self, payload: &[u8]) -> Result<()> {
        if payload.is_empty() || i32::try_from(payload.len()).is_err() {
            return Err(misuse(format!(
                "a chunk cannot be {} bytes long",
                payload.len()
            )));
        }
        self.feed(Stream::Chunks)?;
        self.target.put(payload)
    }

    /// Ends the open large object.
    ///
    /// # Errors
    /// [`Error::Misuse`] if none is open, [`Error::Compress`] or [`Error::Write`] from ending its stream.
    pub fn end_blob(&mut self) -> Result<()> {
        let State::Blob(stream) = self.state else {
            return Err(misuse(format!("a large object ends {}", self.place())));
        };
        self.end_stream(stream)?;
        self.state = State::Blobs;
        Ok(())
    }

    /// Ends the open block.
    ///
    /// # Errors
    /// [`Error::Misuse`] if none is open, or a large object in it still is; [`Error::Compress`] or [`Error::Write`]
    /// from ending it.
    pub fn end(&mut self) -> Result<()> {
        match self.state {
            State::Data(stream) => self.end_stream(stream)?,
            State::Blobs => self.target.end_blobs()?,
            State::BetweenBlocks | State::Blob(_) => {
                return Err(misuse(format!("a block ends {}", self.place())));
            }
        }
        self.state = State::BetweenBlocks;
        Ok(())
    }

    /// Writes the script that `pg_dump` puts into a tar file beside the archive, as its last member, `restore.sql`. Nobody reads it but people.
    ///
    /// # Errors
    /// [`Error::Misuse`] in other formats and before the last block has ended, [`Error::Write`] from the output.
    pub fn put_script(&mut self, sql: &[u8]) -> Result<()> {
        self.check_ended("the script comes")?;
        match &mut self.target {
            Target::Tar(target) => target.put_script(sql),
            Target::Custom(_) | Target::Folder(_) => Err(misuse(
                "there is a script in the tar format alone".to_owned(),
            )),
        }
    }

    /// Ends the archive: fills in the offsets if the output can seek, flushes, and gives the output back. Syncing it to
    /// disk is the caller's part.
    ///
    /// # Errors
    /// [`Error::Misuse`] if a block is open or an entry's block was never written, [`Error::Write`] from the output.
    pub fn finish(self) -> Result<W> {
        self.finish_counted().map(|(output, _)| output)
    }

    /// Ends the archive as [`finish`](Self::finish) does, and tells how many bytes it has, in all its files together.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_counted(self) -> Result<(W, u64)> {
        self.check_ended("the archive ends")?;
        self.target.finish()
    }

    /// Fails if there is anything of the data to come. `what` would come too early.
    fn check_ended(&self, what: &str) -> Result<()> {
        if self.state != State::BetweenBlocks {
            return Err(misuse(format!("{what} {}", self.place())));
        }
        match self.blocks.get(self.begun) {
            None => Ok(()),
            Some(block) => Err(misuse(format!(
                "{what} without the data of entry {}",
                block.dump_id
            ))),
        }
    }

    fn begin_block(&mut self, dump_id: i32, blobs: bool) -> Result<()> {
        if self.state != State::BetweenBlocks {
            return Err(misuse(format!(
                "the block of entry {dump_id} begins {}",
                self.place()
            )));
        }
        match self.had_dumper.get(&dump_id) {
            None => return Err(Error::UnknownEntry { dump_id }),
            Some(false) => return Err(Error::NoData { dump_id }),
            Some(true) => {}
        }
        let block = match self.blocks.get(self.begun) {
            Some(block) if block.dump_id == dump_id => block,
            // pg_restore reads a pipe front to back in the order of the entries and cannot go back.
            Some(next) => {
                return Err(misuse(format!(
                    "the block of entry {dump_id} begins where that of entry {} must",
                    next.dump_id
                )));
            }
            None => return Err(misuse(format!("entry {dump_id} begins a second block"))),
        };
        if block.holds_blobs != blobs {
            let kind = if blobs {
                "no large objects"
            } else {
                "large objects"
            };
            return Err(misuse(format!("entry {dump_id} holds {kind}")));
        }
        self.target.begin_block(block)?;
        self.begun += 1;
        Ok(())
    }

    /// Notes how the open stream is fed, or refuses it.
    fn feed(&mut self, wanted: Stream) -> Result<()> {
        match &mut self.state {
            State::Data(stream) | State::Blob(stream)
                if *stream == Stream::Untouched || *stream == wanted =>
            {
                *stream = wanted;
                Ok(())
            }
            State::Data(_) | State::Blob(_) => Err(misuse(
                "a stream gets both raw bytes and finished chunks".into(),
            )),
            State::BetweenBlocks | State::Blobs => {
                Err(misuse(format!("data comes {}", self.place())))
            }
        }
    }

    fn end_stream(&mut self, stream: Stream) -> Result<()> {
        // A stream that got nothing still needs its frame: pg_restore refuses a zlib stream of no bytes.
        if stream != Stream::Chunks {
            self.compressor.finish()?;
            self.put_ready_chunks()?;
        }
        self.target.end_stream()
    }

    fn put_ready_chunks(&mut self) -> Result<()> {
        while let Some(payload) = self.compressor.next_chunk() {
            self.target.put(&payload)?;
        }
        Ok(())
    }

    fn place(&self) -> &'static str {
        match self.state {
            State::BetweenBlocks => "outside any block",
            State::Data(_) => "inside a data block",
            State::Blobs => "inside a block of large objects",
            State::Blob(_) => "inside a large object",
        }
    }
}

impl Writer<Sink> {
    /// Starts an archive in the directory format, in the files of a [`NewFolder`](crate::NewFolder).
    ///
    /// # Errors
    /// As [`new`](Self::new), with [`Error::InFile`] around what is said of a file.
    pub fn directory(files: &FolderFiles, header: &Header, entries: &[Entry]) -> Result<Self> {
        check_version(header)?;
        let (toc, plan) = Self::plan(header, entries, Format::Directory)?;
        let mut contents = header.encode(Format::Directory);
        contents.extend(toc.bytes);
        let target = FolderTarget::start(files, header, &contents)?;
        Self::start(Target::Folder(target), header, entries, plan)
    }
}

/// Takes down where the output stands.
fn rewind<W: Write + Seek>(output: &mut W) -> Result<Rewind<W>> {
    Rewind::begin(output).map_err(|source| Error::Write { offset: 0, source })
}

fn check_version(header: &Header) -> Result<()> {
    if header.version.is_writable() {
        Ok(())
    } else {
        Err(Error::VersionNotWritable(header.version))
    }
}

fn misuse(problem: String) -> Error {
    Error::Misuse(problem)
}
