//! Objects that belong together: those whose names begin with the same folders.

use std::fmt;
use std::future::poll_fn;
use std::str::FromStr;
use std::sync::Arc;

use crate::access::Store;
use crate::runtime::wait;
use crate::{Error, ErrorKind, Place, access};

/// What is before the names of objects: `s3://bucket/folder/`, whether its last slash is there or not. A bucket alone is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The object that would have the folder's own name.
    itself: Place,
}

impl Folder {
    /// Whether a name is that of a folder, and neither an object's nor a file's.
    pub fn is_one(name: &str) -> bool {
        Place::is_one(name) && name.ends_with('/')
    }

    /// The object with this name in the folder itself.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a name that has no object there, such as one with a slash.
    pub fn object(&self, name: &str) -> Result<Place, Error> {
        let mut url = self.itself.url().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(name);
        }
        let place = url.as_str().parse::<Place>();
        let is_there = |place: &Place| {
            let folder = self.itself.key();
            place.key().prefix_match(folder).map(Iterator::count) == Some(1)
        };
        place.ok().filter(is_there).ok_or_else(|| {
            Error::new(
                "use",
                format!("{self}{name}"),
                ErrorKind::Invalid,
                "it is no name of an object in its folder",
            )
        })
    }

    /// The names of the objects in the folder, and of those in folders below it with these before them, in order. Blocks while the store is asked.
    ///
    /// # Errors
    /// [`Error`], where the environment has a wrong setting, or the store cannot be reached or refuses to list.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        // The client is made within the runtime that it belongs to.
        let inside = self.itself.clone();
        let store = wait(async move { access::reading(&inside) })??;
        self.names_on(store)
    }

    fn names_on(&self, store: Arc<dyn Store>) -> Result<Vec<String>, Error> {
        let key = self.itself.key().clone();
        let found = wait(async move {
            let mut names = Vec::new();
            let mut listed = store.list(Some(&key));
            while let Some(object) = poll_fn(|context| listed.as_mut().poll_next(context)).await {
                let location = object?.location;
                // Consoles of stores make an object of no bytes for the folder itself.
                let name = location.as_ref().strip_prefix(key.as_ref());
                let name = name.and_then(|name| name.strip_prefix('/'));
                names.extend(name.map(str::to_owned));
            }
            names.sort();
            Ok(names)
        })?;
        found.map_err(|error| Error::of_store("look into", self, &error))
    }

    /// What is said where a folder cannot be written into, since there is something else in it.
    pub fn taken(&self, reason: impl Into<String>) -> Error {
        Error::new("write into", self, ErrorKind::Taken, reason)
    }
}

impl FromStr for Folder {
    type Err = Error;

    /// Takes such a name apart.
    ///
    /// # Errors
    /// As for a [`Place`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let itself = text.strip_suffix('/').unwrap_or(text).parse()?;
        Ok(Folder { itself })
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.itself)
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::*;

    #[test]
    fn names_of_objects_are_what_they_are_as_files() {
        let folder: Folder = "s3://bucket/night/a%20b/".parse().unwrap();
        assert_eq!(folder, "s3://bucket/night/a%20b".parse().unwrap());
        for name in ["shop.dump", "%53hop.dump", "a#b?c.dump", "ü"] {
            let place = folder.object(name).unwrap();
            assert_eq!(place.key().as_ref(), format!("night/a b/{name}"));
        }
        for name in ["", ".", "..", "../x", "/", "a/b"] {
            let error = folder.object(name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{name:?}");
        }
        assert!(Folder::is_one("az://c/x/") && !Folder::is_one("az://c/x"));
        for name in [
            "s3://bucket/",
            "s3://bucket",
            "s3://k:geheim@b/x/",
            "tonight/",
        ] {
            let error = name.parse::<Folder>().unwrap_err();
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
    }

    #[test]
    fn a_folder_is_empty_whose_neighbours_are_not() {
        let store = Arc::new(InMemory::new());
        let folder: Folder = "s3://bucket/night/1/".parse().unwrap();
        let put = |key: &'static str| {
            let store = store.clone();
            let put = wait(async move { store.put(&Path::from(key), "x".into()).await });
            put.unwrap().unwrap();
        };
        for key in ["night/10/x", "night/1", "other"] {
            put(key);
        }
        assert!(folder.names_on(store.clone()).unwrap().is_empty());
        put("night/1/below/x");
        put("night/1/a b");
        assert_eq!(folder.names_on(store).unwrap(), ["a b", "below/x"]);
    }
}
