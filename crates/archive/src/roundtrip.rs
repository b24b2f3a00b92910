//! Tests: whatever is written is read back the same.
//!
//! Here and not in `tests/`, because the versions before 1.14 are written only by these tests.

use std::io::{Cursor, Read};

use bstr::BString;
use proptest::{collection::vec, option, prelude::*};

use crate::{
    ArchiveVersion, Block, CatalogId, Compression, Compressor, CreationTime, DataOffset, Entry,
    Header, PieceJoin, Reader, Section, Writer,
};

#[derive(Clone, Debug, PartialEq)]
enum Data {
    Table(Vec<Vec<u8>>),
    Blobs(Vec<(u32, Vec<Vec<u8>>)>),
}

/// An archive's whole content; a stream is a list of writes.
#[derive(Clone, Debug)]
struct Content {
    header: Header,
    entries: Vec<(Entry, Option<Data>)>,
}

/// How streams are given to the writer.
#[derive(Clone, Copy, Debug)]
enum Feed {
    Raw,
    Chunks,
    /// Each write compressed apart and joined.
    Pieces,
}

fn text() -> impl Strategy<Value = BString> {
    prop_oneof![vec(1..=255u8, 0..20), vec(1..=255u8, 70_000..70_010)].prop_map(BString::from)
}

/// Mostly short, often absent or empty, sometimes long.
fn any_text() -> impl Strategy<Value = Option<BString>> {
    prop_oneof![
        20 => option::of(vec(1..=255u8, 0..20).prop_map(BString::from)),
        5 => Just(Some(BString::default())),
        1 => text().prop_map(Some),
    ]
}

fn stream() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop_oneof![
        Just(vec![]),
        Just(vec![vec![]]),
        vec(vec(any::<u8>(), 0..50), 0..4),
        vec(
            (any::<u8>(), 0..300_000usize).prop_map(|(byte, length)| vec![byte; length]),
            0..3
        ),
        vec(vec(any::<u8>(), 60_000..140_000), 1..3),
    ]
}

fn section() -> impl Strategy<Value = Section> {
    prop_oneof![
        Just(Section::None),
        Just(Section::PreData),
        Just(Section::Data),
        Just(Section::PostData)
    ]
}

fn data() -> impl Strategy<Value = Option<Data>> {
    prop_oneof![
        2 => Just(None),
        2 => stream().prop_map(|stream| Some(Data::Table(stream))),
        1 => vec((1..=u32::MAX, stream()), 0..3).prop_map(|blobs| Some(Data::Blobs(blobs))),
    ]
}

prop_compose! {
    fn entry()(
        (tableoid, oid, tag, descriptor) in (any::<u32>(), any::<u32>(), any_text(), text()),
        section in section(),
        (definition, drop, copy) in (any_text(), any_text(), any_text()),
        (namespace, tablespace, table_am, owner) in (any_text(), any_text(), any_text(), any_text()),
        relkind in any::<u8>(),
        dependencies in vec(1..=i32::MAX, 0..5),
        data in data(),
    ) -> (Entry, Option<Data>) {
        let descriptor = match data {
            Some(Data::Blobs(_)) => "BLOBS".into(),
            _ => descriptor,
        };
        let entry = Entry {
            dump_id: 0, had_dumper: data.is_some(), catalog_id: CatalogId { tableoid, oid }, tag,
            descriptor, section, definition, drop, copy, namespace, tablespace, table_am, relkind,
            owner, dependencies,
        };
        (entry, data)
    }
}

fn compression(version: ArchiveVersion) -> impl Strategy<Value = Compression> {
    let gzip = (1..=9).prop_map(|level| Compression::Gzip { level });
    let old = prop_oneof![Just(Compression::None), Just(Compression::GZIP), gzip].boxed();
    if version < ArchiveVersion::V1_15 {
        return old;
    }
    let lz4 = (0..=12).prop_map(|level| Compression::Lz4 { level });
    let zstd = (-5..=9, prop::bool::weighted(0.03))
        .prop_map(|(level, long)| Compression::Zstd { level, long });
    prop_oneof![old, lz4, zstd].boxed()
}

