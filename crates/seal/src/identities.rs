//! What opens encrypted files.

use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::{Arc, Mutex, PoisonError};

use age::{DecryptError, Decryptor, Identity};
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::opened::Opened;
use crate::recipients::{IDENTITY, NONCE};
use crate::{Error, MAGIC, Passphrase, is_armored};

/// What asks for a passphrase, where one is needed. It is called once.
pub type PassphraseSource = Box<dyn FnOnce() -> io::Result<Passphrase> + Send>;

/// Longer than any file of keys.
const LONGEST_FILE: u64 = 1 << 20;

/// Longer than a header: that of 600 recipients.
pub(crate) const LONGEST_HEADER: usize = 64 << 10;
/// What the last line of a header begins with.
const LAST_LINE: &[u8] = b"---";

/// What opens encrypted files: secret keys of age's, and a passphrase where a file asks for one. Clones share what they have learned.
#[derive(Clone, Default)]
pub struct Identities {
    keys: Vec<Arc<dyn Identity + Send + Sync>>,
    passphrase: Arc<Mutex<PassphraseState>>,
    /// Files that were opened by the passphrase: to open one again takes no work.
    known: Arc<Mutex<Vec<Known>>>,
}

#[derive(Default)]
enum PassphraseState {
    #[default]
    None,
    Source(PassphraseSource),
    Known(Passphrase),
}

/// The key of a file, by what its header has of it.
struct Known {
    stanza: Vec<u8>,
    key: Zeroizing<[u8; 16]>,
}

impl Identities {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has a passphrase asked for by `source` where a file opens with one, in the thread that opens the file.
    #[must_use]
    pub fn passphrase_from(self, source: PassphraseSource) -> Self {
        *self
            .passphrase
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = PassphraseState::Source(source);
        self
    }

    /// Adds a secret key of age's (`AGE-SECRET-KEY-…`).
    ///
    /// # Errors
    /// [`Error::Identity`], without a word of what was given.
    pub fn add(&mut self, identity: &str) -> Result<(), Error> {
        self.add_from(identity, || "the identity".to_owned())
    }

