//! Damaged archives: cut off, with flipped bytes, with bytes inserted, removed or repeated. Reading them ends, and ends
//! in a typed error wherever the damage can be told.

mod support;

use std::io::{Cursor, Read, Write};

use pgdumprs_archive::{
    ArchiveVersion, CatalogId, Compression, CreationTime, Entry, Error, Header, Reader, Result,
    Section, Writer,
};
use proptest::prelude::*;
use support::{Content, Data, Style, compressions, read_block};

/// A small archive with everything in it: texts, NULLs, dependencies, table data, an empty table, large objects.
fn content(version: ArchiveVersion) -> Content {
    let header = Header {
        version,
        compression: Compression::None,
        created: CreationTime {
            second: 1,
            minute: 2,
            hour: 3,
            day: 4,
            month: 5,
            year: 126,
            is_dst: 0,
        },
        database: Some("shop".into()),
        server_version: Some("17.5".into()),
        dumper_version: None,
    };
    let table = Entry {
        dump_id: 7,
        catalog_id: CatalogId {
            tableoid: 1259,
            oid: 16400,
        },
        tag: Some("item".into()),
        descriptor: "TABLE".into(),
        section: Section::PreData,
        definition: Some("CREATE TABLE item ();\n".into()),
        drop: Some("DROP TABLE item;\n".into()),
        namespace: Some("public".into()),
        tablespace: Some("".into()),
        table_am: Some("heap".into()),
        relkind: b'r',
        owner: Some("me".into()),
        dependencies: vec![3, 1],
        ..Entry::default()
    };
    let data = |dump_id, descriptor: &str| Entry {
        dump_id,
        had_dumper: true,
        descriptor: descriptor.into(),
        section: Section::Data,
        copy: Some("COPY item FROM stdin;\n".into()),
        dependencies: vec![7],
        ..Entry::default()
    };
    let rows = b"1\tone\n2\ttwo\n\\.\n\n\n".repeat(3);
    Content {
        header,
        entries: vec![
            table,
            data(9, "TABLE DATA"),
            data(8, "TABLE DATA"),
            data(12, "BLOBS"),
        ],
        blocks: vec![
            (9, Data::Table(rows.clone())),
            (8, Data::Table(vec![])),
            (12, Data::Blobs(vec![(5, rows), (6, vec![])])),
        ],
    }
}

/// Small archives: every version that is written, every compression, with and without offsets.
fn samples() -> Vec<Vec<u8>> {
    let newest = ArchiveVersion::NEWEST;
    let older = [ArchiveVersion::V1_14, ArchiveVersion::V1_15];
    let kinds = compressions(newest)
        .into_iter()
        .map(|compression| (newest, compression));
    kinds
        .chain(older.map(|version| (version, Compression::None)))
        .flat_map(|(version, compression)| {
            [(true, None), (false, Some(10))].map(|(offsets, piece)| {
                content(version).write(Style {
                    compression,
                    offsets,
                    piece,
                })
            })
        })
        .collect()
}

/// Reads everything there is through a seekable input, each block by its id.
fn read_by_id(bytes: &[u8]) -> Result<Vec<(i32, Data)>> {
    let mut reader = Reader::seekable(Cursor::new(bytes))?;
    let with_data = reader.entries().iter().filter(|entry| entry.had_dumper);
    let ids: Vec<i32> = with_data.map(|entry| entry.dump_id).collect();
    ids.into_iter()
        .map(|id| Ok((id, read_block(reader.block(id)?)?)))
        .collect()
}

/// Passes over every block without reading it.
fn walk(bytes: &[u8], seekable: bool) -> Result<()> {
    fn walk_blocks<R: Read>(mut reader: Reader<R>) -> Result<()> {
        while reader.next_block()?.is_some() {}
        Ok(())
    }
    if seekable {
        walk_blocks(Reader::seekable(Cursor::new(bytes))?)
    } else {
        walk_blocks(Reader::new(bytes)?)
    }
}

/// Where an error says the damage is.
fn offset_of(error: &Error) -> Option<u64> {
    match error {
        Error::Truncated { offset, .. }
        | Error::Corrupt { offset, .. }
        | Error::MissingData { offset, .. } => Some(*offset),
        Error::NotAnArchive(_) | Error::UnsupportedVersion { .. } => None,
        other => panic!("damage gave {other:?}"),
    }
}

