//! What an upload's writer shares with its guard, who may give it up whatever the writer is at.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use object_store::MultipartId;
use object_store::multipart::PartId;
use tokio::task::AbortHandle;

use crate::access::Store;
use crate::parts::Sizes;
use crate::{Error, ErrorKind, Place, unfinished};

/// Lends a hand to whoever waits for an upload: says where the head ends, and gives the upload up when it is dropped, whatever the writer is at.
#[derive(Debug)]
pub struct UploadGuard(pub(super) Arc<Shared>);

/// What the writer waits for.
#[derive(Debug)]
pub(super) enum News {
    Sent(usize, object_store::Result<PartId>),
    GivenUp,
}

pub(super) struct Shared {
    pub(super) place: Place,
    pub(super) store: Arc<dyn Store>,
    pub(super) id: MultipartId,
    /// How large the parts are; said when the head has ended.
    pub(super) sizes: OnceLock<Sizes>,
    /// Whether the upload is complete or was given up.
    pub(super) ended: AtomicBool,
    tasks: Mutex<Vec<AbortHandle>>,
    news: Mutex<Sender<News>>,
}

impl UploadGuard {
    /// Gives what says that the head has ended, and how many bytes are expected in all: what was written until it is called, and what the first
    /// part has room for, can be written again; and parts are as large as that many bytes need.
    pub fn head(&self) -> impl FnOnce(u64) + Send + 'static + use<> {
        let shared = self.0.clone();
        move |expected| {
            let _ = shared.sizes.set(Sizes::of(expected));
        }
    }
}

impl Drop for UploadGuard {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

impl Shared {
    pub(super) fn new(
        place: Place,
        store: Arc<dyn Store>,
        id: MultipartId,
        news: Sender<News>,
    ) -> Self {
        Shared {
            place,
            store,
            id,
            sizes: OnceLock::new(),
            ended: AtomicBool::new(false),
            tasks: Mutex::default(),
            news: Mutex::new(news),
        }
    }

    /// Gives the upload up, unless it has ended: nothing more is sent, and the store is told.
    pub(super) fn give_up(&self) {
        if self.ended.swap(true, Ordering::Relaxed) {
            return;
        }
        for task in self.tasks().drain(..) {
            task.abort();
        }
        let _ = self.sender().send(News::GivenUp);
        unfinished::forget(
            self.store.clone(),
            self.place.key().clone(),
            self.id.clone(),
        );
    }

    /// Sees to it that a request ends when the upload is given up.
    pub(super) fn watch(&self, task: AbortHandle) {
        let mut tasks = self.tasks();
        tasks.retain(|task| !task.is_finished());
        if self.ended.load(Ordering::Relaxed) {
            task.abort();
        }
        tasks.push(task);
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<AbortHandle>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sender(&self) -> Sender<News> {
        let sender = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        sender.clone()
    }

    pub(super) fn given_up(&self) -> Error {
        Error::new(
            "write",
            &self.place,
            ErrorKind::GivenUp,
            "the upload was given up",
        )
    }

    pub(super) fn too_large(&self) -> Error {
        Error::new(
            "write",
            &self.place,
            ErrorKind::Invalid,
            "it is larger than a store takes in 10,000 parts, some terabytes",
        )
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
