//! A writer that encrypts.
//!
//! What can be written again, the head, is kept as it is and encrypted at the end, once: its chunks have a place of their length in the output until then.
//! All chunks behind it are encrypted when they are full.

use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::chunk::{CHUNK, Cipher, TAG};
use crate::{Error, Recipients};

/// How many bytes of the head may still be with whoever writes when it is said to have ended: an archive's writer gathers small writes.
const KEPT_BACK: usize = 64 << 10;

/// A blocking writer that encrypts what it is given, and writes that to its output.
///
/// Where the output can seek, so does this, to write once more what is in the [head](Head), and for nothing else. Before
/// [`finish`](Sealer::finish) the output holds nothing that opens: what is dropped before is no age file, or one that ends too soon.
pub struct Sealer<W> {
    output: W,
    cipher: Cipher,
    /// What stands before the payload.
    before: Vec<u8>,
    place: Place<W>,
    /// Bytes that can be written again.
    head: Vec<u8>,
    /// The chunk that is being filled, whose number is `next`.
    chunk: Vec<u8>,
    next: u64,
    position: u64,
    length: u64,
    /// Bytes that the output has taken, or has room for.
    written: u64,
    /// Whether something has failed: what was encrypted then must not be encrypted once more.
    has_failed: bool,
}

/// Where in the output the file begins, and how one gets there.
enum Place<W> {
    /// The output does not seek: what stands before the payload has been written, and there is no head.
    Streaming,
    Seeking {
        base: u64,
        seek: fn(&mut W, SeekFrom) -> io::Result<u64>,
        head: Head,
        /// How long the head becomes, once that is known.
        length: Option<usize>,
        /// Told when the head has its place in the output.
        placed: Option<Box<dyn FnOnce() + Send>>,
    },
}

/// Says where the head ends: what was written until then can be written again.
#[derive(Clone, Debug, Default)]
pub struct Head(Arc<AtomicBool>);

impl Head {
    /// It has ended.
    pub fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<W: Write> Sealer<W> {
    /// Begins a file on an output that is written front to back.
    ///
    /// # Errors
    /// [`Error`], where there are no recipients, or the output fails.
    pub fn streaming(mut output: W, recipients: &Recipients) -> Result<Self, Error> {
        let (before, cipher) = recipients.begin()?;
        output.write_all(&before)?;
        let written = before.len() as u64;
        let mut sealer = Self::of(output, before, cipher, Place::Streaming);
        sealer.written = written;
        Ok(sealer)
    }

    /// Begins a file on an output that can seek, where it stands now. `head` says where the head ends, which may be never, and `placed` is told when the
    /// output has room for it and all else follows.
    ///
    /// # Errors
    /// As [`streaming`](Self::streaming).
    pub fn seekable(
        mut output: W,
        recipients: &Recipients,
        head: Head,
        placed: impl FnOnce() + Send + 'static,
    ) -> Result<Self, Error>
    where
        W: Seek,
    {
        let (before, cipher) = recipients.begin()?;
        let place = Place::Seeking {
            base: output.stream_position()?,
            seek: W::seek,
            head,
            length: None,
            placed: Some(Box::new(placed)),
        };
        Ok(Self::of(output, before, cipher, place))
    }

    fn of(output: W, before: Vec<u8>, cipher: Cipher, place: Place<W>) -> Self {
        Self {
            output,
            cipher,
            before,
            place,
            head: Vec::new(),
            chunk: Vec::new(),
            next: 0,
            position: 0,
            length: 0,
            written: 0,
            has_failed: false,
        }
    }

    /// Encrypts what is left, the head last, flushes the output and gives it back, with the number of the file's bytes.
    ///
    /// # Errors
    /// Whatever the output reports. What it holds then is of no use.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        self.check()?;
        let is_all_head = matches!(self.place, Place::Seeking { .. }) && self.next == 0;
        if is_all_head {
            self.put_before()?;
            self.put_head(true)?;
        } else {
            self.put_chunk(true)?;
            if let Place::Seeking { base, seek, .. } = self.place {
                let written = self.written;
                seek(&mut self.output, SeekFrom::Start(base))?;
                self.put_before()?;
                self.put_head(false)?;
                seek(&mut self.output, SeekFrom::Start(base + written))?;
                self.written = written;
            }
        }
        self.output.flush()?;
        Ok((self.output, self.written))
    }

