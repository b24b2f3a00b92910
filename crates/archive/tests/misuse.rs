//! The writer refuses what makes no archive, and what it refuses leaves no trace in the output.

use std::io::Cursor;

use pgdumprs_archive::{
    ArchiveVersion, Block, Compression, CreationTime, Entry, Error, Header, Reader, Result, Writer,
};

fn header() -> Header {
    Header {
        version: ArchiveVersion::V1_16,
        compression: Compression::GZIP,
        created: CreationTime::default(),
        database: None,
        server_version: None,
        dumper_version: None,
    }
}

fn entry(dump_id: i32, descriptor: &str, had_dumper: bool) -> Entry {
    Entry {
        dump_id,
        descriptor: descriptor.into(),
        had_dumper,
        ..Entry::default()
    }
}

fn writer() -> Writer<Vec<u8>> {
    let entries = [
        entry(1, "TABLE", false),
        entry(2, "TABLE DATA", true),
        entry(3, "TABLE DATA", true),
        entry(4, "BLOBS", true),
    ];
    Writer::new(Vec::new(), &header(), &entries).unwrap()
}

#[track_caller]
fn assert_misuse<T>(outcome: Result<T>, problem: &str) {
    match outcome {
        Err(Error::Misuse(found)) => assert!(found.contains(problem), "{found:?}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{problem:?} was not noticed"),
    }
}

#[test]
fn calls_out_of_order_are_refused_and_do_no_harm() {
    let mut writer = writer();
    assert_misuse(writer.write(b"x"), "outside any block");
    assert_misuse(writer.write_chunk(b"x"), "outside any block");
    assert_misuse(writer.end(), "outside any block");
    assert_misuse(writer.end_blob(), "outside any block");
    assert_misuse(writer.begin_blob(9), "outside any block");
    assert!(matches!(
        writer.begin_data(1),
        Err(Error::NoData { dump_id: 1 })
    ));
    assert!(matches!(
        writer.begin_data(7),
        Err(Error::UnknownEntry { dump_id: 7 })
    ));
    assert_misuse(writer.begin_data(3), "begins where that of entry 2 must");
    assert_misuse(writer.begin_blobs(2), "holds no large objects");

    writer.begin_data(2).unwrap();
    assert_misuse(writer.begin_data(3), "inside a data block");
    assert_misuse(writer.begin_blob(9), "inside a data block");
    assert_misuse(writer.end_blob(), "inside a data block");
    writer.write(b"two").unwrap();
    assert_misuse(
        writer.write_chunk(b"x"),
        "both raw bytes and finished chunks",
    );
    writer.end().unwrap();
    assert_misuse(writer.begin_data(2), "begins where that of entry 3 must");

    writer.begin_data(3).unwrap();
    assert_misuse(writer.write_chunk(b""), "0 bytes long");
    writer.end().unwrap();

    assert_misuse(writer.begin_data(4), "holds large objects");
    writer.begin_blobs(4).unwrap();
    assert_misuse(writer.write(b"x"), "inside a block of large objects");
    assert_misuse(writer.begin_blob(0), "oid 0");
    writer.begin_blob(9).unwrap();
    assert_misuse(writer.begin_blob(10), "inside a large object");
    assert_misuse(writer.end(), "inside a large object");
    writer.write(b"nine").unwrap();
    writer.end_blob().unwrap();
    writer.end().unwrap();
    assert_misuse(writer.begin_data(3), "a second block");

    let bytes = writer.finish().unwrap();
    let mut reader = Reader::seekable(Cursor::new(bytes)).unwrap();
    let mut read = |dump_id| -> Vec<u8> {
        let mut data = Vec::new();
        match reader.block(dump_id).unwrap() {
            Block::Data(mut block) => std::io::copy(&mut block, &mut data).unwrap(),
            Block::LargeObjects(mut block) => {
                let mut object = block.next_object().unwrap().expect("a large object");
                assert_eq!(object.oid(), 9);
                std::io::copy(&mut object, &mut data).unwrap()
            }
        };
        data
    };
    assert_eq!(read(2), b"two");
    assert_eq!(read(3), b"");
    assert_eq!(read(4), b"nine");
}

