//! An open session and the statements that run in it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;

use bstr::{BStr, BString, ByteSlice};
use postgres_protocol::message::frontend;

use crate::cancel::CancelToken;
use crate::copy_out::CopyOut;
use crate::error::{Error, Target, shorten};
use crate::params::ConnectParams;
use crate::row_stream::RowStream;
use crate::rows::Rows;
use crate::server_error::ServerError;
use crate::version::ServerVersion;
use crate::wire::Wire;

/// Notices kept until they are taken; later ones push the oldest out, so that a chatty function cannot fill memory.
const NOTICES_KEPT: usize = 1000;

/// Why a session cannot take the next statement when the last one was given up.
const UNREAD: &str = "an earlier statement's result was not read to its end";

/// An open session with a server.
///
/// Everything runs by the simple query protocol, with results as text: nothing is prepared, so that a transaction-mode
/// pooler can carry it. One statement runs at a time; each call ends when the server is ready for the next statement.
///
/// A call's future that is dropped before it is done leaves the session unusable ([`Error::Broken`]), since the rest of
/// its result is still on its way.
pub struct Session {
    wire: Wire,
    target: Target,
    server: ServerState,
    version: ServerVersion,
    cancel: CancelToken,
    /// Statements sent whose results have not been read to the end.
    outstanding: usize,
    /// The COPYs among them that nobody has begun to read, shortened for errors.
    queued: VecDeque<String>,
    /// Why the session is of no more use.
    broken: Option<String>,
}

/// What the server reports about the session at any time.
#[derive(Debug, Default)]
pub(crate) struct ServerState {
    pub(crate) parameters: BTreeMap<BString, BString>,
    pub(crate) notices: Vec<ServerError>,
    pub(crate) transaction: u8,
}

impl ServerState {
    /// Takes in a message that may come at any time; `false` means that it is none of those.
    pub(crate) fn absorb(&mut self, tag: u8, body: &[u8]) -> bool {
        match tag {
            b'S' => {
                let mut parts = body.split_str(b"\0");
                if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                    self.parameters.insert(name.into(), value.into());
                }
            }
            b'N' => {
                if self.notices.len() == NOTICES_KEPT {
                    self.notices.remove(0);
                }
                self.notices.push(ServerError::parse(body));
            }
            b'A' => {}
            _ => return false,
        }
        true
    }
}

/// Where a session stands with regard to transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// No transaction is open.
    Idle,
    /// A transaction is open.
    Open,
    /// A transaction is open and has failed: only a rollback is accepted.
    Failed,
}

/// One statement's outcome in a pipeline, when the connection itself held.
type Outcome = Result<Rows, Box<ServerError>>;

impl Session {
    /// Opens a session.
    ///
    /// What `params` leaves open gets libpq's built-in defaults. The environment and the password file are not looked
    /// at here: see [`ConnectParams::resolve`].
    ///
    /// # Errors
    ///
    /// Every kind that has to do with parameters, reaching the server, TLS and authentication; each says where the
    /// connection was to go and what to do next.
    pub async fn connect(params: &ConnectParams) -> Result<Session, Error> {
        crate::connect::connect(params).await
    }

    pub(crate) fn new(
        wire: Wire,
        target: Target,
        server: ServerState,
        cancel: CancelToken,
    ) -> Result<Session, Error> {
        let reported = server.parameters.get(b"server_version".as_bstr());
        let version = reported.and_then(|text| ServerVersion::parse(text.as_bstr()));
        let Some(version) = version else {
            return Err(Error::Protocol {
                target: Box::new(target),
                statement: String::new(),
                reason: format!("it reported the version {reported:?}"),
            });
        };
        Ok(Session {
            wire,
            target,
            server,
            version,
            cancel,
            outstanding: 0,
            queued: VecDeque::new(),
            broken: None,
        })
    }

    /// The server's version.
    pub fn server_version(&self) -> &ServerVersion {
        &self.version
    }

    /// Where the session is connected and as whom.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// A server parameter as last reported; servers report some by themselves (`server_encoding`, `client_encoding`,
    /// `standard_conforming_strings`, …).
    pub fn parameter(&self, name: &str) -> Option<&BStr> {
        self.server
            .parameters
            .get(name.as_bytes().as_bstr())
            .map(|value| value.as_bstr())
    }

