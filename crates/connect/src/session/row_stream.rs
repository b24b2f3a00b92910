//! Rows handed over as they arrive.

use crate::error::Error;
use crate::error::server_error::ServerError;
use crate::session::Session;
use crate::values::rows::Rows;

/// Size in memory from which a batch is handed over.
const BATCH: usize = 256 * 1024;

/// The rows of a running query, in batches.
///
/// Dropping it before [`RowStream::next`] has returned `None` or an error leaves the session
/// unusable.
pub struct RowStream<'a> {
    session: &'a mut Session,
    statement: String,
    rows: Rows,
    finished: bool,
}

impl<'a> RowStream<'a> {
    pub(crate) fn new(session: &'a mut Session, statement: String) -> Self {
        RowStream {
            session,
            statement,
            rows: Rows::default(),
            finished: false,
        }
    }

    /// The next rows, at least one, or `None` at the end. A batch is about 256 KiB, or one row
    /// where a row is larger.
    ///
    /// # Errors
    ///
    /// [`Error::Statement`] when the server ends the query with an error (the session can go on),
    /// [`Error::ConnectionLost`] and [`Error::Protocol`] (it cannot).
    pub async fn next(&mut self) -> Result<Option<Rows>, Error> {
        if self.finished {
            return Ok(None);
        }
        let mut failure: Option<Box<ServerError>> = None;
        loop {
            let tag = self
                .session
                .next_message(&self.statement, failure.as_deref())
                .await?;
            let body = self.session.wire().body();
            match tag {
                b'T' => match Rows::describe(body) {
                    Some(rows) => self.rows = rows,
                    None => return Err(self.session.unexpected(&self.statement, tag)),
                },
                b'D' => {
                    if self.rows.push(body).is_none() {
                        return Err(self.session.unexpected(&self.statement, tag));
                    }
                    if self.rows.size() >= BATCH {
                        return Ok(Some(self.rows.take_batch()));
                    }
                }
                b'C' | b'I' => {}
                b'E' => {
                    let error = ServerError::parse(body);
                    failure.get_or_insert(Box::new(error));
                }
                b'Z' => break,
                other => return Err(self.session.unexpected(&self.statement, other)),
            }
        }
        self.finished = true;
        self.session.statement_done();
        if let Some(error) = failure {
            let statement = std::mem::take(&mut self.statement);
            return Err(self.session.failed(statement, None, error));
        }
        Ok(Some(self.rows.take_batch()).filter(|rows| !rows.is_empty()))
    }
}
