//! `cargo xtask portability`: builds pgdumprs for other systems, and runs it there as far as this machine can.

mod linux;
mod macos;
mod windows;

use anyhow::Result;
use clap::ValueEnum;

use crate::cross::Build;
use crate::trial::Source;

/// Build pgdumprs for other systems, and back up and restore a database with each program that this machine can run.
///
/// Linux: programs without any library, on x86-64 and on 64-bit ARM (emulated), in a root file system that holds nothing else but certificates
/// of authorities. Windows: on x86-64, by wine. macOS: compiled for both processors, but neither linked nor run, for which it takes a Mac.
///
/// Fetches compilers, wine and an emulator into the cache, and takes a quarter of an hour when everything has to be built.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Systems to build for; all without it
    #[arg(value_enum)]
    systems: Vec<System>,

    /// Build as for tests, which takes a third of the time
    #[arg(long)]
    debug: bool,
}

/// A system with ways of its own.
#[derive(Clone, Copy, ValueEnum)]
enum System {
    Linux,
    Windows,
    Macos,
}

/// Builds and runs; fails at the first program that does not do what it should.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let systems = match arguments.systems.as_slice() {
        [] => System::value_variants(),
        chosen => chosen,
    };
    let build = Build::new(arguments.debug);
    let source = Source::new()?;
    let mut said = Vec::new();
    for system in systems {
        match system {
            System::Linux => said.extend(linux::run(&build, &source)?),
            System::Windows => said.push(windows::run(&build, &source)?),
            System::Macos => said.push(macos::run(&build)?),
        }
    }
    println!("\n== Portability");
    for line in said {
        println!("  {line}");
    }
    Ok(())
}

fn title(text: &str) {
    println!("\n== {text}");
}
