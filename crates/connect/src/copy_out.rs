//! COPY … TO STDOUT: the hot path of a dump.

use std::io;

use bstr::{BStr, BString, ByteSlice};
use bytes::{Buf, Bytes, BytesMut};

use crate::error::Error;
use crate::server_error::ServerError;
use crate::session::Session;
use crate::wire::{HEAD, frame_length};

/// How many bytes are gathered before they are handed over, framing included.
///
/// A server sends what it has in small packets; handing each one over would cost the caller a wake-up and a channel
/// operation every few KiB.
const PIECE: usize = 128 * 1024;

/// The output of a running COPY … TO STDOUT.
///
/// Dropping it before [`CopyOut::next`] has returned `None` or an error leaves the session unusable: the rest of the
/// output is still on its way.
pub struct CopyOut<'a> {
    session: &'a mut Session,
    statement: String,
    frames: Frames,
    tag: Option<BString>,
    finished: bool,
}

impl<'a> CopyOut<'a> {
    pub(crate) fn new(session: &'a mut Session, statement: String) -> Self {
        CopyOut { session, statement, frames: Frames::default(), tag: None, finished: false }
    }

    /// The next piece of the output, or `None` at its end.
    ///
    /// Pieces are about 128 to 256 KiB, the last one what is left. They join to exactly what the server sent; a piece
    /// may end anywhere, within a row too, so that a row never has to fit in memory.
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

    /// The server's command tag, such as `COPY 1000000`, once [`CopyOut::next`] has returned `None`.
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
            tag = self.session.next_message(&self.statement, failure.as_ref()).await?;
        }
        self.finished = true;
        self.session.statement_done();
        match failure {
            None => Ok(()),
            Some(error) => {
                let statement = std::mem::take(&mut self.statement);
                Err(Error::Statement { statement, index: None, error })
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
    /// A row is a message of its own, so that a narrow table has a frame every few dozen bytes. Moving the payloads
    /// within the buffer that the socket has just filled touches memory that is in the cache, once.
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
