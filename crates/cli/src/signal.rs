//! Work that ends in good order when the process is asked to end.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::failure::line;

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
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let mut signals = signals::Signals::new().context("could not prepare for signals")?;
        tokio::select! {
            result = work => result,
            signal = signals.next() => Err(signal.before(what)),
        }
    });
    runtime.shutdown_timeout(BLOCKED);
    if result.is_err() {
        pgdumprs::wait_for_cancels(CANCELS);
        pgdumprs::wait_for_aborts(ABORTS);
    }
    result
}

/// Does `work`, which hears of the first signal and ends in good order itself. A second one gives it up, as [`run`] does.
///
/// # Errors
///
/// Those of the work; [`Signalled`] where it was given up. Where it ended itself after a signal, its result comes with that.
pub(crate) fn run_to_its_end<T, W: Future<Output = anyhow::Result<T>>>(
    what: &'static str,
    work: impl FnOnce(oneshot::Receiver<()>) -> W,
) -> anyhow::Result<(T, Option<Signalled>)> {
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let mut signals = signals::Signals::new().context("could not prepare for signals")?;
        let (sender, stop) = oneshot::channel();
        let mut work = pin!(work(stop));
        let signal = tokio::select! {
            result = &mut work => return Ok((result?, None)),
            signal = signals.next() => signal,
        };
        // Work that is over hears of nothing.
        let _ = sender.send(());
        tokio::select! {
            result = &mut work => Ok((result.map_err(|error| signal.ended(what, error))?, Some(signal))),
            again = signals.next() => Err(again.before(what)),
        }
    });
    runtime.shutdown_timeout(BLOCKED);
    if !matches!(result, Ok((_, None))) {
        pgdumprs::wait_for_cancels(CANCELS);
    }
    result
}

fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start")
}

/// The exit status of a process that a signal has ended, where the error is of that.
pub(crate) fn exit_status(error: &anyhow::Error) -> Option<i32> {
    let signalled = error.downcast_ref::<Signalled>();
    signalled.map(|signal| signal.exit_status)
}

/// The signal that the work was given up for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signalled {
    name: &'static str,
    exit_status: i32,
}

impl Signalled {
    /// The error of work that the signal has ended.
    pub(crate) fn before(self, what: &str) -> anyhow::Error {
        anyhow::Error::from(self).context(format!("ended by {self} before the {what} was complete"))
    }

    /// The error of work that failed when it was to end.
    fn ended(self, what: &str, error: anyhow::Error) -> anyhow::Error {
        anyhow::Error::from(self).context(format!(
            "ended by {self} before the {what} was complete: {}",
            line(error.chain())
        ))
    }
}

impl fmt::Display for Signalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl std::error::Error for Signalled {}
