//! Reads and writes PostgreSQL's custom archive format, the one `pg_dump -Fc` makes and `pg_restore` reads.
//!
//! The crate knows bytes and nothing else: no server, no SQL, no async. [`Writer`] turns a [`Header`], a list of
//! [`Entry`] and their data into an archive of version 1.14, 1.15 or 1.16; [`Reader`] takes archives of version 1.12 to
//! 1.16 apart again, streaming, without trusting a single length in them. [`Compressor`] stands alone so that many
//! workers can compress the pieces of one table at the same time and hand finished chunks to one writer.
//!
//! The format itself is described in the repository's `docs/format.md`.

mod block;
mod chunk;
mod compress;
mod compression;
mod decompress;
mod entry;
mod error;
mod foreign;
mod gzip;
mod header;
mod join;
mod lz4;
mod primitives;
mod reader;
#[cfg(test)]
mod roundtrip;
mod source;
mod toc;
mod version;
mod writer;
mod zstandard;

pub use block::{Block, DataBlock, LargeObject, LargeObjectsBlock};
pub use compress::{CHUNK_SIZE, Compressor, Piece};
pub use compression::Compression;
pub use entry::{CatalogId, Entry, Section};
pub use error::{Error, Result};
pub use foreign::Foreign;
pub use header::{CreationTime, Header};
pub use join::PieceJoin;
pub use reader::Reader;
pub use toc::DataOffset;
pub use version::ArchiveVersion;
pub use writer::Writer;
