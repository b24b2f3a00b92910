//! Work that would hold up the async executor, in threads of its own.

use tracing::Span;

/// Runs what takes long, or waits for a disk or a pipe, in a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let span = Span::current();
    let task = tokio::task::spawn_blocking(move || span.in_scope(work));
    // Such tasks are never cancelled, so that the only error is a panic, which goes on here.
    task.await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