prop_compose! {
    fn header(version: ArchiveVersion)(
        compression in compression(version),
        time in any::<[i32; 7]>(),
        (database, server_version, dumper_version) in (any_text(), any_text(), any_text()),
    ) -> Header {
        let [second, minute, hour, day, month, year, is_dst] = time;
        let created = CreationTime { second, minute, hour, day, month, year, is_dst };
        Header { version, compression, created, database, server_version, dumper_version }
    }
}

fn content() -> impl Strategy<Value = Content> {
    proptest::sample::select(ArchiveVersion::ALL.to_vec()).prop_flat_map(|version| {
        (header(version), vec(entry(), 0..8), any::<u16>()).prop_map(
            |(header, mut entries, salt)| {
                // Ids that are unique but neither dense nor in order.
                for (index, (entry, _)) in entries.iter_mut().enumerate() {
                    entry.dump_id = 1 + (index as i32 ^ i32::from(salt));
                }
                Content { header, entries }
            },
        )
    })
}

fn feed_stream<W: std::io::Write>(
    writer: &mut Writer<W>,
    stream: &[Vec<u8>],
    feed: Feed,
    compression: Compression,
) {
    fn pass_on<W: std::io::Write>(from: &mut Compressor, to: &mut Writer<W>) {
        while let Some(chunk) = from.next_chunk() {
            to.write_chunk(&chunk).unwrap();
        }
    }
    match feed {
        Feed::Raw => stream.iter().for_each(|raw| writer.write(raw).unwrap()),
        Feed::Chunks => {
            let mut compressor = Compressor::new(compression).unwrap();
            for raw in stream {
                compressor.write(raw).unwrap();
                pass_on(&mut compressor, writer);
            }
            let piece = compressor.finish().unwrap();
            assert_eq!(piece.raw_length, stream.concat().len() as u64);
            pass_on(&mut compressor, writer);
        }
        Feed::Pieces => {
            let mut join = PieceJoin::new(compression);
            let mut compressor = Compressor::for_pieces(compression).unwrap();
            join.head()
                .into_iter()
                .for_each(|head| writer.write_chunk(&head).unwrap());
            for raw in stream {
                compressor.write(raw).unwrap();
                join.add(&compressor.finish().unwrap());
                pass_on(&mut compressor, writer);
            }
            join.tail()
                .into_iter()
                .for_each(|tail| writer.write_chunk(&tail).unwrap());
        }
    }
}

fn write(content: &Content, seekable: bool, feed: Feed) -> Vec<u8> {
    let entries: Vec<Entry> = content
        .entries
        .iter()
        .map(|(entry, _)| entry.clone())
        .collect();
    let compression = content.header.compression;
    let mut writer = if seekable && content.header.version.is_writable() {
        Writer::seekable(Cursor::new(Vec::new()), &content.header, &entries).unwrap()
    } else if content.header.version.is_writable() {
        Writer::new(Cursor::new(Vec::new()), &content.header, &entries).unwrap()
    } else {
        Writer::of_old_version(Cursor::new(Vec::new()), &content.header, &entries).unwrap()
    };
    for (entry, data) in &content.entries {
        match data {
            None => continue,
            Some(Data::Table(stream)) => {
                writer.begin_data(entry.dump_id).unwrap();
                feed_stream(&mut writer, stream, feed, compression);
            }
            Some(Data::Blobs(blobs)) => {
                writer.begin_blobs(entry.dump_id).unwrap();
                for (oid, stream) in blobs {
                    writer.begin_blob(*oid).unwrap();
                    feed_stream(&mut writer, stream, feed, compression);
                    writer.end_blob().unwrap();
                }
            }
        }
        writer.end().unwrap();
    }
    let length = writer.position();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(bytes.len() as u64, length);
    bytes
}

/// What a reader is to give for a header that was written: the level is not stored from 1.15 on.
fn expected_header(header: &Header) -> Header {
    let compression = match header.compression {
        Compression::Gzip { .. } if header.version >= ArchiveVersion::V1_15 => Compression::GZIP,
        Compression::Lz4 { .. } => Compression::LZ4,
        Compression::Zstd { .. } => Compression::ZSTD,
        as_stored => as_stored,
    };
    Header {
        compression,
        ..header.clone()
    }
}

