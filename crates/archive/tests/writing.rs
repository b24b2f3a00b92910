//! Folders and tar files are written whole, or leave nothing that looks so.

mod support;

use std::{fs, io::Sink, path::Path};

use pgdumprs_archive::{
    ArchiveVersion, Compression, CreationTime, Entry, Error, Foreign, Header, Reader, Writer,
};

fn header(version: ArchiveVersion, compression: Compression) -> Header {
    Header {
        version,
        compression,
        created: CreationTime::default(),
        database: None,
        server_version: None,
        dumper_version: None,
    }
}

fn entries() -> Vec<Entry> {
    let data = |dump_id, descriptor: &str| Entry {
        dump_id,
        descriptor: descriptor.into(),
        had_dumper: true,
        ..Entry::default()
    };
    vec![data(1, "TABLE DATA"), data(2, "BLOBS")]
}

fn begin(path: &Path) -> Writer<Sink> {
    let header = header(ArchiveVersion::V1_16, Compression::ZSTD);
    let mut writer = Writer::directory(path, &header, &entries()).unwrap();
    writer.begin_data(1).unwrap();
    writer.write(b"1\n\\.\n\n\n").unwrap();
    writer.end().unwrap();
    writer.begin_blobs(2).unwrap();
    writer.begin_blob(5).unwrap();
    writer
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_folder_is_an_archive_when_it_is_finished_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let mut writer = begin(&path);
    assert_eq!(names(&path), ["1.dat.zst", "blob_5.dat.zst"]);
    let opened = Reader::open_path(&path).map(drop);
    assert!(matches!(
        opened,
        Err(Error::NotAnArchive(Foreign::Directory))
    ));
    writer.end_blob().unwrap();
    writer.end().unwrap();
    let bytes = writer.position();
    writer.finish().unwrap();
    assert_eq!(
        names(&path),
        ["1.dat.zst", "blob_5.dat.zst", "blobs_2.toc", "toc.dat"]
    );
    let verified = Reader::open_path(&path).unwrap().verify().unwrap();
    assert_eq!(verified.large_objects(), 1);
    assert!(verified.archive_bytes > bytes);
}

#[test]
fn a_folder_that_is_given_up_is_as_it_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    drop(begin(&path));
    assert!(!path.exists());
    // One that was there stays, and is empty again.
    fs::create_dir(&path).unwrap();
    drop(begin(&path));
    assert!(names(&path).is_empty());
    // An archive that ends too early is given up as well.
    assert!(matches!(begin(&path).finish(), Err(Error::Misuse(_))));
    assert!(names(&path).is_empty());
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("mine"), "").unwrap();
    let header = header(ArchiveVersion::V1_16, Compression::None);
    let start = |path: &Path| Writer::directory(path, &header, &entries()).map(drop);
    let error = start(&path).unwrap_err();
    assert!(
        matches!(&error, Error::FolderInUse { path: found } if *found == path),
        "{error}"
    );
    assert!(matches!(
        start(&path.join("mine")),
        Err(Error::Write { .. })
    ));
    assert!(matches!(
        start(&folder.path().join("no/db")),
        Err(Error::Write { .. })
    ));
    assert_eq!(names(&path), ["mine"]);
    // A file that somebody else has put there meanwhile is not ours to remove.
    fs::remove_file(path.join("mine")).unwrap();
    let mut writer = Writer::directory(&path, &header, &entries()).unwrap();
    fs::write(path.join("1.dat"), "theirs").unwrap();
    assert!(matches!(writer.begin_data(1), Err(Error::InFile { .. })));
    drop(writer);
    assert_eq!(fs::read(path.join("1.dat")).unwrap(), b"theirs");
}

#[test]
fn a_tar_file_that_is_given_up_is_truncated() {
    let header = header(ArchiveVersion::V1_14, Compression::None);
    let mut output = Vec::new();
    let mut writer = Writer::tar(&mut output, &header, &entries()).unwrap();
    writer.begin_data(1).unwrap();
    // More than is kept in memory.
    let rows = b"a row\n".repeat(500_000);
    writer.write(&rows).unwrap();
    writer.end().unwrap();
    writer.begin_blobs(2).unwrap();
    writer.end().unwrap();
    drop(writer);
    assert!(Reader::new(&output[..]).unwrap().verify().is_err());
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let start = |version, compression, entries: &[Entry]| {
        Writer::tar(Vec::new(), &header(version, compression), entries).map(drop)
    };
    let unwritable = |outcome| matches!(outcome, Err(Error::Unwritable { .. }));
    let [newest, older] = [ArchiveVersion::V1_16, ArchiveVersion::V1_15];
    assert!(unwritable(start(newest, Compression::GZIP, &entries())));
    let second = Entry {
        dump_id: 3,
        ..entries()[1].clone()
    };
    let two = [entries(), vec![second]].concat();
    assert!(start(newest, Compression::None, &two).is_ok());
    assert!(unwritable(start(older, Compression::None, &two)));
}
