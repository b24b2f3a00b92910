//! What several of this crate's integration tests need: whole archives in memory, read and written again.

// Each test program uses its own part of this module.
#![allow(dead_code)]

mod forge;

use std::{
    io::{Cursor, Read, Write},
    path::Path,
};

use pgdumprs_archive::{
    ArchiveVersion, Block, Compression, Compressor, Entry, Error, Header, NewFolder, PieceJoin,
    Reader, Result, Writer,
};

#[allow(unused_imports)]
pub(crate) use forge::Forge;

/// Raw bytes of a part of a file.
const FILE_PART: usize = 100_000;

/// The data of one block, decompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// One stream.
    Table(Vec<u8>),
    /// Large objects by oid.
    Blobs(Vec<(u32, Vec<u8>)>),
}

/// An archive's whole content.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    /// Dump id and data of each block, in file order.
    pub(crate) blocks: Vec<(i32, Data)>,
}

/// How an archive is to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) compression: Compression,
    /// The data offsets are filled in.
    pub(crate) offsets: bool,
    /// Streams longer than this are made of pieces of this length, compressed apart.
    pub(crate) piece: Option<usize>,
}

impl Content {
    /// Reads everything of an archive, from its first byte to its last.
    pub(crate) fn read(input: impl Read) -> Result<Self> {
        Self::of(Reader::new(input)?)
    }

    /// Reads everything of an archive of any format.
    pub(crate) fn of<R: Read>(mut reader: Reader<R>) -> Result<Self> {
        let mut blocks = Vec::new();
        while let Some(block) = reader.next_block()? {
            blocks.push((block.dump_id(), read_block(block)?));
        }
        Ok(Content {
            header: reader.header().clone(),
            entries: reader.entries().to_vec(),
            blocks,
        })
    }

    /// Writes an archive of this content.
    pub(crate) fn write(&self, style: Style) -> Vec<u8> {
        let header = Header {
            compression: style.compression,
            ..self.header.clone()
        };
        let output = Cursor::new(Vec::new());
        let mut writer = if style.offsets {
            Writer::seekable(output, &header, &self.entries).unwrap()
        } else {
            Writer::new(output, &header, &self.entries).unwrap()
        };
        self.fill(&mut writer, |writer, bytes| {
            write_stream(writer, bytes, style)
        });
        writer.finish().unwrap().into_inner()
    }

    /// Writes a tar file of this content.
    pub(crate) fn write_tar(&self) -> Vec<u8> {
        let header = Header {
            compression: Compression::None,
            ..self.header.clone()
        };
        let mut writer = Writer::tar(Vec::new(), &header, &self.entries).unwrap();
        self.fill(&mut writer, |writer, bytes| writer.write(bytes).unwrap());
        writer.finish().unwrap()
    }

    /// Writes a folder of this content, whose files are made of parts that were compressed apart.
    pub(crate) fn write_folder(&self, path: &Path, compression: Compression) {
        let header = Header {
            compression,
            ..self.header.clone()
        };
        let folder = NewFolder::create(path).unwrap();
        let mut writer = Writer::directory(&folder.files(), &header, &self.entries).unwrap();
        self.fill(&mut writer, |writer, bytes| {
            if bytes.len() < FILE_PART {
                return writer.write(bytes).unwrap();
            }
            let mut compressor = Compressor::for_files(compression).unwrap();
            for raw in bytes.chunks(FILE_PART) {
                compressor.write(raw).unwrap();
                compressor.finish().unwrap();
                while let Some(chunk) = compressor.next_chunk() {
                    writer.write_chunk(&chunk).unwrap();
                }
            }
        });
        writer.finish().unwrap();
        folder.commit().unwrap();
    }

    fn fill<W: Write>(&self, writer: &mut Writer<W>, stream: impl Fn(&mut Writer<W>, &[u8])) {
        for (dump_id, data) in &self.blocks {
            match data {
                Data::Table(bytes) => {
                    writer.begin_data(*dump_id).unwrap();
                    stream(writer, bytes);
                }
                Data::Blobs(blobs) => {
                    writer.begin_blobs(*dump_id).unwrap();
                    for (oid, bytes) in blobs {
                        writer.begin_blob(*oid).unwrap();
                        stream(writer, bytes);
                        writer.end_blob().unwrap();
                    }
                }
            }
            writer.end().unwrap();
        }
    }
}

/// Reads a block to its end.
pub(crate) fn read_block<R: Read>(block: Block<'_, R>) -> Result<Data> {
    fn read_all(input: &mut impl Read) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map_err(|error| {
            error
                .downcast::<Error>()
                .expect("streams give the crate's errors")
        })?;
        Ok(bytes)
    }
    match block {
        Block::Data(mut block) => Ok(Data::Table(read_all(&mut block)?)),
        Block::LargeObjects(mut block) => {
            let mut blobs = Vec::new();
            while let Some(mut object) = block.next_object()? {
                blobs.push((object.oid(), read_all(&mut object)?));
            }
            Ok(Data::Blobs(blobs))
        }
    }
}

fn write_stream<W: Write>(writer: &mut Writer<W>, bytes: &[u8], style: Style) {
    let Some(piece) = style.piece.filter(|length| bytes.len() > *length) else {
        return writer.write(bytes).unwrap();
    };
    let mut join = PieceJoin::new(style.compression);
    let mut compressor = Compressor::for_pieces(style.compression).unwrap();
    if let Some(head) = join.head() {
        writer.write_chunk(&head).unwrap();
    }
    for raw in bytes.chunks(piece) {
        compressor.write(raw).unwrap();
        join.add(&compressor.finish().unwrap());
        while let Some(chunk) = compressor.next_chunk() {
            writer.write_chunk(&chunk).unwrap();
        }
    }
    if let Some(tail) = join.tail() {
        writer.write_chunk(&tail).unwrap();
    }
}

/// Every compression an archive version can hold, at a level that is not the default.
pub(crate) fn compressions(version: ArchiveVersion) -> Vec<Compression> {
    let all = [
        Compression::None,
        Compression::Gzip { level: 4 },
        Compression::Lz4 { level: 1 },
        Compression::Zstd {
            level: 1,
            long: false,
        },
    ];
    all.into_iter()
        .filter(|compression| compression.validate_for(version).is_ok())
        .collect()
}
