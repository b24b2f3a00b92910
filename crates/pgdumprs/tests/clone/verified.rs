//! Checksums of both sides: equal where nothing is different, and what is different is found.

use std::sync::{Arc, mpsc};

use anyhow::{Result, ensure};
use pgdumprs::{CloneEnd, CloneEvent, CloneReport, ComparedKind, DatabaseClone, RestoreEvent};
use pgdumprs_testkit::{
    Database, DatabaseOptions, Major, Server, for_each_major, for_each_major_at_scale,
};

use super::{ALL_WAYS, DIVIDED, Way, clone, is_thorough, kinds, make_roles, run};

const ONE_PAIR: Way = Way {
    jobs: 1,
    part_bytes: 16 << 20,
};

/// What servers of different settings, encodings and releases write in their own ways.
const SOURCE: &str = r#"
    CREATE TYPE pair AS (a text, b numeric);
    CREATE DOMAIN short AS text CHECK (length(value) < 9);
    CREATE TABLE "odd "" name" (
        id int PRIMARY KEY, t text, f float8, r real, ts timestamptz, i interval, d date, m money, b bytea, j json, jb jsonb, x xml,
        p pair, s short, a text[], rel regclass, "from" int, twice int GENERATED ALWAYS AS (id * 2) STORED
    );
    INSERT INTO "odd "" name" (id, t, f, r, ts, i, d, m, b, j, jb, x, p, s, a, rel, "from")
    SELECT g, CASE g % 7 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'ä' || chr(9) || repeat('"\', g % 9) END, g / 3.0, g / 7.0,
        '2024-03-31 01:30+00'::timestamptz + g * interval '1 hour', g * interval '1 day 2 hours', date '2000-01-01' + g, g::money,
        decode(md5(g::text), 'hex'), '{"b": 1,  "a": 2}'::json, '{"b": 1,  "a": 2}'::jsonb, '<a>ö</a>'::xml, ROW('x,' || g, g / 7.0)::pair, 'abc',
        ARRAY['a,b', NULL, '"'], 'pg_class'::regclass, g
    FROM generate_series(1, 3000) g;
    CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES;
    CREATE TABLE none (id int);
    CREATE TABLE parent (id int); INSERT INTO parent VALUES (1);
    CREATE TABLE child (more text) INHERITS (parent); INSERT INTO child VALUES (2, 'x');
    CREATE TABLE divided (id int, t text) PARTITION BY RANGE (id);
    CREATE TABLE divided_1 PARTITION OF divided FOR VALUES FROM (0) TO (500);
    CREATE TABLE divided_2 (t text, id int); ALTER TABLE divided ATTACH PARTITION divided_2 DEFAULT;
    INSERT INTO divided SELECT g, md5(g::text) FROM generate_series(1, 1000) g;
    CREATE SEQUENCE counted START 5; SELECT nextval('counted');
    CREATE SEQUENCE "un called" START 7;
    SELECT lo_from_bytea(50000 + g, convert_to(repeat('x' || g, 100000 * (g % 4)), 'UTF8')) FROM generate_series(1, 20) g;
"#;

fn source(server: &Server) -> Database {
    let source = server.database();
    source.execute_sql(format!("SET client_encoding = 'UTF8';{SOURCE}"));
    source
}

fn check(report: &CloneReport, how: &str) -> Result<()> {
    let verification = report.verification.as_ref();
    let equal =
        verification.is_some_and(|found| found.is_proved() && found.comparisons.len() == 10);
    ensure!(
        equal && report.end() == CloneEnd::Complete,
        "{how}: {report:#?}"
    );
    Ok(())
}

/// Settings that bend what a server writes, the target's other than the source's.
fn bend(source: &Database, target: &Database) {
    for (database, settings) in [
        (
            source,
            "TimeZone = 'Asia/Tokyo'; DateStyle = 'German'; extra_float_digits = 0; bytea_output = 'escape'",
        ),
        (
            target,
            "TimeZone = 'America/St_Johns'; IntervalStyle = 'iso_8601'; quote_all_identifiers = on; search_path = public",
        ),
    ] {
        for setting in settings.split("; ") {
            let name = database.name();
            database.execute_sql(format!("ALTER DATABASE {name} SET {setting}"));
        }
    }
}

/// By default on the newest major.
#[test]
fn what_was_cloned_is_equal() {
    for_each_major_at_scale(|server| {
        let source = source(server);
        for &way in ALL_WAYS {
            let target = server.database();
            bend(&source, &target);
            let report = run(clone(&source, &target, way)?.verify(true))?;
            check(&report, &format!("{way:?}"))?;
        }

        // Partitions through their root are one table.
        let target = server.database();
        let through = clone(&source, &target, DIVIDED)?
            .source(|dump| dump.load_via_partition_root(true))
            .verify(true);
        let report = run(through)?;
        let compared = report
            .verification
            .iter()
            .flat_map(|found| &found.comparisons);
        let root = compared.filter(|of| of.name == "public.divided" && of.is_equal() == Some(true));
        ensure!(
            root.count() == 1 && report.end() == CloneEnd::Complete,
            "{report:#?}"
        );

        // In another encoding.
        let options = DatabaseOptions {
            encoding: "LATIN1".into(),
            ..Default::default()
        };
        let target = server.database_with(&options);
        let report = run(clone(&source, &target, DIVIDED)?.verify(true))?;
        check(&report, "into LATIN1")
    });
}

/// To a server of another release.
#[test]
fn releases_make_the_same_checksums() -> Result<()> {
    let pairs: &[(Major, Major)] = match is_thorough() {
        true => &[
            (Major::V13, Major::V17),
            (Major::V15, Major::V18),
            (Major::V13, Major::V19),
        ],
        false => &[(Major::V17, Major::V19)],
    };
    for &(old, new) in pairs {
        let source = source(&Server::get(old));
        let target = Server::get(new).database();
        bend(&source, &target);
        let report = run(clone(&source, &target, DIVIDED)?.verify(true))?;
        check(&report, &format!("from {old} to {new}"))?;
    }
    Ok(())
}

/// Files whose rows or labels a copy does not take.
const NOT_TAKEN: &[&str] = &["partition_hash_enum", "security_label"];

/// Every kind of object that has data, where there is time.
#[test]
fn fixtures_are_equal() {
    if !is_thorough() {
        return;
    }
    for_each_major(|server| {
        make_roles(server)?;
        let mut failures = Vec::new();
        for (name, file) in kinds(server, NOT_TAKEN)? {
            let source = server.database();
            source.load_file(&file)?;
            let target = source.empty_sibling()?;
            match run(clone(&source, &target, DIVIDED)?.verify(true)) {
                Ok(report)
                    if report
                        .verification
                        .as_ref()
                        .is_some_and(|found| found.is_proved()) => {}
                other => failures.push(format!("{name}: {other:#?}")),
            }
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        Ok(())
    });
}

/// Changes the target in the moment in which verification begins.
fn meddled(clone: DatabaseClone, target: &Arc<Database>, sql: &str) -> Result<CloneReport> {
    let (target, sql) = (Arc::clone(target), sql.to_owned());
    let meddled = clone.verify(true).watch(move |event| {
        if matches!(event, CloneEvent::Verifying) {
            target.execute_sql(&sql);
        }
    });
    Ok(run(meddled)?)
}

/// One row changed, doubled, lost, or moved; a byte of a large object; a sequence that has gone on.
#[test]
fn what_is_different_is_found() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let cases = [
        (
            ComparedKind::Table,
            "public.odd \" name",
            "UPDATE \"odd \"\" name\" SET t = t || 'x' WHERE id = 2000",
        ),
        (
            ComparedKind::Table,
            "public.odd \" name",
            "UPDATE \"odd \"\" name\" SET t = '' WHERE id = 7",
        ),
        (
            ComparedKind::Table,
            "public.none",
            "INSERT INTO none VALUES (NULL)",
        ),
        (
            ComparedKind::Table,
            "public.bare",
            "INSERT INTO bare DEFAULT VALUES",
        ),
        (
            ComparedKind::Table,
            "public.divided_1",
            "DELETE FROM divided WHERE id = 7",
        ),
        // As many rows, one of them twice.
        (
            ComparedKind::Table,
            "public.divided_2",
            "DELETE FROM divided WHERE id = 700; INSERT INTO divided SELECT * FROM divided WHERE id = 701",
        ),
        // Values change places.
        (
            ComparedKind::Table,
            "public.divided_2",
            "UPDATE divided d SET t = (SELECT t FROM divided o WHERE o.id = 1401 - d.id) WHERE id IN (700, 701)",
        ),
        (
            ComparedKind::LargeObjects,
            "50001-50020",
            "SELECT lo_put(50003, 300000, 'y')",
        ),
        (
            ComparedKind::Sequence,
            "public.counted",
            "SELECT nextval('counted')",
        ),
        (
            ComparedKind::Sequence,
            "public.un called",
            "SELECT nextval('\"un called\"')",
        ),
    ];
    for (number, (kind, name, sql)) in cases.into_iter().enumerate() {
        let target = Arc::new(server.database());
        let way = if number % 2 == 0 { DIVIDED } else { ONE_PAIR };
        let report = meddled(clone(&source, &target, way)?, &target, sql)?;
        ensure!(report.end() == CloneEnd::Incomplete, "{sql}: {report:#?}");
        let found = report.verification.as_ref().expect("it was asked for");
        let doubtful: Vec<_> = found.doubtful().collect();
        ensure!(
            matches!(&doubtful[..], [one] if one.kind == kind && one.name == name && one.is_equal() == Some(false)),
            "{sql}: {doubtful:#?}"
        );
    }

    // What cannot be read is not equal.
    let target = Arc::new(server.database());
    let report = meddled(
        clone(&source, &target, DIVIDED)?,
        &target,
        "DROP TABLE none",
    )?;
    ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
    let found = report.verification.expect("it was asked for");
    ensure!(
        found.failures.len() == 1 && found.failures[0].contains("none"),
        "{found:#?}"
    );
    Ok(())
}

/// What was left out is not compared, and what was chosen is.
#[test]
fn what_was_chosen_is_compared() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let target = server.database();
    let (sender, told) = mpsc::channel();
    let chosen = clone(&source, &target, DIVIDED)?
        .source(|dump| {
            dump.exclude_table("none")
                .exclude_table_data("divided_2")
                .large_objects(false)
        })
        .verify(true)
        .watch(move |event| {
            let _ = sender.send(event);
        });
    let report = run(chosen)?;
    ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
    let names: Vec<String> = told
        .iter()
        .filter_map(|event| match event {
            CloneEvent::Compared(comparison) => Some(comparison.name.to_string()),
            CloneEvent::Target(RestoreEvent::Failed { failure, .. }) => {
                Some(format!("{failure:?}"))
            }
            _ => None,
        })
        .collect();
    let expected = [
        "bare",
        "child",
        "divided_1",
        "odd \" name",
        "parent",
        "counted",
        "un called",
    ];
    let expected = expected.map(|name| format!("public.{name}"));
    ensure!(names == expected, "{names:?}");
    Ok(())
}

