//! Bytes on their way from the thread that writes an archive to an async task.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Pieces that may wait: enough for both ends to be busy at the same time.
const PIECES: usize = 8;

/// Makes a pipe. Its writer waits while too much is in it.
pub(crate) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let failure = Arc::default();
    let writer = PipeWriter {
        sender,
        failure: Arc::clone(&failure),
    };
    (writer, PipeReader { receiver, failure })
}

/// Why nobody reads any more.
type Failure = Arc<Mutex<Option<io::Error>>>;

/// The end for a thread.
pub(crate) struct PipeWriter {
    sender: Sender<Bytes>,
    failure: Failure,
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.sender.blocking_send(Bytes::copy_from_slice(bytes)) {
            Ok(()) => Ok(bytes.len()),
            Err(_) => {
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                Err(failure
                    .take()
                    .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end for a task.
pub(crate) struct PipeReader {
    receiver: Receiver<Bytes>,
    failure: Failure,
}

impl PipeReader {
    /// The next piece; `None` when the writer is gone.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        self.receiver.recv().await
    }

    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.receiver.poll_recv(context)
    }

    /// Takes nothing more, because of this error at so many bytes: the writer gets it. Gives the error for when there is no writer any
    /// more, which says as much.
    pub(crate) fn fail(&mut self, offset: u64, error: io::Error) -> pgdumprs_archive::Error {
        let source = io::Error::new(error.kind(), error.to_string());
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        *failure = Some(error);
        drop(failure);
        self.receiver.close();
        pgdumprs_archive::Error::Write { offset, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_writer_gets_the_readers_error() {
        let (mut writer, mut reader) = pipe();
        let writing = std::thread::spawn(move || {
            loop {
                if let Err(error) = writer.write_all(b"piece") {
                    return (error, writer.write_all(b"more").unwrap_err());
                }
            }
        });
        assert_eq!(reader.next().await.unwrap(), "piece");
        reader.fail(5, io::Error::other("the line is dead"));
        while reader.next().await.is_some() {}
        let (first, second) = writing.join().unwrap();
        assert_eq!(first.to_string(), "the line is dead");
        assert_eq!(second.kind(), io::ErrorKind::BrokenPipe);
    }
}
