//! Encrypted archives: as far as one can look at them without a key, and with one.

use std::io::{self, Read, Seek};

#[cfg(feature = "encryption")]
use pgdumprs_seal::Identities;

use super::look::{self, Look};

/// What opens encrypted archives, if anything does.
#[derive(Debug, Clone, Default)]
pub(super) struct Key {
    #[cfg(feature = "encryption")]
    pub(super) identities: Option<Identities>,
}

impl Key {
    /// Looks into an encrypted file of this length in which nothing wrong is seen from outside.
    pub(super) fn look(&self, input: impl Read + Seek, length: u64) -> Look {
        #[cfg(feature = "encryption")]
        if let Some(identities) = &self.identities {
            return match identities.open(input) {
                Err(error) => Look::Left(format!("it cannot be opened: {error}")),
                Ok(opened) => look::at_archive(opened, length),
            };
        }
        drop(input);
        look::one(None, length)
    }
}

/// How an encrypted file begins.
pub(super) const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// How long the head of an encrypted file may be: a few lines for each recipient.
const LONGEST_HEAD: u64 = 1 << 20;
/// The bytes in front of the first chunk.
const NONCE: u64 = 16;
/// Bytes of a chunk, but for the last.
const CHUNK: u64 = (64 << 10) + TAG;
/// Bytes in each chunk that prove it.
const TAG: u64 = 16;

/// What is wrong with an encrypted file of this length that begins with `start`, as far as that is seen; nothing for one that may be whole,
/// which one that was cut off nearly anywhere behind its head may be: any number of bytes above those of the proof can be a last chunk.
pub(super) fn problem(start: impl Read, length: u64) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    start
        .take(LONGEST_HEAD.min(length))
        .read_to_end(&mut head)?;
    Ok(match end_of_head(&head) {
        None => Some("its head has no end".to_owned()),
        Some(end) if !is_possible(length - end) => Some("it was cut off".to_owned()),
        Some(_) => None,
    })
}

/// Where the head ends: behind a line that begins with three dashes and has a sum.
fn end_of_head(head: &[u8]) -> Option<u64> {
    let mut at = 0;
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        at += line.len() as u64;
        if let Some(sum) = line.strip_prefix(b"--- ") {
            return sum.ends_with(b"\n").then_some(at);
        }
    }
    None
}

/// Whether so many bytes can stand behind the head: chunks of one length, and a last one that is not empty, unless all is.
fn is_possible(payload: u64) -> bool {
    let Some(chunks) = payload.checked_sub(NONCE) else {
        return false;
    };
    let last = chunks % CHUNK;
    chunks == TAG || chunks > 0 && (last == 0 || last > TAG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_cut_off_within_its_head_or_a_proof_is_seen() {
        let head = b"age-encryption.org/v1\n-> X25519 abc\ndef\n--- sum\n";
        let problem = |payload: u64| problem(&head[..], head.len() as u64 + payload).unwrap();
        for payload in [32, 16 + 17, 16 + CHUNK, 16 + 3 * CHUNK + 100] {
            assert_eq!(problem(payload), None, "{payload}");
        }
        for payload in [0, 16, 20, 16 + CHUNK + 3, 16 + CHUNK + 16] {
            assert!(problem(payload).is_some(), "{payload}");
        }
        assert!(super::problem(&head[..30], 30).unwrap().is_some());
    }
}
