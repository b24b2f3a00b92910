#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! Tells what a server will make of a script, before anything is changed.
//!
//! [`Target::read`] asks the server in one flight of queries what it is and has: roles and whom the session may become, extensions, objects
//! by the names that the script makes, settings, tablespaces. [`Plan::new`] is pure: it holds the script against that, entry by entry, and
//! says which are done, which meet an [`Obstacle`], and which hang on one that does. Every obstacle says what is in the way and which option
//! leads past it.
//!
//! Where an [`Adapt`] allows it, [`Plan::adapted`] makes of the script another that meets fewer obstacles, and says of each entry how it is
//! restored otherwise than the archive has it.
//!
//! [`Concern::of`] tells what may hold the restore up though nothing is in its way: locks of others, and too many of its own.
//!
//! A plan knows what can be told from the catalogs. That a row breaks a constraint, or that a disk is full, only the restore finds out.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod adapt;
mod adaptation;
mod concern;
mod made;
mod needs;
mod novelty;
mod obstacle;
mod plan;
mod profile;
mod roles;
mod superuser;
mod target;
mod words;

pub use adapt::{Adapt, AdaptKinds, MissingRoles};
pub use adaptation::Adaptation;
pub use concern::Concern;
pub use obstacle::{Cure, Loss, Obstacle, RoleUse};
pub use plan::{Item, Plan, Verdict};
pub use profile::{ProfileChoice, profile_names};
pub use target::Target;
