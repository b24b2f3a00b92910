//! Threads whose results an async task waits for.
//!
//! They are not those of the runtime's blocking pool: the stages of a copy wait for one another, and in a pool that has no room for all
//! of them they would wait for ever.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tokio::sync::oneshot;

/// A thread at work.
pub(crate) struct Running<T>(oneshot::Receiver<std::thread::Result<T>>);

/// Starts a thread. If it panics, so does whoever waits for it.
///
/// # Errors
///
/// Where the system has no thread to give.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Running<T>> {
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // Nobody looks at what the panic left half done: the value goes with it. Nor need anybody wait for the result.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        })?;
    Ok(Running(receiver))
}

impl<T> Running<T> {
    /// What the thread came to.
    pub(crate) async fn result(self) -> T {
        match self.0.await {
            Ok(Ok(value)) => value,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => unreachable!("a thread sends its result or its panic"),
        }
    }
}
