//! Removing objects.

use futures_util::{StreamExt, stream};
use object_store::{Error as StoreError, ObjectStoreExt};

use crate::list::path;
use crate::runtime::wait;
use crate::{Bucket, Error, ErrorKind};

/// How many objects are removed by one request, where the store has such requests.
const BATCH: usize = 1_000;

impl Bucket {
    /// Removes objects, many by one request where the store can. What is not there is taken for removed. Gives one outcome for each key. Blocks
    /// meanwhile.
    pub fn remove(&self, keys: &[String]) -> Vec<Result<(), Error>> {
        keys.chunks(BATCH)
            .flat_map(|keys| self.remove_batch(keys))
            .collect()
    }

    fn remove_batch(&self, keys: &[String]) -> Vec<Result<(), Error>> {
        let store = self.store.clone();
        let paths: Result<Vec<_>, Error> = keys.iter().map(|key| path(key)).collect();
        let removed = paths.and_then(|paths| {
            wait(async move {
                let removed = store.delete_stream(stream::iter(paths).map(Ok).boxed());
                removed.collect::<Vec<_>>().await
            })
        });
        let mut removed = match removed {
            Ok(removed) => removed.into_iter(),
            Err(error) => return keys.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut last = None;
        keys.iter()
            .map(|key| match removed.next() {
                Some(Ok(_) | Err(StoreError::NotFound { .. })) => Ok(()),
                Some(Err(error)) => {
                    let error = self.failed("remove", key, &error);
                    last = Some(error.clone());
                    Err(error)
                }
                // One error of a request stands for all of its keys.
                None => Err(last.clone().unwrap_or_else(|| {
                    Error::new(
                        "remove",
                        key,
                        ErrorKind::Unavailable,
                        "the store did not say whether it did",
                    )
                })),
            })
            .collect()
    }

    /// Gives an object another name, in place of what has that. Blocks meanwhile. In between, it has both.
    ///
    /// # Errors
    /// [`Error`], where the store cannot be reached or refuses; then the object may have both names.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let (store, of, to) = (self.store.clone(), path(from)?, path(to)?);
        let copied = wait(async move { store.copy(&of, &to).await })?;
        copied.map_err(|error| self.failed("copy", from, &error))?;
        self.remove(&[from.to_owned()]).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;

    #[test]
    fn more_than_a_request_takes_is_removed() {
        let store = Arc::new(InMemory::new());
        let keys: Vec<String> = (0..BATCH + 5)
            .map(|number| format!("night/{number} %41"))
            .collect();
        for key in &keys {
            let (store, path) = (store.clone(), path(key).unwrap());
            let put = wait(async move { store.put(&path, "abc".into()).await });
            put.unwrap().unwrap();
        }
        let bucket = Bucket::on(&"s3://bucket/any".parse().unwrap(), store);
        bucket.rename(&keys[0], "night/other").unwrap();
        let removed = bucket.remove(&keys);
        assert!(removed.len() == keys.len() && removed.iter().all(Result::is_ok));
        let left = bucket.list("night").unwrap().objects;
        assert_eq!(
            left.iter()
                .map(|object| object.key.as_str())
                .collect::<Vec<_>>(),
            ["night/other"]
        );
    }
}
