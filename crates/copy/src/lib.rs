#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! Streams table data and large objects out of a server, compressed and in the order of the archive's entries.
//!
//! A [`Plan`] divides [`Job`]s into parts; [`run()`] reads them over any number of connections in one snapshot and hands [`Steps`] to
//! whoever writes the archive, in archive order. So one file is written front to back while many connections read, also within one
//! table:
//!
//! ```text
//! connection ─► queue ─► thread that compresses ─┐
//! connection ─► queue ─► thread that compresses ─┼─► outlet ─► thread that writes
//! connection ─► queue ─► thread that compresses ─┘  (in order)
//! ```
//!
//! A [`Supply`] gives the same data to whoever loads it elsewhere: entry by entry, as it is asked for, uncompressed. At the same time an archive of it
//! can be written, which has the same bytes as one that [`run()`] makes.
//!
//! Receiving is done in async tasks; everything else in threads of its own, so that an embedding service's executor never stalls. Queues
//! and outlet are bounded: a slow disk holds the servers back.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod binary_rows;
mod compress;
mod error;
mod follower;
mod inserts;
mod job;
mod large_object;
mod locks;
mod outlet;
mod plan;
mod progress;
mod rescue;
mod run;
mod supply;
mod table;
mod tally;
mod thread;
mod worker;

pub use error::Error;
pub use inserts::{Inserts, Value};
pub use job::{ByPages, Format, Job, Step, Table, Work};
pub use large_object::{Object, large_object_pieces};
pub use outlet::Steps;
pub use plan::{PART_BYTES, Plan};
pub use progress::{Progress, Summary};
pub use run::{Opening, Settings, run};
pub use supply::{
    Archiving, BINARY_HEADER, BINARY_TRAILER, Objects, Pieces, Supply, Supplying, Tap,
};
