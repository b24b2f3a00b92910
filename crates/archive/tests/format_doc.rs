//! The worked example in `docs/format.md` is what the writer makes, and stock `pg_restore` reads it.

use std::{fs, io::Cursor};

use bstr::ByteSlice;
use pgdumprs_archive::{
    ArchiveVersion, CatalogId, Compression, CreationTime, Entry, Header, Section, Writer,
};
use pgdumprs_testkit::{checked_output, reference_pg_restore};

const DOCUMENT: &str = include_str!("../../../docs/format.md");

/// The archive that the document takes apart.
fn example() -> Vec<u8> {
    let header = Header {
        version: ArchiveVersion::V1_16,
        compression: Compression::None,
        created: CreationTime {
            second: 5,
            minute: 4,
            hour: 3,
            day: 2,
            month: 0,
            year: 126,
            is_dst: 0,
        },
        database: Some("shop".into()),
        server_version: Some("18.1".into()),
        dumper_version: Some("18.1".into()),
    };
    let encoding = Entry {
        dump_id: 4,
        tag: Some("ENCODING".into()),
        descriptor: "ENCODING".into(),
        section: Section::PreData,
        definition: Some("SET client_encoding = 'UTF8';\n".into()),
        ..Entry::default()
    };
    let table = Entry {
        dump_id: 1,
        catalog_id: CatalogId {
            tableoid: 1259,
            oid: 16385,
        },
        tag: Some("item".into()),
        descriptor: "TABLE".into(),
        section: Section::PreData,
        definition: Some("CREATE TABLE public.item (id integer);\n".into()),
        drop: Some("DROP TABLE public.item;\n".into()),
        namespace: Some("public".into()),
        tablespace: Some("".into()),
        table_am: Some("heap".into()),
        relkind: b'r',
        owner: Some("me".into()),
        ..Entry::default()
    };
    let table_data = Entry {
        dump_id: 2,
        had_dumper: true,
        catalog_id: CatalogId {
            tableoid: 0,
            oid: 16385,
        },
        tag: Some("item".into()),
        descriptor: "TABLE DATA".into(),
        section: Section::Data,
        copy: Some("COPY public.item (id) FROM stdin;\n".into()),
        namespace: Some("public".into()),
        owner: Some("me".into()),
        dependencies: vec![1],
        ..Entry::default()
    };
    let blob = Entry {
        dump_id: 3,
        catalog_id: CatalogId {
            tableoid: 2613,
            oid: 70000,
        },
        tag: Some("70000".into()),
        descriptor: "BLOB METADATA".into(),
        section: Section::Data,
        definition: Some("70000\n".into()),
        drop: Some("-- dummy".into()),
        owner: Some("me".into()),
        ..Entry::default()
    };
    let blobs = Entry {
        dump_id: 5,
        had_dumper: true,
        tag: Some("70000".into()),
        descriptor: "BLOBS".into(),
        section: Section::Data,
        owner: Some("me".into()),
        dependencies: vec![3],
        ..Entry::default()
    };
    let entries = [encoding, table, table_data, blob, blobs];
    let mut writer = Writer::seekable(Cursor::new(Vec::new()), &header, &entries).unwrap();
    writer.begin_data(2).unwrap();
    writer.write(b"1\n2\n\\.\n\n\n").unwrap();
    writer.end().unwrap();
    writer.begin_blobs(5).unwrap();
    writer.begin_blob(70000).unwrap();
    writer.write(b"hello").unwrap();
    writer.end_blob().unwrap();
    writer.end().unwrap();
    writer.finish().unwrap().into_inner()
}

/// The bytes that the document shows, with the offset it gives each row.
fn shown() -> Vec<u8> {
    let example = DOCUMENT
        .split_once("```hexdump\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("the document has a hexdump block")
        .0;
    let mut bytes = Vec::new();
    for row in example.lines().filter(|row| !row.is_empty()) {
        // An offset of four digits, two spaces, at most sixteen bytes, two spaces or more, what they mean.
        let offset = usize::from_str_radix(&row[..4], 16).expect("a row begins with its offset");
        assert_eq!(
            offset,
            bytes.len(),
            "the row {row:?} stands at the wrong offset"
        );
        let columns = row[6..]
            .split_once("  ")
            .expect("a row says what its bytes mean");
        for byte in columns.0.split(' ') {
            bytes.push(u8::from_str_radix(byte, 16).expect("a byte in hexadecimal"));
        }
    }
    bytes
}

#[test]
fn the_example_is_what_the_writer_makes() {
    let (shown, made) = (shown(), example());
    let differ = shown
        .iter()
        .zip(&made)
        .position(|(shown, made)| shown != made);
    assert_eq!(differ, None, "first difference, in bytes from the start");
    assert_eq!(shown.len(), made.len());
}

#[test]
fn pg_restore_reads_the_example() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("example.dump");
    fs::write(&path, shown()).unwrap();
    let script = checked_output(reference_pg_restore().args(["-f", "-"]).arg(&path))
        .unwrap()
        .stdout;
    for part in [
        "SET client_encoding = 'UTF8';\n",
        "SET default_table_access_method = heap;\n",
        "CREATE TABLE public.item (id integer);\n",
        "ALTER TABLE public.item OWNER TO me;\n",
        "COPY public.item (id) FROM stdin;\n1\n2\n\\.\n\n\n",
        "SELECT pg_catalog.lo_create('70000');\n",
        // Without a STDSTRINGS entry the backslash is doubled.
        "SELECT pg_catalog.lowrite(0, '\\\\x68656c6c6f');\n",
    ] {
        assert!(
            script.contains_str(part),
            "{part:?} is not in {:?}",
            script.as_bstr()
        );
    }
}
