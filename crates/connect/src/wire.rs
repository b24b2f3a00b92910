//! Messages on a connection: framing on the way in, an outbox on the way out.
//!
//! A message is a type byte, a length that counts itself but not the type byte (four bytes,
//! big-endian), and a body.

#[cfg(test)]
pub(crate) mod fake_server;
pub(crate) mod protocol;
pub(crate) mod transport;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BufMut, BytesMut};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

/// Bytes in a message's head: the type byte and the length.
pub(crate) const HEAD: usize = 5;

/// Capacity the inbox is given when it runs short. The kernel rarely holds more than this for us.
const INBOX: usize = 256 * 1024;

/// Below this much free space in the inbox a read would be too small to be worth its system call.
const SHORT: usize = 32 * 1024;

/// Longest message of a startup, in bytes. What claims to be longer comes from something else than
/// a PostgreSQL server.
const STARTUP_LIMIT: usize = 64 * 1024;

/// Most bytes of a CopyData message: as much as is worth an allocation of the server's.
const COPY_DATA: usize = 64 * 1024;

/// Anything that carries bytes both ways: a socket, TLS over a socket, a test's pipe.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Transport for T {}

/// A connection seen as a stream of messages.
///
/// Whatever waits in the outbox is written while the inbox is read. A server that has megabytes of
/// results to get rid of before it reads the next statement therefore never waits for a client that
/// only writes.
pub(crate) struct Wire {
    stream: Box<dyn Transport>,
    inbox: BytesMut,
    /// Length of the current message, head included; it leaves the inbox when the next one is asked
    /// for.
    current: usize,
    /// Longest message that is believed in, head included.
    limit: usize,
    outbox: BytesMut,
    unflushed: bool,
    /// Why nothing can be written any more. What the server said before it went is still worth
    /// reading.
    write_error: Option<io::Error>,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Transport>) -> Self {
        Wire {
            stream,
            inbox: BytesMut::new(),
            current: 0,
            limit: STARTUP_LIMIT,
            outbox: BytesMut::new(),
            unflushed: false,
            write_error: None,
        }
    }

    /// A wire to nowhere.
    pub(crate) fn closed() -> Self {
        Wire::new(Box::new(tokio::io::empty()))
    }

    /// Lets messages be as long as the protocol allows, once the other side has proved to be a
    /// server.
    pub(crate) fn lift_limit(&mut self) {
        self.limit = usize::MAX;
    }

    /// The outbox, for messages that are sent along with the next read.
    pub(crate) fn outbox(&mut self) -> &mut BytesMut {
        &mut self.outbox
    }

    /// Puts a simple Query message into the outbox. `sql` holds no zero byte and is shorter than 2
    /// GiB.
    pub(crate) fn push_query(&mut self, sql: &[u8]) {
        self.outbox.reserve(sql.len() + 6);
        self.outbox.put_u8(b'Q');
        self.outbox.put_u32(sql.len() as u32 + 5);
        self.outbox.put_slice(sql);
        self.outbox.put_u8(0);
    }

    /// Puts data of a COPY into the outbox, as a CopyData message for each [`COPY_DATA`] bytes.
    pub(crate) fn push_copy_data(&mut self, data: &[u8]) {
        for piece in data.chunks(COPY_DATA) {
            self.outbox.reserve(piece.len() + HEAD);
            self.outbox.put_u8(b'd');
            self.outbox.put_u32(piece.len() as u32 + 4);
            self.outbox.put_slice(piece);
        }
    }

    /// Puts the message into the outbox that says that a COPY's data is complete.
    pub(crate) fn push_copy_done(&mut self) {
        frontend::copy_done(&mut self.outbox);
    }

    /// Puts the message into the outbox that makes a COPY fail, for a reason that the server repeats in its error. A zero byte would end it.
    pub(crate) fn push_copy_fail(&mut self, reason: &str) {
        let reason = reason.split('\0').next().unwrap_or_default();
        self.outbox.put_u8(b'f');
        self.outbox.put_u32(reason.len() as u32 + 5);
        self.outbox.put_slice(reason.as_bytes());
        self.outbox.put_u8(0);
    }

    /// Waits until a whole message is there and returns its type byte; [`Wire::body`] is its body.
    pub(crate) async fn advance(&mut self) -> io::Result<u8> {
        loop {
            if let Some(tag) = self.arrived()? {
                return Ok(tag);
            }
            self.fill().await?;
        }
    }

    /// As [`Wire::advance`], without waiting: `None` where the next message is not all there yet.
    pub(crate) fn arrived(&mut self) -> io::Result<Option<u8>> {
        self.inbox.advance(std::mem::take(&mut self.current));
        let Some(length) = frame_length(&self.inbox)? else {
            return Ok(None);
        };
        if length > self.limit {
            return Err(absurd_length(self.inbox[0], length));
        }
        if self.inbox.len() < length {
            return Ok(None);
        }
        self.current = length;
        Ok(Some(self.inbox[0]))
    }

    /// The body of the message that [`Wire::advance`] announced.
    pub(crate) fn body(&self) -> &[u8] {
        &self.inbox[HEAD..self.current]
    }

    /// Drops the current message and gives access to what has arrived after it.
    pub(crate) fn inbox(&mut self) -> &mut BytesMut {
        self.inbox.advance(std::mem::take(&mut self.current));
        &mut self.inbox
    }

    /// Waits until at least one more byte has arrived, writing from the outbox meanwhile.
    pub(crate) async fn fill(&mut self) -> io::Result<()> {
        self.exchange(None).await
    }

    /// Writes until no more than `left` bytes are in the outbox, or something has arrived, whichever comes first.
    pub(crate) async fn send_down_to(&mut self, left: usize) -> io::Result<()> {
        self.exchange(Some(left)).await
    }

    /// How many bytes wait to be written.
    pub(crate) fn unsent(&self) -> usize {
        self.outbox.len()
    }

    /// Reads and writes until something has arrived, or so little is left to be written.
    async fn exchange(&mut self, left: Option<usize>) -> io::Result<()> {
        if self.inbox.capacity() - self.inbox.len() < SHORT {
            self.inbox.reserve(INBOX);
        }
        let received = poll_fn(|cx| {
            self.poll_outbox(cx);
            // `read_buf` keeps no state between polls, so that a fresh one each time is the same
            // read.
            if let Poll::Ready(read) = pin!(self.stream.read_buf(&mut self.inbox)).poll(cx) {
                return Poll::Ready(Some(read));
            }
            // Where nothing can be written any more, the server's last words are waited for.
            let sent = left.is_some_and(|left| self.outbox.len() <= left);
            if sent && self.write_error.is_none() {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        })
        .await;
        let Some(received) = received else {
            return Ok(());
        };
        match received {
            Ok(0) => Err(self.write_error.take().unwrap_or_else(|| {
                io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the server closed the connection",
                )
            })),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes the whole outbox without reading, for messages that nothing answers.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| {
            self.poll_outbox(cx);
            if let Some(error) = self.write_error.take() {
                return Poll::Ready(Err(error));
            }
            if self.outbox.is_empty() && !self.unflushed {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            }
        })
        .await
    }

    /// Says that the session ends, in so far as the transport takes it at once: nobody waits for it.
    pub(crate) fn say_goodbye(&mut self) {
        frontend::terminate(&mut self.outbox);
        self.poll_outbox(&mut Context::from_waker(Waker::noop()));
    }

    /// Writes as much of the outbox as the transport takes now.
    fn poll_outbox(&mut self, cx: &mut Context<'_>) {
        while !self.outbox.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.outbox) {
                Poll::Ready(Ok(0)) => return self.stop_writing(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.outbox.advance(written);
                    self.unflushed = true;
                }
                Poll::Ready(Err(error)) => return self.stop_writing(error),
                Poll::Pending => return,
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => self.stop_writing(error),
                Poll::Pending => {}
            }
        }
    }

    fn stop_writing(&mut self, error: io::Error) {
        self.outbox.clear();
        self.unflushed = false;
        self.write_error = Some(error);
    }
}

/// The length of the message at the front of `inbox`, head included, once its head is there.
pub(crate) fn frame_length(inbox: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = inbox.first_chunk::<HEAD>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    if !(4..=i32::MAX as u32).contains(&length) {
        return Err(absurd_length(head[0], length as usize));
    }
    Ok(Some(length as usize + 1))
}

fn absurd_length(tag: u8, length: usize) -> io::Error {
    let reason = format!(
        "a message of type {:?} claims a length of {length}",
        char::from(tag)
    );
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
