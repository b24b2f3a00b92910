//! Archives of the fixtures, by stock and by us.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use pgdumprs::{ArchiveVersion, Dump};
use pgdumprs_testkit::compare::stock_archive_by;
use pgdumprs_testkit::{
    Database, DatabaseOptions, Major, Server, checked_output, fixture_files, fixtures_dir,
    for_each_major, tool, try_tool,
};

use crate::{at_scale, compare_scripts};

/// Kinds whose objects have names that others in the same database have, and the databases that they go into rather than the first.
const ELSEWHERE: &[(&str, usize)] = &[
    ("names", 1),
    ("publication_since_19", 1),
    ("security_label", 1),
    ("subscription_since_19", 1),
    ("table_since_18", 2),
];

/// Puts all that a file has made out of the way of the next.
const PUT_ASIDE: &str = "
    DO $$
    DECLARE
        schema name;
        place integer := (SELECT count(*) FROM pg_namespace);
    BEGIN
        FOR schema IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|aside )' LOOP
            EXECUTE format('ALTER SCHEMA %I RENAME TO %I', schema, left('aside ' || place || ' ' || schema, 50));
        END LOOP;
    END $$;
    CREATE SCHEMA public;
    GRANT ALL ON SCHEMA public TO PUBLIC;";

#[test]
fn kinds() {
    for_each_sampled_major(|server| {
        server
            .database()
            .load_file(&fixtures_dir().join("kinds/00_roles.sql"))?;
        let databases = [server.database(), server.database(), server.database()];
        let mut filled = BTreeSet::new();
        for file in fixture_files("kinds", server.major())? {
            let name = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name == "00_roles" {
                continue;
            }
            let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == name);
            let place = elsewhere.map_or(0, |(_, place)| *place);
            filled.insert(place);
            let database = &databases[place];
            database.load_file(&file)?;
            database
                .try_execute_sql(PUT_ASIDE)
                .with_context(|| format!("behind {name}"))?;
        }
        filled
            .iter()
            .try_for_each(|place| compare_archives_of(&databases[*place], *place))
    });
}

#[test]
fn encodings() {
    for_each_sampled_major(|server| {
        for (file, encoding) in [
            ("utf8", "UTF8"),
            ("latin1", "LATIN1"),
            ("euc_jp", "EUC_JP"),
            ("win1252", "WIN1252"),
            ("sql_ascii", "SQL_ASCII"),
        ] {
            let database = server.database_with(&DatabaseOptions {
                name: "It's é \\ \"db\"".into(),
                encoding: encoding.into(),
                ..DatabaseOptions::default()
            });
            let file = fixtures_dir()
                .join("encodings")
                .join(file)
                .with_extension("sql");
            database.load_file(&file)?;
            let folder = tempfile::tempdir()?;
            let archive = folder.path().join("stock.dump");
            stock_archive_by(Major::REFERENCE, &database, &archive, &[])?;
            compare_scripts(&archive, encoding.len())?;
        }
        Ok(())
    });
}

/// Some 500,000 rows in many tables: too much for every run.
#[test]
fn sample_database() {
    if at_scale() {
        for_each_major(|server| {
            let database = server.database();
            database.load_fixture("logistics")?;
            compare_archives_of(&database, 0)
        });
    }
}

fn for_each_sampled_major(test: impl Fn(&Server) -> Result<()>) {
    for_each_major(|server| {
        let sampled = [Major::V13, Major::REFERENCE].contains(&server.major());
        if sampled || at_scale() {
            test(server)
        } else {
            Ok(())
        }
    });
}

/// Compares the scripts of stock's archives of a database, by its own major and by the newest, in all formats, and of ours. `place` says
/// which sets of options are the first one's.
fn compare_archives_of(database: &Database, place: usize) -> Result<()> {
    let folder = tempfile::tempdir().context("creating a folder for archives")?;
    let path = |name: &str| folder.path().join(name);
    let major = database.server().major();

    if try_tool(major, "pg_dump").is_ok() {
        stock_archive_by(major, database, &path("own.dump"), &[])?;
        compare_scripts(&path("own.dump"), place)?;
    }
    let dump = Dump::new(&database.conninfo())?.archive_version(ArchiveVersion::V1_16);
    tokio::runtime::Runtime::new()?.block_on(dump.to_file(path("ours.dump")))?;
    compare_scripts(&path("ours.dump"), place + 1)?;
    let more: &[&[&str]] = if at_scale() {
        &[
            &["--statistics"],
            &["--inserts"],
            &["--clean", "--create", "--data-only"],
            &["--statistics-only"],
        ]
    } else {
        &[&["--statistics", "--inserts"]]
    };
    for (further, arguments) in more.iter().enumerate() {
        stock_archive_by(Major::REFERENCE, database, &path("newest.dump"), arguments)?;
        compare_scripts(&path("newest.dump"), place + 2 + further)?;
    }
    for (format, name) in [("-Fd", "folder"), ("-Ft", "archive.tar")] {
        stock_in(format, database, &path(name))?;
        for words in [&["-v"][..], &["-a", "-1"]] {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            crate::compare(&path(name), &words).with_context(|| format!("{format} {words:?}"))?;
        }
    }
    Ok(())
}

fn stock_in(format: &str, database: &Database, path: &Path) -> Result<()> {
    let mut command = tool(Major::REFERENCE, "pg_dump");
    checked_output(
        command
            .args([format, "-d", &database.conninfo(), "-f"])
            .arg(path),
    )?;
    Ok(())
}
