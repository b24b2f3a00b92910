//! `cargo xtask fuzz`: fuzzes the reader of archives.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use pgdumprs_testkit::provision::provision;
use pgdumprs_testkit::{Database, Major, Server, checked_output, tool};

use crate::build::{cargo, succeed, target, workspace};

/// Fuzz the reader of archives: damaged archives must not make it panic, hang, take more memory than is allowed, or contradict itself.
///
/// A case that fails is a file in target/fuzz, and a number for `cargo run --profile fuzz -p pgdumprs-fuzz -- --case`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How long to go on
    #[arg(long, default_value_t = 60)]
    minutes: u64,

    /// Make the corpus again instead: archives of one small database by the stock pg_dump of each major, and by pgdumprs
    #[arg(long)]
    corpus: bool,
}

/// Fuzzes, or makes the corpus.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.corpus {
        make_corpus()
    } else {
        fuzz(arguments.minutes * 60, 0)
    }
}

/// Fuzzes for this long, and until at least so many cases have run.
pub(crate) fn fuzz(seconds: u64, least: u64) -> Result<()> {
    let mut command = cargo(&[
        "run",
        "--quiet",
        "--locked",
        "--profile",
        "fuzz",
        "--package",
        "pgdumprs-fuzz",
        "--",
    ]);
    command.args([
        "--seconds",
        &seconds.to_string(),
        "--least",
        &least.to_string(),
    ]);
    succeed(command.arg("--findings").arg(target().join("fuzz")))
}

/// What stock's archives of a major are made with.
fn stock_options(major: Major) -> &'static [(&'static str, &'static [&'static str])] {
    match major.number() {
        ..=15 => &[
            ("gzip", &[]),
            ("none", &["-Z0"]),
            ("inserts", &["--inserts"]),
        ],
        17 => &[
            ("gzip", &[]),
            ("none", &["-Znone"]),
            ("lz4", &["-Zlz4"]),
            ("zstd", &["-Zzstd"]),
            ("inserts", &["--inserts", "-Znone"]),
            ("data", &["-a"]),
        ],
        _ => &[("gzip", &[]), ("none", &["-Znone"])],
    }
}

/// What our own archives are made with.
const OWN_OPTIONS: [(&str, &[&str]); 4] = [
    ("gzip", &[]),
    ("none", &["-Znone"]),
    ("lz4", &["-Zlz4"]),
    ("zstd", &["-Zzstd", "--archive-version=1.16"]),
];

fn make_corpus() -> Result<()> {
    let folder = workspace().join("crates/fuzz/corpus");
    let sample = fs::read(folder.join("sample.sql")).context("reading the sample")?;
    for major in Major::ALL {
        // 14 has no tools of its own to be had; it wrote what 15 does.
        if provision(major)?.tools_bin().is_none() {
            continue;
        }
        let database = Server::try_get(major)?.database();
        database.try_execute_sql(&sample)?;
        for (name, options) in stock_options(major) {
            let mut dump = tool(major, "pg_dump");
            write(
                dump.args(["-Fc"]).args(*options),
                &database,
                &folder.join(format!("stock-{major}-{name}.dump")),
            )?;
        }
        let mut piped = tool(major, "pg_dump");
        let output = checked_output(piped.arg("-Fc").args(["-d", &database.url()]))?;
        fs::write(
            folder.join(format!("stock-{major}-pipe.dump")),
            output.stdout,
        )?;
        if major == Major::REFERENCE {
            for (name, options) in OWN_OPTIONS {
                let mut dump = cargo(&[
                    "run",
                    "--quiet",
                    "--locked",
                    "--package",
                    "pgdumprs-cli",
                    "--",
                ]);
                write(
                    dump.args(options),
                    &database,
                    &folder.join(format!("own-{name}.dump")),
                )?;
            }
        }
    }
    Ok(())
}

fn write(dump: &mut Command, database: &Database, file: &Path) -> Result<()> {
    println!("{}", file.display());
    checked_output(dump.args(["-d", &database.url(), "-f"]).arg(file)).map(drop)
}
