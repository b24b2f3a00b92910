//! Sessions that are dropped while the server works for them.
//!
//! A server notices that its client has gone when it next reads or writes. One that waits for a lock, or sorts, goes on until
//! then, with all locks it holds. So it is asked to stop, as by Ctrl-C in psql, before the connection is closed: a pooler passes
//! a request on only as long as it knows the client.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::session::cancel::CancelToken;
use crate::wire::Wire;

/// How long a server is given to take a request to cancel. One that does not answer would not answer later either.
const LIMIT: Duration = Duration::from_secs(1);

/// When the server is asked again. It ends only what it is at: a statement that it had not begun yet when it was asked would be carried out to
/// its end.
const AGAIN: Duration = Duration::from_millis(20);

/// When it is asked once more where other statements have arrived behind that one. It carries out a few of them at most, for then it notices
/// that nobody takes its answers.
const AGAIN_BEHIND: Duration = Duration::from_millis(100);

/// How many requests are under way in this process.
static UNDER_WAY: Mutex<usize> = Mutex::new(0);
/// Tells that one of them has ended.
static ENDED: Condvar = Condvar::new();

/// Cancels what runs in a session, so many statements, and then closes its connection, in a thread: whoever drops a session must not be kept
/// waiting, and may have no runtime any more.
pub(crate) fn abandon(token: CancelToken, mut wire: Wire, statements: usize) {
    let under_way = UnderWay::begin();
    let cancelling = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let limit = Instant::now() + LIMIT;
        let Ok(runtime) = runtime else {
            wire.say_goodbye();
            return;
        };
        // A request that fails leaves it to the server to notice that the connection is closed.
        let asked = runtime.block_on(async { timeout_at(limit, token.cancel()).await });
        wire.say_goodbye();
        drop(wire);
        if matches!(asked, Ok(Ok(()))) {
            let again = async {
                sleep(AGAIN).await;
                let _ = token.cancel().await;
                if statements > 1 {
                    sleep(AGAIN_BEHIND).await;
                    let _ = token.cancel().await;
                }
            };
            let _ = runtime.block_on(async { timeout_at(limit, again).await });
        }
        drop(under_way);
    };
    // Where the system has no thread to give, closing the connection is what is left.
    let _ = thread::Builder::new()
        .name("cancel".into())
        .spawn(cancelling);
}

/// Waits until all requests to cancel that dropped sessions of this process have left behind are done with, or `limit` is
/// over; `false` in that case. Blocks the thread.
///
/// A session that is dropped while a statement runs has the statement cancelled from a thread, so that dropping takes no time.
/// A process that is about to end waits here, since its end would be the thread's end too. No request takes longer than a second.
pub fn wait_for_cancels(limit: Duration) -> bool {
    let count = lock();
    let waited = ENDED.wait_timeout_while(count, limit, |count| *count > 0);
    let (count, _) = waited.unwrap_or_else(PoisonError::into_inner);
    *count == 0
}

fn lock() -> MutexGuard<'static, usize> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that is under way until this is dropped.
struct UnderWay(());

impl UnderWay {
    fn begin() -> Self {
        *lock() += 1;
        UnderWay(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *lock() -= 1;
        ENDED.notify_all();
    }
}
