//! Statements and the data of COPYs, sent without waiting for one another.

use std::collections::VecDeque;
use std::io;

use bstr::{BString, ByteSlice};

use crate::error::Error;
use crate::error::server_error::ServerError;
use crate::session::exchange::check_sendable;
use crate::session::{Notices, Session, TransactionStatus};

/// Bytes that may wait to be written before whoever sends has to wait.
const UNSENT: usize = 256 * 1024;

/// Bytes from which the socket is offered them, so that the server has work while more is made ready.
const WORTH_WRITING: usize = 16 * 1024;

/// What became of a statement of a [`Pipeline`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// The server's last command tag, such as `CREATE TABLE` or `COPY 5`, or the error that the statement failed with.
    pub result: Result<BString, Box<ServerError>>,
    /// What the server said while it ran; with the first statement comes what nobody had taken before.
    pub notices: Notices,
}

impl Ended {
    /// How many rows a COPY has brought in, where the statement was one and did not fail.
    pub fn copied(&self) -> Option<u64> {
        let tag = self.result.as_ref().ok()?;
        tag.strip_prefix(b"COPY ")?.to_str().ok()?.parse().ok()
    }
}

/// Statements that follow each other over a session without a wait between them.
///
/// Each is a message of its own: outside a transaction block each is a transaction for itself and fails for itself. What became of them
/// is told in the order in which they were sent, by [`Pipeline::ended`] and [`Pipeline::next`]. Rows that statements return are passed
/// over.
///
/// At most so many statements as the window says are under way. Whoever sends more waits until one of them has ended. While something is
/// written, answers are read, so that neither side can wait for the other.
///
/// Dropping it while statements are under way leaves the session unusable, as with every call that is given up.
pub struct Pipeline<'a> {
    session: &'a mut Session,
    window: usize,
    /// Nothing else is under way while a COPY is.
    copies_apart: bool,
    /// Those that have ended and that nobody has asked for yet.
    ended: VecDeque<Ended>,
    /// How many statements were sent, and how many of them have ended.
    sent: u64,
    done: u64,
    /// The COPYs among those under way, by their numbers.
    copies: VecDeque<u64>,
    /// Which of them is being sent data.
    sending: Option<u64>,
    /// What has come of the statement whose answer is being read.
    tag: BString,
    failure: Option<Box<ServerError>>,
    /// Whether the COPY whose answer is being read has begun.
    begun: bool,
}

impl<'a> Pipeline<'a> {
    pub(crate) fn new(session: &'a mut Session, window: usize) -> Result<Self, Error> {
        session.check_idle()?;
        Ok(Pipeline {
            session,
            window: window.max(1),
            copies_apart: false,
            ended: VecDeque::new(),
            sent: 0,
            done: 0,
            copies: VecDeque::new(),
            sending: None,
            tag: BString::default(),
            failure: None,
            begun: false,
        })
    }

    /// Lets a COPY wait for all that was sent before it, and its data until the server asks for it, and all else for the COPY's end.
    ///
    /// PgBouncer up to 1.25 loses count of what it owes to its client where a COPY fails whose end has been sent already, and keeps its
    /// answers back: see [`Session::is_pooled`].
    #[must_use]
    pub fn copies_apart(mut self, apart: bool) -> Self {
        self.copies_apart = apart;
        self
    }

    /// Sends a statement, or several separated by semicolons, which are a transaction together.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] where it cannot be sent; [`Error::ConnectionLost`], [`Error::Protocol`] and [`Error::Broken`], after which
    /// nothing more becomes known of the statements under way. What the server makes of it is told by [`Pipeline::next`].
    ///
    /// # Panics
    ///
    /// Where data of a COPY is being sent.
    pub async fn send(&mut self, sql: impl AsRef<[u8]>) -> Result<(), Error> {
        self.send_one(sql.as_ref(), false).await
    }

    async fn send_one(&mut self, sql: &[u8], is_copy: bool) -> Result<(), Error> {
        assert!(self.sending.is_none(), "a COPY is being sent data");
        check_sendable(sql)?;
        while self.under_way() >= self.window || self.copies_apart && !self.copies.is_empty() {
            self.read().await?;
        }
        if is_copy {
            // The server may ask for its data while what was sent is still on its way.
            self.copies.push_back(self.sent);
        }
        self.session.send(sql);
        self.sent += 1;
        self.make_room().await
    }

    /// Sends a `COPY … FROM STDIN`, whose data is then sent with [`Pipeline::send_data`] and ended with [`Pipeline::finish_copy`] or
    /// [`Pipeline::fail_copy`].
    ///
    /// Data is sent without waiting for the server to ask for it, unless [`Pipeline::copies_apart`] has it otherwise. What comes for a COPY that has failed is passed over by the server.
    ///
    /// # Errors
    ///
    /// As for [`Pipeline::send`].
    ///
    /// # Panics
    ///
    /// As for [`Pipeline::send`].
    pub async fn begin_copy(&mut self, sql: impl AsRef<[u8]>) -> Result<(), Error> {
        while self.copies_apart && self.under_way() > 0 {
            self.read().await?;
        }
        self.send_one(sql.as_ref(), true).await?;
        self.sending = Some(self.sent - 1);
        if self.copies_apart {
            self.copy_begun().await?;
        }
        Ok(())
    }