#[test]
fn an_archive_cannot_end_early() {
    assert_misuse(writer().finish(), "without the data of entry 2");
    let mut open = writer();
    open.begin_data(2).unwrap();
    assert_misuse(open.finish(), "inside a data block");
}

#[test]
fn entries_that_cannot_be_stored_are_refused() {
    let refuse = |entries: &[Entry], id: i32, problem: &str| match Writer::new(
        Vec::new(),
        &header(),
        entries,
    )
    .map(drop)
    {
        Err(Error::Unwritable {
            dump_id,
            problem: found,
        }) => {
            assert_eq!(dump_id, id);
            assert!(found.contains(problem), "{found:?}");
        }
        other => panic!("{other:?}"),
    };
    refuse(&[entry(0, "TABLE", false)], 0, "above 0");
    refuse(&[entry(-3, "TABLE", false)], -3, "above 0");
    refuse(
        &[entry(5, "TABLE", false), entry(5, "VIEW", false)],
        5,
        "used twice",
    );
    let with_nul = Entry {
        definition: Some("a\0b".into()),
        ..entry(6, "TABLE", false)
    };
    refuse(&[with_nul], 6, "NUL");
    let on_nothing = Entry {
        dependencies: vec![1, 0],
        ..entry(6, "TABLE", false)
    };
    refuse(&[on_nothing], 6, "a dependency must be above 0");
}

#[test]
fn headers_that_contradict_themselves_are_refused() {
    let start = |version, compression| {
        let header = Header {
            version,
            compression,
            ..header()
        };
        Writer::seekable(Cursor::new(Vec::new()), &header, &[]).map(drop)
    };
    use ArchiveVersion::{V1_13, V1_14, V1_15, V1_16};
    assert!(matches!(
        start(V1_13, Compression::None),
        Err(Error::VersionNotWritable(V1_13))
    ));
    assert!(matches!(
        start(V1_14, Compression::ZSTD),
        Err(Error::CompressionVersion {
            version: V1_14,
            method: "zstd"
        })
    ));
    assert!(matches!(
        start(V1_16, Compression::Gzip { level: 0 }),
        Err(Error::CompressionLevel {
            method: "gzip",
            level: 0,
            ..
        })
    ));
    start(V1_14, Compression::GZIP).unwrap();
    start(V1_15, Compression::LZ4).unwrap();
}

/// An output that fails after some bytes, as a full disk does.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        let count = bytes.len().min(self.0);
        self.0 -= count;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_wherever_it_strikes() {
    let header = Header {
        compression: Compression::None,
        ..header()
    };
    for room in [0, 10, 100, 70_000, 250_000] {
        let attempt = || -> Result<Full> {
            let entries = [entry(1, "TABLE DATA", true)];
            let mut writer = Writer::new(Full(room), &header, &entries)?;
            writer.begin_data(1)?;
            writer.write(&[b'x'; 300_000])?;
            writer.end()?;
            writer.finish()
        };
        match attempt() {
            Err(Error::Write { source, .. }) => {
                assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("{room} bytes of room were enough"),
        }
    }
}

#[test]
fn an_archive_may_begin_inside_a_file() {
    let mut output = Cursor::new(vec![b'#'; 100]);
    output.set_position(100);
    let entries = [entry(1, "TABLE DATA", true)];
    let mut writer = Writer::seekable(output, &header(), &entries).unwrap();
    writer.begin_data(1).unwrap();
    writer.write(b"data").unwrap();
    writer.end().unwrap();
    let mut file = writer.finish().unwrap();
    assert_eq!(file.position(), file.get_ref().len() as u64);
    assert_eq!(&file.get_ref()[..100], [b'#'; 100]);
    file.set_position(100);
    let mut reader = Reader::seekable(file).unwrap();
    let Block::Data(mut block) = reader.block(1).unwrap() else {
        panic!("a data block")
    };
    assert_eq!(std::io::read_to_string(&mut block).unwrap(), "data");
}
