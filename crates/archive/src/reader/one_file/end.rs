//! A look at the end of a file, which tells whether an archive was cut off without reading all of it.

use std::io::Read;

use super::FileBlocks;
use crate::{DataOffset, Error, Format, Result, reader::contents::Contents};

/// How far before the end the last block may begin that is walked through.
const NEAR: u64 = 128 << 10;
/// A tar file ends with two blocks of zeros.
const TAR_END: u64 = 1024;

impl<R: Read> FileBlocks<R> {
    /// Fails where the file does not end as an archive does.
    pub(crate) fn check_end(&mut self, contents: &Contents) -> Result<()> {
        let Some(length) = self.source.length() else {
            let problem = "the end of an input that cannot seek is seen by reading all of it";
            return Err(Error::Misuse(problem.into()));
        };
        self.restart()?;
        if self.format == Format::Tar {
            return match self.ends_in_zeros(length, TAR_END)? {
                true if length % 512 == 0 => Ok(()),
                _ => self.walk(contents),
            };
        }
        let with_data =
            (0..contents.entries.len()).filter(|&index| contents.entries[index].had_dumper);
        let offsets: Vec<_> = with_data
            .map(|index| (contents.offset(index), index))
            .collect();
        let known = offsets.iter().filter_map(|(offset, index)| match offset {
            DataOffset::Set(at) => Some((*at, *index)),
            _ => None,
        });
        let last = known.max();
        let all_are_known = offsets
            .iter()
            .all(|(offset, _)| matches!(offset, DataOffset::Set(_)));
        if let Some((_, index)) = last {
            self.find(contents, index)?;
        }
        // Through a pipe, an archive cannot say where its blocks are.
        let begins = match last {
            Some((at, _)) if all_are_known => at,
            _ => self.blocks_at,
        };
        let is_near = length.saturating_sub(begins) <= NEAR;
        // Every block ends with a length of zero: a sign and the number.
        let zero = 1 + u64::from(self.source.field_sizes().int);
        if !is_near && self.ends_in_zeros(length, zero)? {
            return Ok(());
        }
        match last {
            Some((_, index)) if all_are_known => self.find(contents, index)?,
            _ => self.restart()?,
        }
        self.walk(contents)
    }

    /// Whether the last `count` bytes are zeros.
    fn ends_in_zeros(&mut self, length: u64, count: u64) -> Result<bool> {
        let Some(at) = length.checked_sub(count).filter(|&at| at >= self.blocks_at) else {
            return Ok(false);
        };
        self.jump(at)?;
        let mut end = Vec::new();
        self.source
            .append_up_to(&mut end, usize::try_from(count).unwrap_or(0))?;
        Ok(end.len() as u64 == count && end.iter().all(|&byte| byte == 0))
    }

    /// Passes over all blocks that follow.
    fn walk(&mut self, contents: &Contents) -> Result<()> {
        while self.enter(contents)?.is_some() {}
        self.check_complete(contents)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{
        ArchiveVersion, Compression, CreationTime, Entry, Header, Reader, Section, Writer,
    };

    fn entry(dump_id: i32) -> Entry {
        Entry {
            dump_id,
            had_dumper: true,
            tag: Some("item".into()),
            descriptor: "TABLE DATA".into(),
            section: Section::Data,
            copy: Some("COPY public.item (id) FROM stdin;\n".into()),
            ..Entry::default()
        }
    }

    /// Archives with tables of so many bytes: with offsets, as in a file, and without, as through a pipe.
    fn archives(tables: &[usize]) -> [Vec<u8>; 2] {
        let header = Header {
            version: ArchiveVersion::V1_14,
            compression: Compression::None,
            created: CreationTime::default(),
            database: None,
            server_version: None,
            dumper_version: None,
        };
        let ids = || (1..).zip(tables);
        let entries: Vec<_> = ids().map(|(id, _)| entry(id)).collect();
        let mut in_file = Writer::seekable(Cursor::new(Vec::new()), &header, &entries).unwrap();
        let mut through_pipe = Writer::new(Vec::new(), &header, &entries).unwrap();
        for (id, &length) in ids() {
            in_file.begin_data(id).unwrap();
            in_file.write(&vec![b'1'; length]).unwrap();
            in_file.end().unwrap();
            through_pipe.begin_data(id).unwrap();
            through_pipe.write(&vec![b'1'; length]).unwrap();
            through_pipe.end().unwrap();
        }
        [
            in_file.finish().unwrap().into_inner(),
            through_pipe.finish().unwrap(),
        ]
    }

    #[test]
    fn what_was_cut_off_is_found_wherever_that_was() {
        for tables in [&[][..], &[10], &[0, 0], &[300_000, 5], &[5, 300_000]] {
            for archive in archives(tables) {
                let check = |bytes: &[u8]| {
                    Reader::seekable(Cursor::new(bytes)).and_then(|mut reader| reader.check_end())
                };
                check(&archive).unwrap();
                let step = archive.len() / 300 + 1;
                for end in (0..archive.len()).rev().step_by(step) {
                    check(&archive[..end])
                        .expect_err(&format!("{tables:?}: {end} of {}", archive.len()));
                }
                check(&[&archive[..], b"more"].concat()).unwrap_err();
            }
        }
    }

    #[test]
    fn of_a_long_archive_little_is_read() {
        struct Counting(Cursor<Vec<u8>>, u64);
        impl Read for &mut Counting {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let count = self.0.read(buffer)?;
                self.1 += count as u64;
                Ok(count)
            }
        }
        impl std::io::Seek for &mut Counting {
            fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
                self.0.seek(to)
            }
        }
        let [archive, _] = archives(&[10_000_000, 10_000_000]);
        let mut input = Counting(Cursor::new(archive), 0);
        Reader::seekable(&mut input).unwrap().check_end().unwrap();
        assert!(input.1 < 400_000, "{}", input.1);
    }
}
