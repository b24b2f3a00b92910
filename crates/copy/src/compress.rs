//! The stage between reading and writing: a thread that compresses.

use bytes::Bytes;
use pgdumprs_archive::{Compression, Compressor};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::{Error, Step};

/// What the reading stage hands over.
#[derive(Debug)]
pub(crate) enum Raw {
    /// A step that needs no compressing.
    Step(Step),
    /// Bytes of the open stream.
    Data(Bytes),
    /// The end of the open stream, and the step that follows it.
    EndStream(Step),
}

/// Turns raw bytes into chunk payloads and passes everything else on, until the reading stage closes its end.
pub(crate) fn compress(
    mut raw: Receiver<Raw>,
    compression: Compression,
    steps: &Sender<Step>,
) -> Result<(), Error> {
    let mut compressor = Compressor::new(compression).map_err(Error::Compress)?;
    let send = |step| steps.blocking_send(step).map_err(|_| Error::WriterStopped);
    while let Some(item) = raw.blocking_recv() {
        match item {
            Raw::Step(step) => send(step)?,
            Raw::Data(bytes) => {
                compressor.write(&bytes).map_err(Error::Compress)?;
                while let Some(chunk) = compressor.next_chunk() {
                    send(Step::Chunk(chunk))?;
                }
            }
            Raw::EndStream(step) => {
                compressor.finish().map_err(Error::Compress)?;
                while let Some(chunk) = compressor.next_chunk() {
                    send(Step::Chunk(chunk))?;
                }
                send(step)?;
            }
        }
    }
    Ok(())
}
