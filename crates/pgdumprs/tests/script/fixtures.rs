//! Archives of the fixtures, by stock and by us.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use pgdumprs::{ArchiveVersion, Dump, Plain};
use pgdumprs_testkit::compare::stock_archive_by;
use pgdumprs_testkit::{
    Database, DatabaseOptions, Major, Server, checked_output, fixture_files, fixtures_dir,
    for_each_major, tool, try_tool,
};

use crate::{at_scale, compare_scripts, old_archive};

/// Kinds whose objects have names that others in the same database have, and the databases that they go into rather than the first.
const ELSEWHERE: &[(&str, usize)] = &[
    ("names", 1),
    ("publication_since_19", 1),
    ("security_label", 1),
    ("subscription_since_19", 1),
    ("table_since_18", 2),
];

/// The files of `fixtures/extensions`.
const EXTENSIONS: &[&str] = &[
    "configuration.sql",
    "contrib.sql",
    "members.sql",
    "postgis.sql",
    "vector.sql",
];

/// Those of extensions that are not part of PostgreSQL.
const NOT_EVERYWHERE: &[&str] = &["postgis.sql", "vector.sql"];

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

/// Extensions, their members and what belongs to them, where there are such.
#[test]
fn extensions() {
    for_each_sampled_major(|server| {
        server
            .database()
            .load_file(&fixtures_dir().join("kinds/00_roles.sql"))?;
        for (place, name) in EXTENSIONS.iter().enumerate() {
            let database = server.database();
            let loaded = database.load_file(&fixtures_dir().join("extensions").join(name));
            match loaded {
                Ok(()) => compare_archives_of(&database, place)?,
                // Not every major's server has PostGIS and pgvector: `tests/extensions.rs` knows which.
                Err(error) if NOT_EVERYWHERE.contains(name) => {
                    // The second is what servers before 15 say.
                    let said = format!("{error:#}");
                    let is_absent = said.contains("is not available")
                        || said.contains("could not open extension control file");
                    ensure!(is_absent, "{said}");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    });
}

fn for_each_sampled_major(test: impl Fn(&Server) -> Result<()> + Sync) {
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

    let by_own = try_tool(major, "pg_dump").is_ok() && !ends_its_own_pg_dump(database)?;
    if by_own {
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
            &["--create", "--data-only"],
            &["--statistics-only"],
        ]
    } else {
        &[&["--statistics", "--inserts"]]
    };
    for (further, arguments) in more.iter().enumerate() {
        stock_archive_by(Major::REFERENCE, database, &path("newest.dump"), arguments)?;
        compare_scripts(&path("newest.dump"), place + 2 + further)?;
    }
    // Folders and tar files, by stock of both majors and by us.
    for by in [Major::REFERENCE, major] {
        for format in ["-Fd", "-Ft"] {
            let archive = path(&format!("{by}{format}"));
            let is_wanted = by == Major::REFERENCE || at_scale() && by_own;
            if is_wanted && !archive.exists() {
                stock_in(by, format, database, &archive)?;
                compare_other_format(&archive, place)?;
            }
        }
    }
    if place > 0 && !at_scale() {
        return Ok(());
    }
    let dump = || Dump::new(&database.conninfo());
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(dump()?.to_directory(path("our folder")))?;
    compare_other_format(&path("our folder"), place + 1)?;
    runtime.block_on(dump()?.tar(Plain::default()).to_file(path("ours.tar")))?;
    compare_other_format(&path("ours.tar"), place + 2)?;
    // Versions that nobody writes any more.
    let dump = dump()?.archive_version(ArchiveVersion::V1_14);
    runtime.block_on(dump.to_file(path("1.14.dump")))?;
    for minor in [12, 13] {
        let old = path(&format!("1.{minor}.dump"));
        old_archive::rewrite(&path("1.14.dump"), minor, &old)?;
        compare_other_format(&old, place + usize::from(minor))?;
    }
    Ok(())
}

/// Whether a database holds configuration tables that reference each other, over which pg_dump of 13 crashes (13.23 does).
fn ends_its_own_pg_dump(database: &Database) -> Result<bool> {
    if database.server().major() > Major::V13 {
        return Ok(false);
    }
    let sql =
        "SELECT count(*) FROM pg_extension WHERE extconfig IS NOT NULL AND extname = 'hstore'";
    Ok(database.psql(sql) != "0")
}

/// Compares scripts of an archive whose content another has too: under all option sets at scale, else under two.
fn compare_other_format(archive: &Path, place: usize) -> Result<()> {
    if at_scale() {
        return compare_scripts(archive, place);
    }
    for words in [&["-v"][..], &["-a", "-1"]] {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        crate::compare(archive, &words)
            .with_context(|| format!("{} {words:?}", archive.display()))?;
    }
    Ok(())
}

fn stock_in(by: Major, format: &str, database: &Database, path: &Path) -> Result<()> {
    let mut command = tool(by, "pg_dump");
    checked_output(
        command
            .args([format, "-d", &database.conninfo(), "-f"])
            .arg(path),
    )?;
    Ok(())
}
