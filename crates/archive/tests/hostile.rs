//! Files made to hurt: absurd lengths and counts, wrong types, streams that do not end where they should.

mod support;

use std::io::{Cursor, Read};

use pgdumprs_archive::{Block, Compression, Compressor, Error, Foreign, Reader, Result};
use support::Forge;

/// Reads everything, front to back.
fn read_all(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut reader = Reader::new(bytes)?;
    let mut data = Vec::new();
    while let Some(block) = reader.next_block()? {
        match block {
            Block::Data(mut block) => read_stream(&mut block, &mut data)?,
            Block::LargeObjects(mut block) => {
                while let Some(mut object) = block.next_object()? {
                    read_stream(&mut object, &mut data)?;
                }
            }
        }
    }
    Ok(data)
}

fn read_stream(stream: &mut impl Read, data: &mut Vec<u8>) -> Result<()> {
    stream.read_to_end(data).map(drop).map_err(|error| {
        error
            .downcast::<Error>()
            .expect("streams give the crate's errors")
    })
}

#[track_caller]
fn assert_corrupt(bytes: &[u8], at: u64, problem: &str) {
    match read_all(bytes) {
        Err(Error::Corrupt {
            offset,
            problem: found,
        }) => {
            assert!(
                found.contains(problem),
                "{found:?} does not say {problem:?}"
            );
            assert_eq!(offset, at, "{found}");
        }
        other => panic!("expected {problem:?} at {at}, not {other:?}"),
    }
}

#[track_caller]
fn assert_truncated(bytes: &[u8], part: &str) {
    match read_all(bytes) {
        Err(Error::Truncated { offset, inside }) => {
            assert_eq!((offset, inside), (bytes.len() as u64, part));
        }
        other => panic!("expected a truncated file, not {other:?}"),
    }
}

/// One whole stream, compressed.
fn stream(compression: Compression, raw: &[u8]) -> Vec<u8> {
    payloads(compression, raw).concat()
}

/// The payloads of a stream's chunks.
fn payloads(compression: Compression, raw: &[u8]) -> Vec<Vec<u8>> {
    let mut compressor = Compressor::new(compression).unwrap();
    compressor.write(raw).unwrap();
    compressor.finish().unwrap();
    std::iter::from_fn(|| compressor.next_chunk()).collect()
}

#[test]
fn absurd_lengths_are_not_believed() {
    let max = i32::MAX;
    // A database name, a table of contents, a tag, a chunk: each of 2 GiB, in a file of a few bytes.
    let mut header = Forge::new(0);
    header.0.truncate(11 + 1 + 7 * 5);
    assert_truncated(&header.int(max).bytes(b"short").0, "the header");
    assert_truncated(&Forge::new(0).int(max).0, "the table of contents");
    let tag = Forge::new(0)
        .int(1)
        .int(1)
        .int(0)
        .text("0")
        .text("0")
        .int(max)
        .bytes(b"tag");
    assert_truncated(&tag.0, "the table of contents");
    for method in 0..=3 {
        let chunk = Forge::one_table(method).int(max).bytes(&[0; 7]);
        assert!(read_all(&chunk.0).is_err());
        let mut reader = Reader::seekable(Cursor::new(&chunk.0)).unwrap();
        reader.next_block().unwrap();
        let length = chunk.here();
        match reader.next_block().map(|block| block.is_some()) {
            Err(Error::Truncated { offset, .. }) => assert_eq!(offset, length),
            other => panic!("{other:?}"),
        }
    }
    // What was promised above comes to more than 20 GiB; none of it may have been taken.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .expect("VmHWM");
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kib < 200 * 1024, "peak memory of {kib} KiB");
    }
}