    /// Whether a transaction is open, as of the last statement's end.
    pub fn transaction_status(&self) -> TransactionStatus {
        match self.server.transaction {
            b'T' => TransactionStatus::Open,
            b'E' => TransactionStatus::Failed,
            _ => TransactionStatus::Idle,
        }
    }

    /// The notices and warnings received since the last call, oldest first; at most the last 1000.
    pub fn take_notices(&mut self) -> Vec<ServerError> {
        std::mem::take(&mut self.server.notices)
    }

    /// What cancels a statement of this session from elsewhere.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    /// Runs a statement, or several separated by semicolons, and returns the last result set.
    ///
    /// # Errors
    ///
    /// [`Error::Statement`] when the server reports an error (the session can go on), [`Error::ConnectionLost`],
    /// [`Error::Protocol`] and [`Error::Broken`] (it cannot), [`Error::Misuse`] for what cannot be sent and for COPY.
    pub async fn query(&mut self, sql: impl AsRef<[u8]>) -> Result<Rows, Error> {
        let sql = sql.as_ref();
        self.begin(sql)?;
        match self.outcome(sql).await? {
            Ok(rows) => Ok(rows),
            Err(error) => Err(Error::Statement {
                statement: shorten(sql),
                index: None,
                error,
            }),
        }
    }

    /// Sends all `statements` without waiting between them and returns their results in the same order: one round trip,
    /// whatever their number.
    ///
    /// The server runs them one after the other, each for itself; within a transaction those after a failed one fail too.
    /// Statements and results may each be of any size.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`]. The first error of the server is reported, with the statement's index, after all
    /// statements have ended.
    pub async fn pipeline(&mut self, statements: &[impl AsRef<[u8]>]) -> Result<Vec<Rows>, Error> {
        self.check_idle()?;
        for sql in statements {
            check_sendable(sql.as_ref())?;
        }
        for sql in statements {
            self.send(sql.as_ref());
        }
        let mut results = Vec::with_capacity(statements.len());
        let mut failure = None;
        for (index, sql) in statements.iter().enumerate() {
            let sql = sql.as_ref();
            match self.outcome(sql).await? {
                Ok(rows) => results.push(rows),
                Err(error) if failure.is_none() => {
                    let statement = shorten(sql);
                    failure = Some(Error::Statement {
                        statement,
                        index: Some(index),
                        error,
                    });
                }
                Err(_) => {}
            }
        }
        match failure {
            None => Ok(results),
            Some(error) => Err(error),
        }
    }

