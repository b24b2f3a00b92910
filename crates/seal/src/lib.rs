//! Files encrypted with age, as archives need them.
//!
//! [`Recipients`] are those who can open a file that is written by a [`Sealer`]. [`Identities`] open such a file as a [`Opened`] reader, also one
//! that stock `age` has written. The header is age's own affair, by the `age` crate. What follows it are chunks of 64 KiB, each encrypted for itself under its
//! number: the crate's own writer encrypts them front to back, and ours leaves those at the beginning to the end, so that what stands there can say where
//! the rest is.

mod chunk;
mod error;
mod identities;
mod opened;
mod recipients;
mod sealer;
mod secret;

pub use error::Error;
pub use identities::{Identities, PassphraseSource};
pub use opened::Opened;
pub use recipients::Recipients;
pub use sealer::{Head, Sealer};
pub use secret::Passphrase;

/// What a file begins with that is encrypted with age.
const MAGIC: &[u8] = b"age-encryption.org/";
/// What one begins with that was made text of.
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// How many of a file's first bytes [`is_sealed`] wants.
pub const SAMPLE: usize = ARMOR.len();

/// Whether a file that begins so is encrypted with age.
pub fn is_sealed(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC) || is_armored(beginning)
}

fn is_armored(beginning: &[u8]) -> bool {
    beginning.starts_with(ARMOR)
}
