//! COPY … TO STDOUT: the hot path of a dump.

use std::io;

use bstr::{BStr, BString, ByteSlice};
use bytes::{Buf, Bytes, BytesMut};

use crate::error::Error;
use crate::error::server_error::ServerError;
use crate::session::Session;
use crate::wire::{HEAD, frame_length};

/// How many bytes are gathered before they are handed over, framing included.
///
/// A server sends what it has in small packets; handing each one over would cost the caller a
/// wake-up and a channel operation every few KiB.
const PIECE: usize = 128 * 1024;

/// The output of a running COPY … TO STDOUT.
///
/// Dropping it before [`CopyOut::next`] has returned `None` or an error leaves the session
/// unusable: the rest of the output is still on its way.
pub struct CopyOut<'a> {
    session: &'a mut Session,
    statement: String,
    frames: Frames,
    tag: Option<BString>,
    finished: bool,
}

impl<'a> CopyOut<'a> {
    pub(crate) fn new(session: &'a mut Session, statement: String) -> Self {
        CopyOut {
            session,
            statement,
            frames: Frames::default(),
            tag: None,
            finished: false,
        }
    }

    /// The next piece of the output, or `None` at its end.
    ///
    /// Pieces are about 128 to 256 KiB, the last one what is left. They join to exactly what the
    /// server sent; a piece may end anywhere, within a row too, so that a row never has to fit in
    /// memory.
    ///
    /// # Errors
    ///
    /// [`Error::Statement`] when the server ends the copy with an error (the session can go on),
    /// [`Error::ConnectionLost`] and [`Error::Protocol`] (it cannot).
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.finished {
            return Ok(None);
        }
        loop {
            let inbox = self.session.wire().inbox();
            let stopped = match self.frames.strip(inbox) {
                Ok(stopped) => stopped,
                Err(error) => return Err(self.session.lost(&self.statement, None, error)),
            };
            if self.frames.ready >= PIECE || (stopped && self.frames.ready > 0) {
                let piece = inbox.split_to(std::mem::take(&mut self.frames.ready));
                return Ok(Some(piece.freeze()));
            }
            if stopped {
                // A notice may stand between two rows; everything else ends the copy.
                match self.session.next_message(&self.statement, None).await? {
                    b'd' => {
                        let row = Bytes::copy_from_slice(self.session.wire().body());
                        return Ok(Some(row));
                    }
                    tag => return self.finish(tag).await.map(|()| None),
                }
            }
            if let Err(error) = self.session.wire().fill().await {
                return Err(self.session.lost(&self.statement, None, error));
            }
        }
    }

    /// The server's command tag, such as `COPY 1000000`, once [`CopyOut::next`] has returned
    /// `None`.
    pub fn command_tag(&self) -> Option<&BStr> {
        self.tag.as_ref().map(|tag| tag.as_bstr())
    }

    /// The number of rows copied, once [`CopyOut::next`] has returned `None`.
    pub fn rows(&self) -> Option<u64> {
        let count = self.tag.as_deref()?.strip_prefix(b"COPY ")?;
        count.to_str().ok()?.parse().ok()
    }

    /// Reads what follows the last row, up to where the server is ready for the next statement.
    async fn finish(&mut self, first: u8) -> Result<(), Error> {
        let mut failure: Option<Box<ServerError>> = None;
        let mut tag = first;
        loop {
            match tag {
                b'c' => {}
                b'C' => {
                    let tag = self.session.wire().body();
                    self.tag = Some(tag.strip_suffix(b"\0").unwrap_or(tag).into());
                }
                b'E' => {
                    let error = ServerError::parse(self.session.wire().body());
                    failure.get_or_insert(Box::new(error));
                }
                b'Z' => break,
                other => return Err(self.session.unexpected(&self.statement, other)),
            }
            tag = self
                .session
                .next_message(&self.statement, failure.as_deref())
                .await?;
        }
        self.finished = true;
        self.session.statement_done();
        match failure {
            None => Ok(()),
            Some(error) => {
                let statement = std::mem::take(&mut self.statement);
                Err(self.session.failed(statement, None, error))
            }
        }
    }
}

/// Progress in stripping the frames from CopyData messages, in place.
#[derive(Debug, Default)]
struct Frames {
    /// Bytes at the front of the inbox that are output already.
    ready: usize,
    /// Bytes of the current message's payload that have not arrived yet.
    missing: usize,
}

