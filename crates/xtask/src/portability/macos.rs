//! macOS: what the compiler says.

use anyhow::Result;

use super::title;
use crate::cross::Build;

const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

pub(super) fn run(build: &Build) -> Result<String> {
    for triple in TARGETS {
        title(triple);
        build.check(triple)?;
    }
    Ok(format!(
        "{}: compiled, C included; not linked and not run, which takes Apple's libraries and a Mac",
        TARGETS.join(", ")
    ))
}
