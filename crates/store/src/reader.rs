//! A reader of an object that asks for what is read of it, and for little more.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::{GetOptions, GetRange, ObjectStoreExt};

use crate::access::Store;
use crate::runtime::wait;
use crate::{Error, ErrorKind, Place, access};

/// What is asked for at a place that nobody has read up to.
const FIRST: u64 = 64 << 10;
/// What is asked for at most, where one reads on and on.
const MOST: u64 = 8 << 20;

/// A blocking reader of an object. It asks for a little where it is sent to, and for more each time that what it has got was read to its end.
///
/// The object is the one that was there at the beginning: where another takes its place, or it is removed, reading fails.
#[derive(Debug)]
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

    /// Asks for what stands at the position.
    fn get(&mut self) -> Result<(), Error> {
        let reads_on = self.position == self.got_at + self.got.len() as u64;
        self.window = match reads_on {
            true => (self.window * 2).min(MOST),
            false => FIRST,
        };
        let range = self.position..self.length.min(self.position + self.window);
        self.got = self.range(range.clone())?;
        self.got_at = self.position;
        if self.got.len() as u64 != range.end - range.start {
            return Err(Error::new(
                "read",
                &self.place,
                ErrorKind::Unavailable,
                format!("the store gave {} bytes of {range:?}", self.got.len()),
            ));
        }
        Ok(())
    }

    fn range(&self, range: Range<u64>) -> Result<Bytes, Error> {
        let (store, key) = (self.store.clone(), self.place.key().clone());
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: self.etag.clone(),
            ..GetOptions::default()
        };
        let got = wait(async move { store.get_opts(&key, options).await?.bytes().await })?;
        got.map_err(|error| Error::of_store("read on in", &self.place, &error))
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
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
