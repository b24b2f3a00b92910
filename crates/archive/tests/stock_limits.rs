//! What stock `pg_restore` cannot do, as `docs/format.md` says: the reasons behind the writer's rules.

mod support;

use std::{fs, path::Path, process::Stdio, thread, time::Duration};

use bstr::ByteSlice;
use pgdumprs_archive::{
    ArchiveVersion, Compression, Compressor, CreationTime, Entry, Header, Section, Writer,
};
use pgdumprs_testkit::{Major, provision::provision, reference_pg_restore, tool};
use support::compressions;
use tempfile::TempDir;

/// An archive of one table without COPY statement, whose data are these chunks.
fn archive(version: ArchiveVersion, compression: Compression, chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = Header {
        version,
        compression,
        created: CreationTime {
            day: 1,
            ..CreationTime::default()
        },
        database: Some("shop".into()),
        server_version: Some("18.1".into()),
        dumper_version: Some("18.1".into()),
    };
    let entry = Entry {
        dump_id: 1,
        had_dumper: true,
        tag: Some("item".into()),
        descriptor: "TABLE DATA".into(),
        section: Section::Data,
        namespace: Some("public".into()),
        owner: Some("me".into()),
        ..Entry::default()
    };
    let mut writer = Writer::new(Vec::new(), &header, &[entry]).unwrap();
    writer.begin_data(1).unwrap();
    chunks
        .iter()
        .for_each(|chunk| writer.write_chunk(chunk).unwrap());
    writer.end().unwrap();
    writer.finish().unwrap()
}

/// A whole stream in one chunk.
fn stream(compression: Compression, raw: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(compression).unwrap();
    compressor.write(raw).unwrap();
    compressor.finish().unwrap();
    let chunk = compressor.next_chunk().expect("a stream has bytes");
    assert!(compressor.next_chunk().is_none());
    chunk
}

fn script(path: &Path, archive: &[u8]) -> Vec<u8> {
    fs::write(path, archive).unwrap();
    let output = reference_pg_restore()
        .args(["-f", "-"])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", output.stderr.as_bstr());
    output.stdout
}

#[test]
fn frames_may_follow_frames_but_zstd_needs_a_chunk_for_each() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("frames.dump");
    let newest = ArchiveVersion::NEWEST;
    for compression in [Compression::LZ4, Compression::ZSTD] {
        let frames = [
            stream(compression, b"-- one\n"),
            stream(compression, b"-- two\n"),
        ];
        let apart = script(&path, &archive(newest, compression, &frames));
        assert!(apart.contains_str("-- one\n-- two\n"), "{compression:?}");

        let together = script(&path, &archive(newest, compression, &[frames.concat()]));
        assert!(together.contains_str("-- one\n"));
        let complete = together.contains_str("-- two\n");
        assert_eq!(complete, compression == Compression::LZ4, "{compression:?}");
    }
}

#[test]
fn a_second_zlib_stream_is_never_passed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("endless.dump");
    let compression = Compression::GZIP;
    let streams = [
        stream(compression, b"-- one\n"),
        stream(compression, b"-- two\n"),
    ];
    fs::write(
        &path,
        archive(ArchiveVersion::NEWEST, compression, &streams),
    )
    .unwrap();
    let mut child = reference_pg_restore()
        .args(["-f", "/dev/null"])
        .arg(&path)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(2));
    let status = child.try_wait().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(status.is_none(), "pg_restore came to an end: {status:?}");
}

#[test]
fn every_stream_of_zlib_needs_its_bytes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("empty.dump");
    // The writer never leaves the stream out, so the chunk is cut from a good archive.
    let good = archive(
        ArchiveVersion::NEWEST,
        Compression::GZIP,
        &[stream(Compression::GZIP, b"")],
    );
    script(&path, &good);
    let stream_length = stream(Compression::GZIP, b"").len();
    let mut forged = good;
    // Takes the only chunk out and leaves the chunk of length zero.
    let end = forged.len() - 5;
    forged.drain(end - 5 - stream_length..end);
    fs::write(&path, forged).unwrap();
    let output = reference_pg_restore()
        .args(["-f", "-"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        output.stderr.contains_str("could not uncompress data"),
        "{}",
        output.stderr.as_bstr()
    );
}

#[test]
fn each_pg_restore_reads_up_to_its_own_version() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("version.dump");
    for major in Major::covered().unwrap() {
        if provision(major).unwrap().tools_bin().is_none() {
            continue;
        }
        let newest = match major.number() {
            ..=15 => ArchiveVersion::V1_14,
            16 => ArchiveVersion::V1_15,
            _ => ArchiveVersion::V1_16,
        };
        for version in ArchiveVersion::ALL
            .into_iter()
            .filter(|version| version.is_writable())
        {
            let compression = compressions(version)[0];
            fs::write(&path, archive(version, compression, &[])).unwrap();
            let output = tool(major, "pg_restore")
                .arg("-l")
                .arg(&path)
                .output()
                .unwrap();
            assert_eq!(
                output.status.success(),
                version <= newest,
                "{major} and {version}"
            );
            if version > newest {
                let complaint = format!("unsupported version ({version}) in file header");
                assert!(
                    output.stderr.contains_str(complaint),
                    "{}",
                    output.stderr.as_bstr()
                );
            }
        }
    }
}

#[test]
fn groups_of_large_objects_are_known_by_their_descriptor_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("groups.dump");
    let header = Header {
        version: ArchiveVersion::V1_14,
        compression: Compression::None,
        created: CreationTime {
            day: 1,
            ..CreationTime::default()
        },
        database: Some("shop".into()),
        server_version: Some("18.1".into()),
        dumper_version: Some("18.1".into()),
    };
    let metadata = Entry {
        dump_id: 1,
        tag: Some("7..9".into()),
        descriptor: "BLOB METADATA".into(),
        section: Section::Data,
        definition: Some("7\n9\n".into()),
        drop: Some("-- dummy".into()),
        owner: Some("me".into()),
        ..Entry::default()
    };
    let acl = Entry {
        dump_id: 2,
        tag: Some("LARGE OBJECTS 7..9".into()),
        descriptor: "ACL".into(),
        definition: Some("GRANT SELECT ON LARGE OBJECT 7 TO app;\n".into()),
        dependencies: vec![1],
        ..Entry::default()
    };
    let archive = Writer::new(Vec::new(), &header, &[metadata, acl])
        .unwrap()
        .finish()
        .unwrap();
    let script = script(&path, &archive);
    for oid in [7, 9] {
        for statement in [
            format!("SELECT pg_catalog.lo_create('{oid}');\n"),
            format!("ALTER LARGE OBJECT {oid} OWNER TO me;\n"),
            format!("GRANT SELECT ON LARGE OBJECT {oid} TO app;\n"),
        ] {
            assert!(
                script.contains_str(&statement),
                "{statement:?} in {:?}",
                script.as_bstr()
            );
        }
    }
}
