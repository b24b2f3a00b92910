//! Where the fields of a sound archive stand, so that they can be damaged one by one.

use std::ops::Range;

/// The places of an archive's parts. Only archives of `pg_dump` are understood: integers of 4 bytes, offsets of 8.
#[derive(Debug, Default)]
pub(crate) struct Map {
    /// The second number of the version.
    pub(crate) minor: u8,
    /// Integers: numbers, and lengths of texts and chunks.
    pub(crate) ints: Vec<usize>,
    /// Texts, each with its length before it. NULL is among them.
    pub(crate) texts: Vec<Range<usize>>,
    /// The texts that hold table access methods.
    pub(crate) access_methods: Vec<Range<usize>>,
    /// The integer that counts the entries.
    pub(crate) count: usize,
    /// Entries, whole.
    pub(crate) entries: Vec<Range<usize>>,
    /// Data offsets: a state and 8 bytes.
    pub(crate) offsets: Vec<usize>,
    /// Blocks, whole.
    pub(crate) blocks: Vec<Range<usize>>,
    /// Chunks that are not empty, each with its length before it.
    pub(crate) chunks: Vec<Range<usize>>,
}

/// Bytes of an integer.
pub(crate) const INT: usize = 5;
/// Bytes of a data offset.
pub(crate) const OFFSET: usize = 9;

impl Map {
    /// Finds the parts of an archive; `None` if it is not sound.
    pub(crate) fn of(archive: &[u8]) -> Option<Self> {
        let mut walk = Walk {
            archive,
            at: 6,
            map: Map::default(),
        };
        walk.map.minor = walk.byte()?;
        // Revision, sizes of integers and offsets, format.
        walk.at += 4;
        if walk.map.minor >= 15 {
            walk.byte()?;
        } else {
            walk.int()?;
        }
        for _ in 0..7 {
            walk.int()?;
        }
        for _ in 0..3 {
            walk.text()?;
        }
        walk.map.count = walk.at;
        for _ in 0..walk.int()? {
            walk.entry()?;
        }
        while walk.at < archive.len() && archive[walk.at] != 0 {
            walk.block()?;
        }
        if walk.at < archive.len() {
            walk.repetition()?;
        }
        Some(walk.map)
    }
}

/// A walk from the first byte to the last.
struct Walk<'a> {
    archive: &'a [u8],
    at: usize,
    map: Map,
}

impl Walk<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.archive.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn int(&mut self) -> Option<i32> {
        let bytes = self.archive.get(self.at..self.at + INT)?;
        self.map.ints.push(self.at);
        self.at += INT;
        let magnitude = i32::from_le_bytes(bytes[1..].try_into().ok()?);
        // Oids of large objects use all 32 bits, but nothing is made of their values here.
        Some(if bytes[0] == 0 {
            magnitude
        } else {
            magnitude.wrapping_neg()
        })
    }

    fn text(&mut self) -> Option<Option<Range<usize>>> {
        let start = self.at;
        let length = self.int()?;
        self.at += usize::try_from(length).unwrap_or(0);
        self.archive.get(..self.at)?;
        self.map.texts.push(start..self.at);
        Some((length >= 0).then_some(start..self.at))
    }

    fn entry(&mut self) -> Option<()> {
        let start = self.at;
        self.int()?;
        self.int()?;
        for _ in 0..4 {
            self.text()?;
        }
        self.int()?;
        for _ in 0..5 {
            self.text()?;
        }
        if self.map.minor >= 14 {
            let access_method = self.at;
            self.text()?;
            self.map.access_methods.push(access_method..self.at);
        }
        if self.map.minor >= 16 {
            self.int()?;
        }
        self.text()?;
        self.text()?;
        while self.text()?.is_some() {}
        self.map.offsets.push(self.at);
        self.at += OFFSET;
        self.map.entries.push(start..self.at);
        Some(())
    }

    /// The table of contents once more. Its entries are not those that others are put in the place of.
    fn repetition(&mut self) -> Option<()> {
        let (entries, methods) = (self.map.entries.len(), self.map.access_methods.len());
        for _ in 0..self.int()? {
            self.entry()?;
        }
        self.map.entries.truncate(entries);
        self.map.access_methods.truncate(methods);
        Some(())
    }

    fn block(&mut self) -> Option<()> {
        let start = self.at;
        let large_objects = match self.byte()? {
            1 => false,
            3 => true,
            _ => return None,
        };
        self.int()?;
        if large_objects {
            while self.int()? != 0 {
                self.stream()?;
            }
        } else {
            self.stream()?;
        }
        self.map.blocks.push(start..self.at);
        Some(())
    }

    fn stream(&mut self) -> Option<()> {
        loop {
            let start = self.at;
            let length = usize::try_from(self.int()?).ok()?;
            if length == 0 {
                return Some(());
            }
            self.at += length;
            self.archive.get(..self.at)?;
            self.map.chunks.push(start..self.at);
        }
    }
}