    /// Runs a query and hands over its rows in batches as they arrive, for results that need not fit in memory.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`]; errors of the server show when the rows are read.
    pub async fn stream(&mut self, sql: impl AsRef<[u8]>) -> Result<RowStream<'_>, Error> {
        let sql = sql.as_ref();
        self.begin(sql)?;
        Ok(RowStream::new(self, shorten(sql)))
    }

    /// Runs a `COPY … TO STDOUT`.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`], and [`Error::Misuse`] where the statement is no such COPY. Errors that the server hits
    /// later show when the output is read.
    pub async fn copy_out(&mut self, sql: impl AsRef<[u8]>) -> Result<CopyOut<'_>, Error> {
        let sql = sql.as_ref();
        self.begin(sql)?;
        self.begin_copy(shorten(sql)).await
    }

    /// Sends a `COPY … TO STDOUT` whose output [`Session::next_copy_out`] will read, in the order of the calls.
    ///
    /// With the next COPY queued before the current one is read, the server goes from one to the other without a pause:
    /// a thousand small tables do not cost a thousand round trips. The message leaves with the next read.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] and [`Error::Misuse`].
    pub fn queue_copy_out(&mut self, sql: impl AsRef<[u8]>) -> Result<(), Error> {
        let sql = sql.as_ref();
        self.check_alive()?;
        check_sendable(sql)?;
        if self.outstanding != self.queued.len() {
            return Err(self.broken(UNREAD));
        }
        self.send(sql);
        self.queued.push_back(shorten(sql));
        Ok(())
    }

    /// The output of the next COPY that [`Session::queue_copy_out`] sent, or `None` where none is left.
    ///
    /// # Errors
    ///
    /// As for [`Session::copy_out`]. After an error of the server the COPYs queued behind it must still be read.
    pub async fn next_copy_out(&mut self) -> Result<Option<CopyOut<'_>>, Error> {
        self.check_alive()?;
        if self.outstanding != self.queued.len() {
            return Err(self.broken(UNREAD));
        }
        match self.queued.pop_front() {
            None => Ok(None),
            Some(statement) => self.begin_copy(statement).await.map(Some),
        }
    }

    /// Ends the session in good order.
    pub async fn close(mut self) {
        if self.broken.is_none() {
            frontend::terminate(self.wire.outbox());
            // The server notices the end of the connection in any case.
            let _ = self.wire.flush().await;
        }
    }

    pub(crate) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Waits for the next message that belongs to the statement in hand and returns its type byte.
    ///
    /// `reported` is the error that the server has sent already, to be told if the connection ends here.
    pub(crate) async fn next_message(
        &mut self,
        statement: &str,
        reported: Option<&ServerError>,
    ) -> Result<u8, Error> {
        loop {
            match self.wire.advance().await {
                Ok(b'Z') => {
                    self.server.transaction = self.wire.body().first().copied().unwrap_or(b'I');
                    return Ok(b'Z');
                }
                Ok(tag) => {
                    if !self.server.absorb(tag, self.wire.body()) {
                        return Ok(tag);
                    }
                }
                Err(error) => return Err(self.lost(statement, reported.cloned().map(Box::new), error)),
            }
        }
    }

    /// Notes that the server is ready after a statement.
    pub(crate) fn statement_done(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
    }

    /// The error for an unusable connection; the session is broken from here on.
    pub(crate) fn lost(
        &mut self,
        statement: &str,
        reported: Option<Box<ServerError>>,
        source: io::Error,
    ) -> Error {
        if source.kind() == io::ErrorKind::InvalidData {
            return self.protocol(statement, source.to_string());
        }
        self.broken = Some(format!("its connection was lost: {source}"));
        Error::ConnectionLost {
            target: Box::new(self.target.clone()),
            statement: statement.to_owned(),
            error: reported,
            source,
        }
    }

    /// The error for a message that may not come here; the session is broken from here on.
    pub(crate) fn unexpected(&mut self, statement: &str, tag: u8) -> Error {
        self.protocol(
            statement,
            format!("a message of type {:?} came unasked", char::from(tag)),
        )
    }

    pub(crate) fn protocol(&mut self, statement: &str, reason: String) -> Error {
        self.broken = Some(format!("the server broke the protocol: {reason}"));
        Error::Protocol {
            target: Box::new(self.target.clone()),
            statement: statement.to_owned(),
            reason,
        }
    }

    fn broken(&self, reason: &str) -> Error {
        Error::Broken {
            target: Box::new(self.target.clone()),
            reason: reason.to_owned(),
        }
    }

    fn check_alive(&self) -> Result<(), Error> {
        self.broken
            .as_ref()
            .map_or(Ok(()), |reason| Err(self.broken(reason)))
    }

    fn check_idle(&self) -> Result<(), Error> {
        self.check_alive()?;
        if self.outstanding > 0 {
            Err(self.broken(UNREAD))
        } else {
            Ok(())
        }
    }

    /// Sends a statement whose result is to be read now.
    fn begin(&mut self, sql: &[u8]) -> Result<(), Error> {
        self.check_idle()?;
        check_sendable(sql)?;
        self.send(sql);
        Ok(())
    }

    /// Sends a checked statement; its result comes after those of the statements sent before.
    fn send(&mut self, sql: &[u8]) {
        self.wire.push_query(sql);
        self.outstanding += 1;
    }

    /// Reads one statement's messages up to ReadyForQuery.
    async fn outcome(&mut self, sql: &[u8]) -> Result<Outcome, Error> {
        let mut rows = Rows::default();
        let mut failure: Option<Box<ServerError>> = None;
        let mut copied = false;
        // Only an error shows the statement; shortening each one beforehand would be wasted work.
        loop {
            let tag = match self.next_message("", failure.as_deref()).await {
                Ok(tag) => tag,
                Err(error) => return Err(error.while_running(sql)),
            };
            match tag {
                b'T' => match Rows::describe(self.wire.body()) {
                    Some(described) => rows = described,
                    None => return Err(self.malformed(sql, tag)),
                },
                b'D' => {
                    if rows.push(self.wire.body()).is_none() {
                        return Err(self.malformed(sql, tag));
                    }
                }
                b'C' => rows.set_tag(self.wire.body()),
                b'I' => rows = Rows::default(),
                b'E' => {
                    let error = ServerError::parse(self.wire.body());
                    failure.get_or_insert(Box::new(error));
                }
                b'G' => {
                    copied = true;
                    frontend::copy_fail("COPY FROM STDIN is not possible here", self.wire.outbox())
                        .map_err(|error| self.lost("", None, error))?;
                }
                b'H' => copied = true,
                b'd' | b'c' => {}
                b'Z' => break,
                other => return Err(self.unexpected(&shorten(sql), other)),
            }
        }
        self.statement_done();
        if copied {
            let reason = "COPY cannot be run as a query".to_owned();
            return Err(Error::Misuse {
                statement: shorten(sql),
                reason,
            });
        }
        Ok(failure.map_or(Ok(rows), Err))
    }

    fn malformed(&mut self, sql: &[u8], tag: u8) -> Error {
        let reason = format!(
            "a message of type {:?} is malformed, or the result exceeds 4 GiB",
            char::from(tag)
        );
        self.protocol(&shorten(sql), reason)
    }

    /// Waits until the COPY at the head of the line has begun.
    async fn begin_copy(&mut self, statement: String) -> Result<CopyOut<'_>, Error> {
        let mut failure: Option<Box<ServerError>> = None;
        loop {
            match self.next_message(&statement, failure.as_deref()).await? {
                b'H' if failure.is_none() => return Ok(CopyOut::new(self, statement)),
                b'E' => {
                    let error = ServerError::parse(self.wire.body());
                    failure.get_or_insert(Box::new(error));
                }
                b'G' => {
                    frontend::copy_fail("COPY FROM STDIN is not possible here", self.wire.outbox())
                        .map_err(|error| self.lost(&statement, None, error))?;
                }
                b'T' | b'D' | b'C' | b'I' => {}
                b'Z' => break,
                other => return Err(self.unexpected(&statement, other)),
            }
        }
        self.statement_done();
        Err(match failure {
            Some(error) => Error::Statement {
                statement,
                index: None,
                error,
            },
            None => Error::Misuse {
                statement,
                reason: "this is not a COPY … TO STDOUT".to_owned(),
            },
        })
    }
}

