//! Against stock PostgreSQL: we read what every `pg_dump` writes, and every `pg_restore` reads what we write.

mod support;

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use bstr::{BStr, BString, ByteSlice, ByteVec};
use pgdumprs_archive::{ArchiveVersion, Compression, DataOffset, Format, Reader};
use pgdumprs_testkit::{Database, Major, Server, checked_output, provision::provision, tool};
use support::{Content, Data, Style, compressions, read_block};
use tempfile::TempDir;

/// One of every kind of thing that is special in an archive: data of several tables, one of them larger than any
/// buffer, one without rows, one column of odd bytes, partitions, large objects with comments and privileges.
const SAMPLE: &str = r#"
    CREATE SCHEMA shop;
    COMMENT ON SCHEMA shop IS E'two\nlines';
    CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL, payload bytea);
    INSERT INTO shop.item
        SELECT i, 'item ' || i || repeat(md5(i::text), 3), decode(md5(i::text), 'hex')
        FROM generate_series(1, 20000) AS i;
    CREATE TABLE shop."odd
name" (t text);
    INSERT INTO shop."odd
name" VALUES (E'tab\there\nnext\\.'), (NULL), (''), ('Grüße');
    CREATE TABLE shop.nothing (x int);
    CREATE TABLE shop.part (k int, v text) PARTITION BY LIST (k);
    CREATE TABLE shop.part_1 PARTITION OF shop.part FOR VALUES IN (1);
    CREATE TABLE shop.part_2 PARTITION OF shop.part FOR VALUES IN (2);
    INSERT INTO shop.part SELECT 1 + i % 2, 'v' || i FROM generate_series(1, 100) AS i;
    CREATE VIEW shop.cheap AS SELECT id FROM shop.item WHERE id < 10;
    CREATE SEQUENCE shop.counter;
    SELECT nextval('shop.counter');
    CREATE INDEX ON shop.item (name);
    GRANT SELECT ON shop.item TO PUBLIC;
    SELECT lo_from_bytea(4000000001, ''), lo_from_bytea(70001, '\x00ff5c2e0a'),
           lo_from_bytea(70002, convert_to(repeat('large object ', 30000), 'UTF8'));
    COMMENT ON LARGE OBJECT 70001 IS 'small';
    GRANT SELECT ON LARGE OBJECT 70002 TO PUBLIC;
"#;

/// The covered majors whose `pg_dump` and `pg_restore` can be had. 14's cannot; it wrote and read what 15 does.
fn majors_with_tools() -> Vec<Major> {
    let majors: Vec<Major> = Major::covered()
        .unwrap()
        .into_iter()
        .filter(|&major| provision(major).unwrap().tools_bin().is_some())
        .collect();
    assert!(!majors.is_empty(), "none of the covered majors has tools");
    majors
}

/// The archive version that a major's `pg_dump` writes, and the newest that its `pg_restore` reads.
fn version_of(major: Major) -> ArchiveVersion {
    match major.number() {
        ..=15 => ArchiveVersion::V1_14,
        16 => ArchiveVersion::V1_15,
        _ => ArchiveVersion::V1_16,
    }
}

/// The compressions that a major's tools can make and read. A build may lack lz4 or zstd.
fn compressions_of(major: Major) -> Vec<Compression> {
    let mut compressions = compressions(version_of(major));
    compressions.retain(|&compression| {
        let option = compress_option(major, compression);
        let output = tool(major, "pg_dump")
            .args(["-Fc", &option, "-d", "host=/nonexistent"])
            .output()
            .unwrap();
        let missing = output
            .stderr
            .contains_str("this build does not support compression with");
        if missing {
            eprintln!(
                "pg_dump {major} is built without {}: not tested",
                compression.name()
            );
        }
        !missing
    });
    compressions
}

fn sample_database(major: Major) -> Database {
    let database = Server::get(major).database();
    database.execute_sql(SAMPLE);
    database
}

/// The `-Z` of a compression; before 16 there was only a level.
fn compress_option(major: Major, compression: Compression) -> String {
    match (major.number() >= 16, compression) {
        (true, compression) => format!("-Z{}", compression.name()),
        (false, Compression::None) => "-Z0".into(),
        (false, _) => "-Z5".into(),
    }
}

fn dump(
    database: &Database,
    major: Major,
    compression: Compression,
    file: Option<&Path>,
) -> Vec<u8> {
    let mut command = tool(major, "pg_dump");
    command
        .args(["-Fc", "-C", &compress_option(major, compression)])
        .arg("-d")
        .arg(database.url());
    match file {
        Some(path) => {
            checked_output(command.arg("-f").arg(path)).unwrap();
            fs::read(path).unwrap()
        }
        None => checked_output(&mut command).unwrap().stdout,
    }
}

