//! Which of many backups are kept.
//!
//! A [`Template`] makes a name for a moment, and reads the moment out of a name that it could have made. By a [`Retention`], [`decide`] says of backups,
//! each with its moment, which are kept and for what. Nothing here does I/O, and nothing looks at a clock.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod conversion;
mod period;
mod retention;
mod template;

pub use period::{Period, PeriodError};
pub use retention::{Backup, KeepReason, Retention, State, Verdict, decide};
pub use template::{Template, TemplateError};