fn expected_entry(entry: &Entry, version: ArchiveVersion) -> Entry {
    let mut entry = entry.clone();
    if !version.has_table_am() {
        entry.table_am = None;
    }
    if !version.has_relkind() {
        entry.relkind = 0;
    }
    entry
}

fn read_block<R: Read>(block: Block<'_, R>) -> (i32, Data) {
    let dump_id = block.dump_id();
    let mut bytes = Vec::new();
    match block {
        Block::Data(mut block) => {
            block.read_to_end(&mut bytes).unwrap();
            assert_eq!(
                block.read_data(&mut [0; 8]).unwrap(),
                0,
                "the end stays the end"
            );
            (dump_id, Data::Table(vec![bytes]))
        }
        Block::LargeObjects(mut block) => {
            let mut blobs = Vec::new();
            while let Some(mut object) = block.next_object().unwrap() {
                let mut bytes = Vec::new();
                object.read_to_end(&mut bytes).unwrap();
                blobs.push((object.oid(), vec![bytes]));
            }
            assert!(
                block.next_object().unwrap().is_none(),
                "the end stays the end"
            );
            (dump_id, Data::Blobs(blobs))
        }
    }
}

/// A stream as it is read: one run of bytes.
fn flat(data: &Data) -> Data {
    match data {
        Data::Table(stream) => Data::Table(vec![stream.concat()]),
        Data::Blobs(blobs) => Data::Blobs(
            blobs
                .iter()
                .map(|(oid, stream)| (*oid, vec![stream.concat()]))
                .collect(),
        ),
    }
}

/// An input that gives a few bytes at a time.
struct Trickle<R>(R);

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(4093);
        self.0.read(&mut buffer[..length])
    }
}

fn check_contents<R: Read>(reader: &Reader<R>, content: &Content) {
    assert_eq!(reader.header(), &expected_header(&content.header));
    let version = content.header.version;
    let expected: Vec<Entry> = content
        .entries
        .iter()
        .map(|(entry, _)| expected_entry(entry, version))
        .collect();
    assert_eq!(reader.entries(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn reading_gives_back_what_was_written(
        content in content(),
        seekable in any::<bool>(),
        feed in prop_oneof![Just(Feed::Raw), Just(Feed::Chunks), Just(Feed::Pieces)],
    ) {
        let bytes = write(&content, seekable, feed);
        let blocks: Vec<(i32, Data)> = content
            .entries
            .iter()
            .filter_map(|(entry, data)| Some((entry.dump_id, flat(data.as_ref()?))))
            .collect();

        // Front to back, from a pipe.
        let mut reader = Reader::new(Trickle(&bytes[..])).unwrap();
        check_contents(&reader, &content);
        for expected in &blocks {
            let block = reader.next_block().unwrap().expect("a block");
            prop_assert_eq!(&read_block(block), expected);
        }
        prop_assert!(reader.next_block().unwrap().is_none());

        // Passing over every block unread, or read in part.
        let mut reader = Reader::new(&bytes[..]).unwrap();
        for (dump_id, _) in &blocks {
            match reader.next_block().unwrap().expect("a block") {
                Block::Data(mut block) => {
                    prop_assert_eq!(block.dump_id(), *dump_id);
                    block.read_data(&mut [0; 7]).unwrap();
                }
                Block::LargeObjects(mut block) => {
                    if let Some(mut object) = block.next_object().unwrap() {
                        object.read_data(&mut [0; 7]).unwrap();
                    }
                }
            }
        }
        prop_assert!(reader.next_block().unwrap().is_none());

        // Each block by its id, last first, then all of them in order.
        let mut reader = Reader::seekable(Cursor::new(&bytes)).unwrap();
        check_contents(&reader, &content);
        for expected in blocks.iter().rev().chain(&blocks) {
            prop_assert_eq!(&read_block(reader.block(expected.0).unwrap()), expected);
        }
        for (entry, data) in &content.entries {
            let offset = reader.offset(entry.dump_id).expect("an entry");
            let patched = seekable && content.header.version.is_writable();
            prop_assert_eq!(offset == DataOffset::NoData, data.is_none());
            prop_assert_eq!(matches!(offset, DataOffset::Set(_)), data.is_some() && patched);
        }
    }
}
