//! `-E` with encodings that only clients use: in their letters, bytes can stand that mean something in SQL.
//!
//! A test program of its own, with servers of its own: a role whose name an encoding has no letters for cannot be dumped in it, and roles
//! are the whole server's.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use pgdumprs::{ArchiveVersion, Dump, Inserts};
use pgdumprs_testkit::compare::{Restore, compare_archives, compare_restored, stock_archive};
use pgdumprs_testkit::{Database, DatabaseOptions, Server, fixtures_dir, for_each_major};

/// The letters of the fixtures, which SJIS has.
const LETTERS: &str = "表ソ能予ボマポアゼ";

/// Names of encodings, some in the way of Windows, a server's encoding that has the same letters, and those that go in the places of
/// the fixtures'.
const ENCODINGS: &[(&str, &str, &str)] = &[
    ("SJIS", "UTF8", LETTERS),
    ("mskanji", "EUC_JP", LETTERS),
    ("shift_jis_2004", "UTF8", LETTERS),
    ("BIG5", "UTF8", BIG5_LETTERS),
    ("GBK", "UTF8", GBK_LETTERS),
    ("gb18030", "UTF8", GBK_LETTERS),
    // Only capitals and small letters end letters here.
    ("win949", "UTF8", "갂괔갃괕갴괳귻긜껅"),
];
const BIG5_LETTERS: &str = "功佢俞偅叻吥吜丕久";
const GBK_LETTERS: &str = "乗俓僜刓亄亇亅丄乕";

fn fixture(name: &str, letters: &str) -> Result<String> {
    let path = fixtures_dir().join("encodings").join(name);
    let text = std::fs::read_to_string(&path).context(path.display().to_string())?;
    let translate = |letter| {
        let position = LETTERS.chars().position(|own| own == letter);
        position.and_then(|position| letters.chars().nth(position))
    };
    Ok(text
        .chars()
        .map(|letter| translate(letter).unwrap_or(letter))
        .collect())
}

fn database(server: &Server, encoding: &str, file: &str, letters: &str) -> Result<Database> {
    let database = server.database_with(&DatabaseOptions {
        encoding: encoding.to_owned(),
        ..DatabaseOptions::default()
    });
    database.try_execute_sql(fixture(file, letters)?)?;
    Ok(database)
}

fn dump(database: &Database, encoding: &str) -> Result<Dump> {
    let dump = Dump::new(&database.conninfo())?.encoding(encoding);
    Ok(dump.archive_version(ArchiveVersion::V1_16))
}

fn write(dump: Dump, path: &Path) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(dump.to_file(path))?;
    Ok(())
}

/// Compares with stock, rows being written for COPY and as INSERT statements, and restores.
fn compare(database: &Database, encoding: &str) -> Result<()> {
    let folder = tempfile::tempdir().context("creating a folder for archives")?;
    let (stock, ours) = (
        folder.path().join("stock.dump"),
        folder.path().join("ours.dump"),
    );
    stock_archive(database, &stock, &["-E", encoding, "--inserts"])?;
    write(dump(database, encoding)?.inserts(Inserts::default()), &ours)?;
    let comparison = compare_archives(&stock, &ours)?;
    ensure!(comparison.is_same(), "INSERT statements:\n{comparison}");

    stock_archive(database, &stock, &["-E", encoding])?;
    write(dump(database, encoding)?, &ours)?;
    let comparison = compare_archives(&stock, &ours)?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

fn restore(database: &Database, encoding: &str) -> Result<()> {
    let folder = tempfile::tempdir().context("creating a folder for archives")?;
    let path = folder.path().join("ours.dump");
    // The lowest version, since pg_restore of the server's own age has to read it.
    write(Dump::new(&database.conninfo())?.encoding(encoding), &path)?;
    let comparison = compare_restored(database, &path, &[Restore::Serial])?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

#[test]
fn every_encoding_that_only_clients_use() {
    for_each_major(|server| -> Result<()> {
        for (encoding, server_encoding, letters) in ENCODINGS {
            let database = database(server, server_encoding, "client_only.sql", letters)?;
            compare(&database, encoding).with_context(|| format!("in {encoding}"))?;
        }
        let four_bytes = database(server, "UTF8", "client_gb18030.sql", LETTERS)?;
        compare(&four_bytes, "GB18030")?;
        // What is in JOHAB restores nowhere, whoever wrote it.
        let johab = database(server, "UTF8", "client_johab.sql", LETTERS)?;
        compare(&johab, "johab")?;

        for (encoding, letters) in [
            ("SJIS", LETTERS),
            ("BIG5", BIG5_LETTERS),
            ("GB18030", GBK_LETTERS),
        ] {
            let database = database(server, "UTF8", "client_only.sql", letters)?;
            database.try_execute_sql(fixture("client_only_arrays.sql", letters)?)?;
            restore(&database, encoding).with_context(|| format!("arrays in {encoding}"))?;
            // The next encoding has no letters for the role's name.
            database.try_execute_sql(fixture("client_only_role.sql", letters)?)?;
        }
        Ok(())
    });
}
