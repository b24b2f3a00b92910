//! Bytes on their way from the thread that writes an archive to an async task.

use std::io::{self, Write};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Pieces that may wait: enough for both ends to be busy at the same time.
const PIECES: usize = 8;

/// Makes a pipe. Its writer waits while too much is in it.
pub(crate) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, receiver) = mpsc::channel(PIECES);
    (PipeWriter(sender), PipeReader(receiver))
}

/// The end for a thread.
pub(crate) struct PipeWriter(Sender<Bytes>);

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.blocking_send(Bytes::copy_from_slice(bytes)) {
            Ok(()) => Ok(bytes.len()),
            // Nobody reads any more, and so nobody will see this.
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end for a task.
pub(crate) struct PipeReader(Receiver<Bytes>);

impl PipeReader {
    /// The next piece; `None` when the writer is gone.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        self.0.recv().await
    }

    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.poll_recv(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_come_in_order_until_either_end_is_gone() {
        let (mut writer, mut reader) = pipe();
        let writing = std::thread::spawn(move || {
            let mut pieces = 0u32;
            while writer.write_all(&pieces.to_be_bytes()).is_ok() {
                pieces += 1;
            }
            pieces
        });
        for piece in 0..100u32 {
            assert_eq!(reader.next().await.unwrap(), piece.to_be_bytes().as_slice());
        }
        drop(reader);
        assert!(writing.join().unwrap() >= 100);
        let (writer, mut reader) = pipe();
        drop(writer);
        assert_eq!(reader.next().await, None);
    }
}
