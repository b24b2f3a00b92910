//! The stage between reading and the outlet: a thread for each connection, which compresses what it read, and makes INSERT statements of
//! it first where those are wanted.

use std::io;

use bytes::Bytes;
use pgdumprs_archive::Compressor;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::inserts::Rewriter;
use crate::outlet::{Item, Outlet};
use crate::thread::{self, Running};
use crate::{Error, Inserts, Settings, Step};

/// What the reading stage hands over.
#[derive(Debug)]
enum Raw {
    /// What follows belongs to this unit.
    UnitBegins(usize),
    /// All of the unit has been handed over.
    UnitEnds,
    /// The unit was not read to its end, and will be read anew.
    UnitLost,
    /// A step that needs no compressing.
    Step(Step),
    /// The rows to come, up to the end of their stream, become these statements.
    InsertsBegin(Box<Rewriter>),
    /// Bytes of a stream that one part makes alone, or of a piece of a stream.
    Data { bytes: Bytes, is_piece: bool },
    /// The end of such a stream or piece.
    EndData { is_piece: bool },
    /// The stream to come is made of pieces.
    JoinBegins,
    /// The end of a stream made of pieces.
    JoinEnds,
}

/// The reading stage's end of the queue to its compressing thread.
pub(crate) struct Feed(Sender<Raw>);

/// Starts a compressing thread, before which at most `queue` pieces of raw data wait. It ends when the feed is dropped.
pub(crate) fn start(
    settings: Settings,
    queue: usize,
    outlet: Outlet,
) -> io::Result<(Feed, Running<Result<(), Error>>)> {
    let (sender, receiver) = mpsc::channel(queue);
    let running = thread::start("compress", move || compress(receiver, settings, &outlet))?;
    Ok((Feed(sender), running))
}

impl Feed {
    async fn send(&self, raw: Raw) -> Result<(), Error> {
        self.0.send(raw).await.map_err(|_| Error::WriterStopped)
    }

    /// Waits until the thread is gone, which it is before the feed only if it failed.
    pub(crate) async fn closed(&self) {
        self.0.closed().await;
    }

    /// What follows belongs to this unit.
    pub(crate) async fn begin_unit(&self, unit: usize) -> Result<(), Error> {
        self.send(Raw::UnitBegins(unit)).await
    }

    pub(crate) async fn end_unit(&self) -> Result<(), Error> {
        self.send(Raw::UnitEnds).await
    }

    /// The unit that has begun cannot be read to its end, and is not to be written.
    pub(crate) async fn lose_unit(&self) -> Result<(), Error> {
        self.send(Raw::UnitLost).await
    }

    pub(crate) async fn step(&self, step: Step) -> Result<(), Error> {
        self.send(Raw::Step(step)).await
    }

    /// What comes next is all rows of a table, to be written as INSERT statements. A row can be of any length, and what is done to it takes
    /// as long: too long for an async task.
    pub(crate) async fn begin_inserts(&self, inserts: Inserts) -> Result<(), Error> {
        let rewriter = Box::new(Rewriter::new(inserts));
        self.send(Raw::InsertsBegin(rewriter)).await
    }

    /// Begins the stream that pieces will make together, of whatever connection.
    pub(crate) async fn begin_join(&self) -> Result<(), Error> {
        self.send(Raw::JoinBegins).await
    }

    pub(crate) async fn end_join(&self) -> Result<(), Error> {
        self.send(Raw::JoinEnds).await
    }

    /// Bytes of the open stream, or of a piece of one.
    pub(crate) async fn data(&self, bytes: Bytes, is_piece: bool) -> Result<(), Error> {
        self.send(Raw::Data { bytes, is_piece }).await
    }

    /// The end of the open stream, or of a piece of one.
    pub(crate) async fn end_data(&self, is_piece: bool) -> Result<(), Error> {
        self.send(Raw::EndData { is_piece }).await
    }
}

/// Turns raw bytes into chunk payloads and passes everything else on, until the reading stage closes its end.
fn compress(mut raw: Receiver<Raw>, settings: Settings, outlet: &Outlet) -> Result<(), Error> {
    let mut compressors = Compressors {
        settings,
        whole: None,
        pieces: None,
    };
    let mut unit = 0;
    let mut rewriter: Option<Box<Rewriter>> = None;
    while let Some(raw) = raw.blocking_recv() {
        match raw {
            Raw::UnitBegins(next) => unit = next,
            Raw::UnitEnds => outlet.complete(unit)?,
            Raw::UnitLost => {
                // They have begun a stream that will not end.
                (compressors.whole, compressors.pieces) = (None, None);
                outlet.discard(unit);
            }
            Raw::Step(step) => outlet.put(unit, Item::Step(step))?,
            Raw::InsertsBegin(begun) => rewriter = Some(begun),
            Raw::Data { bytes, is_piece } => {
                let compressor = compressors.get(is_piece)?;
                match &mut rewriter {
                    Some(rewriter) => compressor.write(&rewriter.rewrite(&bytes)),
                    None => compressor.write(&bytes),
                }
                .map_err(Error::Compress)?;
                put_chunks(compressor, unit, outlet)?;
            }
            Raw::EndData { is_piece } => {
                let compressor = compressors.get(is_piece)?;
                if let Some(rewriter) = rewriter.take() {
                    compressor
                        .write(&rewriter.finish())
                        .map_err(Error::Compress)?;
                }
                let piece = compressor.finish().map_err(Error::Compress)?;
                put_chunks(compressor, unit, outlet)?;
                if is_piece {
                    outlet.put(unit, Item::PieceEnds(piece))?;
                }
            }
            Raw::JoinBegins => outlet.put(unit, Item::JoinBegins)?,
            Raw::JoinEnds => outlet.put(unit, Item::JoinEnds)?,
        }
    }
    Ok(())
}

/// The compressors of a thread, each made when it is first needed: their tables take memory.
struct Compressors {
    settings: Settings,
    whole: Option<Compressor>,
    pieces: Option<Compressor>,
}

impl Compressors {
    fn get(&mut self, is_piece: bool) -> Result<&mut Compressor, Error> {
        let Settings {
            compression,
            in_files,
            ..
        } = self.settings;
        let (compressor, make): (_, fn(_) -> _) = if in_files {
            (&mut self.whole, Compressor::for_files)
        } else if is_piece && Compressor::tells_pieces_apart(compression) {
            (&mut self.pieces, Compressor::for_pieces)
        } else {
            (&mut self.whole, Compressor::new)
        };
        if compressor.is_none() {
            *compressor = Some(make(compression).map_err(Error::Compress)?);
        }
        Ok(compressor.as_mut().expect("it has just been made"))
    }
}

fn put_chunks(compressor: &mut Compressor, unit: usize, outlet: &Outlet) -> Result<(), Error> {
    while let Some(chunk) = compressor.next_chunk() {
        outlet.put(unit, Item::Step(Step::Chunk(chunk)))?;
    }
    Ok(())
}
