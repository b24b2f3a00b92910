//! `pgdumprs cat` beside psql's COPY.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use pgdumprs_testkit::{Major, Server};

use crate::list::copy;
use crate::samples::{Samples, TABLES};
use crate::support::{assert_says, failure, pgdumprs, run};

fn cat(archive: &Path, table: impl AsRef<OsStr>) -> Vec<u8> {
    let output = run(pgdumprs().arg("cat").arg(archive).arg(table));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Rows are those of COPY, and what has none is explained.
pub(crate) fn check(samples: &Samples) {
    for (table, columns) in TABLES {
        let expected = copy(samples, table, columns);
        for archive in samples.copies.iter().chain([&samples.data_only]) {
            let rows = cat(archive, table);
            assert!(rows == expected, "{table} in {}", archive.display());
        }
        // From a pipe, with and without places of data.
        for name in ["stock-default", "stock-pipe", "stock-tar"] {
            let file = File::open(samples.named(name)).unwrap();
            let piped = run(pgdumprs().args(["cat", "-", table]).stdin(file));
            assert!(
                piped.stdout == expected,
                "{table} of {name} on standard input"
            );
        }
    }
    let statements = cat(&samples.inserts, "nothing");
    assert_eq!(String::from_utf8_lossy(&statements).trim(), "");
    let statements = cat(&samples.inserts, "\"Odd Schema\".item");
    let statement = r#"INSERT INTO "Odd Schema".item (k) VALUES ('\N');"#;
    assert_eq!(String::from_utf8_lossy(&statements).trim(), statement);
    what_is_not_there(samples);
}

fn what_is_not_there(samples: &Samples) {
    let archive = samples.named("stock-default");
    let said = |archive: &Path, table: &str| failure(pgdumprs().arg("cat").arg(archive).arg(table));
    assert_says(
        &said(&archive, "item"),
        &[
            "2 tables are called item",
            "\"Odd Schema\".item",
            "public.item",
        ],
    );
    assert_says(
        &said(&archive, "public.itme"),
        &["no table public.itme", "public.item"],
    );
    assert_says(&said(&archive, "\"NOTHING\""), &["is it public.nothing?"]);
    let quoted = "is it \"Odd Schema\".item (in a shell: '\"Odd Schema\".item')?";
    assert_says(
        &said(&archive, "Odd Schema.item"),
        &["no table's name", quoted],
    );
    assert_says(&said(&archive, "Odd Schema"), &["no table's name"]);
    assert_says(
        &said(&archive, "event"),
        &[
            "public.event is partitioned",
            "public.event_1, public.event_2",
        ],
    );
    assert_says(&said(&archive, "cheap"), &["public.cheap is a view"]);
    assert_says(&said(&archive, "public.counter"), &["is a sequence"]);
    assert_says(&said(&archive, "a.b.c"), &["no table's name"]);
    assert_says(
        &said(&samples.schema_only, "public.item"),
        &["definition of table public.item and not its rows"],
    );
}

#[test]
fn it_can_be_fed_to_copy() {
    let samples = Samples::new(&Server::get(Major::V17));
    let rows = samples.folder().join("rows");
    let database = &samples.database;
    for (table, columns) in TABLES {
        std::fs::write(&rows, cat(&samples.named("own-zstd"), table)).unwrap();
        let before = copy(&samples, table, columns);
        database.execute_sql(format!("CREATE TABLE again (LIKE {table})"));
        let mut psql = pgdumprs_testkit::tool(Major::REFERENCE, "psql");
        let status = psql
            .args([
                "-Xq",
                "-d",
                &database.url(),
                "-c",
                &format!("COPY again {columns} FROM STDIN"),
            ])
            .stdin(File::open(&rows).unwrap())
            .status();
        assert!(status.unwrap().success());
        assert!(copy(&samples, "again", columns) == before, "{table}");
        database.execute_sql("DROP TABLE again");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_without_a_word() {
    let samples = Samples::new(&Server::get(Major::V17));
    let archive = samples.named("own-default");
    for arguments in [&["cat", "-", "public.item"][..], &["list", "--json", "-"]] {
        let mut child = pgdumprs()
            .args(arguments)
            .stdin(File::open(&archive).unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It has more to say than a pipe holds, or the pipe is closed before it says anything.
        drop(child.stdout.take());
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(
            (child.wait().unwrap().code(), said.as_str()),
            (Some(141), ""),
            "{arguments:?}"
        );
    }
}
