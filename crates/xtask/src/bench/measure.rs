//! Running a program and noting what it costs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use pgdumprs_testkit::Server;
use wait4::Wait4;

/// What one run cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// From start to end, in seconds.
    pub(super) wall: f64,
    /// CPU seconds of the program and its helpers.
    pub(super) client_cpu: f64,
    /// CPU seconds of the server, in steps of 0.01.
    pub(super) server_cpu: f64,
    /// Peak of resident memory in KiB, summed over the program's processes.
    pub(super) peak_kib: u64,
    /// Size of the output in bytes.
    pub(super) size: u64,
}

/// How often processes are looked at.
const LOOK: Duration = Duration::from_millis(4);

/// How long server processes may take to end after their client has.
const SERVER_LIMIT: Duration = Duration::from_secs(5);

/// Clock ticks in a second, in which Linux counts CPU time for user space on every architecture that PostgreSQL is packaged for.
const TICKS: f64 = 100.0;

/// The process that a server's others are children of.
pub(super) fn postmaster(server: &Server) -> Result<u32> {
    let pid_file = server.data_dir().join("postmaster.pid");
    let pid =
        fs::read_to_string(&pid_file).with_context(|| format!("reading {}", pid_file.display()))?;
    let pid = pid.lines().next().and_then(|line| line.trim().parse().ok());
    pid.context("the server's pid file holds no process id")
}

/// Runs commands at the same time until all have ended; an error if any fails. `output` is what they write, a file or a folder, or
/// nothing worth a size. `postmasters` are the servers that work for them.
pub(super) fn run(
    commands: &mut [Command],
    output: Option<&Path>,
    postmasters: &[u32],
) -> Result<Cost> {
    if let Some(output) = output {
        remove(output)?;
    }
    let idle = children_of(postmasters);
    let server_before = cpu_ticks_of(postmasters)?;
    let started = Instant::now();
    let runs = thread::scope(|scope| {
        let runs: Vec<_> = commands
            .iter_mut()
            .map(|command| scope.spawn(|| run_one(command)))
            .collect();
        let joined = runs
            .into_iter()
            .map(|run| run.join().expect("measuring does not panic"));
        joined.collect::<Result<Vec<_>>>()
    })?;
    let mut cost = Cost {
        wall: started.elapsed().as_secs_f64(),
        ..Cost::default()
    };
    for run in runs {
        cost.client_cpu += run.client_cpu;
        cost.peak_kib += run.peak_kib;
    }
    // A server process counts for the postmaster once it has ended.
    let limit = Instant::now() + SERVER_LIMIT;
    while children_of(postmasters)
        .iter()
        .any(|pid| !idle.contains(pid))
        && Instant::now() < limit
    {
        thread::sleep(LOOK);
    }
    cost.server_cpu = (cpu_ticks_of(postmasters)? - server_before) as f64 / TICKS;
    if let Some(output) = output {
        cost.size = size(output)?;
    }
    Ok(cost)
}

fn run_one(command: &mut Command) -> Result<Cost> {
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("{program} could not be started"))?;
    let pid = child.id();
    let ended = AtomicBool::new(false);
    let (end, peak_kib) = thread::scope(|scope| {
        let watching = scope.spawn(|| watch_memory(pid, &ended));
        let end = child.wait4();
        ended.store(true, Ordering::Relaxed);
        (
            end,
            watching.join().expect("watching memory does not panic"),
        )
    });
    let end = end.with_context(|| format!("waiting for {program}"))?;
    if !end.status.success() {
        bail!("{program} ended with {}", end.status);
    }
    Ok(Cost {
        client_cpu: (end.rusage.utime + end.rusage.stime).as_secs_f64(),
        peak_kib,
        ..Cost::default()
    })
}

/// The sum of the peaks of a process and those that it starts. Pages that they share count for each.
fn watch_memory(pid: u32, ended: &AtomicBool) -> u64 {
    // The kernel keeps the peak, so that looking now and then misses only what grows after the last look.
    let mut peaks = BTreeMap::new();
    while !ended.load(Ordering::Relaxed) {
        for pid in children(pid).into_iter().chain([pid]) {
            if let Some(peak) = peak_kib(pid) {
                peaks.insert(pid, peak);
            }
        }
        thread::sleep(LOOK);
    }
    peaks.values().sum()
}

fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The processes that `pid`'s main thread has started and that have not ended.
fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

fn children_of(pids: &[u32]) -> Vec<u32> {
    pids.iter().flat_map(|&pid| children(pid)).collect()
}

fn cpu_ticks_of(pids: &[u32]) -> Result<u64> {
    pids.iter().map(|&pid| cpu_ticks(pid)).sum()
}

/// CPU time of a process and of those of its children that have ended, in clock ticks.
fn cpu_ticks(pid: u32) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("looking at the server's process {pid}"))?;
    parse_ticks(&stat).with_context(|| format!("{stat:?} is no /proc/PID/stat"))
}

/// Fields 14 to 17, counted from 1; the second is a name in parentheses that may hold spaces.
fn parse_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let times: Vec<&str> = fields.split(' ').skip(11).take(4).collect();
    if times.len() != 4 {
        return None;
    }
    times.into_iter().map(|time| time.parse::<u64>().ok()).sum()
}

/// Removes a file or a folder, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else if path.exists() {
        fs::remove_file(path)
    } else {
        return Ok(());
    };
    removed.with_context(|| format!("removing {}", path.display()))
}

/// Bytes in a file, or in the files of a folder.
fn size(path: &Path) -> Result<u64> {
    let looking = || format!("looking at {}", path.display());
    if !path.is_dir() {
        return Ok(fs::metadata(path).with_context(looking)?.len());
    }
    let mut total = 0;
    for file in fs::read_dir(path).with_context(looking)? {
        total += file?.metadata()?.len();
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_size_and_memory_are_noted() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 0.1; printf 12345 > \"$0\""]);
        command.arg(&output);
        // Any process will do as the server: the test's own.
        let cost = run(&mut [command], Some(&output), &[std::process::id()]).unwrap();
        assert!(cost.wall >= 0.1, "{cost:?}");
        assert!(cost.client_cpu < cost.wall, "{cost:?}");
        assert!(cost.peak_kib > 100, "{cost:?}");
        assert_eq!(cost.size, 5);
    }

    #[test]
    fn failures_are_told() {
        let error = run(&mut [Command::new("false")], None, &[std::process::id()]).unwrap_err();
        assert!(error.to_string().contains("false ended with"), "{error:#}");
    }

    #[test]
    fn names_of_processes_may_hold_anything() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 100 20 3000 4 0";
        assert_eq!(parse_ticks(stat), Some(3124));
        assert_eq!(parse_ticks("7 (sh) S 1 2"), None);
    }
}
