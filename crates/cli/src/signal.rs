//! Work that ends in good order when the process is asked to end.

use std::fmt;
use std::time::Duration;

use anyhow::Context;

#[cfg_attr(unix, path = "signal/unix.rs")]
#[cfg_attr(not(unix), path = "signal/windows.rs")]
mod signals;

/// How long is waited for what still uses the disk when the work is given up.
const BLOCKED: Duration = Duration::from_millis(500);

/// How long is waited for servers to take requests to cancel. With the time above, the process ends within two seconds of a signal, unless
/// a store has something to forget.
const CANCELS: Duration = Duration::from_secs(1);

/// How long is waited, from then on, for an object store to forget what it has of an archive that was given up.
const ABORTS: Duration = Duration::from_secs(2);

/// Does `work`, and gives it up when the process is asked to end, as by Ctrl-C: drops it, and waits a little until what it has dropped is gone.
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
        pgdumprs::wait_for_aborts(ABORTS);
    }
    result
}

/// The exit status after an error: that of a process that the signal has ended, or else 1.
pub(crate) fn exit_status(error: &anyhow::Error) -> i32 {
    error
        .downcast_ref::<Signalled>()
        .map_or(1, |signal| signal.exit_status)
}

/// The signal that the work was given up for.
#[derive(Debug, Clone, Copy)]
struct Signalled {
    name: &'static str,
    exit_status: i32,
}

impl fmt::Display for Signalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl std::error::Error for Signalled {}
