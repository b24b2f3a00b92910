//! Cancelling a running statement.

use std::fmt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::Error;
use crate::session::attempt::{Route, open};
use crate::wire::protocol::CancelKey;

/// Cancels what a session is running, over a connection of its own.
#[derive(Clone)]
pub struct CancelToken {
    route: Route,
    key: CancelKey,
}

impl CancelToken {
    pub(crate) fn new(route: Route, key: CancelKey) -> Self {
        CancelToken { route, key }
    }

    /// The way that the session came.
    pub(crate) fn route(&self) -> Route {
        self.route.clone()
    }

    /// The number of the server's process, as it was said when the session was opened.
    pub(crate) fn process(&self) -> u32 {
        self.key.process
    }

    /// Asks the server to cancel the statement that the session is running; the statement then
    /// fails with SQLSTATE 57014. Nothing happens where none is running.
    ///
    /// The request is encrypted if the session is. It goes to the same address, so that it also
    /// works where a name stands for several servers.
    ///
    /// # Errors
    ///
    /// Those of reaching the server. That the request arrived does not mean that it came in time.
    pub async fn cancel(&self) -> Result<(), Error> {
        let target = self.route.plan.target(&self.route.host);
        let mut stream = open(&self.route, &target).await?;
        let sent = async {
            stream.write_all(&self.key.message()).await?;
            stream.flush().await
        };
        sent.await.map_err(|io| Error::ConnectionLost {
            target: Box::new(target),
            statement: String::new(),
            error: None,
            io,
        })?;
        // The server closes the connection when it has passed the request on. How it does so does
        // not matter.
        let _ = stream.read(&mut [0]).await;
        Ok(())
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("process", &self.key.process)
            .finish_non_exhaustive()
    }
}
