//! What goes wrong with encrypted files, in one line and without keys.

use std::io;

use age::DecryptError;

/// Why something cannot be encrypted, or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A recipient is none.
    #[error("{place}: {reason}")]
    Recipient {
        /// It, or where it stands.
        place: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// There is nobody who could open the file.
    #[error("there is no recipient to encrypt to")]
    NoRecipient,
    /// A header with all of them is longer than one that is read.
    #[error("{0} recipients are too many: a file has some 600 at most")]
    TooMany(usize),
    /// age has files with a passphrase and nothing else.
    #[error("what opens with a passphrase has no other recipients")]
    Mixed,
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    NoPassphrase,
    /// An identity is none.
    #[error("{place}: {reason}")]
    Identity {
        /// Where it stands.
        place: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The file is encrypted, and there is no key to open it with.
    #[error(
        "it is encrypted with age: give a file with the key of one of its recipients (--identity)"
    )]
    Locked,
    /// The file opens with a passphrase, and there is none.
    #[error(
        "it is encrypted with a passphrase: give it by a file (--passphrase-file), by PGDUMPRS_PASSPHRASE or on the terminal"
    )]
    PassphraseNeeded(#[source] Option<io::Error>),
    /// The keys are those of others.
    #[error("none of the identities opens it: it is encrypted to other recipients")]
    OtherRecipients,
    /// The passphrase is another.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// The file is text.
    #[error(
        "it is an age file made text of (armored), which is not read: age --decrypt makes an archive of it"
    )]
    Armored,
    /// Whoever made the file has asked for more work than this machine should do.
    #[error("its passphrase takes too much work: 2^{0} rounds of scrypt")]
    TooMuchWork(u8),
    /// The header is damaged, or another version's.
    #[error("its header is damaged, or of a newer version of age")]
    Header,
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What age says else.
    #[error("it could not be encrypted: {0}")]
    Encrypt(String),
}

impl From<DecryptError> for Error {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::NoMatchingKeys => Self::OtherRecipients,
            DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
                Self::OtherRecipients
            }
            DecryptError::ExcessiveWork { required, .. } => Self::TooMuchWork(required),
            DecryptError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => Self::Header,
            DecryptError::Io(error) => Self::Io(error),
            _ => Self::Header,
        }
    }
}
