//! Streams table data and large objects out of a server, compressed and in the order of the archive's entries.
//!
//! [`run`] takes [`Job`]s in archive order and sends [`Step`]s, which say to whoever writes the archive what comes next. Reading,
//! compressing and writing overlap: the server's bytes are received in the async task, compressed in a thread of their own, so that
//! an embedding service's executor never stalls, and written by the receiver of the steps. Queues between them are short, so
//! that memory stays bounded: a slow disk holds the server back.

mod compress;
mod error;
mod job;
mod large_object;
mod pipeline;
mod table;

pub use error::Error;
pub use job::{Job, Progress, Step, Summary, Work};
pub use pipeline::run;