/// What a `pg_restore -l -v` line says of an entry.
fn sanitized(text: &Option<BString>, absent: &str) -> BString {
    let mut text = text.clone().unwrap_or_else(|| absent.into());
    text.iter_mut()
        .filter(|byte| matches!(**byte, b'\n' | b'\r'))
        .for_each(|byte| *byte = b' ');
    text
}

/// The list that `pg_restore -l -v` is to print, made from what we read.
fn listing<R>(reader: &Reader<R>) -> BString
where
    R: std::io::Read,
{
    let mut list = BString::default();
    for entry in reader.entries() {
        list.push_str(format!(
            "{}; {} {} ",
            entry.dump_id, entry.catalog_id.tableoid, entry.catalog_id.oid
        ));
        let parts = [
            entry.descriptor.clone(),
            sanitized(&entry.namespace, "-"),
            sanitized(&entry.tag, ""),
            sanitized(&entry.owner, ""),
        ];
        list.push_str(bstr::join(" ", parts));
        list.push(b'\n');
        if !entry.dependencies.is_empty() {
            list.push_str(";\tdepends on:");
            for id in &entry.dependencies {
                list.push_str(format!(" {id}"));
            }
            list.push(b'\n');
        }
    }
    list
}

fn check_listing<R: std::io::Read>(reader: &Reader<R>, file: &Path, major: Major) {
    let output = checked_output(tool(major, "pg_restore").args(["-l", "-v"]).arg(file)).unwrap();
    let (head, list) = output
        .stdout
        .split_once_str("; Selected TOC Entries:\n;\n")
        .expect("pg_restore -l begins with a head");
    assert_eq!(list.as_bstr(), listing(reader).as_bstr());
    let header = reader.header();
    let version = header.version;
    let claims = [
        format!("     TOC Entries: {}\n", reader.entries().len()),
        format!("     Dump Version: {version}-0\n"),
        format!(
            "     Dumped from database version: {}\n",
            header.server_version.as_ref().unwrap()
        ),
        format!(
            "     Dumped by pg_dump version: {}\n",
            header.dumper_version.as_ref().unwrap()
        ),
        format!("     dbname: {}\n", header.database.as_ref().unwrap()),
    ];
    for claim in claims {
        assert!(
            head.contains_str(&claim),
            "{claim:?} is not in {:?}",
            head.as_bstr()
        );
    }
    // Before 16 the compression is printed as a level.
    let compression = match (major.number() >= 16, header.compression) {
        (true, compression) => compression.name().to_owned(),
        (false, Compression::None) => "0".into(),
        (false, Compression::Gzip { level }) => level.to_string(),
        (false, other) => panic!("{other:?} in an archive of version {version}"),
    };
    assert!(
        head.contains_str(format!("     Compression: {compression}\n")),
        "{:?}",
        head.as_bstr()
    );
}

/// `pg_restore`'s script of an archive, without the lines that hold a random key.
fn script(major: Major, archive: &Path, through_pipe: bool) -> BString {
    let mut command = tool(major, "pg_restore");
    command.args(["-C", "-f", "-"]);
    let output = if through_pipe {
        let bytes = fs::read(archive).unwrap();
        run_with_input(&mut command, bytes)
    } else {
        checked_output(command.arg(archive)).unwrap().stdout
    };
    let lines = output.lines_with_terminator();
    lines
        .filter(|line| !line.starts_with(b"\\restrict ") && !line.starts_with(b"\\unrestrict "))
        .collect::<Vec<_>>()
        .concat()
        .into()
}

fn run_with_input(command: &mut Command, input: Vec<u8>) -> Vec<u8> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // pg_restore may stop before it has taken everything; its exit status says whether that is a failure.
    let feeder = thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert!(output.status.success(), "{}", output.stderr.as_bstr());
    output.stdout
}

/// Every table's data must stand in the script behind its COPY statement, byte for byte.
fn check_data_in_script(content: &Content, script: &BStr) {
    let mut found = 0;
    for (dump_id, data) in &content.blocks {
        let entry = content
            .entries
            .iter()
            .find(|entry| entry.dump_id == *dump_id)
            .unwrap();
        if let Data::Table(bytes) = data {
            let copy = entry
                .copy
                .as_ref()
                .expect("table data has a COPY statement");
            assert!(
                bytes.ends_with(b"\\.\n\n\n"),
                "{copy} ends in {:?}",
                bytes.as_bstr()
            );
            let expected = [copy.as_slice(), bytes].concat();
            assert!(script.contains_str(&expected), "the data of {copy} differs");
            found += 1;
        }
    }
    assert_eq!(
        found, 5,
        "the sample has five tables with data of their own"
    );
}

