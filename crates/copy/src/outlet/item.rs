//! A piece of a unit's output, in memory and as bytes.

use std::io::{self, ErrorKind, Read, Write};

use pgdumprs_archive::Piece;

use super::spill::Spilled;
use crate::Step;

/// What an item takes beside its payload.
const ITEM: usize = size_of::<Item>() + 16;

/// A piece of a unit's output.
#[derive(Debug)]
pub(crate) enum Item {
    /// A step that is complete.
    Step(Step),
    /// The stream to come is made of pieces.
    JoinBegins,
    /// A piece of the stream has ended.
    PieceEnds(Piece),
    /// The stream made of pieces has ended.
    JoinEnds,
    /// Items that were put aside.
    Spilled(Spilled),
}

/// What an item begins with as bytes: its kind. What follows is as long as the kind says, but for a chunk, whose length comes first.
mod kind {
    pub(super) const BEGIN_TABLE: u8 = 1;
    pub(super) const BEGIN_LARGE_OBJECTS: u8 = 2;
    pub(super) const BEGIN_LARGE_OBJECT: u8 = 3;
    pub(super) const CHUNK: u8 = 4;
    pub(super) const END_LARGE_OBJECT: u8 = 5;
    pub(super) const END_BLOCK: u8 = 6;
    pub(super) const JOIN_BEGINS: u8 = 7;
    pub(super) const PIECE_ENDS: u8 = 8;
    pub(super) const JOIN_ENDS: u8 = 9;
}

impl Item {
    /// Bytes that it takes in memory, about.
    pub(super) fn size(&self) -> usize {
        ITEM + match self {
            Item::Step(Step::Chunk(payload)) => payload.capacity(),
            _ => 0,
        }
    }

    /// Writes it as bytes.
    pub(super) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let number = |output: &mut dyn Write, kind: u8, number: [u8; 4]| {
            output.write_all(&[kind])?;
            output.write_all(&number)
        };
        match self {
            Item::Step(Step::BeginTable { dump_id }) => {
                number(output, kind::BEGIN_TABLE, dump_id.to_ne_bytes())
            }
            Item::Step(Step::BeginLargeObjects { dump_id }) => {
                number(output, kind::BEGIN_LARGE_OBJECTS, dump_id.to_ne_bytes())
            }
            Item::Step(Step::BeginLargeObject { oid }) => {
                number(output, kind::BEGIN_LARGE_OBJECT, oid.to_ne_bytes())
            }
            Item::Step(Step::Chunk(payload)) => {
                let length = u32::try_from(payload.len())
                    .map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
                number(output, kind::CHUNK, length.to_ne_bytes())?;
                output.write_all(payload)
            }
            Item::Step(Step::EndLargeObject) => output.write_all(&[kind::END_LARGE_OBJECT]),
            Item::Step(Step::EndBlock) => output.write_all(&[kind::END_BLOCK]),
            Item::JoinBegins => output.write_all(&[kind::JOIN_BEGINS]),
            Item::PieceEnds(piece) => {
                number(output, kind::PIECE_ENDS, piece.adler32.to_ne_bytes())?;
                output.write_all(&piece.raw_length.to_ne_bytes())
            }
            Item::JoinEnds => output.write_all(&[kind::JOIN_ENDS]),
            // What is put aside is not put aside again.
            Item::Spilled(_) => Err(ErrorKind::InvalidInput.into()),
        }
    }

    /// Reads one that was written; `None` at the end.
    pub(super) fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let mut kind = [0];
        if input.read(&mut kind)? == 0 {
            return Ok(None);
        }
        let mut number = || {
            let mut number = [0; 4];
            input.read_exact(&mut number).map(|()| number)
        };
        Ok(Some(match kind[0] {
            kind::BEGIN_TABLE => Item::Step(Step::BeginTable {
                dump_id: i32::from_ne_bytes(number()?),
            }),
            kind::BEGIN_LARGE_OBJECTS => Item::Step(Step::BeginLargeObjects {
                dump_id: i32::from_ne_bytes(number()?),
            }),
            kind::BEGIN_LARGE_OBJECT => Item::Step(Step::BeginLargeObject {
                oid: u32::from_ne_bytes(number()?),
            }),
            kind::CHUNK => {
                let length = u32::from_ne_bytes(number()?) as usize;
                let mut payload = vec![0; length];
                input.read_exact(&mut payload)?;
                Item::Step(Step::Chunk(payload))
            }
            kind::END_LARGE_OBJECT => Item::Step(Step::EndLargeObject),
            kind::END_BLOCK => Item::Step(Step::EndBlock),
            kind::JOIN_BEGINS => Item::JoinBegins,
            kind::PIECE_ENDS => {
                let adler32 = u32::from_ne_bytes(number()?);
                let mut length = [0; 8];
                input.read_exact(&mut length)?;
                Item::PieceEnds(Piece {
                    raw_length: u64::from_ne_bytes(length),
                    adler32,
                })
            }
            kind::JOIN_ENDS => Item::JoinEnds,
            _ => return Err(ErrorKind::InvalidData.into()),
        }))
    }
}
