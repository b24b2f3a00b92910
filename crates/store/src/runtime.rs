//! The runtime that makes requests.
//!
//! Those who write and read archives block, in threads that belong to another runtime or to none; and what is given up when a program's
//! runtime ends has still to be said to the store. So there is one beside them, of one thread, which is mostly idle.

use std::sync::LazyLock;
use std::sync::mpsc::{self, Receiver};

use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

use crate::{Error, ErrorKind};

/// `Err` where the system has no threads to give.
static RUNTIME: LazyLock<Result<Runtime, String>> = LazyLock::new(|| {
    // Whoever has chosen a provider for TLS keeps it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("object-store")
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
});

/// The runtime.
pub(crate) fn runtime() -> Result<&'static Runtime, Error> {
    RUNTIME.as_ref().map_err(|reason| {
        Error::new(
            "start",
            "the thread that talks to stores",
            ErrorKind::Unavailable,
            reason.clone(),
        )
    })
}

/// What the runtime is doing for somebody who will wait for it, or who drops this and has it end.
#[derive(Debug)]
pub(crate) struct Work<T> {
    task: AbortHandle,
    done: Receiver<T>,
}

/// Has the runtime do something.
pub(crate) fn begin<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<Work<T>, Error> {
    let (sender, done) = mpsc::sync_channel(1);
    let task = runtime()?.spawn(async move {
        let _ = sender.send(work.await);
    });
    let task = task.abort_handle();
    Ok(Work { task, done })
}

/// Waits in this thread for what the runtime does.
pub(crate) fn wait<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Error> {
    begin(work)?.wait()
}

impl<T> Work<T> {
    /// Waits in this thread.
    pub(crate) fn wait(self) -> Result<T, Error> {
        self.done.recv().map_err(|_| {
            Error::new(
                "wait for",
                "an object store",
                ErrorKind::Unavailable,
                "the request was lost",
            )
        })
    }
}

impl<T> Drop for Work<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