/// Reads damaged bytes in every way; an error must be one of the kinds for damage and point into the file.
fn read_damaged(bytes: &[u8]) -> bool {
    let length = bytes.len() as u64;
    let outcomes = [
        Content::read(bytes).map(drop),
        read_by_id(bytes).map(drop),
        walk(bytes, false),
        walk(bytes, true),
    ];
    let noticed = outcomes[0].is_err();
    for error in outcomes.into_iter().filter_map(Result::err) {
        // An offset that is itself damaged is reported as it stands in the file.
        let wild = error.to_string().contains("a data offset points");
        if let Some(offset) = offset_of(&error).filter(|_| !wild) {
            assert!(offset <= length, "{error} in a file of {length} bytes");
        }
    }
    noticed
}

#[test]
fn the_samples_are_sound() {
    for sample in samples() {
        let read = Content::read(&sample[..]).unwrap();
        assert_eq!(read.blocks, content(read.header.version).blocks);
        assert_eq!(read_by_id(&sample).unwrap(), read.blocks);
        walk(&sample, false).unwrap();
        walk(&sample, true).unwrap();
    }
}

#[test]
fn an_archive_cut_off_anywhere_is_an_error() {
    for sample in samples() {
        for length in 0..sample.len() {
            let cut = &sample[..length];
            assert!(
                read_damaged(cut),
                "cut to {length} of {} bytes",
                sample.len()
            );
            assert!(walk(cut, false).is_err(), "walked, cut to {length}");
            assert!(walk(cut, true).is_err(), "walked seekably, cut to {length}");
            assert!(
                read_by_id(cut).is_err() || length + 5 >= sample.len(),
                "by id, {length}"
            );
        }
    }
}

#[test]
fn a_flipped_byte_never_panics_or_hangs() {
    // One mask a position keeps this short; neighbouring samples share most of their bytes and get another.
    let masks = [0x01, 0x80, 0xff];
    for (index, sample) in samples().into_iter().enumerate() {
        for position in 0..sample.len() {
            let mut damaged = sample.clone();
            damaged[position] ^= masks[(position + index) % masks.len()];
            read_damaged(&damaged);
        }
    }
}

/// An archive of one table whose LZ4 blocks refer to the blocks before them, as liblz4's do.
fn linked_lz4() -> Vec<u8> {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

    let mut content = content(ArchiveVersion::NEWEST);
    content.header.compression = Compression::LZ4;
    content.entries.retain(|entry| entry.dump_id == 9);
    let info = FrameInfo::new()
        .block_mode(BlockMode::Linked)
        .block_size(BlockSize::Max64KB);
    let mut frame = FrameEncoder::with_frame_info(info, Vec::new());
    for row in 0..20_000 {
        writeln!(frame, "{row}\tsome text of row {}", row * 7919 % 10_007).unwrap();
    }
    let bytes = frame.finish().unwrap();
    let mut writer = Writer::new(Vec::new(), &content.header, &content.entries).unwrap();
    writer.begin_data(9).unwrap();
    bytes
        .chunks(5000)
        .for_each(|chunk| writer.write_chunk(chunk).unwrap());
    writer.end().unwrap();
    writer.finish().unwrap()
}

/// Damage that a disk or a careless copy does.
#[derive(Clone, Debug)]
enum Damage {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<usize>();
    prop_oneof![
        (at, any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (at, proptest::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, b)| Damage::Insert(at, b)),
        (at, 1..50usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        (at, 1..50usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
    ]
}

fn apply(damage: &Damage, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match damage {
        Damage::Set(at, byte) => bytes[at % length] = *byte,
        Damage::Insert(at, new) => {
            let at = at % length;
            bytes.splice(at..at, new.iter().copied());
        }
        Damage::Remove(at, count) => {
            let at = at % length;
            bytes.drain(at..length.min(at + count));
        }
        Damage::Repeat(at, count) => {
            let at = at % length;
            let again = bytes[at..length.min(at + count)].to_vec();
            bytes.splice(at..at, again);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_panics_or_hangs(
        sample in proptest::sample::select(samples()),
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let mut bytes = sample;
        damages.iter().for_each(|damage| apply(damage, &mut bytes));
        read_damaged(&bytes);
    }

    #[test]
    fn random_bytes_after_a_good_header_never_panic(
        version in 12..=16u8,
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut archive = vec![b'P', b'G', b'D', b'M', b'P', 1, version, 0, 4, 8, 1];
        archive.extend(bytes);
        read_damaged(&archive);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn damaged_linked_blocks_never_panic(
        damages in proptest::collection::vec(damage(), 0..4),
        sample in Just(linked_lz4()),
    ) {
        let mut bytes = sample;
        damages.iter().for_each(|damage| apply(damage, &mut bytes));
        let outcome = Content::read(&bytes[..]);
        prop_assert!(outcome.is_ok() || !damages.is_empty(), "{:?}", outcome.err());
    }
}
