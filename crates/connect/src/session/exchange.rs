//! The exchange of messages for one statement: sending it, reading what comes of it, and noticing
//! when that fails.

use std::io;

use crate::error::server_error::ServerError;
use crate::error::{Error, shorten};
use crate::session::Session;
use crate::session::copy_out::CopyOut;
use crate::values::rows::Rows;
use crate::wire::Wire;

/// Why a session cannot take the next statement when the last one was given up.
const UNREAD: &str = "an earlier statement's result was not read to its end";

/// A statement's outcome, when the connection itself held.
pub(crate) type Outcome = Result<Rows, Box<ServerError>>;

impl Session {
    pub(crate) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Waits for the next message that belongs to the statement in hand and returns its type byte.
    ///
    /// `reported` is the error that the server has sent already, to be told if the connection ends
    /// here.
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
                Err(error) => {
                    let reported = reported.cloned().map(Box::new);
                    return Err(self.lost(statement, reported, error));
                }
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
        let reported = reported.or_else(|| self.server.last_words().map(Box::new));
        self.broken = Some(format!("its connection was lost: {source}"));
        if reported.as_ref().is_some_and(|error| error.is_fatal()) {
            // The server has given up what it was at.
            self.outstanding = 0;
        }
        Error::ConnectionLost {
            target: Box::new(self.target.clone()),
            statement: statement.to_owned(),
            error: reported,
            io: source,
        }
    }

    /// The error for a statement, shortened already, that the server reported one for.
    pub(crate) fn failed(
        &self,
        statement: String,
        index: Option<usize>,
        error: Box<ServerError>,
    ) -> Error {
        Error::Statement {
            target: Box::new(self.target.clone()),
            statement,
            index,
            error,
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

    pub(crate) fn check_idle(&self) -> Result<(), Error> {
        self.check_alive()?;
        if self.outstanding > 0 {
            Err(self.broken(UNREAD))
        } else {
            Ok(())
        }
    }

    /// Refuses to go on while anything but queued COPYs is under way.
    pub(crate) fn check_only_queued(&self) -> Result<(), Error> {
        self.check_alive()?;
        if self.outstanding == self.queued.len() {
            Ok(())
        } else {
            Err(self.broken(UNREAD))
        }
    }

    /// Sends a statement whose result is to be read now.
    pub(crate) fn begin(&mut self, sql: &[u8]) -> Result<(), Error> {
        self.check_idle()?;
        check_sendable(sql)?;
        self.send(sql);
        Ok(())
    }

    /// Sends a checked statement; its result comes after those of the statements sent before.
    pub(crate) fn send(&mut self, sql: &[u8]) {
        self.wire.push_query(sql);
        self.outstanding += 1;
    }

    /// Reads one statement's messages up to ReadyForQuery.
    pub(crate) async fn outcome(&mut self, sql: &[u8]) -> Result<Outcome, Error> {
        self.outcome_with(sql, |_| {}).await
    }

    /// Like [`Session::outcome`], and shows the rows to `grown` after each one, which may take them
    /// out.
    pub(crate) async fn outcome_with(
        &mut self,
        sql: &[u8],
        mut grown: impl FnMut(&mut Rows),
    ) -> Result<Outcome, Error> {
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
                    grown(&mut rows);
                }
                b'C' => rows.set_tag(self.wire.body()),
                b'I' => rows = Rows::default(),
                b'E' => {
                    let error = ServerError::parse(self.wire.body());
                    failure.get_or_insert(Box::new(error));
                }
                b'G' => {
                    copied = true;
                    self.wire
                        .push_copy_fail("COPY FROM STDIN is not possible here");
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
    pub(crate) async fn begin_copy(&mut self, statement: String) -> Result<CopyOut<'_>, Error> {
        let mut failure: Option<Box<ServerError>> = None;
        loop {
            match self.next_message(&statement, failure.as_deref()).await? {
                b'H' if failure.is_none() => return Ok(CopyOut::new(self, statement)),
                b'E' => {
                    let error = ServerError::parse(self.wire.body());
                    failure.get_or_insert(Box::new(error));
                }
                b'G' => {
                    self.wire
                        .push_copy_fail("COPY FROM STDIN is not possible here");
                }
                b'T' | b'D' | b'C' | b'I' => {}
                b'Z' => break,
                other => return Err(self.unexpected(&statement, other)),
            }
        }
        self.statement_done();
        Err(match failure {
            Some(error) => self.failed(statement, None, error),
            None => Error::Misuse {
                statement,
                reason: "this is not a COPY … TO STDOUT".to_owned(),
            },
        })
    }
}

/// Refuses what a Query message cannot hold.
pub(crate) fn check_sendable(sql: &[u8]) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::TransactionStatus;
    use crate::values::rows::tests::{data_row, description};
    use crate::wire::fake_server::{FakeServer, message};

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
        assert_eq!((notices.messages.len(), notices.lost), (1000, 1));
        assert_eq!(notices.messages[0].message, "1");
    }
}
