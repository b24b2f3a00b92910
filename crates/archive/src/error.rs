//! What can go wrong with an archive, and where in the file it went wrong.

use std::{io, path::PathBuf};

use crate::{ArchiveVersion, Foreign};

/// The result of reading or writing an archive.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure to read or write an archive.
///
/// `offset` is always a count of bytes from the archive's first byte, or, within [`InFile`](Self::InFile), from that file's. For damaged content it is where the damaged field
/// begins, or, inside a compressed stream, where the chunk that could not be decompressed stands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input reported an error of its own.
    #[error("could not read the archive at byte {offset}")]
    Read {
        /// Where reading stopped.
        offset: u64,
        /// The input's error.
        source: io::Error,
    },
    /// The output reported an error of its own.
    #[error("could not write the archive at byte {offset}")]
    Write {
        /// Where writing stopped.
        offset: u64,
        /// The output's error.
        source: io::Error,
    },
    /// The input ended in the middle of something.
    #[error("the archive is truncated: it ends at byte {offset}, inside {inside}")]
    Truncated {
        /// The input's length, as far as it is known.
        offset: u64,
        /// What was being read.
        inside: &'static str,
    },
    /// The input holds something no writer of the format produces.
    #[error("the archive is corrupt at byte {offset}: {problem}")]
    Corrupt {
        /// Where the offending field begins.
        offset: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The input is something else than an archive.
    #[error("not an archive that can be read: {0}")]
    NotAnArchive(Foreign),
    /// Something is wrong with a file of a directory-format archive.
    #[error("file {file} of the archive")]
    InFile {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// The folder for a directory-format archive holds something already.
    #[error("folder \"{}\" exists and is not empty{}", path.display(), left_behind(*is_unfinished))]
    FolderInUse {
        /// The folder.
        path: PathBuf,
        /// Whether that is an archive that was never finished, or that somebody is writing.
        is_unfinished: bool,
    },
    /// A directory-format archive lacks a file.
    #[error(
        "the archive is incomplete: the data of entry {dump_id} is in {file}, and there is no such file, \
         nor one with .gz, .lz4 or .zst behind its name"
    )]
    MissingFile {
        /// The entry whose data, or part of it, is missing.
        dump_id: i32,
        /// The file's name without the suffix of a compression.
        file: String,
    },
    /// A file of a directory-format archive is a link, a folder or something else that is not read.
    #[error("file {file} of the archive is no regular file, and nothing else is read")]
    OddFile {
        /// The file's name.
        file: String,
    },
    /// The archive has a version this crate does not read.
    #[error(
        "archive version {major}.{minor} (at byte 5) is not supported: this program reads {} to {}",
        ArchiveVersion::OLDEST,
        ArchiveVersion::NEWEST
    )]
    UnsupportedVersion {
        /// The version's first number.
        major: u8,
        /// The version's second number.
        minor: u8,
    },
    /// The archive ends although some entries still lack their data: it was cut off between two blocks.
    #[error(
        "the archive is truncated: it ends at byte {offset} without the data of entry {dump_id}"
    )]
    MissingData {
        /// The input's length.
        offset: u64,
        /// The first entry, in the table of contents' order, whose data is missing.
        dump_id: i32,
    },
    /// The table of contents has no entry of this id.
    #[error("the table of contents has no entry {dump_id}")]
    UnknownEntry {
        /// The id asked for.
        dump_id: i32,
    },
    /// The entry exists but has no data block, by its own statement.
    #[error("entry {dump_id} has no data")]
    NoData {
        /// The id asked for.
        dump_id: i32,
    },
    /// The block lies before the place where reading has arrived, and the input cannot seek.
    #[error(
        "the data of entry {dump_id} has been passed already and the input cannot seek back to it"
    )]
    Passed {
        /// The id asked for.
        dump_id: i32,
    },
    /// The compression level is outside its method's range.
    #[error("{method} compression has levels {range}, not {level}")]
    CompressionLevel {
        /// The method's name.
        method: &'static str,
        /// The level asked for.
        level: i32,
        /// The levels there are.
        range: &'static str,
    },
    /// A compression cannot be read.
    #[error("invalid compression \"{text}\": {reason}")]
    CompressionText {
        /// What was to be read.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A text names no archive version.
    #[error("there is no archive version \"{0}\": versions are 1.12 to 1.16")]
    VersionText(String),
    /// The archive version has no way to say this compression method.
    #[error(
        "archive version {version} cannot hold {method} compression, which needs 1.15 or newer"
    )]
    CompressionVersion {
        /// The version asked for.
        version: ArchiveVersion,
        /// The method's name.
        method: &'static str,
    },
    /// The version is too old to be written: no supported `pg_dump` writes it any more.
    #[error("archive version {0} can be read but not written: use 1.14 or newer")]
    VersionNotWritable(ArchiveVersion),
    /// An entry or the header cannot be written as it is.
    #[error("entry {dump_id} cannot be written: {problem}")]
    Unwritable {
        /// The entry, or 0 for the header.
        dump_id: i32,
        /// What is wrong with it.
        problem: String,
    },
    /// The writer's functions were called in an order that makes no archive.
    #[error("the archive writer was misused: {0}")]
    Misuse(String),
    /// A compression library refused to go on.
    #[error("could not compress data: {0}")]
    Compress(String),
}

/// What is said of a folder that holds an archive without its end.
fn left_behind(is_unfinished: bool) -> &'static str {
    if is_unfinished {
        ": it holds what a dump has written that did not end, or has not ended yet"
    } else {
        ""
    }
}

impl Error {
    pub(crate) fn corrupt(offset: u64, problem: impl Into<String>) -> Self {
        Error::Corrupt {
            offset,
            problem: problem.into(),
        }
    }

    /// Names the file that the error is about, if the archive has several. Errors that name theirs already stay as they are.
    pub(crate) fn in_file(self, file: Option<&str>) -> Self {
        match (self, file) {
            (
                error @ (Error::Read { .. }
                | Error::Write { .. }
                | Error::Truncated { .. }
                | Error::Corrupt { .. }),
                Some(file),
            ) => Error::InFile {
                file: file.to_owned(),
                source: Box::new(error),
            },
            (error, _) => error,
        }
    }

    /// What the input has failed with, where it was the input.
    pub(crate) fn of_input(&self) -> Option<&io::Error> {
        match self {
            Error::Read { source, .. } => Some(source),
            Error::InFile { source, .. } => source.of_input(),
            _ => None,
        }
    }

    /// What a reader that was made of another reader reports, as that one reported it.
    pub(crate) fn unnested(self) -> Self {
        match self {
            Error::Read { offset, source } => source
                .downcast()
                .unwrap_or_else(|source| Error::Read { offset, source }),
            error => error,
        }
    }

    /// Wraps the error so that it can pass through an [`io::Read`]; `io::Error::downcast` gets it back.
    pub(crate) fn into_io(self) -> io::Error {
        let kind = match &self {
            Error::Read { source, .. } => source.kind(),
            Error::Truncated { .. } | Error::MissingData { .. } | Error::MissingFile { .. } => {
                io::ErrorKind::UnexpectedEof
            }
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self)
    }
}
