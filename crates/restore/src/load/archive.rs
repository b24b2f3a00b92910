//! A thread that reads the archive for a connection.

use std::sync::{Arc, Mutex, PoisonError, mpsc as requests};

use pgdumprs_archive as archive;
use pgdumprs_copy::{Format, Object};
use tokio::sync::mpsc;

use crate::load::feed::{Feed, Feeder};
use crate::load::rows::{self, Rows, RowsError};
use crate::load::statements::Cutter;
use crate::source::{Archive, BoxedSource};

/// Bytes of a large object that are read together.
const CONTENT: usize = 128 * 1024;

/// What is said where the thread has ended before its time, by a panic.
const GONE: &str = "the thread that reads the archive has ended";

enum Request {
    Rows(i32, mpsc::Sender<Result<Rows, RowsError>>),
    Statements(i32, Cutter, mpsc::Sender<Result<Vec<u8>, RowsError>>),
    LargeObjects(i32, mpsc::Sender<Result<Object, RowsError>>),
}

/// The thread, begun when something is first asked for. It ends when this and its clones, which share it, are dropped and what it reads is wanted
/// no more.
#[derive(Clone)]
pub(crate) struct ArchiveFeeder {
    source: Archive,
    room: usize,
    requests: Arc<Mutex<Option<requests::Sender<Request>>>>,
}

impl Feeder for ArchiveFeeder {
    fn rows(&mut self, dump_id: i32, format: Format) -> std::io::Result<Feed<Rows>> {
        debug_assert_eq!(format, Format::Text, "archives have rows as text");
        let (sender, feed) = mpsc::channel(self.room);
        self.ask(Request::Rows(dump_id, sender))?;
        Ok(Feed::new(feed))
    }

    fn statements(&mut self, dump_id: i32, cutter: Cutter) -> std::io::Result<Feed<Vec<u8>>> {
        let (sender, feed) = mpsc::channel(self.room);
        self.ask(Request::Statements(dump_id, cutter, sender))?;
        Ok(Feed::new(feed))
    }

    fn large_objects(&mut self, dump_id: i32) -> std::io::Result<Feed<Object>> {
        let (sender, feed) = mpsc::channel(self.room);
        self.ask(Request::LargeObjects(dump_id, sender))?;
        Ok(Feed::new(feed))
    }
}

impl ArchiveFeeder {
    /// For a connection before which so many pieces may wait.
    pub(crate) fn new(source: Archive, room: usize) -> Self {
        ArchiveFeeder {
            source,
            room: room.max(2),
            requests: Arc::default(),
        }
    }

    fn ask(&mut self, request: Request) -> std::io::Result<()> {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.is_none() {
            let (sender, receiver) = requests::channel();
            let source = self.source.clone();
            std::thread::Builder::new()
                .name("read".to_owned())
                .spawn(move || serve(&source, &receiver))?;
            *requests = Some(sender);
        }
        match requests
            .as_ref()
            .is_some_and(|requests| requests.send(request).is_ok())
        {
            true => Ok(()),
            false => Err(std::io::Error::other(GONE)),
        }
    }
}

/// Reads what is asked for, one after the other.
fn serve(source: &Archive, requests: &requests::Receiver<Request>) {
    let mut opened: Option<BoxedSource> = None;
    for request in requests {
        match request {
            Request::Rows(dump_id, to) => {
                let whole = Whole::of(&to);
                let read = open(source, &mut opened)
                    .map_err(RowsError::Archive)
                    .and_then(|data| {
                        let mut block = data.data(dump_id).map_err(RowsError::Archive)?;
                        rows::read(&mut *block, |rows| to.blocking_send(Ok(rows)).is_ok())
                    });
                whole.end(read);
            }
            Request::Statements(dump_id, cutter, to) => {
                let whole = Whole::of(&to);
                let read = open(source, &mut opened)
                    .and_then(|data| read_statements(data, dump_id, cutter, &to));
                whole.end(read.map_err(RowsError::Archive));
            }
            Request::LargeObjects(dump_id, to) => {
                let whole = Whole::of(&to);
                let read = open(source, &mut opened)
                    .and_then(|data| read_large_objects(data, dump_id, &to));
                whole.end(read.map_err(RowsError::Archive));
            }
        }
    }
}

/// The archive, which is opened when it is first needed.
fn open<'o>(
    source: &Archive,
    opened: &'o mut Option<BoxedSource>,
) -> archive::Result<&'o mut BoxedSource> {
    match opened {
        Some(data) => Ok(data),
        None => Ok(opened.insert(source.open()?)),
    }
}

/// Sees to it that what was not read to its end does not look as if it had been: not after a panic either.
struct Whole<'a, T>(Option<&'a mpsc::Sender<Result<T, RowsError>>>);

impl<'a, T> Whole<'a, T> {
    fn of(to: &'a mpsc::Sender<Result<T, RowsError>>) -> Self {
        Whole(Some(to))
    }

    /// Tells of an error, if there is one. Nobody need be there to hear of it.
    fn end(mut self, read: Result<(), RowsError>) {
        if let (Some(to), Err(error)) = (self.0.take(), read) {
            let _ = to.blocking_send(Err(error));
        }
    }
}

impl<T> Drop for Whole<'_, T> {
    fn drop(&mut self) {
        if let Some(to) = self.0.take() {
            let error = archive::Error::Misuse(GONE.to_owned());
            let _ = to.blocking_send(Err(RowsError::Archive(error)));
        }
    }
}

fn read_statements(
    data: &mut BoxedSource,
    dump_id: i32,
    mut cutter: Cutter,
    to: &mpsc::Sender<Result<Vec<u8>, RowsError>>,
) -> archive::Result<()> {
    let mut block = data.data(dump_id)?;
    let mut buffer = vec![0; CONTENT];
    let send = |statement| to.blocking_send(Ok(statement)).is_ok();
    loop {
        match block.read_data(&mut buffer)? {
            0 => break,
            count if !cutter.push(&buffer[..count], send) => return Ok(()),
            _ => {}
        }
    }
    cutter.rest().map(send);
    Ok(())
}

fn read_large_objects(
    data: &mut BoxedSource,
    dump_id: i32,
    to: &mpsc::Sender<Result<Object, RowsError>>,
) -> archive::Result<()> {
    let send = |object| to.blocking_send(Ok(object)).is_ok();
    let mut objects = data.large_objects(dump_id)?;
    while let Some((oid, mut content)) = objects.next_object()? {
        if !send(Object::Begin(oid)) {
            return Ok(());
        }
        loop {
            let mut piece = vec![0; CONTENT];
            let count = content.read_data(&mut piece)?;
            piece.truncate(count);
            if count == 0 {
                break;
            }
            if !send(Object::Content(piece.into())) {
                return Ok(());
            }
        }
        if !send(Object::End) {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_panic_cuts_off_does_not_look_whole() {
        let source = Archive::new(|| panic!("a fault in the reader"), Default::default());
        let mut feeder = ArchiveFeeder::new(source, 2);
        let mut rows = feeder.rows(1, Format::Text).unwrap();
        assert!(matches!(rows.recv().await, Some(Err(_))));
        assert!(rows.recv().await.is_none());
        // The thread is gone by now, or soon.
        while let Ok(mut rows) = feeder.rows(2, Format::Text) {
            assert!(!matches!(rows.recv().await, Some(Ok(_))));
            tokio::task::yield_now().await;
        }
    }
}
