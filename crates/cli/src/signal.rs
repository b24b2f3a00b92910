//! Work that ends in good order when the process is asked to end.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

/// How long is waited for what still uses the disk when the work is given up.
const BLOCKED: Duration = Duration::from_millis(500);

/// How long is waited for servers to take requests to cancel. With the time above, the process ends within two seconds of a signal.
const CANCELS: Duration = Duration::from_secs(1);

/// Does `work`, and gives it up on Ctrl-C, SIGTERM, SIGHUP and SIGQUIT: drops it, and waits a little until what it has dropped is gone.
///
/// A SIGHUP that is ignored already stays so: that is what `nohup` is for. `what` is made by the work: the error names it.
///
/// # Errors
///
/// Those of the work; [`Signalled`] where it was given up.
pub(crate) fn run<T>(
    what: &'static str,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start")?;
    let result = runtime.block_on(async {
        let mut signals = signals::Signals::new().context("could not prepare for signals")?;
        tokio::select! {
            result = work => result,
            signal = signals.next() => {
                Err(anyhow::Error::from(signal).context(format!("ended by {signal} before the {what} was complete")))
            }
        }
    });
    runtime.shutdown_timeout(BLOCKED);
    if result.is_err() {
        pgdumprs::wait_for_cancels(CANCELS);
    }
    result
}

/// The exit status after an error: 128 and the signal's number, as of a process that the signal has ended, or else 1.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    error
        .downcast_ref::<Signalled>()
        .map_or(ExitCode::FAILURE, |signal| {
            ExitCode::from(128 + signal.number)
        })
}

/// The signal that the work was given up for.
#[derive(Debug, Clone, Copy)]
struct Signalled {
    name: &'static str,
    number: u8,
}

impl fmt::Display for Signalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl std::error::Error for Signalled {}

#[cfg(unix)]
mod signals {
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
                let number = u8::try_from(kind.as_raw_value()).map_err(io::Error::other)?;
                if kind != hangup || !is_ignored(number) {
                    signals.push((Signalled { name, number }, signal(kind)?));
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
    fn is_ignored(number: u8) -> bool {
        let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
            return false;
        };
        status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & (1 << (number - 1)) != 0)
    }
}

#[cfg(not(unix))]
mod signals {
    use std::io;

    use super::Signalled;

    /// Ctrl-C.
    pub(super) struct Signals;

    impl Signals {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for Ctrl-C.
        pub(super) async fn next(&mut self) -> Signalled {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Signalled {
                name: "Ctrl-C",
                number: 2,
            }
        }
    }
}
