#![doc = include_str!("../README.md")]
//!
//! # What is in it
//!
//! The crate knows bytes and nothing else: no server, no SQL, no async. [`Writer`] turns a [`Header`], a list of
//! [`Entry`] and their data into an archive of version 1.14, 1.15 or 1.16; [`Reader`] takes archives of version 1.12 to
//! 1.16 apart again, whichever [`Format`] they have, streaming, without trusting a single length in them. [`Compressor`] stands alone so that many
//! workers can compress the pieces of one table at the same time and hand finished chunks to one writer.
//!
//! The formats themselves are described in the repository's `docs/format.md`.
//!
//! ```
//! use std::io::Cursor;
//!
//! use pgdumprs_archive::{
//!     ArchiveVersion, Block, Compression, CreationTime, Entry, Header, Reader, Section, Writer,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let header = Header {
//!     version: ArchiveVersion::V1_14,
//!     compression: Compression::gzip(6)?,
//!     created: CreationTime { second: 0, minute: 30, hour: 12, day: 24, month: 11, year: 126, is_dst: 0 },
//!     database: Some("shop".into()),
//!     server_version: Some("17.5".into()),
//!     dumper_version: Some("18.1".into()),
//! };
//! let entry = Entry {
//!     dump_id: 1,
//!     had_dumper: true,
//!     tag: Some("item".into()),
//!     descriptor: "TABLE DATA".into(),
//!     section: Section::Data,
//!     copy: Some("COPY public.item (id) FROM stdin;\n".into()),
//!     namespace: Some("public".into()),
//!     owner: Some("me".into()),
//!     ..Entry::default()
//! };
//!
//! let mut writer = Writer::seekable(Cursor::new(Vec::new()), &header, &[entry])?;
//! writer.begin_data(1)?;
//! writer.write(b"1\n2\n")?;
//! writer.write(b"\\.\n\n\n")?;
//! writer.end()?;
//! let mut file = writer.finish()?;
//!
//! file.set_position(0);
//! let mut reader = Reader::seekable(file)?;
//! let Block::Data(mut data) = reader.block(1)? else { unreachable!("not large objects") };
//! assert_eq!(std::io::read_to_string(&mut data)?, "1\n2\n\\.\n\n\n");
//! # Ok(())
//! # }
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod compression;
mod error;
pub mod files;
mod format;
mod reader;
#[cfg(test)]
mod roundtrip;
mod verify;
mod writer;

pub use compression::{
    Compression,
    compress::{CHUNK_SIZE, Compressor, Piece},
    file::CompressedFile,
    join::PieceJoin,
};
pub use error::{Error, Result};
pub use format::{
    entry::{CatalogId, Entry, Section},
    foreign::Foreign,
    header::{CreationTime, FieldSizes, Header},
    toc::DataOffset,
    version::ArchiveVersion,
};
pub use reader::{
    Format, Reader,
    block::{Block, DataBlock, LargeObject, LargeObjectsBlock},
    folder::FolderInventory,
    rows::{ROWS_END_MARGIN, Rows, find_rows_end, may_follow_rows},
};
pub use verify::{BlockContent, Damage, Met, Verified, VerifiedBlock};
pub use writer::{
    Writer,
    held_back::HeldBack,
    new_folder::{FolderFiles, NewFolder},
};
