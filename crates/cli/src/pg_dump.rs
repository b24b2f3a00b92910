//! Where our command line is not pg_dump's.

use clap::Arg;

/// Options that pg_dump 18 has not. Every other option is one of its own: `tests/reference.rs` compares.
const OWN: &[&str] = &["allow-newer-server", "archive-version", "created", "memory"];

/// Whether pg_dump has no such option.
pub(crate) fn is_own(arg: &Arg) -> bool {
    arg.get_long().is_some_and(|name| OWN.contains(&name))
}