impl Frames {
    /// Moves the payloads in `inbox` together behind those that are ready.
    ///
    /// A row is a message of its own, so that a narrow table has a frame every few dozen bytes.
    /// Moving the payloads within the buffer that the socket has just filled touches memory that is
    /// in the cache, once.
    ///
    /// Returns whether a message of another kind stands behind the ready bytes.
    fn strip(&mut self, inbox: &mut BytesMut) -> io::Result<bool> {
        let (mut read, mut write) = (self.ready, self.ready);
        let mut stopped = false;
        loop {
            if self.missing > 0 {
                let length = self.missing.min(inbox.len() - read);
                if read != write {
                    inbox.copy_within(read..read + length, write);
                }
                read += length;
                write += length;
                self.missing -= length;
                if self.missing > 0 {
                    break;
                }
            }
            let head = &inbox[read..];
            let Some(length) = frame_length(head)? else {
                break;
            };
            if head[0] != b'd' {
                stopped = true;
                break;
            }
            self.missing = length - HEAD;
            if write == 0 {
                // Nothing stands before this payload: it can stay where it is.
                inbox.advance(read + HEAD);
                read = 0;
            } else {
                read += HEAD;
            }
        }
        if read != write {
            let rest = inbox.len() - read;
            inbox.copy_within(read.., write);
            inbox.truncate(write + rest);
        }
        self.ready = write;
        Ok(stopped)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::fake_server::{FakeServer, message};

    fn copy_data(rows: &[Vec<u8>]) -> Vec<u8> {
        rows.iter().flat_map(|row| message(b'd', row)).collect()
    }

    proptest! {
        #[test]
        fn payloads_join_however_they_arrive(
            rows: Vec<Vec<u8>>,
            cuts in prop::collection::vec(1usize..40, 1..20),
            take: bool,
        ) {
            let mut wire = copy_data(&rows);
            wire.extend(message(b'c', b""));
            let mut rest = wire.as_slice();
            let mut inbox = BytesMut::new();
            let mut frames = Frames::default();
            let mut output = Vec::new();
            let mut stopped = false;
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                inbox.extend_from_slice(now);
                stopped |= frames.strip(&mut inbox).unwrap();
                if take {
                    output.extend(inbox.split_to(std::mem::take(&mut frames.ready)));
                }
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            output.extend(inbox.split_to(frames.ready));
            prop_assert!(stopped);
            prop_assert_eq!(output, rows.concat());
            prop_assert_eq!(&inbox[..], &message(b'c', b"")[..]);
        }
    }

    /// What a server sends when a COPY begins.
    fn begun() -> Vec<u8> {
        message(b'H', &[0, 0, 1, 0, 0])
    }

    async fn read_all(copy: &mut CopyOut<'_>) -> Result<Vec<u8>, Error> {
        let mut output = Vec::new();
        while let Some(piece) = copy.next().await? {
            output.extend_from_slice(&piece);
        }
        Ok(output)
    }

    #[tokio::test]
    async fn notices_between_rows_are_kept_apart() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        server.say(&[
            begun(),
            message(b'd', b"1\n"),
            message(b'N', b"SNOTICE\0C00000\0Mhello\0\0"),
            message(b'S', b"TimeZone\0UTC\0"),
            message(b'd', b"2\n"),
            message(b'd', b"3\n"),
            message(b'c', b""),
            message(b'C', b"COPY 3\0"),
            message(b'Z', b"I"),
        ]);
        let mut copy = session.copy_out("COPY t TO STDOUT").await.unwrap();
        assert_eq!(read_all(&mut copy).await.unwrap(), b"1\n2\n3\n");
        assert_eq!(copy.rows(), Some(3));
        assert_eq!(copy.command_tag(), Some("COPY 3".into()));
        assert_eq!(session.take_notices().messages[0].message, "hello");
        assert_eq!(session.parameter("TimeZone"), Some("UTC".into()));
    }

    #[tokio::test]
    async fn an_error_in_the_midst_leaves_the_session_usable() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        server.say(&[
            begun(),
            message(b'd', b"1\n"),
            message(b'E', b"SERROR\0C57014\0Mcanceling statement\0\0"),
            message(b'Z', b"I"),
            message(b'C', b"SET\0"),
            message(b'Z', b"I"),
        ]);
        let mut copy = session.copy_out("COPY t TO STDOUT").await.unwrap();
        assert_eq!(copy.next().await.unwrap().unwrap(), "1\n");
        let error = copy.next().await.unwrap_err();
        assert_eq!(error.sqlstate(), Some("57014"));
        assert!(error.to_string().contains("COPY t TO STDOUT"), "{error}");
        assert_eq!(
            session.query("SET x = 1").await.unwrap().command_tag(),
            "SET"
        );
    }

    #[tokio::test]
    async fn an_early_end_is_a_loss_with_the_servers_last_words() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        let mut row = message(b'd', b"a row that does not arrive");
        row.truncate(12);
        server.say(&[begun(), message(b'd', b"1\n"), row]);
        server.hang_up();
        let mut copy = session.copy_out("COPY t TO STDOUT").await.unwrap();
        let error = read_all(&mut copy).await.unwrap_err();
        assert!(
            matches!(error, Error::ConnectionLost { error: None, .. }),
            "{error}"
        );
        assert!(matches!(
            session.query("SELECT 1").await,
            Err(Error::Broken { .. })
        ));

        let mut server = FakeServer::new();
        let mut session = server.session().await;
        let shutdown = message(b'E', b"SFATAL\0C57P01\0Mterminating connection\0\0");
        server.say(&[begun(), message(b'd', b"1\n"), shutdown]);
        server.hang_up();
        let mut copy = session.copy_out("COPY t TO STDOUT").await.unwrap();
        let error = read_all(&mut copy).await.unwrap_err();
        assert!(
            matches!(error, Error::ConnectionLost { error: Some(_), .. }),
            "{error}"
        );
        assert_eq!(error.sqlstate(), Some("57P01"));
    }

    #[tokio::test]
    async fn what_is_no_copy_out_is_told() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        server.say(&[message(b'C', b"SET\0"), message(b'Z', b"I")]);
        let error = session.copy_out("SET x = 1").await.err().unwrap();
        assert!(matches!(error, Error::Misuse { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_copy_given_up_ends_the_session() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        server.say(&[begun(), message(b'd', b"1\n")]);
        drop(session.copy_out("COPY t TO STDOUT").await.unwrap());
        let error = session.query("SELECT 1").await.unwrap_err();
        assert!(matches!(error, Error::Broken { .. }), "{error}");
        assert!(matches!(
            session.next_copy_out().await,
            Err(Error::Broken { .. })
        ));
    }

    #[tokio::test]
    async fn an_absurd_length_is_an_error() {
        let mut server = FakeServer::new();
        let mut session = server.session().await;
        server.say(&[begun(), vec![b'd', 0xff, 0xff, 0xff, 0xff, 1, 2, 3]]);
        let mut copy = session.copy_out("COPY t TO STDOUT").await.unwrap();
        let error = copy.next().await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error}");
    }
}