    /// Adds those in a file as `age-keygen` makes it: one in a line, with lines that begin with `#` and empty ones between them. A file that is itself
    /// encrypted with a passphrase is opened by that. `name` is what errors call the file.
    ///
    /// # Errors
    /// [`Error::Identity`], also for a file without any, and what [`open`](Self::open) has for one that is encrypted.
    pub fn add_file(&mut self, content: &[u8], name: &str) -> Result<(), Error> {
        let refused = |reason| {
            let place = name.to_owned();
            Err(Error::Identity { place, reason })
        };
        if is_armored(content) {
            return refused(
                "a file of keys that was made text of (armored) is not read: age --decrypt opens it",
            );
        }
        if content.starts_with(MAGIC) {
            let mut inner = Zeroizing::new(Vec::new());
            let opened = Self::open(self, content)?;
            opened.take(LONGEST_FILE).read_to_end(&mut inner)?;
            if inner.starts_with(MAGIC) {
                return refused("it is encrypted twice");
            }
            return self.add_file(&inner, name);
        }
        let Ok(text) = std::str::from_utf8(content) else {
            return refused("it is no file of keys");
        };
        let before = self.keys.len();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                self.add_from(line, || format!("line {} of {name}", at + 1))?;
            }
        }
        match self.keys.len() == before {
            true => refused("there is no key in it"),
            false => Ok(()),
        }
    }

    fn add_from(&mut self, text: &str, place: impl Fn() -> String) -> Result<(), Error> {
        let reason = match text.parse::<age::x25519::Identity>() {
            Ok(identity) => {
                self.keys.push(Arc::new(identity));
                return Ok(());
            }
            Err(_) if text.starts_with("age1") => {
                "that is a recipient, which encrypts: what opens a file is its identity, which begins with AGE-SECRET-KEY-"
            }
            Err(_) if text.starts_with("-----BEGIN") => {
                "keys of SSH and PEM are not read: only those of age's"
            }
            Err(_) if text.starts_with(IDENTITY) => {
                "that is no identity of age's: it is not whole, or one of a plugin"
            }
            Err(_) => "that is no identity: one of age's begins with AGE-SECRET-KEY-",
        };
        let place = place();
        Err(Error::Identity { place, reason })
    }

    /// Opens a file that begins where `input` stands. Blocks while a passphrase is asked for.
    ///
    /// # Errors
    /// [`Error`], where nothing here opens it, or its header is damaged.
    pub fn open<R: Read>(&self, mut input: R) -> Result<Opened<R>, Error> {
        let before = Before::read(&mut input)?;
        let decryptor = Decryptor::new_buffered(Again { before, input })?;
        let stream = if decryptor.is_scrypt() {
            let by = ByPassphrase(self);
            decryptor.decrypt(std::iter::once(&by as &dyn Identity))
        } else if self.keys.is_empty() {
            return Err(Error::Locked);
        } else {
            let keys = self.keys.iter();
            decryptor.decrypt(keys.map(|key| key.as_ref() as &dyn Identity))
        };
        match stream {
            Ok(stream) => Ok(Opened::of(stream)),
            Err(DecryptError::Io(error))
                if error.get_ref().is_some_and(|inner| inner.is::<Error>()) =>
            {
                Err(error.downcast::<Error>().unwrap_or_else(Error::Io))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The passphrase, which is asked for once.
    fn passphrase(&self) -> Result<Passphrase, Error> {
        let mut state = self
            .passphrase
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let passphrase = match std::mem::take(&mut *state) {
            PassphraseState::None => return Err(Error::PassphraseNeeded(None)),
            PassphraseState::Source(ask) => {
                ask().map_err(|error| Error::PassphraseNeeded(Some(error)))?
            }
            PassphraseState::Known(passphrase) => passphrase,
        };
        *state = PassphraseState::Known(passphrase.clone());
        Ok(passphrase)
    }
}

/// How much work a file may ask for, as stock age has it: 2 to that many steps of scrypt, which take 4 GiB and many seconds.
const MOST_WORK: u8 = 22;

/// The passphrase, as what opens a file.
struct ByPassphrase<'a>(&'a Identities);

impl Identity for ByPassphrase<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.iter().find(|known| known.stanza == stanza.body) {
            return Some(Ok(FileKey::new(Box::new(*known.key))));
        }
        let passphrase = match self.0.passphrase() {
            Ok(passphrase) => passphrase,
            Err(error) => return Some(Err(io::Error::other(error).into())),
        };
        let mut identity = age::scrypt::Identity::new(passphrase.secret());
        identity.set_max_work_factor(MOST_WORK);
        let opened = identity.unwrap_stanza(stanza)?;
        Some(match opened {
            Ok(key) => {
                known.push(Known {
                    stanza: stanza.body.clone(),
                    key: Zeroizing::new(*key.expose_secret()),
                });
                Ok(key)
            }
            Err(DecryptError::DecryptionFailed) => {
                Err(io::Error::other(Error::WrongPassphrase).into())
            }
            Err(error) => Err(error),
        })
    }
}

/// What stands before a file's payload, and how much of it was read again.
struct Before {
    bytes: Vec<u8>,
    read: usize,
}

impl Before {
    /// Reads it to its end, and not further. A header without an end is not read on and on: to take it apart takes more and more time.
    fn read(input: &mut impl Read) -> Result<Self, Error> {
        let (mut bytes, mut line) = (Vec::new(), 0);
        let mut byte = |bytes: &mut Vec<u8>| {
            let mut next = [0];
            input
                .read_exact(&mut next)
                .map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => Error::Header,
                    _ => Error::Io(error),
                })?;
            bytes.push(next[0]);
            Ok::<_, Error>(next[0])
        };
        loop {
            let is_end = byte(&mut bytes)? == b'\n';
            if is_armored(&bytes) {
                return Err(Error::Armored);
            }
            if is_end && bytes[line..].starts_with(LAST_LINE) {
                break;
            }
            if is_end {
                line = bytes.len();
            }
            if bytes.len() > LONGEST_HEADER {
                return Err(Error::Header);
            }
        }
        for _ in 0..NONCE {
            byte(&mut bytes)?;
        }
        Ok(Self { bytes, read: 0 })
    }
}

/// An input of which the beginning was read, and is read again.
pub(crate) struct Again<R> {
    before: Before,
    input: R,
}

impl<R: Read> Read for Again<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut left = &self.before.bytes[self.before.read..];
        if left.is_empty() {
            return self.input.read(buffer);
        }
        let count = left.read(buffer)?;
        self.before.read += count;
        Ok(count)
    }
}

/// Its buffer is what was read before, which is all that is read by lines.
impl<R: Read> BufRead for Again<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.before.bytes[self.before.read..])
    }

    fn consume(&mut self, count: usize) {
        self.before.read += count;
    }
}

/// Goes on where the input is: its beginning is far behind when anybody seeks.
impl<R: io::Seek> io::Seek for Again<R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.input.seek(to)
    }
}

/// Shows how many there are.
impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}
