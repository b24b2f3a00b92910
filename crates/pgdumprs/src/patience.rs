//! How long a transaction may take to begin, or locks to come, before somebody is told.
//!
//! A pooler lets clients in and then keeps them waiting until one of its server connections is free, and a session that alters a table
//! keeps others waiting until it ends, which both may be for ever: nothing fails, and nothing happens.

use std::time::Duration;

/// Far longer than a server takes to begin a transaction or to lock free tables, over any link, or an output to take a piece of an archive,
/// and short enough to watch.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// What such a wait looks like, and what helps.
const WAITED: &str = "the server has not begun a transaction in 15 s: all server connections of a pooler may be taken; dump over one \
                      connection (-j 1) or when the pool is less busy, let the pool be larger, or connect to the server itself";

/// Waits for `work` however long it takes, and calls `tell` where that is long.
pub(crate) async fn telling<T>(work: impl Future<Output = T>, tell: impl FnOnce(String)) -> T {
    noticing(work, async { tell(WAITED.to_owned()) }).await
}

/// Waits for `work` however long it takes, and where that is long, does `notice` meanwhile.
pub(crate) async fn noticing<T>(
    work: impl Future<Output = T>,
    notice: impl Future<Output = ()>,
) -> T {
    tokio::pin!(work);
    let long = async {
        tokio::time::sleep(PATIENCE).await;
        notice.await;
    };
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = long => {}
    }
    work.await
}

/// Gives up `work` where it takes long: a connection that others can do without.
pub(crate) async fn limited<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| Err(WAITED.to_owned()))
}
