//! The program called `pg_dump` beside stock's, on whole databases of every major: the same bytes of SQL.
//!
//! Without `PGDUMPRS_SCALE=1` only the newest major, and what is small.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::compare::without_internal_options;
use pgdumprs_testkit::{
    Database, DatabaseOptions, Major, Server, fixtures_dir, for_each_major,
    for_each_major_at_scale, reference_pg_dump,
};

use crate::plain::{compare_with_archive, ensure_same, lines};
use crate::support::pgdumprs;

/// For databases of any size.
const FEW: &[&str] = &[
    "",
    "-c -C --if-exists",
    "-s -C",
    "-a --disable-triggers",
    "--column-inserts --rows-per-insert=50 --on-conflict-do-nothing",
    "--section=data --inserts",
    "--section=pre-data --section=post-data -c",
];

/// For small databases.
const MANY: &[&str] = &[
    "-C --no-owner",
    "-c",
    "-s",
    "-a",
    "-a --inserts",
    "-a --column-inserts --rows-per-insert=2 -v",
    "--inserts --disable-triggers -a -S boss",
    "--section=pre-data",
    "--section=data",
    "--section=post-data -c --if-exists",
    "--statistics -C",
    "--statistics-only",
    "--no-data --statistics",
    "--no-schema",
    "-O -x --no-comments --no-tablespaces --no-table-access-method --no-toast-compression",
    "--no-large-objects",
    "--large-objects -t nosuch*",
    "--large-objects -n public -c --if-exists",
    "--quote-all-identifiers --inserts",
    "--load-via-partition-root -a",
    "--no-policies --no-publications --no-subscriptions --no-security-labels",
    "--use-set-session-authorization --enable-row-security",
    "--extra-float-digits=0 --no-unlogged-table-data --no-sync",
    "--no-statistics -v",
];

/// Options of `pg_dump` and `pg_restore` alike, for comparing with what stock's `pg_restore` makes of our archive.
const AS_RESTORED: &[&str] = &[
    "-c -C --if-exists",
    "-s -C",
    "--section=pre-data --section=post-data -c",
];

/// Encodings of the server, each with the file that has letters of it.
const ENCODINGS: &[(&str, &str)] = &[
    ("utf8", "UTF8"),
    ("latin1", "LATIN1"),
    ("euc_jp", "EUC_JP"),
    ("win1252", "WIN1252"),
    ("sql_ascii", "SQL_ASCII"),
];

/// Extensions as a dump has to do with them, those that not every server has included.
const EXTENSIONS: &[&str] = &["configuration", "contrib", "members", "postgis", "vector"];

fn is_thorough() -> bool {
    std::env::var_os("PGDUMPRS_SCALE").is_some()
}

/// Ours, by the name of stock's, in which plain SQL is what comes out.
fn pg_dump(folder: &Path) -> Result<Command> {
    let link = folder.join("pg_dump");
    if !link.exists() {
        symlink(pgdumprs().get_program(), &link).context("making a link")?;
    }
    let mut command = Command::new(link);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("PGPASSFILE", "/dev/null/none");
    Ok(command)
}

/// Compares what both print under each line of options, and shows all lines that differ.
fn compare<'a>(database: &Database, all: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut failures = Vec::new();
    for line in all {
        // Servers before 15 do not know the provider of a database's locale, which stock names.
        if database.server().major() < Major::V15 && line.split(' ').any(|word| word == "-C") {
            continue;
        }
        let run = |mut command: Command| {
            let dbname = format!("--dbname={}", database.conninfo());
            command.args(["--restrict-key=k", &dbname]);
            lines(command.args(line.split_whitespace()))
        };
        let (stock, ours) = (run(reference_pg_dump()), run(pg_dump(folder.path())?));
        let compared = match (stock, ours) {
            (Ok(stock), Ok(ours)) => ensure_same(line, &takeable(&stock), &ours),
            (Err(_), Err(_)) => Ok(()),
            (Ok(_), Err(error)) => Err(error.context(format!("only we refuse {line}"))),
            (Err(error), Ok(_)) => Err(error.context(format!("only stock refuses {line}"))),
        };
        failures.extend(compared.err().map(|error| format!("{error:#}")));
    }
    if database.server().major() < Major::REFERENCE {
        for line in AS_RESTORED {
            let compared = compare_with_archive(database, folder.path(), line);
            failures.extend(compared.err().map(|error| format!("{error:#}")));
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

/// Lines of stock's, without options of columns that the server that has them would refuse.
fn takeable(lines: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let text = without_internal_options(&lines.join(&b'\n'));
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

/// All the lines at scale, else one of many.
fn chosen(place: usize) -> Vec<&'static str> {
    let all = FEW.iter().chain(MANY).copied();
    all.enumerate()
        .filter(|(at, _)| is_thorough() || at % 8 == place % 8)
        .map(|(_, line)| line)
        .collect()
}

#[test]
fn encodings() {
    for_each_major_at_scale(|server| {
        for (place, (file, encoding)) in ENCODINGS.iter().enumerate() {
            let database = server.database_with(&DatabaseOptions {
                encoding: (*encoding).to_owned(),
                ..DatabaseOptions::default()
            });
            let path = fixtures_dir().join("encodings").join(file);
            database.load_file(&path.with_extension("sql"))?;
            compare(&database, chosen(place)).context(*encoding)?;
            if *encoding == "EUC_JP" {
                let others = ["-E SJIS --inserts", "-E UTF8 -c -C", "-E sjis -a"];
                compare(&database, others).context(*encoding)?;
            }
        }
        Ok(())
    });
}

#[test]
fn large_objects() {
    for_each_major_at_scale(|server| {
        let database = server.database();
        load_roles(server)?;
        database.load_file(&fixtures_dir().join("kinds/large_object.sql"))?;
        compare(&database, chosen(0))
    });
}

#[test]
fn extensions() {
    for_each_major_at_scale(|server| {
        load_roles(server)?;
        for (place, name) in EXTENSIONS.iter().enumerate() {
            let database = server.database();
            let path = fixtures_dir().join("extensions").join(name);
            if let Err(error) = database.load_file(&path.with_extension("sql")) {
                // `pgdumprs/tests/extensions.rs` knows which server has which.
                let said = format!("{error:#}");
                let is_absent = ["is not available", "could not open extension control file"]
                    .iter()
                    .any(|part| said.contains(part));
                ensure!(is_absent, "{said}");
                continue;
            }
            compare(&database, chosen(place + 5)).context(*name)?;
        }
        Ok(())
    });
}

/// Some 500,000 rows: too much for every run.
#[test]
fn sample_database() {
    if !is_thorough() {
        println!("left out: takes minutes; PGDUMPRS_SCALE=1 runs it");
        return;
    }
    for_each_major(|server| {
        let database = server.database();
        database.load_fixture("logistics")?;
        compare(&database, FEW.iter().copied())
    });
}

/// The roles that fixtures need, which all databases of a server share.
fn load_roles(server: &Server) -> Result<()> {
    server
        .database()
        .load_file(&fixtures_dir().join("kinds/00_roles.sql"))
}
