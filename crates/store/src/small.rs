//! Objects of which all is in memory.

use object_store::ObjectStoreExt;

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
}
