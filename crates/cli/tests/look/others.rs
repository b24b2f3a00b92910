//! Files that are no archives are told what they are.

use std::fs;
use std::path::Path;

use pgdumprs_testkit::{Major, Server, checked_output, tool};

use crate::support::{assert_says, failure, pgdumprs, run};

/// What each command says of a file.
fn said_of(file: &Path) -> String {
    let mut said = ["list", "verify"]
        .map(|command| failure(pgdumprs().arg(command).arg(file)))
        .to_vec();
    said.push(failure(pgdumprs().arg("cat").arg(file).arg("item")));
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    said.remove(0)
}

#[test]
fn other_formats_are_named() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql("CREATE TABLE item (id int)");
    let folder = tempfile::tempdir().unwrap();
    let dump = |format: &str| {
        let path = folder.path().join(format);
        let mut dump = tool(Major::REFERENCE, "pg_dump");
        checked_output(
            dump.args(["-F", format, "-d", &database.url(), "-f"])
                .arg(&path),
        )
        .unwrap();
        path
    };
    let with = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    assert_says(
        &said_of(&dump("plain")),
        &["plain\": not an archive", "plain-text dump", "psql"],
    );
    let directory = dump("directory");
    assert_says(
        &said_of(&directory.join("toc.dat")),
        &["table of contents of a directory-format", "name the folder"],
    );
    fs::rename(directory.join("toc.dat"), directory.join("contents")).unwrap();
    assert_says(
        &said_of(&directory),
        &["a folder", "pg_dump -Fd", "toc.dat"],
    );
    // One that was packed from a folder.
    let packed = folder.path().join("packed");
    let mut tar = std::process::Command::new("tar");
    let tar = tar.arg("-cf").arg(&packed).arg("-C").arg(folder.path());
    assert!(run(tar.arg("directory")).status.success());
    assert_says(&said_of(&packed), &["a tar file", "unpack it"]);
    let archive = fs::read(dump("custom")).unwrap();
    assert_says(&said_of(&with("empty", b"")), &["the file is empty"]);
    assert_says(&said_of(&with("short", &archive[..4])), &["too short"]);
    assert_says(
        &said_of(&with("truncated", &archive[..60])),
        &["truncated: it ends at byte 60"],
    );
    assert_says(
        &said_of(&with("text", b"hello, world\n")),
        &["does not begin with PGDMP"],
    );
    assert_says(
        &said_of(&folder.path().join("none")),
        &["could not open", "none", "No such file"],
    );
    // Compressed as a whole, as careful people do.
    let whole = |command: &[&str], name: &str| {
        let input = fs::File::open(folder.path().join("custom")).unwrap();
        let mut compress = std::process::Command::new(command[0]);
        let output = run(compress.args(&command[1..]).stdin(input));
        assert!(output.status.success());
        with(name, &output.stdout)
    };
    assert_says(
        &said_of(&whole(&["gzip", "-c"], "gzip")),
        &["as a whole with gzip; decompress it first"],
    );
}
