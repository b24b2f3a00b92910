//! What is kept of a member until its length is known.

use std::{
    fs::File,
    io::{self, Write},
};

/// Bytes that are kept in memory.
const KEPT: usize = 1 << 20;

/// A member's bytes so far: in memory, or in a temporary file where they are many.
pub(super) enum Member {
    InMemory(Vec<u8>),
    InFile(File),
}

impl Default for Member {
    fn default() -> Self {
        Member::InMemory(Vec::new())
    }
}

impl Member {
    /// Whether these bytes still go into memory.
    pub(super) fn has_room(&self, bytes: &[u8]) -> bool {
        matches!(self, Member::InMemory(kept) if kept.len() + bytes.len() <= KEPT)
    }

    /// Adds bytes.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.has_room(bytes) && matches!(self, Member::InMemory(_)) {
            let mut file = tempfile::tempfile()?;
            file.write_all(&self.take())?;
            *self = Member::InFile(file);
        }
        match self {
            Member::InMemory(kept) => {
                kept.extend_from_slice(bytes);
                Ok(())
            }
            Member::InFile(file) => file.write_all(bytes),
        }
    }

    /// Takes what is in memory.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Member::InMemory(kept) => std::mem::take(kept),
            Member::InFile(_) => Vec::new(),
        }
    }
}
