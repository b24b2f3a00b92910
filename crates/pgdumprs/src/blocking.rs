//! Work that would hold up the async executor, in threads of its own.

use tokio::task::JoinError;
use tracing::Span;

/// Runs what takes long, or waits for a disk or a pipe, in a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let span = Span::current();
    let task = tokio::task::spawn_blocking(move || span.in_scope(work));
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(value) => value,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime ends, and whoever waits here will be dropped as well.
        Err(Err(_)) => std::future::pending().await,
    }
}
