//! COPY … FROM STDIN: the hot path of a restore.

use crate::error::server_error::ServerError;
use crate::error::{Error, shorten};
use crate::session::Session;
use crate::session::pipeline::{Ended, Pipeline};

/// The input of a running COPY … FROM STDIN.
///
/// Dropping it before [`CopyIn::finish`] or [`CopyIn::fail`] brings no row in: it leaves the session unusable, and the server gives the
/// COPY up when the session is dropped.
pub struct CopyIn<'a> {
    pipeline: Pipeline<'a>,
    statement: String,
    /// Why it has failed, once it has.
    failure: Option<Box<ServerError>>,
}

impl<'a> CopyIn<'a> {
    /// Sends a checked statement and waits until the server asks for data.
    pub(crate) async fn begin(session: &'a mut Session, sql: &[u8]) -> Result<Self, Error> {
        let mut copy = CopyIn {
            pipeline: Pipeline::new(session, 1)?,
            statement: shorten(sql),
            failure: None,
        };
        let begun = async {
            copy.pipeline.begin_copy(sql).await?;
            copy.pipeline.copy_begun().await
        };
        if begun.await.map_err(|error| error.while_running(sql))? {
            return Ok(copy);
        }
        Err(match copy.end().await {
            Err(error) => error,
            Ok(_) => copy.no_copy(),
        })
    }

    /// Sends a piece of the data, which may be cut anywhere. Waits while the server takes less than comes.
    ///
    /// An error that the server finds in the data is told by the next call, or the one after it, and by [`CopyIn::finish`].
    ///
    /// # Errors
    ///
    /// [`Error::Statement`] when the server has ended the COPY (the session can go on), [`Error::ConnectionLost`] and [`Error::Protocol`]
    /// (it cannot).
    pub async fn send(&mut self, data: &[u8]) -> Result<(), Error> {
        match self.pipeline.send_data(data).await {
            Ok(true) => Ok(()),
            Ok(false) => self.end().await.map(drop),
            Err(error) => Err(error.while_running(self.statement.as_bytes())),
        }
    }

    /// Says that the data is complete, and returns the number of rows that have come in.
    ///
    /// # Errors
    ///
    /// As for [`CopyIn::send`]; no row has come in then.
    pub async fn finish(mut self) -> Result<u64, Error> {
        self.pipeline.finish_copy();
        self.end().await
    }

    /// Gives the COPY up, for a reason that the server's log will show: no row has come in.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] and [`Error::Protocol`].
    pub async fn fail(mut self, reason: &str) -> Result<(), Error> {
        self.pipeline.fail_copy(reason);
        match self.end().await {
            Ok(_) | Err(Error::Statement { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits for the COPY's end.
    async fn end(&mut self) -> Result<u64, Error> {
        if self.failure.is_none() {
            let ended = self.pipeline.next().await;
            let ended = ended.map_err(|error| error.while_running(self.statement.as_bytes()))?;
            let copied = ended.as_ref().and_then(Ended::copied);
            match ended.map(|ended| ended.result) {
                Some(Err(error)) => self.failure = Some(error),
                _ => return copied.ok_or_else(|| self.no_copy()),
            }
        }
        let failure = self.failure.clone().unwrap_or_default();
        Err(self.pipeline.failed(self.statement.clone(), failure))
    }

    /// The error for what has ended otherwise than a COPY does.
    fn no_copy(&self) -> Error {
        Error::Misuse {
            statement: self.statement.clone(),
            reason: "this is not a COPY … FROM STDIN".to_owned(),
        }
    }
}
