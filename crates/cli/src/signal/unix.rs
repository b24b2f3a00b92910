//! Signals of Unix.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Signalled;

/// Signals that ask a process to end.
const ENDING: [(&str, SignalKind); 4] = [
    ("SIGHUP", SignalKind::hangup()),
    ("SIGINT", SignalKind::interrupt()),
    ("SIGQUIT", SignalKind::quit()),
    ("SIGTERM", SignalKind::terminate()),
];

/// Those of the signals that this process listens to.
pub(super) struct Signals(Vec<(Signalled, Signal)>);

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        // A file that grows beyond the limit (ulimit -f) is then an error of the write rather than the end of the process.
        drop(signal(SignalKind::from_raw(libc::SIGXFSZ))?);
        let hangup = SignalKind::hangup();
        let mut signals = Vec::new();
        for (name, kind) in ENDING {
            let number = kind.as_raw_value();
            if kind != hangup || !is_ignored(number) {
                // As shells show of a process that a signal has ended.
                let exit_status = 128 + number;
                signals.push((Signalled { name, exit_status }, signal(kind)?));
            }
        }
        Ok(Self(signals))
    }

    /// Waits for the first of the signals.
    pub(super) async fn next(&mut self) -> Signalled {
        poll_fn(|context| {
            for (signalled, signal) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*signalled);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Whether the process was started with a signal ignored, where the system tells.
fn is_ignored(number: i32) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << (number - 1)) != 0)
}
