//! `cargo xtask test`: all the set-up and every check.

use std::time::Instant;

use anyhow::{Context, Result};
use pgdumprs_testkit::Major;

use crate::build::{cargo, succeed};
use crate::{fuzz, library, minimum_rust, pg, workflows};

/// Run every check: formatting, lints, docs, and all tests on every supported major.
///
/// PGDUMPRS_TEST_MAJORS narrows the majors, for a quick look while working; a run without it covers 13 to 19.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run what is heavier as well: large databases, and many more cases of random tests
    #[arg(long)]
    scale: bool,
}

/// What tests read to know that they may be heavy, and the number of cases of each property test (256 is the library's own).
const SCALE: [(&str, &str); 2] = [("PGDUMPRS_SCALE", "1"), ("PROPTEST_CASES", "10000")];

/// How long the reader is fuzzed, and how many cases there must be even if that takes longer. `cargo xtask fuzz` goes on for longer.
const FUZZ_SECONDS: u64 = 60;
const FUZZ_CASES: u64 = 20_000;

/// Provisions and checks; stops at the first check that fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let started = Instant::now();
    step("PostgreSQL servers and tools", || {
        pg::run(&pg::Arguments::default())
    })?;
    step("formatting", || {
        succeed(&mut cargo(&["fmt", "--all", "--check"]))
    })?;
    step("lints", || {
        succeed(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    step("workflows and scripts", workflows::check)?;
    step("minimum Rust version", minimum_rust::check)?;
    step("what others see of the library", || {
        library::run(&library::Arguments::default())
    })?;
    step("docs", || {
        let mut doc = cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--all-features",
            "--document-private-items",
            "--locked",
        ]);
        succeed(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    step("fuzzing of the reader", || {
        fuzz::fuzz(FUZZ_SECONDS, FUZZ_CASES)
    })?;
    step("tests", || {
        let variables = if arguments.scale { &SCALE[..] } else { &[] };
        let mut test = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
        succeed(test.envs(variables.iter().copied()))
    })?;
    let majors: Vec<String> = Major::covered()?.iter().map(ToString::to_string).collect();
    let seconds = started.elapsed().as_secs();
    println!(
        "\nEvery check passed, on PostgreSQL {}, in {seconds} s.",
        majors.join(", ")
    );
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let started = Instant::now();
    work().with_context(|| format!("{name} failed"))?;
    println!("== {name}: ok, {} s", started.elapsed().as_secs());
    Ok(())
}
