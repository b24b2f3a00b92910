//! Linux: programs that need no library, in a root file system without any.

use anyhow::Result;

use super::title;
use crate::cross::{self, Build};
use crate::trial::{Root, Source, round_trip};

/// The processors. Programs for another than this machine's are emulated.
const PROCESSORS: [&str; 2] = ["x86_64", "aarch64"];

pub(super) fn run(build: &Build, source: &Source) -> Result<Vec<String>> {
    PROCESSORS
        .iter()
        .map(|processor| run_on(processor, build, source))
        .collect()
}

fn run_on(processor: &str, build: &Build, source: &Source) -> Result<String> {
    let triple = format!("{processor}-unknown-linux-musl");
    title(&triple);
    let program = build.program(&triple)?;
    let size = cross::size(&program)?;
    let root = Root::new(source)?.on_processor(processor)?;
    root.hold(&program)?;
    round_trip(&root, source)?;
    let how = if root.is_emulated() { ", emulated" } else { "" };
    Ok(format!(
        "{triple}: {size}; alone in its root file system{how}: backed up over TLS, verified, restored, identical"
    ))
}
