//! Objects of which all is in memory.

use object_store::{Error as StoreError, ObjectStoreExt};

use crate::runtime::wait;
use crate::{Error, Place, access};

impl Place {
    /// Makes an object of these bytes, in one request, in place of what has its name. Blocks until the store has it.
    ///
    /// # Errors
    /// [`Error`], where the environment has a wrong setting, or the store cannot be reached or refuses. Where its last answer alone is lost, the
    /// object may be there all the same.
    pub fn put(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let place = self.clone();
        let put = wait(async move {
            // The client is made within the runtime that it belongs to.
            let store = access::writing(&place)?;
            let put = store.put(place.key(), bytes.into()).await;
            put.map_err(|error| Error::of_store("write", &place, &error))
        });
        put?.map(drop)
    }

    /// Removes the object; one that is not there is removed. Blocks until the store has.
    ///
    /// # Errors
    /// [`Error`], where the environment has a wrong setting, or the store cannot be reached or refuses.
    pub fn remove(&self) -> Result<(), Error> {
        let place = self.clone();
        wait(async move {
            let store = access::writing(&place)?;
            match store.delete(place.key()).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                Err(error) => Err(Error::of_store("remove", &place, &error)),
            }
        })?
    }
}