fn check_blobs(content: &Content) {
    let mut blobs: Vec<(u32, Vec<u8>)> = content
        .blocks
        .iter()
        .filter_map(|(_, data)| match data {
            Data::Blobs(blobs) => Some(blobs.clone()),
            Data::Table(_) => None,
        })
        .flatten()
        .collect();
    blobs.sort();
    let expected = vec![
        (70001, vec![0x00, 0xff, 0x5c, 0x2e, 0x0a]),
        (70002, "large object ".repeat(30000).into_bytes()),
        (4_000_000_001, vec![]),
    ];
    assert_eq!(blobs, expected);
}

#[test]
fn every_stock_archive_is_read_entry_by_entry() {
    let folder = TempDir::new().unwrap();
    for major in majors_with_tools() {
        let database = sample_database(major);
        for compression in compressions_of(major) {
            let path = folder
                .path()
                .join(format!("{major}-{}.dump", compression.name()));
            let bytes = dump(&database, major, compression, Some(&path));
            let mut reader = Reader::seekable(Cursor::new(&bytes)).unwrap();
            assert_eq!(reader.header().version, version_of(major));
            assert_eq!(reader.header().compression.name(), compression.name());
            check_listing(&reader, &path, major);

            let content = Content::read(&bytes[..]).unwrap();
            check_data_in_script(&content, script(major, &path, false).as_bstr());
            check_blobs(&content);
            for (dump_id, data) in content.blocks.iter().rev() {
                assert!(matches!(reader.offset(*dump_id), Some(DataOffset::Set(_))));
                assert_eq!(&read_block(reader.block(*dump_id).unwrap()).unwrap(), data);
            }

            let piped = dump(&database, major, compression, None);
            let reader = Reader::new(&piped[..]).unwrap();
            let unset = |id: &i32| reader.offset(*id) == Some(DataOffset::Unset);
            assert!(content.blocks.iter().all(|(dump_id, _)| unset(dump_id)));
            assert_eq!(Content::read(&piped[..]).unwrap().blocks, content.blocks);

            let other = |format: &str, option: &str| {
                let path = folder.path().join(format!("{format}-{major}-{option}"));
                let mut command = tool(major, "pg_dump");
                command.args(["-C", format, option, "-d", &database.url(), "-f"]);
                checked_output(command.arg(&path)).unwrap();
                path
            };
            let folder = other("-Fd", &compress_option(major, compression));
            let reader = Reader::open_path(&folder).unwrap();
            assert_eq!(reader.format(), Format::Directory);
            assert_eq!(reader.header().compression.name(), compression.name());
            check_listing(&reader, &folder, major);
            assert_eq!(Content::of(reader).unwrap().blocks, content.blocks);
            if compression == Compression::None {
                let tar = other("-Ft", "-v");
                let reader = Reader::open_path(&tar).unwrap();
                assert_eq!(reader.format(), Format::Tar);
                check_listing(&reader, &tar, major);
                assert_eq!(Content::of(reader).unwrap().blocks, content.blocks);
                let piped = Content::read(fs::File::open(&tar).unwrap()).unwrap();
                assert_eq!(piped.blocks, content.blocks);
            }
        }
    }
}

/// The archive with its blocks the other way round, and their new places in the table of contents if `placed`, or else none.
fn reversed(archive: &[u8], placed: bool) -> Vec<u8> {
    let reader = Reader::seekable(Cursor::new(archive)).unwrap();
    let with_data = reader.entries().iter().filter(|entry| entry.had_dumper);
    let mut starts: Vec<usize> = with_data
        .map(|entry| match reader.offset(entry.dump_id) {
            Some(DataOffset::Set(at)) => at as usize,
            other => panic!("{other:?}"),
        })
        .collect();
    starts.sort();
    let ends = starts.iter().skip(1).copied().chain([archive.len()]);
    let mut blocks: Vec<_> = starts.iter().copied().zip(ends).collect();
    blocks.reverse();
    let field = |at: usize| [&[2][..], &(at as u64).to_le_bytes()].concat();
    let toc = &archive[..starts[0]];
    let mut changed = toc.to_vec();
    let mut place = toc.len();
    for &(start, end) in &blocks {
        let found: Vec<usize> = toc.find_iter(&field(start)).collect();
        let new = if placed {
            field(place)
        } else {
            [&[1][..], &[0; 8]].concat()
        };
        assert_eq!(found.len(), 1);
        changed[found[0]..][..new.len()].copy_from_slice(&new);
        place += end - start;
    }
    for (start, end) in blocks {
        changed.extend_from_slice(&archive[start..end]);
    }
    changed
}

