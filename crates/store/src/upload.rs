//! A writer that makes an object.
//!
//! An archive says at its beginning where its data is, and that is known at its end. In a file one goes back; in an object there is no going
//! back, but parts may come in any order. So the first part, which holds all that is patched, is kept in memory and sent last. The object
//! comes into being when the store is told that all its parts are there, and not before: until then, and where that never comes, what has
//! its name stays.

mod guard;

use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver};

use bytes::Bytes;
use object_store::multipart::PartId;
use sha2::{Digest, Sha256};

pub use self::guard::UploadGuard;
use self::guard::{News, Shared};

use crate::access::Store;
use crate::begun::{BegunUpload, abort_upload, begun_uploads};
use crate::parts::{SMALLEST, Sizes};
use crate::reader::sought;
use crate::runtime::{runtime, wait};
use crate::{Error, Place, access};

/// How many parts are on their way to the store at a time; another is being filled meanwhile.
const IN_FLIGHT: usize = 2;

/// How many bytes of the head may still be with whoever writes when it is said to have ended: an archive's writer gathers small writes.
const KEPT_BACK: usize = 64 << 10;

/// Bytes of an object that stand together, from where the piece before ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// How many they are.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// A blocking writer that makes an object. It seeks to write once more what is in the object's [head](UploadGuard::head), and for nothing
/// else. What is dropped before it is complete is given up.
#[derive(Debug)]
pub struct Upload {
    shared: Arc<Shared>,
    /// The first part.
    head: Vec<u8>,
    /// How long it becomes, once that is known.
    head_length: Option<usize>,
    /// The part that is being filled, which has the number `next`.
    current: Vec<u8>,
    next: usize,
    in_flight: usize,
    /// Sums what was sent, which the first part, whose bytes are known last, is none of.
    sum: Sha256,
    sent: u64,
    /// What the store calls the parts that it has, by number; nothing yet for the first.
    done: Vec<Option<PartId>>,
    news: Receiver<News>,
    /// What others have begun under the same name before, and not ended.
    earlier: Vec<BegunUpload>,
    position: u64,
    length: u64,
    /// What was sent, when all was.
    pieces: Option<Vec<Piece>>,
}

impl Upload {
    /// How many bytes the parts of an upload take in memory, up to 31 GiB: those on their way, one that is being filled, and the first.
    pub const MEMORY: usize = (IN_FLIGHT + 2) * SMALLEST;

    /// Begins an upload. Blocks while the store is asked, which tells early whether it takes one.
    ///
    /// # Errors
    /// [`Error`], where the environment has a wrong setting, or the store cannot be reached or refuses.
    pub fn begin(place: &Place) -> Result<(Self, UploadGuard), Error> {
        // The client is made within the runtime that it belongs to.
        let inside = place.clone();
        let store = wait(async move { access::writing(&inside) })??;
        let (mut upload, guard) = Self::on(place, store)?;
        // To list them is a right of its own; without it, the bucket's own rules are what removes them.
        let mut earlier = begun_uploads(place, place.key().as_ref()).unwrap_or_default();
        let own = &upload.shared.id;
        earlier.retain(|one| one.is_of(place) && !one.is(own));
        upload.earlier = earlier;
        Ok((upload, guard))
    }

    pub(crate) fn on(place: &Place, store: Arc<dyn Store>) -> Result<(Self, UploadGuard), Error> {
        let (asked, key) = (store.clone(), place.key().clone());
        let id = wait(async move { asked.create_multipart(&key).await })?
            .map_err(|error| Error::of_store("begin to write", place, &error))?;
        let (sender, news) = mpsc::channel();
        let shared = Arc::new(Shared::new(place.clone(), store, id, sender));
        let upload = Upload {
            shared: shared.clone(),
            head: Vec::new(),
            head_length: None,
            current: Vec::new(),
            next: 1,
            in_flight: 0,
            sum: Sha256::new(),
            sent: 0,
            done: vec![None],
            news,
            earlier: Vec::new(),
            position: 0,
            length: 0,
            pieces: None,
        };
        Ok((upload, UploadGuard(shared)))
    }

