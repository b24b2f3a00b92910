#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! Carries out a script on a server: definitions one behind the other without a wait between them, rows and indexes over several
//! connections.
//!
//! [`run()`] takes a session, a [`Script`](pgdumprs_script::Script) and the archive that its data is in. What fails for itself is a
//! [`Failure`] in the [`Outcome`], and the restore goes on as `pg_restore` does; the outcome says how many rows of each table were in the
//! archive and how many the server has taken, so that nothing that is missing looks whole. Nothing in an archive is ever taken for more
//! than SQL for the target.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod doubt;
mod durable;
mod error;
mod graph;
mod journal;
mod ledger;
mod load;
mod outcome;
mod progress;
mod run;
mod schedule;
mod settings;
mod source;
mod standing;
mod task;
mod whereabouts;
mod worker;

pub use error::Error;
pub use journal::{Identity, Journal, JournalError};
pub use outcome::{Failure, Outcome, TableOutcome};
pub use progress::Progress;
pub use run::run;
pub use settings::Settings;
pub use source::Source;
pub use whereabouts::Whereabouts;