#[test]
fn blocks_in_another_order_are_sound_to_us_and_to_pg_restore() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db.dump");
    for major in majors_with_tools() {
        let database = sample_database(major);
        let archive = dump(&database, major, Compression::GZIP, Some(&path));
        let expected = script(major, &path, false);
        let content = Content::read(&archive[..]).unwrap();
        for placed in [true, false] {
            let bytes = reversed(&archive, placed);
            fs::write(&path, &bytes).unwrap();
            assert!(script(major, &path, false) == expected, "{major}, {placed}");
            let verified = Reader::new(&bytes[..]).unwrap().verify().unwrap();
            assert!(!verified.is_in_order);
            let mut reader = Reader::seekable(Cursor::new(&bytes)).unwrap();
            assert_eq!(reader.verify().unwrap(), verified);
            for (dump_id, data) in &content.blocks {
                assert_eq!(&read_block(reader.block(*dump_id).unwrap()).unwrap(), data);
            }
        }
    }
}

#[test]
fn every_pg_restore_reads_what_we_write() {
    let folder = TempDir::new().unwrap();
    let stock_path = folder.path().join("stock.dump");
    let our_path = folder.path().join("ours.dump");
    let majors = majors_with_tools();
    for &source in &majors {
        let database = sample_database(source);
        let stock = dump(&database, source, Compression::GZIP, Some(&stock_path));
        let content = Content::read(&stock[..]).unwrap();
        let readers: Vec<(Major, Vec<Compression>, BString)> = majors
            .iter()
            .filter(|&&major| major >= source)
            .map(|&major| {
                (
                    major,
                    compressions_of(major),
                    script(major, &stock_path, false),
                )
            })
            .collect();
        for compression in compressions(version_of(source)) {
            for (offsets, piece) in [(true, None), (false, Some(100_000))] {
                let style = Style {
                    compression,
                    offsets,
                    piece,
                };
                fs::write(&our_path, content.write(style)).unwrap();
                let able = readers
                    .iter()
                    .filter(|(_, able, _)| able.contains(&compression));
                for (major, _, expected) in able {
                    let ours = script(*major, &our_path, !offsets);
                    assert!(
                        ours == *expected,
                        "pg_restore {major} reads {style:?} of {source}'s content differently"
                    );
                }
            }
            let our_folder = folder
                .path()
                .join(format!("{source}-{}", compression.name()));
            content.write_folder(&our_folder, compression);
            let able = readers
                .iter()
                .filter(|(_, able, _)| able.contains(&compression));
            for (major, _, expected) in able {
                assert!(
                    script(*major, &our_folder, false) == *expected,
                    "pg_restore {major} reads a folder of {source}'s content with {compression:?} differently"
                );
            }
            let ours = Content::of(Reader::open_path(&our_folder).unwrap()).unwrap();
            assert_eq!(ours.blocks, content.blocks);
        }
        fs::write(&our_path, content.write_tar()).unwrap();
        for (major, _, expected) in &readers {
            assert!(
                script(*major, &our_path, false) == *expected,
                "pg_restore {major} reads a tar file of {source}'s content differently"
            );
        }
        let ours = Content::of(Reader::open_path(&our_path).unwrap()).unwrap();
        assert_eq!(ours.blocks, content.blocks);
    }
}

#[test]
fn our_archives_restore_in_parallel() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ours.dump");
    for major in majors_with_tools() {
        let source = sample_database(major);
        let stock = dump(&source, major, Compression::GZIP, None);
        let content = Content::read(&stock[..]).unwrap();
        for offsets in [true, false] {
            let compression = *compressions_of(major).last().unwrap();
            let style = Style {
                compression,
                offsets,
                piece: Some(100_000),
            };
            fs::write(&path, content.write(style)).unwrap();
            let as_folder = folder.path().join(format!("{major}"));
            if !offsets {
                content.write_folder(&as_folder, compression);
            }
            let target = Server::get(major).database();
            let mut restore = tool(major, "pg_restore");
            restore
                .args(["--exit-on-error", "-j4", "-d"])
                .arg(target.url())
                .arg(if offsets { &path } else { &as_folder });
            checked_output(&mut restore).unwrap();
            let digest = "SELECT md5(string_agg(i::text, '|' ORDER BY id)) FROM shop.item AS i";
            assert_eq!(target.psql(digest), source.psql(digest));
            let objects = "SELECT string_agg(oid || md5(lo_get(oid)), '|' ORDER BY oid) \
                           FROM pg_largeobject_metadata";
            assert_eq!(target.psql(objects), source.psql(objects));
        }
    }
}