#[test]
fn numbers_that_mean_nothing_are_refused_where_they_stand() {
    let toc = Forge::new(0);
    let at = toc.here();
    assert_corrupt(&toc.clone().int(-1).0, at, "-1 entries");
    assert_corrupt(&toc.clone().int(1).int(0).0, at + 5, "a dump id of 0");
    assert_corrupt(&toc.clone().int(1).int(-4).0, at + 5, "a dump id of -4");
    assert_corrupt(
        &toc.clone().int(1).int(1).int(2).0,
        at + 10,
        "a data flag of 2",
    );
    assert_corrupt(
        &toc.clone().int(1).int(1).int(0).null().0,
        at + 15,
        "an oid is NULL",
    );
    let number = toc.clone().int(1).int(1).int(0);
    assert_corrupt(
        &number.clone().text("4294967296").0,
        at + 15,
        "not a number",
    );
    assert_corrupt(&number.clone().text("+1").0, at + 15, "not a number");
    assert_corrupt(&number.text("").0, at + 15, "not a number");
    assert_corrupt(
        &toc.clone().bytes(&[0, 0, 0, 0, 0x80]).0,
        at,
        "does not fit 32 bits",
    );
    let twice = toc.clone().int(2).entry(1, 0, "A").bytes(&[3; 9]);
    let second = twice.here();
    assert_corrupt(
        &twice.entry(1, 0, "B").bytes(&[3; 9]).0,
        second,
        "used twice",
    );
    let offset = toc.clone().int(1).entry(1, 0, "A");
    let at = offset.here();
    assert_corrupt(&offset.clone().bytes(&[4; 9]).0, at, "no offset state 4");
    assert_corrupt(&offset.clone().unset().0, at, "contradicts");
    assert_corrupt(
        &toc.int(1).entry(1, 1, "A").bytes(&[3; 9]).0,
        at,
        "contradicts",
    );
}

