//! Folders and tar files are written whole, or leave nothing that looks so.

mod support;

use std::{
    fs,
    io::{Cursor, Sink},
    path::Path,
};

use pgdumprs_archive::{
    ArchiveVersion, Compression, CreationTime, Entry, Error, Foreign, Header, NewFolder, Reader,
    Writer,
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

fn begin(path: &Path) -> (NewFolder, Writer<Sink>) {
    let header = header(ArchiveVersion::V1_16, Compression::ZSTD);
    let folder = NewFolder::create(path).unwrap();
    let mut writer = Writer::directory(&folder.files(), &header, &entries()).unwrap();
    writer.begin_data(1).unwrap();
    writer.write(b"1\n\\.\n\n\n").unwrap();
    writer.end().unwrap();
    writer.begin_blobs(2).unwrap();
    writer.begin_blob(5).unwrap();
    (folder, writer)
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
fn a_folder_is_an_archive_when_it_is_committed_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let (new, mut writer) = begin(&path);
    let assert_no_archive = || {
        let opened = Reader::open_path(&path).map(drop);
        assert!(matches!(
            opened,
            Err(Error::NotAnArchive(Foreign::Directory))
        ));
    };
    assert_no_archive();
    writer.end_blob().unwrap();
    writer.end().unwrap();
    let (_, bytes) = writer.finish_counted().unwrap();
    assert_no_archive();
    assert_eq!(
        names(&path),
        [
            "1.dat.zst",
            "blob_5.dat.zst",
            "blobs_2.toc",
            "toc.dat.partial"
        ]
    );
    // Whoever makes it can read it already.
    let verified = new.files().reader().unwrap().verify().unwrap();
    assert_eq!(verified.archive_bytes, bytes);
    new.commit().unwrap();
    assert_eq!(
        names(&path),
        ["1.dat.zst", "blob_5.dat.zst", "blobs_2.toc", "toc.dat"]
    );
    let verified = Reader::open_path(&path).unwrap().verify().unwrap();
    assert_eq!(verified.large_objects(), 1);
    assert_eq!(verified.archive_bytes, bytes);
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
    let (new, writer) = begin(&path);
    assert!(matches!(writer.finish(), Err(Error::Misuse(_))));
    drop(new);
    assert!(names(&path).is_empty());
    // Whoever still writes makes no more files.
    let (new, mut writer) = begin(&path);
    drop(new);
    writer.end_blob().unwrap();
    assert!(matches!(writer.begin_blob(6), Err(Error::InFile { .. })));
    assert!(names(&path).is_empty());
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("mine"), "").unwrap();
    let start = |path: &Path| NewFolder::create(path).map(drop);
    let error = start(&path).unwrap_err();
    assert!(
        matches!(&error, Error::FolderInUse { path: found, is_unfinished: false } if *found == path),
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
    let header = header(ArchiveVersion::V1_16, Compression::None);
    let new = NewFolder::create(&path).unwrap();
    let mut writer = Writer::directory(&new.files(), &header, &entries()).unwrap();
    fs::write(path.join("1.dat"), "theirs").unwrap();
    assert!(matches!(writer.begin_data(1), Err(Error::InFile { .. })));
    // Nor do two write into one folder.
    let error = start(&path).unwrap_err();
    assert!(error.to_string().contains("has not ended yet"), "{error}");
    drop(new);
    assert_eq!(names(&path), ["1.dat"]);
    assert_eq!(fs::read(path.join("1.dat")).unwrap(), b"theirs");
}

/// Rows that are more than is kept in memory.
fn many_rows() -> Vec<u8> {
    [b"a row\n".repeat(500_000), b"\\.\n\n\n".to_vec()].concat()
}

#[test]
fn tar_files_are_the_same_wherever_they_are_written() {
    let header = header(ArchiveVersion::V1_16, Compression::None);
    fn fill<W: std::io::Write>(mut writer: Writer<W>) -> (W, u64) {
        assert!(matches!(writer.put_script(b"early"), Err(Error::Misuse(_))));
        writer.begin_data(1).unwrap();
        writer.write(&many_rows()).unwrap();
        writer.end().unwrap();
        writer.begin_blobs(2).unwrap();
        // As many as make their list longer than what is kept in memory.
        for oid in 4_000_000_000..4_000_050_000 {
            writer.begin_blob(oid).unwrap();
            if oid == 4_000_000_007 {
                writer.write(&vec![b'7'; 3 << 20]).unwrap();
            }
            writer.end_blob().unwrap();
        }
        writer.end().unwrap();
        writer.put_script(b"SELECT 1;\n").unwrap();
        writer.finish_counted().unwrap()
    }
    let (bytes, count) = fill(Writer::tar(Vec::new(), &header, &entries()).unwrap());
    assert_eq!(count, bytes.len() as u64);
    // In the midst of something else.
    let mut output = Cursor::new(b"##".to_vec());
    output.set_position(2);
    let (output, count) = fill(Writer::seekable_tar(output, &header, &entries()).unwrap());
    assert_eq!((count, output.position()), (bytes.len() as u64, count + 2));
    assert!(output.into_inner()[2..] == bytes);

    let verified = Reader::new(&bytes[..]).unwrap().verify().unwrap();
    assert_eq!(verified.large_objects(), 50_000);
    let mut members = tar::Archive::new(&bytes[..]);
    let last = members.entries().unwrap().last().unwrap().unwrap();
    assert_eq!(last.path().unwrap(), Path::new("restore.sql"));
    assert_eq!(last.size(), 10);
}

#[test]
fn a_tar_file_that_is_given_up_is_truncated() {
    let header = header(ArchiveVersion::V1_14, Compression::None);
    fn begin<W: std::io::Write>(mut writer: Writer<W>) {
        writer.begin_data(1).unwrap();
        writer.write(&many_rows()).unwrap();
        writer.end().unwrap();
        writer.begin_blobs(2).unwrap();
        writer.end().unwrap();
    }
    let mut output = Vec::new();
    begin(Writer::tar(&mut output, &header, &entries()).unwrap());
    assert!(Reader::new(&output[..]).unwrap().verify().is_err());
    let mut output = Cursor::new(Vec::new());
    begin(Writer::seekable_tar(&mut output, &header, &entries()).unwrap());
    assert!(
        Reader::new(&output.get_ref()[..])
            .unwrap()
            .verify()
            .is_err()
    );
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