    /// Sends what is left, the first part last, so that [`Upload::complete`] has one request to make. Nothing may be written any more. Blocks until the store has it.
    ///
    /// # Errors
    /// [`Error`], where the store fails.
    pub fn finish(&mut self) -> Result<(), Error> {
        if !self.current.is_empty() {
            self.send_current()?;
        }
        while self.in_flight > 0 {
            self.await_one()?;
        }
        let head = std::mem::take(&mut self.head);
        let mut pieces = vec![Piece {
            size: head.len() as u64,
            sha256: Sha256::digest(&head).into(),
        }];
        if self.sent > 0 {
            pieces.push(Piece {
                size: self.sent,
                sha256: std::mem::take(&mut self.sum).finalize().into(),
            });
        }
        self.send(0, head)?;
        self.await_one()?;
        self.pieces = Some(pieces);
        Ok(())
    }

    /// [Finishes](Upload::finish) what is not finished, and has the store make the object. Blocks until it has. Gives the pieces of the object
    /// with their sums: one, or the first part and what follows it. What others had begun under this name before, and have not ended, is aborted
    /// then: it would bring an older content, or was left by a process that was killed.
    ///
    /// # Errors
    /// [`Error`], where the store fails: then there is no object, and what had its name is still there. Where its last answer alone is lost, it
    /// may have made the object all the same.
    pub fn complete(mut self) -> Result<Vec<Piece>, Error> {
        if self.pieces.is_none() {
            self.finish()?;
        }
        let pieces = self.pieces.take().unwrap_or_default();
        let parts: Option<Vec<PartId>> = self.done.iter_mut().map(Option::take).collect();
        let parts = parts.ok_or_else(|| self.shared.given_up())?;
        let shared = self.shared.clone();
        let completed = wait(async move {
            let (key, id) = (shared.place.key(), &shared.id);
            shared.store.complete_multipart(key, id, parts).await
        })?;
        completed.map_err(|error| Error::of_store("complete", &self.shared.place, &error))?;
        self.shared.ended.store(true, Ordering::Relaxed);
        for earlier in &self.earlier {
            // It may have ended meanwhile, or may be another's to abort.
            let _ = abort_upload(&self.shared.place, self.shared.store.clone(), earlier);
        }
        Ok(pieces)
    }

    /// Sends the part that is filled.
    fn send_current(&mut self) -> Result<(), Error> {
        while self.in_flight >= IN_FLIGHT {
            self.await_one()?;
        }
        let part = std::mem::take(&mut self.current);
        self.sum.update(&part);
        self.sent += part.len() as u64;
        self.done.push(None);
        self.send(self.next, part)?;
        self.next += 1;
        Ok(())
    }

    fn send(&mut self, number: usize, part: Vec<u8>) -> Result<(), Error> {
        let (shared, news) = (self.shared.clone(), self.shared.sender());
        let request = runtime()?.spawn(async move {
            let (key, id) = (shared.place.key(), &shared.id);
            let part = Bytes::from(part).into();
            shared.store.put_part(key, id, number, part).await
        });
        self.in_flight += 1;
        self.shared.watch(request.abort_handle());
        // Whoever waits is told, also where the request comes to no end.
        runtime()?.spawn(async move {
            let sent = request.await;
            let _ = news.send(sent.map_or(News::GivenUp, |sent| News::Sent(number, sent)));
        });
        Ok(())
    }

    /// Waits until a part has come to the store.
    fn await_one(&mut self) -> Result<(), Error> {
        match self.news.recv() {
            Ok(News::Sent(number, Ok(id))) => {
                self.in_flight -= 1;
                self.done[number] = Some(id);
                Ok(())
            }
            Ok(News::Sent(number, Err(error))) => {
                self.in_flight -= 1;
                let error = Error::of_store("write", &self.shared.place, &error);
                Err(error.of_part(number + 1))
            }
            Ok(News::GivenUp) | Err(_) => Err(self.shared.given_up()),
        }
    }

    /// How many bytes the head may still take; nothing where data has begun to go into other parts.
    fn head_room(&mut self) -> Option<usize> {
        if self.length > self.head.len() as u64 {
            return None;
        }
        if self.head_length.is_none() && self.shared.sizes.get().is_some() {
            self.head_length = Some(SMALLEST.max(self.head.len() + KEPT_BACK));
        }
        let room = self
            .head_length
            .map_or(usize::MAX, |length| length.saturating_sub(self.head.len()));
        (room > 0).then_some(room)
    }

