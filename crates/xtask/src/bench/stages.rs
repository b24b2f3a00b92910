//! Where the CPU seconds of a dump go.

use std::process::Stdio;

use anyhow::Result;
use pgdumprs_testkit::Database;

use super::contest::{Ground, clean};
use super::measure;
use super::scenario::JOBS;
use super::summary::Side;

/// CPU seconds of one stage.
pub(super) struct Stage {
    pub(super) what: &'static str,
    pub(super) seconds: f64,
}

/// Measures runs that differ by one stage each, and takes the differences.
///
/// Compressing is by the default of each method.
pub(super) fn measure(ground: &Ground, database: &Database, runs: usize) -> Result<Vec<Stage>> {
    println!("\nCPU seconds by stage");
    let nowhere = side(ground, database, "none", false, runs)?;
    let file = side(ground, database, "none", true, runs)?;
    let mut stages = vec![
        Stage {
            what: "server: read, send",
            seconds: nowhere.server_cpu,
        },
        Stage {
            what: "client: receive",
            seconds: nowhere.client_cpu,
        },
        Stage {
            what: "client: write uncompressed data to a file",
            seconds: file.client_cpu - nowhere.client_cpu,
        },
    ];
    for (what, method) in [
        ("client: compress by gzip", "gzip"),
        ("client: compress by zstd", "zstd"),
        ("client: compress by lz4", "lz4"),
    ] {
        let compressed = side(ground, database, method, false, runs)?;
        stages.push(Stage {
            what,
            seconds: compressed.client_cpu - nowhere.client_cpu,
        });
    }
    for stage in &stages {
        println!("  {:<44}{:>6.2} s", stage.what, stage.seconds);
    }
    Ok(stages)
}

/// Dumps into a file or to nowhere.
fn side(
    ground: &Ground,
    database: &Database,
    method: &str,
    to_file: bool,
    runs: usize,
) -> Result<Side> {
    let output = ground.folder.path().join("stages.dump");
    let mut costs = Vec::new();
    for _ in 0..runs {
        let mut command = clean(&ground.pgdumprs);
        command
            .args(["-Fc", "-Z", method, "-d", &database.conninfo()])
            .args(JOBS);
        let output = to_file.then_some(output.as_path());
        match output {
            Some(output) => command.arg("-f").arg(output),
            None => command.stdout(Stdio::null()),
        };
        costs.push(measure::run(&mut [command], output, &[ground.postmaster])?);
        if let Some(output) = output {
            measure::remove(output)?;
        }
    }
    Ok(Side::of(&costs))
}
