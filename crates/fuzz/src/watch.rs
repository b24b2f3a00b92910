//! Notices a case that does not end, and what the process takes.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How long a case may take. A few kilobytes can hold some hundred megabytes of data, which are read several times.
const LONGEST: Duration = Duration::from_secs(60);
/// Stands for no case.
const NONE: u64 = u64::MAX;

/// Knows the case that is running. A thread of its own ends the process when one does not end.
pub(crate) struct Watch(Arc<AtomicU64>);

impl Watch {
    pub(crate) fn start() -> Self {
        let current = Arc::new(AtomicU64::new(NONE));
        let seen = current.clone();
        thread::spawn(move || {
            let mut last = NONE;
            loop {
                thread::sleep(LONGEST);
                let number = seen.load(Ordering::Relaxed);
                if number != NONE && number == last {
                    eprintln!(
                        "fuzz: case {number} has been running for more than {} s",
                        LONGEST.as_secs()
                    );
                    process::exit(1);
                }
                last = number;
            }
        });
        Watch(current)
    }

    pub(crate) fn begin(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.0.store(NONE, Ordering::Relaxed);
    }
}

/// Bytes of memory that the process has had at most, where the system tells.
pub(crate) fn resident_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}
