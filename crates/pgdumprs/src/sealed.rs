//! An output that is encrypted where that is asked for.

use std::io::{self, Seek, SeekFrom, Sink, Write};

#[cfg(feature = "encryption")]
pub(crate) use pgdumprs_seal::Recipients;
#[cfg(feature = "encryption")]
use pgdumprs_seal::{Head, Sealer};

#[cfg(feature = "encryption")]
use crate::Dump;
use crate::Error;

/// Nobody: without the feature nothing is encrypted.
#[cfg(not(feature = "encryption"))]
#[derive(Clone, Debug)]
pub(crate) enum Recipients {}

/// An output, encrypted or as it is.
pub(crate) enum Sealed<W> {
    Plain(W),
    #[cfg(feature = "encryption")]
    Sealed(Box<Sealer<W>>),
}

/// Tells an output that its head has ended.
pub(crate) type HeadEnds = Box<dyn FnOnce()>;

/// What is written to, which has an end of its own to be written.
pub(crate) trait Ending: Write {
    type Output;

    /// Writes that, behind so many bytes, and gives back what all has gone to, with the number of its bytes.
    fn end(self, bytes: u64) -> io::Result<(Self::Output, u64)>;
}

impl Ending for Sink {
    type Output = Sink;

    fn end(self, bytes: u64) -> io::Result<(Sink, u64)> {
        Ok((self, bytes))
    }
}

impl<W: Write> Ending for Sealed<W> {
    type Output = W;

    fn end(self, bytes: u64) -> io::Result<(W, u64)> {
        match self {
            Self::Plain(output) => Ok((output, bytes)),
            #[cfg(feature = "encryption")]
            Self::Sealed(sealer) => sealer.finish(),
        }
    }
}

impl<W: Write> Sealed<W> {
    /// An output that is written front to back.
    pub(crate) fn streaming(output: W, recipients: Option<&Recipients>) -> Result<Self, Error> {
        match recipients {
            None => Ok(Self::Plain(output)),
            #[cfg(feature = "encryption")]
            Some(recipients) => {
                let sealer = Sealer::streaming(output, recipients).map_err(not_begun)?;
                Ok(Self::Sealed(Box::new(sealer)))
            }
            #[cfg(not(feature = "encryption"))]
            Some(never) => match *never {},
        }
    }
}

impl<W: Write + Seek> Sealed<W> {
    /// An output whose head is written once more at the end, and what tells it where that has ended. It tells `placed` on when the head has its place.
    pub(crate) fn seekable(
        output: W,
        recipients: Option<&Recipients>,
        placed: impl FnOnce() + Send + 'static,
    ) -> Result<(Self, HeadEnds), Error> {
        match recipients {
            None => Ok((Self::Plain(output), Box::new(placed))),
            #[cfg(feature = "encryption")]
            Some(recipients) => {
                let head = Head::default();
                let sealer = Sealer::seekable(output, recipients, head.clone(), placed);
                let sealer = sealer.map_err(not_begun)?;
                Ok((Self::Sealed(Box::new(sealer)), Box::new(move || head.end())))
            }
            #[cfg(not(feature = "encryption"))]
            Some(never) => match *never {},
        }
    }
}

/// The error of what could not be begun, which may be the output's.
#[cfg(feature = "encryption")]
fn not_begun(error: pgdumprs_seal::Error) -> Error {
    match error {
        pgdumprs_seal::Error::Io(source) => Error::NotWritten { offset: 0, source },
        error => Error::Seal(error),
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write(bytes),
            #[cfg(feature = "encryption")]
            Self::Sealed(sealer) => sealer.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write_vectored(slices),
            #[cfg(feature = "encryption")]
            Self::Sealed(sealer) => sealer.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(output) => output.flush(),
            #[cfg(feature = "encryption")]
            Self::Sealed(sealer) => sealer.flush(),
        }
    }
}

impl<W: Write + Seek> Seek for Sealed<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Plain(output) => output.seek(to),
            #[cfg(feature = "encryption")]
            Self::Sealed(sealer) => sealer.seek(to),
        }
    }
}

/// Bytes, encrypted or as they are.
pub(crate) fn sealed(bytes: Vec<u8>, recipients: Option<&Recipients>) -> Result<Vec<u8>, Error> {
    let mut output = Sealed::streaming(Vec::with_capacity(bytes.len()), recipients)?;
    let written = output.write_all(&bytes);
    let (output, _) = written
        .and_then(|()| output.end(bytes.len() as u64))
        .map_err(Error::ScriptOutput)?;
    Ok(output)
}

#[cfg(feature = "encryption")]
impl Dump {
    /// Encrypts what is written with [age](https://age-encryption.org), so that it opens with the identity of one of the recipients alone: an archive in the
    /// custom or tar format, or a script. In a file or an object, an archive in the custom format still says where its data is.
    ///
    /// [`Report::archive_bytes`](crate::Report::archive_bytes) is the size of what was encrypted. What takes temporary files, as the tar format does where
    /// tables are large, has them unencrypted.
    ///
    /// ```
    /// use pgdumprs::{Dump, Recipients};
    ///
    /// # fn example(connection: &str, recipient: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut recipients = Recipients::new();
    /// recipients.add(recipient)?;
    /// let dump = Dump::new(connection)?.encrypt_to(recipients);
    /// # Ok(())
    /// # }
    /// # example("dbname=shop", "age1wp2tg57m6pqw5j7jf5ftlpgjntgpn2dd2v2fpuvwmvq0fuwu7e2q8ukfl5").unwrap_err();
    /// ```
    #[must_use]
    pub fn encrypt_to(mut self, recipients: Recipients) -> Self {
        self.recipients = Some(recipients);
        self
    }
}