    /// Writes once more what is in the head.
    fn patch(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = usize::try_from(self.position).unwrap_or(usize::MAX);
        let place = self.head.get_mut(start..start.saturating_add(bytes.len()));
        let place = place.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "what is not in an object's first part cannot be written again",
            )
        })?;
        place.copy_from_slice(bytes);
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.shared.ended.load(Ordering::Relaxed) {
            return Err(self.shared.given_up().into());
        }
        if self.position != self.length {
            return self.patch(bytes);
        }
        let written = match self.head_room() {
            Some(room) => {
                let part = &bytes[..bytes.len().min(room)];
                self.head.extend_from_slice(part);
                part.len()
            }
            None => {
                let sizes = self.shared.sizes.get().copied();
                let size = sizes.unwrap_or(Sizes::of(0)).of_part(self.next);
                let size = size.ok_or_else(|| self.shared.too_large())?;
                // No smaller than the first: some stores want parts of one size.
                let size = size.max(self.head.len());
                if self.current.len() >= size {
                    self.send_current()?;
                }
                if self.current.is_empty() {
                    self.current.reserve_exact(size);
                }
                let part = &bytes[..bytes.len().min(size - self.current.len())];
                self.current.extend_from_slice(part);
                part.len()
            }
        };
        self.position += written as u64;
        self.length = self.position;
        Ok(written)
    }

    /// Does nothing: parts have a size that they must have.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Upload {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = sought(to, self.position, self.length).filter(|&to| to <= self.length);
        self.position = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.shared.give_up();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;
    use crate::{ObjectReader, unfinished};

    fn place() -> Place {
        "s3://bucket/folder/key".parse().unwrap()
    }

    /// Bytes that tell where they stand.
    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn the_head_is_patched_whatever_its_length_and_that_of_what_follows() {
        let store = Arc::new(InMemory::new());
        for (head, rest) in [
            (10, 0),
            (3 * SMALLEST, 7 * SMALLEST),
            (10, 3 * SMALLEST + 5),
            (SMALLEST + 7, SMALLEST),
            (SMALLEST, 1),
        ] {
            let (mut upload, guard) = Upload::on(&place(), store.clone()).unwrap();
            let mut expected = bytes(head + rest);
            // An archive's writer keeps the last byte back, and writes all of the head again.
            upload.write_all(&expected[..head - 1]).unwrap();
            guard.head()(0);
            upload.write_all(&expected[head - 1..]).unwrap();
            expected[..head].reverse();
            upload.seek(SeekFrom::Start(0)).unwrap();
            upload.write_all(&expected[..head]).unwrap();
            upload.seek(SeekFrom::Start(expected.len() as u64)).unwrap();
            let pieces = upload.complete().unwrap();
            let mut from = 0;
            for piece in pieces {
                let to = from + usize::try_from(piece.size).unwrap();
                let sum: [u8; 32] = Sha256::digest(&expected[from..to]).into();
                assert_eq!(piece.sha256, sum);
                from = to;
            }
            assert_eq!(from, expected.len());
            let mut found = Vec::new();
            let mut reader = ObjectReader::on(&place(), store.clone()).unwrap();
            reader.read_to_end(&mut found).unwrap();
            assert!(found == expected, "{head} and {rest}");
        }
    }

    #[test]
    fn what_was_sent_cannot_be_written_again() {
        let (mut upload, guard) = Upload::on(&place(), Arc::new(InMemory::new())).unwrap();
        guard.head()(0);
        upload.write_all(&bytes(SMALLEST + 10)).unwrap();
        upload.seek(SeekFrom::Start(SMALLEST as u64 - 1)).unwrap();
        let error = upload.write_all(b"ab").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }

    #[test]
    fn what_is_given_up_leaves_what_was_there() {
        let store = Arc::new(InMemory::new());
        let old = wait({
            let store = store.clone();
            async move { store.put(place().key(), "yesterday".into()).await }
        });
        old.unwrap().unwrap();
        let (mut upload, guard) = Upload::on(&place(), store.clone()).unwrap();
        guard.head()(0);
        upload.write_all(&bytes(3 * SMALLEST)).unwrap();
        drop(guard);
        let error = upload.write_all(b"more").unwrap_err();
        assert!(error.to_string().contains("given up"), "{error}");
        assert!(unfinished::wait_for_aborts(std::time::Duration::from_secs(
            60
        )));
        drop(upload);
        let mut found = String::new();
        let mut reader = ObjectReader::on(&place(), store).unwrap();
        reader.read_to_string(&mut found).unwrap();
        assert_eq!(found, "yesterday");
    }
}