    /// Sends data of the COPY that was begun, which may be cut anywhere. Waits while the server takes less than comes.
    ///
    /// `false` means that the COPY has ended already, as it does where the server found an error in its data: nothing more need be sent.
    /// [`Pipeline::next`] tells what was wrong.
    ///
    /// # Errors
    ///
    /// Those of [`Pipeline::send`] that end a session.
    ///
    /// # Panics
    ///
    /// Where no COPY is being sent data.
    pub async fn send_data(&mut self, data: &[u8]) -> Result<bool, Error> {
        let number = self.sending.expect("a COPY was begun");
        if self.done > number {
            return Ok(false);
        }
        if !data.is_empty() {
            self.session.wire.push_copy_data(data);
        }
        self.make_room().await?;
        Ok(self.done <= number)
    }

    /// Says that the data of the COPY is complete. What the server makes of it is told by [`Pipeline::next`].
    ///
    /// # Panics
    ///
    /// Where no COPY is being sent data.
    pub fn finish_copy(&mut self) {
        let number = self.sending.take().expect("a COPY was begun");
        if self.done <= number {
            self.session.wire.push_copy_done();
        }
    }

    /// Gives the COPY up: it fails with SQLSTATE 57014 and `reason` in its message, and brings no row in.
    ///
    /// # Panics
    ///
    /// Where no COPY is being sent data.
    pub fn fail_copy(&mut self, reason: &str) {
        let number = self.sending.take().expect("a COPY was begun");
        if self.done <= number {
            self.session.wire.push_copy_fail(reason);
        }
    }

    /// Where the session stood when the last statement that has ended did.
    pub fn transaction_status(&self) -> TransactionStatus {
        self.session.transaction_status()
    }

    /// How many statements were sent whose end has not been heard of.
    pub fn under_way(&self) -> usize {
        (self.sent - self.done) as usize
    }

    /// What became of the next statement in order, where that is known already.
    pub fn ended(&mut self) -> Option<Ended> {
        self.ended.pop_front()
    }

    /// What became of the next statement in order, or `None` where all have been told of. Waits for it, unless that is for a COPY that is
    /// still being sent data.
    ///
    /// # Errors
    ///
    /// Those of [`Pipeline::send`] that end a session.
    pub async fn next(&mut self) -> Result<Option<Ended>, Error> {
        loop {
            if let Some(ended) = self.ended.pop_front() {
                return Ok(Some(ended));
            }
            let waits_for_us = self.sending == Some(self.done);
            if self.under_way() == 0 || waits_for_us {
                return Ok(None);
            }
            self.read().await?;
        }
    }

    /// The error for a statement, shortened already, that has failed.
    pub(crate) fn failed(&self, statement: String, error: Box<ServerError>) -> Error {
        self.session.failed(statement, None, error)
    }

    /// Waits until the COPY that was begun has either begun in the server as well, which then has its locks, or failed; `false` in that case.
    ///
    /// # Errors
    ///
    /// Those of [`Pipeline::send`] that end a session.
    pub async fn copy_begun(&mut self) -> Result<bool, Error> {
        while !self.begun && self.under_way() > 0 {
            self.read().await?;
        }
        Ok(self.begun)
    }

    /// Waits for more from the server and takes it in.
    async fn read(&mut self) -> Result<(), Error> {
        let filled = self.session.wire.fill().await;
        self.take_in(filled)
    }

    /// Writes what is worth it, and waits while too much is to be written.
    async fn make_room(&mut self) -> Result<(), Error> {
        if self.session.wire.unsent() < WORTH_WRITING {
            return Ok(());
        }
        loop {
            let sent = self.session.wire.send_down_to(UNSENT).await;
            self.take_in(sent)?;
            if self.session.wire.unsent() <= UNSENT {
                return Ok(());
            }
        }
    }

    /// Takes in what has arrived, after the connection was waited for.
    fn take_in(&mut self, waited: io::Result<()>) -> Result<(), Error> {
        // The server's last words may stand before the end of the connection.
        let end = loop {
            match self.session.wire.arrived() {
                Ok(Some(tag)) => self.message(tag)?,
                Ok(None) => break waited.err(),
                Err(error) => break Some(error),
            }
        };
        match end {
            None => Ok(()),
            Some(error) => {
                let said = self.failure.take();
                Err(self.session.lost("", said, error))
            }
        }
    }