#[test]
fn sizes_and_methods_in_the_header_are_checked() {
    let with = |position: usize, byte: u8| {
        let mut forge = Forge::one_table(0).int(0);
        forge.0[position] = byte;
        forge.0
    };
    assert_corrupt(&with(8, 3), 8, "an integer size of 3");
    assert_corrupt(&with(8, 33), 8, "an integer size of 33");
    assert_corrupt(&with(9, 0), 9, "an offset size of 0");
    assert_corrupt(&with(10, 2), 10, "no archive format 2");
    assert_corrupt(&with(11, 4), 11, "no compression method 4");
    for (position, byte, expected) in [(5, 2, "2.16"), (6, 11, "1.11"), (6, 17, "1.17")] {
        let error = read_all(&with(position, byte)).unwrap_err();
        assert!(matches!(error, Error::UnsupportedVersion { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn wider_integers_are_read_if_their_values_fit() {
    // What a machine with 8-byte ints would have written.
    let long = |value: i64| {
        let mut bytes = vec![u8::from(value < 0)];
        bytes.extend(value.unsigned_abs().to_le_bytes());
        bytes
    };
    let mut archive = b"PGDMP\x01\x10\x00\x08\x08\x01\x00".to_vec();
    for value in [0, 0, 0, 0, 0, 0, -1, -1, -1, -1] {
        archive.extend(long(value));
    }
    let toc = archive.len() as u64;
    let good = [archive.clone(), long(0)].concat();
    let reader = Reader::new(&good[..]).unwrap();
    assert_eq!(reader.header().created.is_dst, -1);
    let bad = [archive, long(1 << 40)].concat();
    assert_corrupt(&bad, toc, "does not fit 32 bits");
}

#[test]
fn blocks_must_agree_with_the_table_of_contents() {
    let toc = Forge::new(0)
        .int(2)
        .entry(1, 1, "TABLE DATA")
        .unset()
        .entry(2, 0, "TABLE");
    let toc = toc.bytes(&[3, 0, 0, 0, 0, 0, 0, 0, 0]);
    let at = toc.here();
    assert_corrupt(
        &toc.clone().bytes(&[2]).int(1).int(0).0,
        at,
        "no block type 2",
    );
    assert_corrupt(&toc.clone().bytes(&[3]).int(1).int(0).0, at, "wrong type");
    assert_corrupt(
        &toc.clone().bytes(&[1]).int(9).int(0).0,
        at,
        "does not exist",
    );
    assert_corrupt(
        &toc.clone().bytes(&[1]).int(2).int(0).0,
        at,
        "which has no data",
    );
    assert_corrupt(
        &toc.clone().bytes(&[1]).int(1).int(-5).0,
        at + 6,
        "a chunk of -5 bytes",
    );
    let once = toc.clone().bytes(&[1]).int(1).int(0);
    let again = once.here();
    assert_corrupt(&once.bytes(&[1]).int(1).int(0).0, again, "a second block");
    assert!(
        matches!(read_all(&toc.0), Err(Error::MissingData { dump_id: 1, offset }) if offset == at)
    );
}

#[test]
fn lying_offsets_are_found_out() {
    let forge = |offset: u64| {
        let toc = Forge::new(0).int(2).entry(1, 1, "TABLE DATA").set(offset);
        let toc = toc.entry(2, 1, "TABLE DATA").set(offset);
        let blocks_at = toc.here();
        (
            toc.bytes(&[1]).int(1).int(0).bytes(&[1]).int(2).int(0).0,
            blocks_at,
        )
    };
    let block_1 = forge(0).1;
    let block = |offset: u64, dump_id: i32| {
        let (bytes, _) = forge(offset);
        let mut reader = Reader::seekable(Cursor::new(bytes)).unwrap();
        reader.block(dump_id).map(|block| block.dump_id())
    };
    assert_eq!(block(block_1, 1).unwrap(), 1);
    let corrupt = |outcome: Result<i32>, at: u64| match outcome {
        Err(Error::Corrupt { offset, .. }) => assert_eq!(offset, at),
        other => panic!("{other:?}"),
    };
    corrupt(block(block_1, 2), block_1);
    corrupt(block(3, 1), 3);
    corrupt(block(block_1 + 1, 1), block_1 + 1);
    assert!(matches!(block(1 << 40, 1), Err(Error::Truncated { .. })));
    assert!(matches!(block(u64::MAX, 1), Err(Error::Truncated { .. })));
    corrupt(read_all(&forge(block_1 + 1).0).map(|_| 0), block_1);
}

#[test]
fn blocks_before_one_of_known_place_are_found() {
    // The second block's place is told, the first one's is not.
    let toc = |place: u64| {
        let first = Forge::new(0).int(2).entry(1, 1, "TABLE DATA").unset();
        first.entry(2, 1, "TABLE DATA").set(place)
    };
    let second = toc(0).here() + 11;
    let archive = toc(second)
        .bytes(&[1])
        .int(1)
        .int(0)
        .bytes(&[1])
        .int(2)
        .int(0);
    let mut reader = Reader::seekable(Cursor::new(archive.0)).unwrap();
    for dump_id in [2, 1, 2] {
        assert_eq!(reader.block(dump_id).unwrap().dump_id(), dump_id);
    }
}

#[test]
fn streams_must_end_where_they_say() {
    let gzip = stream(Compression::GZIP, b"data");
    let table = Forge::one_table(1);
    let at = table.here();
    let good = table.clone().chunk(&gzip).int(0);
    assert_eq!(read_all(&good.0).unwrap(), b"data");
    let joined = [&gzip[..], &gzip].concat();
    assert_corrupt(
        &table.clone().chunk(&joined).int(0).0,
        at,
        "end of a zlib stream",
    );
    let second = at + 5 + gzip.len() as u64;
    let two = table.clone().chunk(&gzip).chunk(&gzip).int(0);
    assert_corrupt(&two.0, second, "end of a zlib stream");
    assert_corrupt(&table.clone().int(0).0, at, "breaks off");
    let cut = gzip.len() - 1;
    assert_corrupt(
        &table.clone().chunk(&gzip[..cut]).int(0).0,
        at + 5 + cut as u64,
        "breaks off",
    );
    let mut wrong = gzip.clone();
    wrong[cut] ^= 1;
    assert_corrupt(&table.clone().chunk(&wrong).int(0).0, at, "");

    let zstd = stream(Compression::ZSTD, b"data");
    let table = Forge::one_table(3);
    assert_eq!(read_all(&table.clone().int(0).0).unwrap(), b"");
    let two = table.clone().chunk(&zstd).chunk(&zstd).int(0);
    assert_eq!(read_all(&two.0).unwrap(), b"datadata");
    let joined = [&zstd[..], &zstd].concat();
    assert_corrupt(
        &table.clone().chunk(&joined).int(0).0,
        at,
        "end of a zstd frame",
    );
    let cut = zstd.len() - 1;
    assert_corrupt(
        &table.clone().chunk(&zstd[..cut]).int(0).0,
        at + 5 + cut as u64,
        "breaks off",
    );

    let lz4 = stream(Compression::LZ4, b"data");
    let table = Forge::one_table(2);
    assert_eq!(read_all(&table.clone().int(0).0).unwrap(), b"");
    let joined = [&lz4[..], &lz4].concat();
    assert_eq!(
        read_all(&table.clone().chunk(&joined).int(0).0).unwrap(),
        b"datadata"
    );
    for cut in 1..lz4.len() {
        let bytes = table.clone().chunk(&lz4[..cut]).int(0);
        assert_corrupt(&bytes.0, at + 5 + cut as u64, "breaks off");
    }
}

#[test]
fn a_stream_may_be_cut_into_chunks_anywhere() {
    let raw = b"some data, ".repeat(20);
    for (method, compression) in [
        (0, Compression::None),
        (1, Compression::GZIP),
        (2, Compression::LZ4),
        (3, Compression::ZSTD),
    ] {
        let bytes = stream(compression, &raw);
        let forge = bytes.iter().fold(Forge::one_table(method), |forge, byte| {
            forge.chunk(&[*byte])
        });
        assert_eq!(read_all(&forge.int(0).0).unwrap(), raw);
    }
}

#[test]
fn a_small_stream_that_grows_is_read_in_small_memory() {
    let raw = vec![0; 64 << 20];
    for (method, compression) in [
        (1, Compression::GZIP),
        (2, Compression::LZ4),
        (3, Compression::ZSTD),
    ] {
        let bytes = payloads(compression, &raw)
            .iter()
            .fold(Forge::one_table(method), |forge, payload| {
                forge.chunk(payload)
            })
            .int(0)
            .0;
        let mut reader = Reader::new(&bytes[..]).unwrap();
        let Some(Block::Data(mut block)) = reader.next_block().unwrap() else {
            panic!("a data block");
        };
        let mut buffer = [0; 1000];
        let mut total = 0;
        loop {
            match block.read_data(&mut buffer).unwrap() {
                0 => break,
                count => total += count,
            }
        }
        assert_eq!(total, raw.len());
    }
}

#[test]
fn other_files_are_named() {
    let named = |bytes: &[u8]| match read_all(bytes) {
        Err(Error::NotAnArchive(foreign)) => foreign,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(b""), Foreign::Empty);
    assert_eq!(named(b"PGDM"), Foreign::TooShort);
    assert_eq!(
        named(b"--\n-- PostgreSQL database dump\n--\n\n"),
        Foreign::Sql
    );
    assert_eq!(named(b"hello"), Foreign::Unknown);
    assert_eq!(named(b"PGDMX\x01\x10"), Foreign::Unknown);
    let mut toc_dat = Forge::new(0).int(0).0;
    toc_dat[10] = 3;
    assert_eq!(named(&toc_dat), Foreign::TableOfContents);
}