/// Of tables that an extension has filled, the rows that are not its own: in the order that it says, where it says one.
#[test]
fn rows_beside_those_of_extensions_are_compared() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let database = || {
        let database = server.database();
        database.execute_sql(
            "CREATE EXTENSION hstore;
             CREATE TABLE chosen (id int, t text); INSERT INTO chosen VALUES (1, 'built in');
             CREATE TABLE ordered (id int, t text);
             ALTER EXTENSION hstore ADD TABLE chosen; ALTER EXTENSION hstore ADD TABLE ordered;
             UPDATE pg_extension SET extconfig = ARRAY['chosen', 'ordered']::regclass[]::oid[],
                 extcondition = ARRAY['WHERE id > 1', 'ORDER BY id'] WHERE extname = 'hstore'",
        );
        database
    };
    let (source, target) = (database(), database());
    source.execute_sql("INSERT INTO chosen VALUES (2, NULL), (3, 'x'); INSERT INTO ordered VALUES (5, 'b'), (4, 'a')");
    let rows = clone(&source, &target, DIVIDED)?.source(|dump| dump.schema(false));
    let report = run(rows.verify(true))?;
    let found = report.verification.as_ref().expect("it was asked for");
    ensure!(
        found.is_proved() && found.comparisons.len() == 2,
        "{report:#?}"
    );
    ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
    Ok(())
}
