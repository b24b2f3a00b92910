//! What is restored is what was dumped.

use std::fs::File;

use anyhow::{Context, ensure};
use pgdumprs::{Restore, RestoreEnd, RestoreOptions};
use pgdumprs_testkit::compare::{compare_copy, stock_archive};
use pgdumprs_testkit::{Major, Server, fixture_files, fixtures_dir, for_each_major};

use super::{ALL_WAYS, SHARED, compare, dump};

/// By default on the oldest major, one in the middle and the newest.
#[test]
fn the_sample_database_by_stock_and_by_us() {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    for_each_major(|server| {
        let is_milestone = matches!(server.major(), Major::V13 | Major::V17 | Major::V19);
        if !is_milestone && !is_thorough {
            return Ok(());
        }
        let source = server.database();
        source.load_fixture("logistics")?;
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("archive.dump");
        stock_archive(&source, &archive, &[]).context("stock's archive")?;
        let ways = if is_thorough { ALL_WAYS } else { &[SHARED] };
        compare(&source, &archive, ways).context("stock's archive")?;
        dump(&source, &archive)?;
        compare(&source, &archive, ALL_WAYS).context("our archive")
    });
}

/// Files whose objects no archive, stock's included, brings back as they were.
const NOT_RESTORED_ALIKE: &[&str] = &[
    "inheritance_column_order",
    "partition_hash_enum",
    "security_label",
];

/// Files with what matters to the order of a restore, and to how data comes in.
const TELLING: &[&str] = &[
    "data",
    "default_privilege",
    "event_trigger",
    "large_object",
    "loops",
    "matview",
    "partition",
    "policy",
    "publication",
    "trigger",
];