/// Refuses what a Query message cannot hold.
fn check_sendable(sql: &[u8]) -> Result<(), Error> {
    let reason = if sql.contains(&0) {
        "a statement cannot hold a zero byte"
    } else if i32::try_from(sql.len() + 5).is_err() {
        "a statement cannot be longer than 2 GiB"
    } else {
        return Ok(());
    };
    Err(Error::Misuse {
        statement: shorten(sql),
        reason: reason.to_owned(),
    })
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("target", &self.target)
            .field("version", &self.version)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::{FakeServer, message};
    use crate::rows::tests::{data_row, description};

    fn select(value: &str) -> Vec<u8> {
        [
            message(b'T', &description(&["a"])),
            message(b'D', &data_row(&[Some(value)])),
            message(b'C', b"SELECT 1\0"),
            message(b'Z', b"T"),
        ]
        .concat()
    }

    fn failure(code: &str) -> Vec<u8> {
        let body = format!("SERROR\0VERROR\0C{code}\0Mfailed\0\0");
        [message(b'E', body.as_bytes()), message(b'Z', b"E")].concat()
    }

    #[tokio::test]
    async fn messages_may_arrive_in_pieces() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        let long = "x".repeat(100_000);
        server.say(&[select(&long)]);
        let rows = session.query("SELECT a").await.unwrap();
        assert_eq!(rows.one().unwrap().bytes(0), Some(long.as_str().into()));
        assert_eq!(session.transaction_status(), TransactionStatus::Open);
    }

    #[tokio::test]
    async fn a_pipeline_reports_its_first_error_after_reading_everything() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        server.say(&[select("1"), failure("22012"), failure("25P02"), select("4")]);
        let error = session
            .pipeline(&["SELECT 1", "SELECT 1/0", "x", "y"])
            .await
            .unwrap_err();
        assert_eq!(error.sqlstate(), Some("22012"));
        assert!(
            matches!(&error, Error::Statement { index: Some(1), statement, .. }
            if statement == "SELECT 1/0")
        );
        server.say(&[select("5"), select("6")]);
        let results = session.pipeline(&["SELECT 5", "SELECT 6"]).await.unwrap();
        let values: Vec<u32> = results
            .iter()
            .map(|rows| rows.one().unwrap().get(0).unwrap())
            .collect();
        assert_eq!(values, [5, 6]);
    }

    #[tokio::test]
    async fn copies_can_be_queued() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        for table in ["a", "b", "c"] {
            session
                .queue_copy_out(format!("COPY {table} TO STDOUT"))
                .unwrap();
        }
        assert!(matches!(
            session.query("SELECT 1").await,
            Err(Error::Broken { .. })
        ));
        let copy = |row: &str| {
            let parts = [
                message(b'H', &[0, 0, 1, 0, 0]),
                message(b'd', row.as_bytes()),
                message(b'c', b""),
                message(b'C', b"COPY 1\0"),
                message(b'Z', b"T"),
            ];
            parts.concat()
        };
        server.say(&[copy("a\n"), failure("42P01"), copy("c\n")]);
        let mut first = session.next_copy_out().await.unwrap().unwrap();
        assert_eq!(first.next().await.unwrap().unwrap(), "a\n");
        assert!(first.next().await.unwrap().is_none());
        let error = session.next_copy_out().await.err().unwrap();
        assert!(error.to_string().contains("COPY b"), "{error}");
        let mut third = session.next_copy_out().await.unwrap().unwrap();
        assert_eq!(third.next().await.unwrap().unwrap(), "c\n");
        assert!(third.next().await.unwrap().is_none());
        assert!(session.next_copy_out().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_stream_ends_in_its_error() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        server.say(&[
            message(b'T', &description(&["a"])),
            message(b'D', &data_row(&[Some(&"x".repeat(300_000))])),
            failure("22012"),
        ]);
        let mut stream = session.stream("SELECT a").await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().len(), 1);
        assert_eq!(stream.next().await.unwrap_err().sqlstate(), Some("22012"));
        assert!(stream.next().await.unwrap().is_none());
        assert_eq!(session.transaction_status(), TransactionStatus::Failed);
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_refused_before_anything_is() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        let error = session
            .pipeline(&["SELECT 1", "SELECT '\0'"])
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Misuse { .. }), "{error}");
        server.say(&[select("1")]);
        assert_eq!(session.query("SELECT 1").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn malformed_messages_end_the_session() {
        for bad in [
            message(b'D', &[0, 1]),
            message(b'T', &[0, 9]),
            message(b'?', b""),
        ] {
            let mut server = FakeServer::new();
            let mut session = server.session().await;
            server.say(&[bad]);
            let error = session.query("SELECT 1").await.unwrap_err();
            assert!(matches!(error, Error::Protocol { .. }), "{error}");
            assert!(error.to_string().contains("SELECT 1"), "{error}");
            assert!(matches!(
                session.query("SELECT 1").await,
                Err(Error::Broken { .. })
            ));
        }
    }

    #[tokio::test]
    async fn the_oldest_notices_give_way() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        for number in 0..1001 {
            let body = format!("SNOTICE\0C00000\0M{number}\0\0");
            server.say(&[message(b'N', body.as_bytes())]);
        }
        server.say(&[select("1")]);
        session.query("SELECT 1").await.unwrap();
        let notices = session.take_notices();
        assert_eq!(notices.len(), 1000);
        assert_eq!(notices[0].message, "1");
    }
}
