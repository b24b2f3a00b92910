//! Those who can open a file.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use age::{EncryptError, Encryptor, Recipient};
use age_core::format::{FileKey, Stanza};
use age_core::primitives::hkdf;
use age_core::secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::chunk::Cipher;
use crate::identities::LONGEST_HEADER;
use crate::{Error, Passphrase};

/// Bytes of the number that makes a payload's key, at the end of what stands before the payload.
pub(crate) const NONCE: usize = 16;
/// What the key of a payload is made for, as age's format has it.
const PAYLOAD: &[u8] = b"payload";

/// How much work it is to try a passphrase: 2 to that many steps of scrypt, as stock age has it. What the crate would choose by a measurement of a
/// few milliseconds may be far less on a busy machine.
const WORK_FACTOR: u8 = 18;

/// What identities begin with, which are secret.
pub(crate) const IDENTITY: &str = "AGE-";

/// Those who can open a file that is to be written: public keys, or a passphrase.
#[derive(Clone, Default)]
pub struct Recipients {
    all: Vec<Arc<dyn Recipient + Send + Sync>>,
    /// Kept as it is, since age makes a recipient of it for each file.
    passphrase: Option<Passphrase>,
}

impl Recipients {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whoever knows this passphrase. There are no others then.
    pub fn passphrase(passphrase: Passphrase) -> Self {
        Self {
            all: Vec::new(),
            passphrase: Some(passphrase),
        }
    }

    /// Adds whoever has the identity to a public key of age's (`age1…`).
    ///
    /// # Errors
    /// [`Error::Recipient`] where it is none, without a word of it where it may be a secret; [`Error::Mixed`].
    pub fn add(&mut self, recipient: &str) -> Result<(), Error> {
        let recipient = recipient.trim();
        self.add_from(recipient, || match recipient.len() < 100 {
            true => format!("\"{}\"", recipient.escape_debug()),
            false => "the recipient".to_owned(),
        })
    }

    /// Adds those in a file of recipients, one in a line; lines that begin with `#` and empty ones are passed over. `name` is what errors call the file.
    ///
    /// # Errors
    /// As [`add`](Self::add), and [`Error::NoRecipient`] for a file without any.
    pub fn add_lines(&mut self, text: &str, name: &str) -> Result<(), Error> {
        let before = self.all.len();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                self.add_from(line, || format!("line {} of {name}", at + 1))?;
            }
        }
        match self.all.len() == before {
            true => Err(Error::Recipient {
                place: name.to_owned(),
                reason: "there is no recipient in it",
            }),
            false => Ok(()),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len() + usize::from(self.passphrase.is_some())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn add_from(&mut self, text: &str, place: impl Fn() -> String) -> Result<(), Error> {
        if self.passphrase.is_some() {
            return Err(Error::Mixed);
        }
        let refused = |place, reason| Err(Error::Recipient { place, reason });
        if text.to_ascii_uppercase().contains(IDENTITY) {
            return refused(
                "a recipient".to_owned(),
                "that is an identity, which is secret: its recipient begins with age1, and age-keygen -y tells it",
            );
        }
        if text.starts_with("ssh-") {
            return refused(
                place(),
                "keys of SSH are no recipients here: make a key of age's, with age-keygen",
            );
        }
        match text.parse::<age::x25519::Recipient>() {
            Ok(recipient) => {
                self.all.push(Arc::new(recipient));
                Ok(())
            }
            Err(_) if text.starts_with("age1") => refused(
                place(),
                "that is no recipient of age's: it is not whole, or one of a plugin",
            ),
            Err(_) => refused(
                place(),
                "that is no recipient: one of age's begins with age1",
            ),
        }
    }

    /// Begins a file: what stands before its payload, and what encrypts that.
    pub(crate) fn begin(&self) -> Result<(Vec<u8>, Cipher), Error> {
        let made: Vec<Arc<dyn Recipient + Send + Sync>> = match &self.passphrase {
            Some(passphrase) => {
                let mut recipient = age::scrypt::Recipient::new(passphrase.secret());
                recipient.set_work_factor(WORK_FACTOR);
                vec![Arc::new(recipient)]
            }
            None => self.all.clone(),
        };
        let learned = Learned::default();
        let learning: Vec<Learning> = made
            .iter()
            .map(|recipient| Learning {
                recipient: recipient.as_ref(),
                learned: &learned,
            })
            .collect();
        let recipients = learning.iter().map(|recipient| recipient as &dyn Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(|error| match error {
            EncryptError::MissingRecipients => Error::NoRecipient,
            EncryptError::MixedRecipientAndPassphrase => Error::Mixed,
            EncryptError::Io(error) => Error::Io(error),
            error => Error::Encrypt(error.to_string()),
        })?;
        let mut before = Vec::new();
        // Nothing of the payload is written by this writer, which ends here.
        drop(encryptor.wrap_output(&mut before)?);
        if before.len() > LONGEST_HEADER {
            return Err(Error::TooMany(self.count()));
        }
        let learned = learned
            .0
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let key = learned.ok_or(Error::NoRecipient)?;
        let nonce = &before[before.len().saturating_sub(NONCE)..];
        let key = Zeroizing::new(hkdf(nonce, PAYLOAD, &*key));
        let cipher = Cipher::new(&key);
        Ok((before, cipher))
    }
}

/// The key of a file, which recipients are told.
#[derive(Default)]
struct Learned(Mutex<Option<Zeroizing<[u8; 16]>>>);

/// A recipient that passes on what it is told, and remembers the key.
struct Learning<'a> {
    recipient: &'a (dyn Recipient + Send + Sync),
    learned: &'a Learned,
}

impl Recipient for Learning<'_> {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let mut learned = self
            .learned
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *learned = Some(Zeroizing::new(*file_key.expose_secret()));
        self.recipient.wrap_file_key(file_key)
    }
}

/// Shows how many there are.
impl fmt::Debug for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipients")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
