//! Fuzzes the reader of archives: makes damaged archives of sound ones, reads them in every way, and stops at the first that makes the reader
//! panic, hang, take too much memory or contradict itself.
//!
//! A case is a number: the same number makes the same archive of the same corpus, so that a finding can be made again with `--case`.

mod check;
mod corpus;
mod map;
mod mutate;
mod tar;
mod watch;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Parser;
use fastrand::Rng;
use peak_alloc::PeakAlloc;

use crate::check::check;
use crate::corpus::Sample;
use crate::mutate::mutate;
use crate::watch::Watch;

/// Counts what Rust code allocates. libzstd's own memory is part of [`RESIDENT`].
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that reading an archive of any length may take: buffers, and what lz4 needs for its largest blocks.
const FIXED: usize = 24 << 20;
/// Bytes that each byte of the archive may take: texts and entries are held in memory, in lists that double when they grow, and the archive
/// itself is in memory here.
const PER_BYTE: usize = 16;
/// Bytes that the whole process may ever have taken: zstd's largest window is 128 MiB, and two decoders are never alive together.
const RESIDENT: u64 = 320 << 20;
/// How many cases between two looks at [`RESIDENT`] and two lines of progress.
const BATCH: u64 = 20_000;

/// Fuzz the reader of archives.
#[derive(Parser)]
struct Arguments {
    /// How long to go on
    #[arg(long, default_value_t = 60)]
    seconds: u64,

    /// Go on until so many cases have run, even when the time is over
    #[arg(long, default_value_t = 0)]
    least: u64,

    /// Number of the first case; by default one that no other run begins with
    #[arg(long)]
    first: Option<u64>,

    /// Run this case alone
    #[arg(long, conflicts_with_all = ["seconds", "least", "first"])]
    case: Option<u64>,

    /// Where to leave the archive of a case that fails
    #[arg(long, default_value = "target/fuzz")]
    findings: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fuzz: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let samples = corpus::load()?;
    let total: usize = samples.iter().map(|sample| sample.bytes.len()).sum();
    println!("corpus: {} archives, {total} bytes", samples.len());
    for sample in &samples {
        let sound = check(&sample.bytes).with_context(|| sample.name.clone())?;
        ensure!(sound, "{} is not sound", sample.name);
        if let Some(tar) = &sample.tar {
            let sound = check(tar).with_context(|| format!("{} as a tar file", sample.name))?;
            ensure!(sound, "{} as a tar file is not sound", sample.name);
        }
    }
    let watch = Watch::start();
    if let Some(number) = arguments.case {
        let sound = case(number, &samples, arguments, &watch)?;
        println!("case {number}: {}", if sound { "sound" } else { "damaged" });
        return Ok(());
    }
    let first = arguments.first.unwrap_or_else(|| fastrand::u64(..1 << 48));
    let started = Instant::now();
    let time = Duration::from_secs(arguments.seconds);
    let (mut run, mut sound) = (0, 0);
    while run < arguments.least || started.elapsed() < time {
        if run % BATCH == 0 {
            // A process that is killed says no more than this.
            println!(
                "{run} cases in {} s; next is {}",
                started.elapsed().as_secs(),
                first + run
            );
            check_resident()?;
        }
        sound += u64::from(case(first + run, &samples, arguments, &watch)?);
        run += 1;
    }
    check_resident()?;
    println!(
        "{run} cases in {} s, from {first} on: no findings. {sound} were sound after all; at most {} MiB were resident",
        started.elapsed().as_secs(),
        watch::resident_peak().unwrap_or(0) >> 20,
    );
    Ok(())
}

/// Runs one case; tells whether its archive was sound.
fn case(number: u64, samples: &[Sample], arguments: &Arguments, watch: &Watch) -> Result<bool> {
    let bytes = mutate(samples, &mut Rng::with_seed(number));
    watch.begin(number);
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    // What a panic leaves half done is not looked at again.
    let outcome = catch_unwind(AssertUnwindSafe(|| check(&bytes)))
        .unwrap_or_else(|_| Err(anyhow!("the reader panicked")));
    let taken = MEMORY.peak_usage().saturating_sub(before);
    watch.end();
    let outcome = outcome.and_then(|sound| {
        let most = FIXED + PER_BYTE * bytes.len();
        ensure!(
            taken <= most,
            "{taken} bytes of memory for an archive of {}",
            bytes.len()
        );
        Ok(sound)
    });
    outcome.or_else(|error| {
        let path = arguments.findings.join(format!("{number}.dump"));
        fs::create_dir_all(&arguments.findings)
            .and_then(|()| fs::write(&path, &bytes))
            .with_context(|| format!("writing {}", path.display()))?;
        bail!("case {number}, in {}: {error:#}", path.display());
    })
}

fn check_resident() -> Result<()> {
    match watch::resident_peak() {
        Some(peak) if peak > RESIDENT => bail!("the process took {} MiB", peak >> 20),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_cases_hold() {
        let samples = corpus::load().unwrap();
        for number in 0..300 {
            let bytes = mutate(&samples, &mut Rng::with_seed(number));
            check(&bytes).unwrap_or_else(|error| panic!("case {number}: {error:#}"));
        }
    }
}
