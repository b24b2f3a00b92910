//! The input: bytes with a position, and the format's primitives read from them.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use bstr::{BString, ByteSlice};

use crate::{
    DataOffset, Error, Result,
    format::{
        header::FieldSizes,
        primitives::{INT_SIZE, OFFSET_SIZE},
    },
};

/// Room for reading ahead: seeking inside it costs nothing.
const BUFFER_SIZE: usize = 64 * 1024;
/// A text up to this length gets its memory at once; a longer one only as its bytes arrive, because a length is no
/// more than a claim until then.
const TRUSTED_LENGTH: usize = 64 * 1024;

/// What an input that can seek can do, taken down where its type is still known to be [`Seek`], so that one reader type
/// serves both kinds of input.
struct Seeking<R> {
    relative: fn(&mut BufReader<R>, i64) -> io::Result<()>,
    absolute: fn(&mut BufReader<R>, u64) -> io::Result<u64>,
    /// Where the archive's first byte is in the input.
    base: u64,
    /// The archive's length.
    length: u64,
}

/// An archive's bytes, front to back, with seeking where the input can do it.
pub(crate) struct Source<R> {
    input: BufReader<R>,
    position: u64,
    /// Nothing is read from here on, as if the input ended.
    end: u64,
    seeking: Option<Seeking<R>>,
    sizes: FieldSizes,
}

impl<R: Read> Source<R> {
    /// An input that can only be read front to back.
    pub(crate) fn streaming(input: R) -> Self {
        Source {
            input: BufReader::with_capacity(BUFFER_SIZE, input),
            position: 0,
            end: u64::MAX,
            seeking: None,
            sizes: FieldSizes {
                int: INT_SIZE,
                offset: OFFSET_SIZE,
            },
        }
    }

    /// An input that can seek. The archive begins where the input stands now and ends where the input ends.
    pub(crate) fn seekable(mut input: R) -> Result<Self>
    where
        R: Seek,
    {
        fn bounds(input: &mut impl Seek) -> io::Result<(u64, u64)> {
            let base = input.stream_position()?;
            let end = input.seek(SeekFrom::End(0))?;
            input.seek(SeekFrom::Start(base))?;
            Ok((base, end.saturating_sub(base)))
        }
        let (base, length) =
            bounds(&mut input).map_err(|source| Error::Read { offset: 0, source })?;
        let mut source = Self::streaming(input);
        source.seeking = Some(Seeking {
            relative: BufReader::seek_relative,
            absolute: |input, position| input.seek(SeekFrom::Start(position)),
            base,
            length,
        });
        Ok(source)
    }

    /// How many bytes of the archive lie before the next one to be read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The archive's length, of an input that can seek.
    pub(crate) fn length(&self) -> Option<u64> {
        self.seeking.as_ref().map(|seeking| seeking.length)
    }

    pub(crate) fn can_seek(&self) -> bool {
        self.seeking.is_some()
    }

    /// Takes the input to end at `end`, or where it really does.
    pub(crate) fn set_end(&mut self, end: Option<u64>) {
        self.end = end.unwrap_or(u64::MAX);
    }

    pub(crate) fn set_field_sizes(&mut self, sizes: FieldSizes) {
        self.sizes = sizes;
    }