    /// Takes in a message.
    fn message(&mut self, tag: u8) -> Result<(), Error> {
        let session = &mut *self.session;
        if session.server.absorb(tag, session.wire.body()) {
            return Ok(());
        }
        let body = session.wire.body();
        match tag {
            b'E' => {
                let error = ServerError::parse(body);
                self.failure.get_or_insert(Box::new(error));
            }
            _ if self.sent == self.done => return Err(session.unexpected("", tag)),
            b'C' => self.tag = body.strip_suffix(b"\0").unwrap_or(body).into(),
            b'T' | b'D' | b'I' | b'H' | b'd' | b'c' => {}
            b'G' if !self.begun && self.copies.front() == Some(&self.done) => self.begun = true,
            b'G' => session.wire.push_copy_fail("nothing is there to be copied"),
            b'Z' => {
                session.server.transaction = body.first().copied().unwrap_or(b'I');
                session.statement_done();
                self.end_statement();
            }
            other => return Err(session.unexpected("", other)),
        }
        Ok(())
    }

    /// The server is ready after a statement.
    fn end_statement(&mut self) {
        if self.copies.front() == Some(&self.done) {
            self.copies.pop_front();
        }
        self.done += 1;
        self.begun = false;
        let tag = std::mem::take(&mut self.tag);
        self.ended.push_back(Ended {
            result: self.failure.take().map_or(Ok(tag), Err),
            notices: self.session.take_notices(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fake_server::{FakeServer, message};

    fn done(tag: &str) -> Vec<u8> {
        let tag = format!("{tag}\0");
        [message(b'C', tag.as_bytes()), message(b'Z', b"I")].concat()
    }

    fn failure(code: &str) -> Vec<u8> {
        let body = format!("SERROR\0VERROR\0C{code}\0Mfailed\0\0");
        [message(b'E', body.as_bytes()), message(b'Z', b"I")].concat()
    }

    fn notice(text: &str) -> Vec<u8> {
        let body = format!("SNOTICE\0C00000\0M{text}\0\0");
        message(b'N', body.as_bytes())
    }

    fn code(ended: &Ended) -> &[u8] {
        ended.result.as_ref().err().map_or(b"", |error| &error.code)
    }

    #[tokio::test]
    async fn each_statement_fails_for_itself_and_keeps_its_notices() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        let mut statements = session.statements(3).unwrap();
        server.say(&[
            done("CREATE TABLE"),
            notice("a"),
            failure("42P01"),
            notice("b"),
            done("SET"),
            failure("42P07"),
        ]);
        for sql in ["one", "two", "three", "four"] {
            statements.send(sql).await.unwrap();
            assert!(statements.under_way() <= 3);
        }
        let mut all = Vec::new();
        while let Some(ended) = statements.next().await.unwrap() {
            all.push(ended);
        }
        assert_eq!(all[0].result.as_ref().unwrap(), "CREATE TABLE");
        assert_eq!(code(&all[1]), b"42P01");
        assert_eq!(all[1].notices.messages[0].message, "a");
        assert_eq!(all[2].notices.messages[0].message, "b");
        assert_eq!(code(&all[3]), b"42P07");
        assert_eq!(all.len(), 4);
        drop(statements);
        server.say(&[done("SET")]);
        assert_eq!(session.query("SET x").await.unwrap().command_tag(), "SET");
    }

    #[tokio::test]
    async fn a_copy_that_fails_early_needs_no_more_data() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        let mut statements = session.statements(9).unwrap();
        statements.begin_copy("COPY a FROM STDIN").await.unwrap();
        assert!(statements.send_data(b"1\n").await.unwrap());
        assert!(statements.next().await.unwrap().is_none());
        server.say(&[message(b'G', &[0, 0, 1, 0, 0]), failure("22P02")]);
        let piece = vec![b'x'; 100_000];
        while statements.send_data(&piece).await.unwrap() {}
        statements.finish_copy();
        assert_eq!(code(&statements.next().await.unwrap().unwrap()), b"22P02");
        statements.begin_copy("COPY b FROM STDIN").await.unwrap();
        statements.finish_copy();
        server.say(&[message(b'G', &[0, 0, 1, 0, 0]), done("COPY 7")]);
        assert_eq!(statements.next().await.unwrap().unwrap().copied(), Some(7));
        assert!(statements.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_servers_last_words_are_told() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        let mut statements = session.statements(9).unwrap();
        statements.send("one").await.unwrap();
        statements.send("two").await.unwrap();
        server.say(&[
            done("SET"),
            message(b'E', b"SFATAL\0C57P01\0Mterminating connection\0\0"),
        ]);
        server.hang_up();
        assert!(statements.next().await.unwrap().unwrap().result.is_ok());
        let error = statements.next().await.unwrap_err();
        assert!(matches!(error, Error::ConnectionLost { .. }), "{error}");
        assert_eq!(error.sqlstate(), Some("57P01"));
        drop(statements);
        assert!(matches!(session.statements(1), Err(Error::Broken { .. })));
    }

    #[tokio::test]
    async fn what_nobody_asked_for_ends_the_session() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        let mut statements = session.statements(9).unwrap();
        statements.send("one").await.unwrap();
        server.say(&[message(b'?', b"")]);
        let error = statements.next().await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error}");
    }
}
