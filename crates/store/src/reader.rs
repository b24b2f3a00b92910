//! A reader of an object that asks for what is read of it, and for little more.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use object_store::{GetOptions, GetRange, ObjectStoreExt};

use crate::access::Store;
use crate::runtime::{Work, begin, wait};
use crate::{Error, ErrorKind, Place, access};

/// What is asked for at a place that nobody has read up to.
const FIRST: u64 = 64 << 10;
/// What is asked for at most, where one reads on and on.
const MOST: u64 = 8 << 20;
/// From which size on what stands behind is asked for while this is read: somebody reads on and on.
const AHEAD_FROM: u64 = 1 << 20;

/// A blocking reader of an object. It asks for a little where it is sent to, and for more each time that what it has got was read to its end;
/// at last it has two requests' worth in memory, of which one is on its way.
///
/// The object is the one that was there at the beginning: where another takes its place, or it is removed, reading fails.
pub struct ObjectReader {
    place: Place,
    store: Arc<dyn Store>,
    /// What the store calls this very content.
    etag: Option<String>,
    length: u64,
    position: u64,
    /// What was got last, and where it begins.
    got: Bytes,
    got_at: u64,
    /// How much was asked for last.
    window: u64,
    /// What was asked for ahead, and where it begins.
    ahead: Option<(u64, Work<Result<Bytes, Error>>)>,
}

impl ObjectReader {
    /// Opens an object. Blocks while the store is asked for its beginning.
    ///
    /// # Errors
    /// [`Error`], where the environment has a wrong setting, the store cannot be reached or refuses, or there is no such object.
    pub fn open(place: &Place) -> Result<Self, Error> {
        // The client is made within the runtime that it belongs to.
        let inside = place.clone();
        let store = wait(async move { access::reading(&inside) })??;
        Self::on(place, store)
    }

    pub(crate) fn on(place: &Place, store: Arc<dyn Store>) -> Result<Self, Error> {
        let (asked, key) = (store.clone(), place.key().clone());
        let answer = wait(async move {
            let options = GetOptions {
                range: Some(GetRange::Bounded(0..FIRST)),
                ..GetOptions::default()
            };
            match asked.get_opts(&key, options).await {
                Ok(answer) => {
                    let meta = answer.meta.clone();
                    answer.bytes().await.map(|bytes| (meta, bytes))
                }
                // An empty object has no range. If it is there at all, it has a length.
                Err(error @ object_store::Error::Generic { .. }) => match asked.head(&key).await {
                    Ok(meta) if meta.size == 0 => Ok((meta, Bytes::new())),
                    _ => Err(error),
                },
                Err(error) => Err(error),
            }
        })?;
        let (meta, got) = answer.map_err(|error| Error::of_store("read", place, &error))?;
        Ok(ObjectReader {
            place: place.clone(),
            store,
            etag: meta.e_tag,
            length: meta.size,
            position: 0,
            got,
            got_at: 0,
            window: FIRST,
            ahead: None,
        })
    }

    /// The object's length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What the store calls this very content, where it has a name for it.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// What is there at the position already.
    fn at_hand(&self) -> &[u8] {
        let from = self.position.checked_sub(self.got_at);
        let from = from.and_then(|from| usize::try_from(from).ok());
        from.and_then(|from| self.got.get(from..))
            .unwrap_or_default()
    }

    /// Gets what stands at the position.
    fn get(&mut self) -> Result<(), Error> {
        let reads_on = self.position == self.got_at + self.got.len() as u64;
        let ahead = self.ahead.take().filter(|(at, _)| *at == self.position);
        let asked = match ahead {
            Some((_, asked)) => asked,
            None => {
                self.window = match reads_on {
                    true => (self.window * 2).min(MOST),
                    false => FIRST,
                };
                self.ask(self.position)?
            }
        };
        self.got = asked.wait()??;
        self.got_at = self.position;
        let end = self.got_at + self.got.len() as u64;
        if self.window >= AHEAD_FROM && end < self.length {
            self.window = (self.window * 2).min(MOST);
            self.ahead = Some((end, self.ask(end)?));
        }
        Ok(())
    }

    /// Asks for as much as the window says, from `start` on.
    fn ask(&self, start: u64) -> Result<Work<Result<Bytes, Error>>, Error> {
        let (store, place) = (self.store.clone(), self.place.clone());
        let range = start..self.length.min(start + self.window);
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            if_match: self.etag.clone(),
            ..GetOptions::default()
        };
        begin(async move {
            let got = match store.get_opts(place.key(), options).await {
                Ok(answer) => answer.bytes().await,
                Err(error) => Err(error),
            };
            let got = got.map_err(|error| Error::of_store("read on in", &place, &error))?;
            if got.len() as u64 != range.end - range.start {
                let reason = format!("the store gave {} bytes of {range:?}", got.len());
                return Err(Error::new("read", &place, ErrorKind::Unavailable, reason));
            }
            Ok(got)
        })
    }
}

/// Shows nothing of the store, which has keys.
impl fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader")
            .field("place", &self.place)
            .field("length", &self.length)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.position >= self.length {
            return Ok(0);
        }
        if self.at_hand().is_empty() {
            self.get()?;
        }
        let read = self.at_hand().read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = sought(to, self.position, self.length);
        self.position = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Where one is to go in an object of this length; nothing for what is before its beginning.
pub(crate) fn sought(to: SeekFrom, position: u64, length: u64) -> Option<u64> {
    match to {
        SeekFrom::Start(to) => Some(to),
        SeekFrom::End(by) => length.checked_add_signed(by),
        SeekFrom::Current(by) => position.checked_add_signed(by),
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStore;
    use object_store::memory::InMemory;

    use super::*;

    #[test]
    fn what_is_read_is_what_is_there_wherever_one_goes() {
        let store = Arc::new(InMemory::new());
        let place: Place = "s3://bucket/key".parse().unwrap();
        let content: Vec<u8> = (0..20_000_000_u32).map(|at| (at % 251) as u8).collect();
        let put = wait({
            let (store, key, content) = (store.clone(), place.key().clone(), content.clone());
            async move {
                store
                    .put_opts(&key, content.into(), Default::default())
                    .await
            }
        });
        put.unwrap().unwrap();
        let mut reader = ObjectReader::on(&place, store).unwrap();
        let mut buffer = vec![0; 100_000];
        // To and fro, in steps of every size, also into what was asked for ahead and over its end.
        for (step, length) in [
            (0, 10),
            (5_000_000, 3_000_000),
            (-1_000_000, 9_000_000),
            (1, 100),
            (-14_000_000, 6_000_000),
        ] {
            let mut at = reader.seek(SeekFrom::Current(step)).unwrap() as usize;
            let end = at + length;
            while at < end {
                let most = buffer.len().min(end - at);
                let read = reader.read(&mut buffer[..most]).unwrap();
                assert!(read > 0 && buffer[..read] == content[at..at + read], "{at}");
                at += read;
            }
        }
        let mut rest = Vec::new();
        let from = reader.stream_position().unwrap() as usize;
        reader.read_to_end(&mut rest).unwrap();
        assert!(rest == content[from..]);
    }
}