    /// Reads some bytes; 0 only at the end or for an empty buffer.
    pub(crate) fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        loop {
            match self.input.read(&mut buffer[..length]) {
                Ok(count) => {
                    self.position += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(Error::Read {
                        offset: self.position,
                        source,
                    });
                }
            }
        }
    }

    /// How long integers and offsets are.
    pub(crate) fn field_sizes(&self) -> FieldSizes {
        self.sizes
    }

    /// Fills the buffer as far as the input goes and says how far.
    pub(crate) fn read_up_to(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_some(&mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Appends bytes until `bytes` is `length` long or the input ends.
    pub(crate) fn append_up_to(&mut self, bytes: &mut Vec<u8>, length: usize) -> Result<()> {
        let wanted = length.saturating_sub(bytes.len()) as u64;
        let wanted = wanted.min(self.end.saturating_sub(self.position));
        let before = bytes.len();
        let outcome = self.input.by_ref().take(wanted).read_to_end(bytes);
        self.position += (bytes.len() - before) as u64;
        outcome.map_err(|source| Error::Read {
            offset: self.position,
            source,
        })?;
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8], inside: &'static str) -> Result<()> {
        if self.read_up_to(buffer)? < buffer.len() {
            return Err(Error::Truncated {
                offset: self.position,
                inside,
            });
        }
        Ok(())
    }

    /// One byte, or `None` at the end of the input.
    pub(crate) fn byte_or_end(&mut self) -> Result<Option<u8>> {
        let mut byte = [0];
        Ok((self.read_some(&mut byte)? == 1).then_some(byte[0]))
    }

    /// One byte.
    pub(crate) fn byte(&mut self, inside: &'static str) -> Result<u8> {
        self.byte_or_end()?.ok_or(Error::Truncated {
            offset: self.position,
            inside,
        })
    }

    /// An integer. One that does not fit an `i32` is an error: no field of the format can be that large.
    pub(crate) fn int(&mut self, inside: &'static str) -> Result<i32> {
        let negative = self.byte(inside)? != 0;
        self.int_behind_sign(negative, inside)
    }

    /// An integer whose sign has been read already.
    pub(crate) fn int_behind_sign(&mut self, negative: bool, inside: &'static str) -> Result<i32> {
        let at = self.position - 1;
        let magnitude = self.magnitude(self.sizes.int, inside)?;
        let value = magnitude.and_then(|magnitude| i64::try_from(magnitude).ok());
        value
            .map(|value| if negative { -value } else { value })
            .and_then(|value| i32::try_from(value).ok())
            .ok_or_else(|| Error::corrupt(at, "an integer does not fit 32 bits"))
    }

    /// `size` bytes, lowest first; `None` if they hold more than 64 bits.
    fn magnitude(&mut self, size: u8, inside: &'static str) -> Result<Option<u64>> {
        let mut bytes = [0; u8::MAX as usize];
        let bytes = &mut bytes[..usize::from(size)];
        self.fill(bytes, inside)?;
        let (low, high) = bytes.split_at(bytes.len().min(8));
        let value = low
            .iter()
            .rev()
            .fold(0, |value, &byte| value << 8 | u64::from(byte));
        Ok(high.iter().all(|&byte| byte == 0).then_some(value))
    }

    /// The bytes of a text, or `None` for NULL.
    fn bytes(&mut self, inside: &'static str) -> Result<Option<BString>> {
        let Ok(length) = usize::try_from(self.int(inside)?) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        if length <= TRUSTED_LENGTH {
            bytes.resize(length, 0);
            self.fill(&mut bytes, inside)?;
        } else {
            self.append_up_to(&mut bytes, length)?;
            if bytes.len() < length {
                return Err(Error::Truncated {
                    offset: self.position,
                    inside,
                });
            }
        }
        Ok(Some(bytes.into()))
    }

    /// A text, which holds no NUL byte: `pg_restore` would cut it there without a word.
    pub(crate) fn text(&mut self, inside: &'static str) -> Result<Option<BString>> {
        let at = self.position;
        let text = self.bytes(inside)?;
        if text
            .as_ref()
            .is_some_and(|text| text.find_byte(0).is_some())
        {
            return Err(Error::corrupt(at, "a text contains a NUL byte"));
        }
        Ok(text)
    }

    /// An entry's data offset.
    pub(crate) fn offset(&mut self, inside: &'static str) -> Result<DataOffset> {
        let at = self.position;
        let state = self.byte(inside)?;
        let position = self.magnitude(self.sizes.offset, inside)?;
        match (state, position) {
            (1, _) => Ok(DataOffset::Unset),
            (2, Some(position)) => Ok(DataOffset::Set(position)),
            (2, None) => Err(Error::corrupt(at, "a data offset does not fit 64 bits")),
            (3, _) => Ok(DataOffset::NoData),
            (other, _) => Err(Error::corrupt(
                at,
                format!("there is no offset state {other}"),
            )),
        }
    }

    /// Passes over `count` bytes, by seeking if possible.
    pub(crate) fn skip(&mut self, count: u64, inside: &'static str) -> Result<()> {
        if let Some(seeking) = &self.seeking {
            // Seeking past the end succeeds, so the end is checked here.
            if seeking.length.saturating_sub(self.position) < count {
                return Err(Error::Truncated {
                    offset: seeking.length,
                    inside,
                });
            }
            let mut left = count;
            while left > 0 {
                let step = i64::try_from(left).unwrap_or(i64::MAX);
                (seeking.relative)(&mut self.input, step).map_err(|source| Error::Read {
                    offset: self.position,
                    source,
                })?;
                left -= step.unsigned_abs();
                self.position += step.unsigned_abs();
            }
            return Ok(());
        }
        let copied =
            io::copy(&mut self.input.by_ref().take(count), &mut io::sink()).map_err(|source| {
                Error::Read {
                    offset: self.position,
                    source,
                }
            })?;
        self.position += copied;
        if copied < count {
            return Err(Error::Truncated {
                offset: self.position,
                inside,
            });
        }
        Ok(())
    }

    /// Goes to a place in the archive. Callers ask [`can_seek`](Self::can_seek) first.
    pub(crate) fn go_to(&mut self, position: u64) -> Result<()> {
        let seeking = self
            .seeking
            .as_ref()
            .expect("go_to is called only for inputs that can seek");
        if position > seeking.length {
            return Err(Error::Truncated {
                offset: seeking.length,
                inside: "the data blocks",
            });
        }
        (seeking.absolute)(&mut self.input, seeking.base + position).map_err(|source| {
            Error::Read {
                offset: position,
                source,
            }
        })?;
        self.position = position;
        Ok(())
    }
}