    /// Fails where something has failed before.
    fn check(&self) -> io::Result<()> {
        match self.has_failed {
            true => Err(io::Error::other("the encrypted file could not be written")),
            false => Ok(()),
        }
    }

    fn put_before(&mut self) -> io::Result<()> {
        self.output.write_all(&self.before)?;
        self.written += self.before.len() as u64;
        Ok(())
    }

    /// Encrypts the head.
    fn put_head(&mut self, is_all: bool) -> io::Result<()> {
        let head = std::mem::take(&mut self.head);
        let count = head.len().div_ceil(CHUNK).max(1);
        for number in 0..count {
            let start = number * CHUNK;
            let mut chunk = Vec::with_capacity(CHUNK + TAG);
            chunk.extend_from_slice(&head[start..head.len().min(start + CHUNK)]);
            let is_last = is_all && number + 1 == count;
            self.cipher.seal(number as u64, is_last, &mut chunk)?;
            self.output.write_all(&chunk)?;
            self.written += chunk.len() as u64;
        }
        Ok(())
    }

    /// Encrypts the chunk that was filled.
    fn put_chunk(&mut self, is_last: bool) -> io::Result<()> {
        self.cipher.seal(self.next, is_last, &mut self.chunk)?;
        self.output.write_all(&self.chunk)?;
        self.written += self.chunk.len() as u64;
        self.next += 1;
        self.chunk.clear();
        Ok(())
    }

    /// How many bytes the head may still take; nothing where it has its place.
    fn head_room(&mut self) -> Option<usize> {
        let Place::Seeking { head, length, .. } = &mut self.place else {
            return None;
        };
        if self.next > 0 {
            return None;
        }
        if length.is_none() && head.0.load(Ordering::Relaxed) {
            // Whole chunks: one cannot be encrypted in part.
            let least = self.head.len() + KEPT_BACK;
            *length = Some(least.div_ceil(CHUNK) * CHUNK);
        }
        let room = length.map_or(usize::MAX, |length| length - self.head.len());
        (room > 0).then_some(room)
    }

    /// Makes room for the head in the output, where data begins to follow it.
    fn place_head(&mut self) -> io::Result<()> {
        let Place::Seeking { placed, .. } = &mut self.place else {
            return Ok(());
        };
        let Some(placed) = placed.take() else {
            return Ok(());
        };
        let chunks = self.head.len() / CHUNK;
        let length = (self.before.len() + chunks * (CHUNK + TAG)) as u64;
        io::copy(&mut io::Read::take(io::repeat(0), length), &mut self.output)?;
        self.written = length;
        self.next = chunks as u64;
        placed();
        Ok(())
    }

    /// Writes once more what is in the head.
    fn patch(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = usize::try_from(self.position).unwrap_or(usize::MAX);
        let place = self.head.get_mut(start..start.saturating_add(bytes.len()));
        let place = place.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "what was encrypted cannot be written again",
            )
        })?;
        place.copy_from_slice(bytes);
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.position != self.length {
            return self.patch(bytes);
        }
        // Until it is taken.
        self.has_failed = true;
        let written = match self.head_room() {
            Some(room) => {
                let part = &bytes[..bytes.len().min(room)];
                self.head.extend_from_slice(part);
                part.len()
            }
            None => {
                self.place_head()?;
                if self.chunk.capacity() == 0 {
                    self.chunk.reserve_exact(CHUNK + TAG);
                }
                // The last chunk is encrypted otherwise than the others, and which it is shows when more comes, or nothing.
                if self.chunk.len() == CHUNK {
                    self.put_chunk(false)?;
                }
                let part = &bytes[..bytes.len().min(CHUNK - self.chunk.len())];
                self.chunk.extend_from_slice(part);
                part.len()
            }
        };
        self.has_failed = false;
        self.position += written as u64;
        self.length = self.position;
        Ok(written)
    }

    /// Does nothing for what waits to be encrypted: chunks have the length that they must have.
    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<W: Write> Seek for Sealer<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let to = to.filter(|&to| to <= self.length);
        self.position = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
