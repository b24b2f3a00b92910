//! `pgdumprs verify`: sound archives, and archives damaged at known places.

use std::fs::{self, File};
use std::path::Path;

use pgdumprs_testkit::{Major, Server, tool};

use crate::samples::{Samples, TABLES};
use crate::support::{assert_says, failure, pgdumprs, run};

fn verified(archive: &Path) -> String {
    let output = run(pgdumprs().arg("verify").arg(archive));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Sound archives are sound, and damage is found where it is.
pub(crate) fn check(samples: &Samples) {
    for archive in samples.all() {
        let said = verified(archive);
        assert_says(&said, &["is sound: all of its", samples.database.name()]);
        let sizes = run(pgdumprs().args(["list", "--sizes"]).arg(archive));
        assert!(sizes.status.success(), "{}", archive.display());
    }
    let file = File::open(samples.named("stock-pipe")).unwrap();
    let piped = run(pgdumprs().args(["verify", "-"]).stdin(file));
    assert_says(
        &String::from_utf8_lossy(&piped.stdout),
        &["standard input is sound"],
    );
    let counts = TABLES.map(|(table, _)| {
        let count = samples
            .database
            .psql(&format!("SELECT count(*) FROM {table}"));
        count.parse::<u64>().unwrap()
    });
    assert_eq!(counts.iter().sum::<u64>(), 5108);
    for archive in &samples.copies {
        let said = verified(archive);
        assert_says(&said, &["7, with 5,108 rows", "large objects  3: 39.0 kB"]);
    }
    let said = verified(&samples.inserts);
    assert_says(&said, &["7, with 0 rows", "7 as INSERT statements"]);
    let said = verified(&samples.data_only);
    assert_says(&said, &["on what is not in the archive"]);
    assert_says(&verified(&samples.schema_only), &["tables         0"]);
    damage_is_placed(samples);
}

#[test]
fn backslashes_inside_characters_are_no_escapes() {
    let database = Server::get(Major::REFERENCE).database();
    // The second byte of both characters is that of a backslash in Shift JIS.
    database.execute_sql(
        "SET client_encoding = 'UTF8'; CREATE TABLE t (a text, b text);
         INSERT INTO t VALUES ('\u{30bd}', 'x\u{8868}'), ('\u{8868}t', NULL), (E'\\\\', E'\u{30bd}\\n')",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.dump");
    for command in [
        pgdumprs().arg("--verify"),
        tool(Major::REFERENCE, "pg_dump").arg("-Fc"),
    ] {
        let dump = command.args(["-E", "SJIS", "-d", &database.url(), "-f"]);
        let output = run(dump.arg(&path));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert_says(&verified(&path), &["with 3 rows"]);
    }
}

/// Where `needle` stands in an archive.
fn find(archive: &[u8], needle: &[u8]) -> usize {
    let mut places = (0..archive.len()).filter(|&at| archive[at..].starts_with(needle));
    places.next().expect("the archive holds it")
}

/// Damages an archive and gives what `verify` says of it.
fn after(samples: &Samples, name: &str, damage: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = fs::read(samples.named(name)).unwrap();
    damage(&mut bytes);
    let path = samples.folder().join("damaged.dump");
    fs::write(&path, bytes).unwrap();
    failure(pgdumprs().arg("verify").arg(path))
}

fn damage_is_placed(samples: &Samples) {
    for name in ["stock-none", "own-none"] {
        let bytes = fs::read(samples.named(name)).unwrap();
        // Row 4567 of public.item: a tab more, or less, or an escape that is none, on exactly that byte.
        let row = find(&bytes, b"4567\titem 4567");
        let columns = after(samples, name, |bytes| bytes[row + 9] = b'\t');
        let end = row
            + 1
            + bytes[row + 1..]
                .iter()
                .position(|&byte| byte == b'\n')
                .unwrap();
        let in_row = "row 4567 has 4 columns, but the COPY statement names 3";
        let place =
            format!("(TABLE DATA public item): the archive is corrupt at byte {end}: {in_row}");
        assert_says(&columns, &["damaged.dump\" is damaged: entry ", &place]);
        let escape = after(samples, name, |bytes| bytes[row + 9] = b'\\');
        assert_says(
            &escape,
            &[&format!("at byte {}: row 4567 holds a backslash", row + 10)],
        );
        let lost = after(samples, name, |bytes| bytes[end] = b' ');
        assert_says(&lost, &["TABLE DATA public item", "row 4567 has 5 columns"]);
    }
    for name in ["stock-default", "own-zstd", "own-lz4", "own-default"] {
        let bytes = fs::read(samples.named(name)).unwrap();
        // The largest block is most of the file: its middle is the middle of compressed rows.
        let middle = bytes.len() / 2;
        let said = after(samples, name, |bytes| bytes[middle..middle + 40].fill(0xa5));
        assert_says(
            &said,
            &[
                "entry ",
                "(TABLE DATA public item): the archive is corrupt at byte ",
            ],
        );
        let said = after(samples, name, |bytes| bytes.truncate(middle));
        assert_says(
            &said,
            &[
                "(TABLE DATA public item): the archive is truncated",
                &format!("byte {middle}"),
            ],
        );
        let said = after(samples, name, |bytes| bytes.push(7));
        assert_says(
            &said,
            &[&format!(
                "corrupt at byte {}: there is no block type 7",
                bytes.len()
            )],
        );
        let said = after(samples, name, |bytes| bytes.truncate(100));
        assert_says(&said, &["truncated: it ends at byte 100"]);
    }
}

#[test]
fn a_dump_verifies_itself() {
    let server = Server::get(Major::V17);
    let samples = Samples::new(&server);
    let path = samples.folder().join("verified.dump");
    for options in [
        &[][..],
        &["--inserts", "-Zlz4"],
        &["-s"],
        &["-a", "-Zzstd", "-j1"],
    ] {
        for word in [&[][..], &["dump"]] {
            let mut dump = pgdumprs();
            let url = samples.database.url();
            let output = run(dump
                .args(word)
                .args(["--verify", "-v", "-d", &url])
                .args(options)
                .arg("-f")
                .arg(&path));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            assert_says(&said, &["verifying the archive"]);
            assert_says(&verified(&path), &["is sound"]);
        }
    }
    let said = failure(pgdumprs().args(["--verify", "-d", &samples.database.url()]));
    assert_says(&said, &["needs a file", "-f"]);
}
