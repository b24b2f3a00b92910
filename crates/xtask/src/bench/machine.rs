//! What the runs ran on.

use std::fs;
use std::path::Path;

use anyhow::Result;
use pgdumprs_testkit::{checked_output, reference_pg_dump};

use super::contest::{Ground, clean};

/// Lines of "what: value".
pub(super) fn describe(ground: &Ground) -> Result<Vec<(&'static str, String)>> {
    let version = |command: &mut std::process::Command| -> Result<String> {
        let output = checked_output(command.arg("--version"))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    Ok(vec![
        (
            "Processor",
            format!("{}, {} cores", processor(), cores()),
        ),
        ("Memory", memory()),
        ("System", format!("Linux {}", kernel())),
        (
            "Output goes to",
            format!("a {} file system, synced at the end of each dump", file_system(ground.folder.path())),
        ),
        ("Server", format!("PostgreSQL {}, on the same machine", ground.server.version()?)),
        (
            "Its settings",
            "initdb's, but shared_buffers 1GB, max_wal_size 8GB, max_locks_per_transaction 1000, and jit, autovacuum, fsync, full_page_writes and synchronous_commit off".to_owned(),
        ),
        ("Ours", version(&mut clean(&ground.pgdumprs))?),
        ("Stock", version(&mut reference_pg_dump())?),
    ])
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn processor() -> String {
    let info = read("/proc/cpuinfo");
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown", |(_, name)| name).to_owned()
}

/// Cores that this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn memory() -> String {
    let info = read("/proc/meminfo");
    let total = info.lines().find_map(|line| {
        let kib = line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?;
        kib.parse::<f64>().ok()
    });
    total.map_or("unknown".to_owned(), |kib| {
        format!("{:.0} GiB", kib / 1024.0 / 1024.0)
    })
}

/// The kernel's version without what a vendor hangs on it.
fn kernel() -> String {
    let release = read("/proc/sys/kernel/osrelease");
    let version = release.trim().split('-').next();
    version.unwrap_or("unknown").to_owned()
}

/// The type of the file system that holds a folder.
fn file_system(folder: &Path) -> String {
    let mounts = read("/proc/mounts");
    let mut best = ("", "unknown");
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        if let [_, point, kind, ..] = fields[..]
            && folder.starts_with(point)
            && point.len() >= best.0.len()
        {
            best = (point, kind);
        }
    }
    best.1.to_owned()
}
