//! Uploads that were given up: the store is told to forget what it has of them.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use object_store::MultipartId;
use object_store::path::Path;

use crate::access::Store;
use crate::runtime::runtime;

/// How long the store is asked, at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many requests to forget an upload are under way, in the whole process.
static UNDER_WAY: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// Tells the store to forget an upload, and does not wait for it.
pub(crate) fn forget(store: Arc<dyn Store>, key: Path, id: MultipartId) {
    // There was an upload, so there is a runtime.
    let Ok(runtime) = runtime() else { return };
    let under_way = UnderWay::begin();
    runtime.spawn(async move {
        // What cannot be told to a store now, its own rules remove.
        let _ = tokio::time::timeout(PATIENCE, store.abort_multipart(&key, &id)).await;
        drop(under_way);
    });
}

/// Waits until stores have been told of uploads that were given up, but not longer than `limit`; says whether all have. A process that is to
/// end should call it: otherwise a store may keep parts that nobody sees and somebody pays for.
pub fn wait_for_aborts(limit: Duration) -> bool {
    let (count, ended) = &UNDER_WAY;
    let until = Instant::now() + limit;
    let mut under_way = count.lock().unwrap_or_else(PoisonError::into_inner);
    while *under_way > 0 {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let waited = ended.wait_timeout(under_way, left);
        under_way = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    true
}

/// One request, for as long as it is there.
struct UnderWay;

impl UnderWay {
    fn begin() -> Self {
        *UNDER_WAY.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        UnderWay
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *UNDER_WAY.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        UNDER_WAY.1.notify_all();
    }
}
