//! Archives in the directory and tar formats, made to hurt: names that lead elsewhere, links, files and members that are missing, too many or
//! cut off.

mod support;

use std::{
    fs,
    io::{Cursor, Write},
    os::unix::fs::symlink,
    path::Path,
};

use flate2::{Compression as Level, write::GzEncoder};
use pgdumprs_archive::{Error, Foreign, Format, Reader, Result};
use proptest::prelude::*;
use support::{Data, Forge, read_block};
use tempfile::TempDir;

const ROWS: &[u8] = b"1\tone\n\\.\n\n\n";

/// A table of contents whose entries have their data in these files; the last one's are large objects.
fn toc(minor: u8, files: &[&str]) -> Vec<u8> {
    let mut forge = Forge::new(0);
    forge.0[6] = minor;
    forge.0[10] = 3;
    forge = forge.int(files.len() as i32);
    for (dump_id, file) in (1..).zip(files) {
        let descriptor = if dump_id == files.len() as i32 {
            "BLOBS"
        } else {
            "TABLE DATA"
        };
        forge = forge.entry(dump_id, 1, descriptor).text(file);
    }
    forge.0
}

/// The files of a sound archive: one table, and two large objects.
fn files() -> Vec<(String, Vec<u8>)> {
    let toc = toc(16, &["1.dat", "blobs_2.toc"]);
    let list = b"5 blob_5.dat\n4000000001 blob_4000000001.dat\n".to_vec();
    [
        ("toc.dat", toc),
        ("1.dat", ROWS.to_vec()),
        ("blob_5.dat", b"five".to_vec()),
        ("blob_4000000001.dat", Vec::new()),
        ("blobs_2.toc", list),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec()
}

/// What is in it.
fn content() -> Vec<(i32, Data)> {
    let objects = vec![(5, b"five".to_vec()), (4_000_000_001, Vec::new())];
    vec![(1, Data::Table(ROWS.to_vec())), (2, Data::Blobs(objects))]
}

fn folder(files: &[(String, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    tar.into_inner().unwrap()
}

fn read_all<R: std::io::Read>(mut reader: Reader<R>) -> Result<Vec<(i32, Data)>> {
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block()? {
        blocks.push((block.dump_id(), read_block(block)?));
    }
    Ok(blocks)
}

fn read_folder(path: &Path) -> Result<Vec<(i32, Data)>> {
    read_all(Reader::open_path(path)?)
}

/// An error and what caused it, in one line.
fn said(error: &Error) -> String {
    match error {
        Error::InFile { source, .. } => format!("{error}: {source}"),
        error => error.to_string(),
    }
}

#[track_caller]
fn assert_says<T: std::fmt::Debug>(outcome: Result<T>, what: &str) {
    let said = said(&outcome.unwrap_err());
    assert!(said.contains(what), "{said:?} does not say {what:?}");
}

#[test]
fn both_formats_are_recognised_and_read() {
    let folder = folder(&files());
    let mut reader = Reader::open_path(folder.path()).unwrap();
    assert_eq!(reader.format(), Format::Directory);
    assert!(reader.is_random_access());
    assert_eq!(reader.data_file(2).unwrap(), "blobs_2.toc");
    assert_eq!(
        read_block(reader.block(2).unwrap()).unwrap(),
        content()[1].1
    );
    assert_eq!(
        read_block(reader.block(1).unwrap()).unwrap(),
        content()[0].1
    );
    assert_eq!(read_all(reader).unwrap(), content()[1..]);
    assert_eq!(read_folder(folder.path()).unwrap(), content());

    let bytes = tar(&files());
    let mut reader = Reader::seekable(Cursor::new(&bytes)).unwrap();
    assert_eq!(reader.format(), Format::Tar);
    assert_eq!(
        read_block(reader.block(2).unwrap()).unwrap(),
        content()[1].1
    );
    assert_eq!(
        read_block(reader.block(1).unwrap()).unwrap(),
        content()[0].1
    );
    let mut reader = Reader::new(&bytes[..]).unwrap();
    assert!(!reader.is_random_access());
    assert_eq!(
        read_block(reader.block(2).unwrap()).unwrap(),
        content()[1].1
    );
    assert!(matches!(reader.block(1), Err(Error::Passed { dump_id: 1 })));
    assert_eq!(
        read_all(Reader::new(&bytes[..]).unwrap()).unwrap(),
        content()
    );
    let verified = Reader::new(&bytes[..]).unwrap().verify().unwrap();
    assert_eq!(verified.archive_bytes, bytes.len() as u64);
}

#[test]
fn files_may_have_been_compressed_since() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Level::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut files = files();
    for (name, bytes) in &mut files {
        // In two parts, as joined files have them.
        let (one, other) = bytes.split_at(bytes.len() / 2);
        (*name, *bytes) = match name.as_str() {
            "blob_5.dat" => {
                let parts = [one, other].map(|part| zstd::encode_all(part, 3).unwrap());
                (format!("{name}.zst"), parts.concat())
            }
            _ => (format!("{name}.gz"), [gzip(one), gzip(other)].concat()),
        };
    }
    let folder = folder(&files);
    assert_eq!(read_folder(folder.path()).unwrap(), content());
    // One that is there without a suffix is taken first.
    fs::write(folder.path().join("1.dat"), b"2\n\\.\n\n\n").unwrap();
    assert_eq!(
        read_folder(folder.path()).unwrap()[0].1,
        Data::Table(b"2\n\\.\n\n\n".to_vec())
    );
    // A checksum that is wrong, and a file without its end.
    fs::remove_file(folder.path().join("1.dat")).unwrap();
    let sound = gzip(ROWS);
    let mut damaged = sound.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    fs::write(folder.path().join("1.dat.gz"), &damaged).unwrap();
    assert_says(
        read_folder(folder.path()),
        "file 1.dat.gz of the archive: the archive is corrupt",
    );
    for length in [0, 5, sound.len() - 1] {
        fs::write(folder.path().join("1.dat.gz"), &sound[..length]).unwrap();
        assert_says(
            read_folder(folder.path()),
            "the compressed stream breaks off",
        );
    }
}

/// What is kept in memory is limited by what is really there.
#[test]
fn files_that_grow_without_bound_are_refused() {
    let folder = folder(&files());
    let path = |name: &str| folder.path().join(name);
    // An entry whose name is as long as a text can be, and a list that goes on and on.
    let length = 65 << 20;
    let mut contents = Forge::new(0).int(1).entry(1, 1, "TABLE DATA").int(length).0;
    contents[10] = 3;
    contents.resize(length as usize, b'9');
    let list = b"5 blob_5.dat\n".repeat(5 << 20);
    for (name, bytes, file) in [
        ("blobs_2.toc", &list, "file blobs_2.toc.zst"),
        ("toc.dat", &contents, "file toc.dat.zst"),
    ] {
        let packed = zstd::encode_all(&bytes[..], 1).unwrap();
        assert!(bytes.len() > 100 * packed.len());
        fs::remove_file(path(name)).unwrap();
        fs::write(path(&format!("{name}.zst")), packed).unwrap();
        let said = said(&read_folder(folder.path()).unwrap_err());
        assert!(said.starts_with(file), "{said}");
        assert!(
            said.contains("more than 100 times as long as the file"),
            "{said}"
        );
    }
}

#[test]
fn no_name_leads_out_of_the_folder() {
    for name in ["../1.dat", "/etc/passwd", "a/b", "..", ".x", ""] {
        let files = [("toc.dat".to_owned(), toc(16, &[name, "blobs_2.toc"]))];
        let outcome = Reader::open_path(folder(&files).path()).map(drop);
        assert!(
            matches!(outcome, Err(Error::InFile { .. })),
            "{name}: {outcome:?}"
        );
        let outcome = Reader::new(&tar(&files)[..]).map(drop);
        assert!(
            matches!(outcome, Err(Error::Corrupt { .. })),
            "{name}: {outcome:?}"
        );
    }
    for line in [
        "5 ../blob_5.dat\n",
        "5 blob_6.dat\n",
        "5 /etc/passwd\n",
        "0 blob_0.dat\n",
        "5\n",
        "\n",
        "5 blob_5.dat",
        "5 blob_5.dat\r\n",
    ] {
        let mut files = files();
        files[4].1 = line.into();
        assert_says(
            read_folder(folder(&files).path()),
            "of a list of large objects",
        );
        assert_says(
            read_all(Reader::new(&tar(&files)[..]).unwrap()),
            "blobs_2.toc does not name",
        );
    }
    let mut files = files();
    files[4].1 = vec![b'5'; 1 << 20];
    assert_says(read_folder(folder(&files).path()), "has no end");
}

#[test]
fn nothing_but_files_is_read() {
    let folder = folder(&files());
    let data = folder.path().join("1.dat");
    fs::rename(&data, folder.path().join("elsewhere")).unwrap();
    symlink("elsewhere", &data).unwrap();
    assert_says(
        read_folder(folder.path()),
        "file 1.dat of the archive is no regular file",
    );
    fs::remove_file(&data).unwrap();
    fs::create_dir(&data).unwrap();
    assert_says(
        read_folder(folder.path()),
        "file 1.dat of the archive is no regular file",
    );
    fs::remove_dir(&data).unwrap();
    assert_says(
        read_folder(folder.path()),
        "entry 1 is in 1.dat, and there is no such file",
    );
    fs::rename(folder.path().join("elsewhere"), &data).unwrap();
    fs::remove_file(folder.path().join("blob_5.dat")).unwrap();
    assert_says(read_folder(folder.path()), "entry 2 is in blob_5.dat");
    fs::remove_file(folder.path().join("toc.dat")).unwrap();
    let outcome = Reader::open_path(folder.path()).map(drop);
    assert!(matches!(
        outcome,
        Err(Error::NotAnArchive(Foreign::Directory))
    ));

    let mut bytes = tar(&files());
    // The type of the table's member, behind that of the table of contents: a symbolic link.
    let at = 512 + files()[0].1.len().next_multiple_of(512);
    let head = &mut bytes[at..at + 512];
    head[156] = b'2';
    let sum: u32 = head[..148]
        .iter()
        .chain(&head[156..])
        .map(|&byte| u32::from(byte))
        .sum();
    head[148..156].copy_from_slice(format!("{:06o}\0 ", sum + 8 * 32).as_bytes());
    assert_says(
        read_all(Reader::new(&bytes[..]).unwrap()),
        "1.dat is no regular file",
    );
}

#[test]
fn members_must_be_those_of_the_table_of_contents() {
    let outcome = |change: fn(&mut Vec<(String, Vec<u8>)>)| {
        let mut files = files();
        change(&mut files);
        read_all(Reader::new(&tar(&files)[..])?)
    };
    // What the table of contents does not name is passed over, as restore.sql is.
    let more = outcome(|files| files.push(("restore.sql".into(), b"SELECT 1;\n".to_vec())));
    assert_eq!(more.unwrap(), content());
    let twice = outcome(|files| files.push(("1.dat".into(), ROWS.to_vec())));
    assert_says(twice, "a second block of entry 1");
    let missing = outcome(|files| drop(files.remove(1)));
    assert!(
        matches!(missing, Err(Error::MissingData { dump_id: 1, .. })),
        "{missing:?}"
    );
    assert_says(
        outcome(|files| drop(files.remove(3))),
        "blobs_2.toc names large objects that are not there",
    );
    assert_says(
        outcome(|files| drop(files.remove(2))),
        "blobs_2.toc does not name large object 4000000001",
    );
    assert_says(
        outcome(|files| drop(files.pop())),
        "large objects without blobs_2.toc",
    );
    assert_says(
        outcome(|files| files.push(("blob_7.dat".into(), Vec::new()))),
        "a large object of no entry",
    );
    assert_says(
        outcome(|files| files[0].1.push(0)),
        "something follows the table of contents",
    );
    assert_says(
        outcome(|files| files[0].1 = toc(16, &["1.dat", "1.dat", "blobs_3.toc"])),
        "two entries have their data in a file called 1.dat",
    );
}

#[test]
fn a_tar_file_without_its_end_is_truncated() {
    let bytes = tar(&files());
    for length in (0..bytes.len() - 1023).step_by(97) {
        let outcome = Reader::new(&bytes[..length]).and_then(read_all);
        assert!(outcome.is_err(), "{length} of {} bytes", bytes.len());
    }
    let mut longer = bytes.clone();
    longer.resize(10_240, 0);
    assert_eq!(
        read_all(Reader::new(&longer[..]).unwrap()).unwrap(),
        content()
    );
    longer.push(1);
    assert_says(
        read_all(Reader::new(&longer[..]).unwrap()),
        "something follows the tar file's end",
    );
    // A length in base 256, and one that is absurd.
    let at = 512 + files()[0].1.len().next_multiple_of(512);
    for (length, sound) in [
        (ROWS.len() as u64, true),
        (u64::MAX, false),
        (1 << 40, false),
    ] {
        let mut bytes = bytes.clone();
        let head = &mut bytes[at..at + 512];
        head[124..136].fill(0);
        head[124] = 0x80;
        head[128..136].copy_from_slice(&length.to_be_bytes());
        let sum: u32 = head[..148]
            .iter()
            .chain(&head[156..])
            .map(|&byte| u32::from(byte))
            .sum();
        head[148..156].copy_from_slice(format!("{:06o}\0 ", sum + 8 * 32).as_bytes());
        for outcome in [
            Reader::new(&bytes[..]).and_then(read_all),
            Reader::seekable(Cursor::new(&bytes[..])).and_then(read_all),
        ] {
            assert_eq!(outcome.is_ok(), sound, "{length}: {outcome:?}");
        }
    }
}

proptest! {
    /// Whatever is changed, reading ends, and does not panic.
    #[test]
    fn damage_ends_in_an_error_or_not_at_all(
        file in 0usize..5, at: prop::sample::Index, byte: u8, cut: bool,
    ) {
        let mut files = files();
        let bytes = &mut files[file].1;
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if cut {
                bytes.truncate(at);
            }
        }
        let in_folder = read_folder(folder(&files).path());
        let bytes = tar(&files);
        let in_tar = Reader::new(&bytes[..]).and_then(read_all);
        let sought = Reader::seekable(Cursor::new(&bytes)).and_then(read_all);
        prop_assert_eq!(in_tar.is_ok(), sought.is_ok());
        if let (Ok(one), Ok(other)) = (in_folder, in_tar) {
            prop_assert_eq!(one, other);
        }
    }

    /// The same of a tar file as a whole.
    #[test]
    fn damage_to_a_tar_file_ends_too(at: prop::sample::Index, byte: u8, cut: bool) {
        let mut bytes = tar(&files());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
        }
        let in_order = Reader::new(&bytes[..]).and_then(read_all);
        let sought = Reader::seekable(Cursor::new(&bytes)).and_then(read_all);
        prop_assert_eq!(in_order.is_ok(), sought.is_ok());
    }
}
