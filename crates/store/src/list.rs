//! What is in a bucket.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};

use crate::access::Store;
use crate::runtime::wait;
use crate::{Error, ErrorKind, ObjectReader, Place, access};

/// A bucket or a container, to look around in. Keys are as the store has them, and not as in a [`Place`], where some letters are escaped.
#[derive(Clone)]
pub struct Bucket {
    /// Any object's place in it.
    pub(crate) of: Place,
    pub(crate) store: Arc<dyn Store>,
}

/// An object, as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// What the store calls this very content.
    pub etag: Option<String>,
    /// When it was made; a listing may tell it more exactly than a look.
    pub modified: SystemTime,
}

impl ListedObject {
    /// Whether another has the same content, as far as the store tells.
    pub fn is_same(&self, other: &Self) -> bool {
        self.size == other.size && self.etag == other.etag
    }
}

/// What is in a folder itself: objects, and folders, whose names have no slash at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// The keys of folders, without the last slash.
    pub folders: Vec<String>,
}

impl Bucket {
    /// The bucket that a place is in. Nothing is asked of it yet.
    ///
    /// # Errors
    /// [`Error`], where the environment has a wrong setting.
    pub fn of(place: &Place) -> Result<Self, Error> {
        // The client is made within the runtime that it belongs to.
        let inside = place.clone();
        let store = wait(async move { access::reading(&inside) })??;
        Ok(Self::on(place, store))
    }

    pub(crate) fn on(place: &Place, store: Arc<dyn Store>) -> Self {
        Bucket {
            of: place.clone(),
            store,
        }
    }

    /// The place of the object with this key.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] where no place names such a key.
    pub fn place(&self, key: &str) -> Result<Place, Error> {
        let mut url = self.of.url().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(key.split('/'));
        }
        let place: Result<Place, Error> = url.as_str().parse();
        place
            .ok()
            .filter(|place| place.key().as_ref() == key)
            .ok_or_else(|| Error::new("use", key, ErrorKind::Invalid, "no place names such a key"))
    }

    /// Lists what is in a folder itself, and not in folders below it: however many objects these are, page by page. A folder's key has no slash at its end; that of the
    /// bucket itself is empty. Blocks meanwhile.
    ///
    /// # Errors
    /// [`Error`], where the store cannot be reached or does not let them be listed. A folder that is not there is empty.
    pub fn list(&self, folder: &str) -> Result<Listing, Error> {
        let (store, prefix) = (self.store.clone(), path(folder)?);
        let listed = wait(async move {
            let prefix = (!prefix.as_ref().is_empty()).then_some(prefix);
            store.list_with_delimiter(prefix.as_ref()).await
        })?;
        let listed = listed.map_err(|error| self.failed("list", &format!("{folder}/"), &error))?;
        let folders = listed.common_prefixes.into_iter();
        Ok(Listing {
            objects: listed.objects.into_iter().map(ListedObject::from).collect(),
            folders: folders.map(String::from).collect(),
        })
    }

    /// What is there under a key now; `None` for nothing. Blocks meanwhile.
    ///
    /// # Errors
    /// [`Error`], where the store cannot be reached or does not tell.
    pub fn look(&self, key: &str) -> Result<Option<ListedObject>, Error> {
        let (store, at) = (self.store.clone(), path(key)?);
        match wait(async move { store.head(&at).await })? {
            Ok(meta) => Ok(Some(meta.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("look at", key, &error)),
        }
    }

    /// Opens an object for reading. Blocks meanwhile.
    ///
    /// # Errors
    /// As for [`ObjectReader::open`].
    pub fn read(&self, key: &str) -> Result<ObjectReader, Error> {
        ObjectReader::on(&self.place(key)?, self.store.clone())
    }

    /// An error about what has a key.
    pub(crate) fn failed(
        &self,
        action: &'static str,
        key: &str,
        error: &object_store::Error,
    ) -> Error {
        let bucket = self.of.url();
        let place = format!(
            "{}://{}/{}",
            bucket.scheme(),
            bucket.host_str().unwrap_or_default(),
            key.trim_start_matches('/')
        );
        Error::of_store(action, place, error)
    }
}

/// Shows nothing of the store, which has keys.
impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").finish_non_exhaustive()
    }
}

/// A key as it is, rather than with letters escaped.
pub(crate) fn path(key: &str) -> Result<Path, Error> {
    Path::parse(key).map_err(|error| Error::new("use", key, ErrorKind::Invalid, error.to_string()))
}

impl From<ObjectMeta> for ListedObject {
    fn from(meta: ObjectMeta) -> Self {
        ListedObject {
            key: meta.location.into(),
            size: meta.size,
            // Azure quotes it where one object is looked at, and not in a listing.
            etag: meta.e_tag.map(|tag| tag.trim_matches('"').to_owned()),
            modified: meta.last_modified.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[test]
    fn quotes_around_what_the_content_is_called_make_no_other_content() {
        let object = |tag: &str| {
            ListedObject::from(ObjectMeta {
                location: path("night/shop.dump").unwrap(),
                last_modified: std::time::UNIX_EPOCH.into(),
                size: 3,
                e_tag: Some(tag.to_owned()),
                version: None,
            })
        };
        assert!(object("\"0x8D1\"").is_same(&object("0x8D1")));
        assert!(!object("\"0x8D1\"").is_same(&object("0x8D2")));
    }

    #[test]
    fn a_folder_shows_what_is_in_it_and_no_more() {
        let store = Arc::new(InMemory::new());
        let keys = [
            "night/a b%20.dump",
            "night/2026/x",
            "night/2026/y",
            "nightly/z",
            "top",
        ];
        for key in keys {
            let store = store.clone();
            let put = wait(async move { store.put(&path(key).unwrap(), "abc".into()).await });
            put.unwrap().unwrap();
        }
        let bucket = Bucket::on(&"s3://bucket/any".parse().unwrap(), store);
        let listed = bucket.list("night").unwrap();
        let keys: Vec<_> = listed
            .objects
            .iter()
            .map(|object| (object.key.as_str(), object.size))
            .collect();
        assert_eq!(
            (keys, listed.folders),
            (
                vec![("night/a b%20.dump", 3)],
                vec!["night/2026".to_owned()]
            )
        );
        let top = bucket.list("").unwrap();
        assert_eq!((top.objects.len(), top.folders.len()), (1, 2));
        assert_eq!(bucket.list("nowhere").unwrap(), Listing::default());
        assert_eq!(
            bucket.place("night/a b%20.dump").unwrap().to_string(),
            "s3://bucket/night/a%20b%2520.dump"
        );
        assert_eq!(
            bucket.look("night/a b%20.dump").unwrap().as_ref(),
            listed.objects.first()
        );
        assert_eq!(bucket.look("night").unwrap(), None);
        assert_eq!(bucket.read("night/a b%20.dump").unwrap().length(), 3);
    }
}