/// Kinds of objects, each file in a database of its own: all files where there is time, on each major, and else a few on the newest.
#[test]
fn each_kind_of_object() {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    for_each_major(|server| {
        let major = server.major();
        if major != Major::REFERENCE && !is_thorough {
            return Ok(());
        }
        server
            .database()
            .load_file(&fixtures_dir().join("kinds/00_roles.sql"))?;
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("archive.dump");
        let mut failures = Vec::new();
        for file in fixture_files("kinds", major)? {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let is_wanted = if is_thorough {
                name != "00_roles" && !NOT_RESTORED_ALIKE.contains(&&*name)
            } else {
                TELLING.contains(&&*name)
            };
            if !is_wanted {
                continue;
            }
            let source = server.database();
            source.load_file(&file)?;
            dump(&source, &archive)?;
            let ways = match is_thorough {
                true => ALL_WAYS,
                false => &[SHARED],
            };
            if let Err(error) = compare(&source, &archive, ways) {
                failures.push(format!("{name}: {error:#}"));
            }
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        Ok(())
    });
}

/// So many tables that they are made over several connections, with what must wait for what among them.
#[test]
fn many_tables() -> anyhow::Result<()> {
    let source = Server::get(Major::REFERENCE).database();
    source.execute_sql(
        "CREATE TYPE mood AS ENUM ('well', 'ill');
         DO $$ BEGIN
             FOR i IN 1..150 LOOP
                 EXECUTE format('CREATE TABLE item_%1$s (id serial PRIMARY KEY, mood mood, name text DEFAULT ''none'')', i);
                 EXECUTE format('COMMENT ON COLUMN item_%1$s.name IS ''of item %1$s''', i);
                 EXECUTE format('CREATE VIEW all_%1$s AS SELECT * FROM item_%1$s', i);
                 EXECUTE format('CREATE VIEW a_%1$s AS SELECT * FROM all_%1$s', i);
                 EXECUTE format('INSERT INTO item_%1$s (mood) VALUES (''well''), (''ill'')', i);
             END LOOP;
             -- The constraints of what was a partition have the names that those of its parent are given.
             FOR i IN 1..60 LOOP
                 EXECUTE format('CREATE TABLE part_%s (id int NOT NULL) PARTITION BY LIST (id)', i);
                 EXECUTE format('CREATE TABLE part_%1$s_a PARTITION OF part_%1$s FOR VALUES IN (1)', i);
                 EXECUTE format('ALTER TABLE part_%1$s DETACH PARTITION part_%1$s_a', i);
             END LOOP;
         END $$;
         CREATE TABLE a_pair (one item_7, other a_8);
         CREATE TABLE a_child (more int) INHERITS (item_1);
         CREATE TABLE shares_a_sequence (id int DEFAULT nextval('item_9_id_seq'));
         CREATE FUNCTION b_count(item_3) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM item_3';
         CREATE VIEW b_counted AS SELECT b_count(i) FROM item_3 i;
         -- No dependency says what the function reads.
         CREATE MATERIALIZED VIEW c_slow AS SELECT 1 AS one FROM (SELECT pg_sleep(0.2)) s;
         CREATE FUNCTION c_read() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.c_slow';
         CREATE MATERIALIZED VIEW d_reads AS SELECT c_read()",
    );
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive");
    dump(&source, &archive)?;
    compare(&source, &archive, ALL_WAYS)
}

/// Statements in the place of rows.
#[test]
fn archives_of_inserts() -> anyhow::Result<()> {
    let source = Server::get(Major::REFERENCE).database();
    source.execute_sql(
        r#"CREATE TABLE "odd; 'name" (id int, "a;""b" text, bytes bytea);
           INSERT INTO "odd; 'name" SELECT g, t || g, convert_to(t, 'UTF8')
               FROM generate_series(1, 300) g, (VALUES (''), (';'), ($$it's;$$), ($$\'; x$$), (E'a;\nb;\r'), ('"ä;')) v (t);
           CREATE TABLE generated (id int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (2) STORED);
           INSERT INTO generated DEFAULT VALUES;
           SELECT lo_from_bytea(7, 'content'); COMMENT ON LARGE OBJECT 7 IS 'it; is''s'"#,
    );
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive");
    for arguments in [
        &["--inserts"][..],
        &["--rows-per-insert=7", "--column-inserts"],
    ] {
        stock_archive(&source, &archive, arguments)?;
        compare(&source, &archive, ALL_WAYS).with_context(|| format!("{arguments:?}"))?;
    }
    Ok(())
}

/// An archive from a pipe, archives in other formats, and the database itself.
#[test]
fn archives_of_all_sorts() -> anyhow::Result<()> {
    let source = Server::get(Major::REFERENCE).database();
    source.load_fixture("logistics")?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let sorts: [(&str, &[&str]); 3] = [
        ("folder", &["-Fd"]),
        ("folder-lz4", &["-Fd", "--compress=lz4"]),
        ("tar", &["-Ft"]),
    ];
    for (name, arguments) in sorts {
        stock_archive(&source, &path(name), arguments).context(name)?;
        compare(&source, &path(name), &[SHARED]).context(name)?;
    }
    dump(&source, &path("ours"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let target = source.empty_sibling()?;
    let restore = Restore::new(&target.conninfo())?;
    let archive = File::open(path("ours"))?;
    let report = runtime.block_on(restore.from_std_reader(archive))?;
    ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
    let comparison = compare_copy(&source, &target, "from a pipe")?;
    ensure!(comparison.is_same(), "{comparison}");

    // The copy stands for what the source was.
    let options = RestoreOptions {
        create: true,
        clean: true,
        if_exists: true,
        ..RestoreOptions::default()
    };
    for jobs in [1, 3] {
        let restore = Restore::new(&source.server().conninfo("postgres"))?;
        let restore = restore.options(options.clone()).jobs(jobs);
        let report = runtime.block_on(restore.from_file(path("ours")))?;
        ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
        let comparison = compare_copy(&target, &source, "created again")?;
        ensure!(comparison.is_same(), "{comparison}");
    }
    Ok(())
}
