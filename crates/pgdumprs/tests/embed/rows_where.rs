//! Rows that are chosen by a condition.

use anyhow::{Context, Result, ensure};
use pgdumprs::{
    ConditionError, Dump, Error, ErrorKind, Event, Inserts, Plain, Report, Restore, RestoreEnd,
};
use pgdumprs_testkit::{Database, Major, Server};

use crate::{block_on, dump};

/// Says more to a dump.
type Choose = fn(Dump) -> Dump;

/// Tables of all kinds that have rows, or seem to.
fn source(server: &Server) -> Result<Database> {
    let source = server.database();
    source.try_execute_sql(
        "CREATE TABLE item (id int PRIMARY KEY, name text, double int GENERATED ALWAYS AS (id * 2) STORED);
         INSERT INTO item SELECT g, md5(g::text) FROM generate_series(1, 50000) g;
         CREATE TABLE sale (id int, item int REFERENCES item, CONSTRAINT late CHECK (id > 0));
         INSERT INTO sale SELECT g, g * 100 FROM generate_series(1, 500) g;
         CREATE TABLE event (id int, at date) PARTITION BY RANGE (id);
         CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (1) TO (100);
         CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (100) TO (200) PARTITION BY LIST (id);
         CREATE TABLE event_2_rest PARTITION OF event_2 DEFAULT;
         INSERT INTO event SELECT g, '2026-01-01'::date + g FROM generate_series(1, 199) g;
         CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
         INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (3), (4);
         CREATE TABLE hidden (id int); INSERT INTO hidden SELECT generate_series(1, 10);
         ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; CREATE POLICY small ON hidden USING (id <= 6);
         CREATE TABLE \"odd: name\" (\"a;b\" text); INSERT INTO \"odd: name\" VALUES (');'), ('x');
         CREATE VIEW seen AS SELECT * FROM item;
         VACUUM ANALYZE",
    )?;
    Ok(source)
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM item), (SELECT sum(double) FROM item WHERE id < 300), (SELECT count(*) FROM event), \
     (SELECT count(*) FROM ONLY parent), (SELECT count(*) FROM child), (SELECT count(*) FROM \"odd: name\")";

/// A dump with a condition for each table that may have one.
fn chosen(source: &Database) -> Result<Dump> {
    let dump = dump(source)?
        .exclude_table_data("sale")
        .rows_where(
            "public.item",
            "id <= 100 OR double > 99000 -- and nothing more",
        )?
        .rows_where("event", "at < '2026-02-01' /* ) */")?
        .rows_where("parent", "parent.id > 1")?
        .rows_where("\"odd: name\"", "\"a;b\" = $$);$$")?;
    Ok(dump)
}

fn check(copy: &Database, how: &str) -> Result<()> {
    let counts = copy.psql(COUNTS);
    ensure!(counts == "600|10100|30|1|2|1", "{how}: {counts}");
    Ok(())
}

#[test]
fn every_form_has_the_rows_that_meet_it() -> Result<()> {
    let server = Server::try_get(Major::V17)?;
    let source = source(&server)?;
    let folder = tempfile::tempdir()?;
    let archives: [(&str, Choose); 3] = [
        ("custom", |dump| dump),
        // In one part, without pages.
        ("custom", |dump| dump.part_bytes(1 << 30)),
        ("tar", |dump| dump.tar(Plain::default())),
    ];
    for (number, (form, choose)) in archives.into_iter().enumerate() {
        let path = folder.path().join(number.to_string());
        let report = block_on(choose(chosen(&source)?).to_file(&path))??;
        said(&report)?;
        restore(&path, &server, form)?;
    }
    let path = folder.path().join("folder");
    said(&block_on(chosen(&source)?.to_directory(&path))??)?;
    restore(&path, &server, "directory")?;
    for inserts in [
        None,
        Some(Inserts::default().columns(true)),
        Some(Inserts::default().rows(7)),
    ] {
        let mut dump = chosen(&source)?.plain(Plain::default());
        if let Some(inserts) = inserts.clone() {
            dump = dump.inserts(inserts);
        }
        let (script, report) = block_on(dump.to_std_writer(Vec::new()))??;
        said(&report)?;
        let copy = server.database();
        copy.try_execute_sql(script)?;
        check(&copy, &format!("{inserts:?}"))?;
    }
    Ok(())
}

fn restore(path: &std::path::Path, server: &Server, form: &str) -> Result<()> {
    let copy = server.database();
    let report = block_on(Restore::new(&copy.conninfo())?.from_file(path))??;
    ensure!(report.end() == RestoreEnd::Complete, "{form}: {report:#?}");
    check(&copy, form)
}

fn said(report: &Report) -> Result<()> {
    let said: Vec<_> = report
        .chosen_rows
        .iter()
        .map(|chosen| {
            (
                chosen.table.to_string(),
                chosen.rows,
                chosen.estimated_total,
            )
        })
        .collect();
    let expected = [
        ("public.\"odd: name\"", 1, 2),
        ("public.event_1", 30, 99),
        ("public.event_2_rest", 0, 100),
        ("public.item", 600, 50_000),
        ("public.parent", 1, 2),
    ];
    let expected = expected.map(|(name, rows, total)| (name.to_owned(), Some(rows), Some(total)));
    let mut sorted = said.clone();
    sorted.sort();
    ensure!(sorted == expected, "{said:?}");
    Ok(())
}

#[test]
fn row_security_hides_rows_beside_the_condition() -> Result<()> {
    let server = Server::try_get(Major::V17)?;
    let source = source(&server)?;
    let role = server.role("LOGIN");
    source.try_execute_sql(format!("GRANT SELECT ON hidden TO {role}"))?;
    let dump = Dump::new(&format!("{} user={role}", source.conninfo()))?
        .include_table("hidden")
        .row_security(true)
        .plain(Plain::default())
        .rows_where("hidden", "id > 2 OR true")?;
    let (_, report) = block_on(dump.to_std_writer(std::io::sink()))??;
    ensure!(report.rows == 6, "{report:?}");
    Ok(())
}

#[test]
fn the_server_judges_before_anything_is_read() -> Result<()> {
    let server = Server::try_get(Major::V17)?;
    let source = source(&server)?;
    for (pattern, condition, kind, says) in [
        ("item", "nothing > 5", ErrorKind::Invalid, "public.item"),
        ("item", "id", ErrorKind::Invalid, "boolean"),
        ("item", "id > 5 LIMIT 1", ErrorKind::Invalid, "syntax"),
        ("item", "count(*) > 1", ErrorKind::Invalid, "aggregate"),
        ("item", "missing(id)", ErrorKind::Invalid, "does not exist"),
        ("seen", "id > 5", ErrorKind::NoMatch, "seen"),
        ("nowhere", "true", ErrorKind::NoMatch, "no matching tables"),
        ("sale", "true", ErrorKind::NoMatch, "sale"),
    ] {
        let dump = dump(&source)?
            .exclude_table("sale")
            .rows_where(pattern, condition)?;
        let error = block_on(dump.to_writer(tokio::io::sink()))?.err();
        let error = error.with_context(|| condition.to_owned())?;
        ensure!(error.kind() == kind, "{condition}: {error:?}");
        let text = format!("{:#}", anyhow::Error::from(error));
        ensure!(text.contains(says), "{condition}: {text}");
    }
    let twice = dump(&source)?
        .rows_where("item", "id > 5")?
        .rows_where("i*", "id > 6")?;
    let error = block_on(twice.to_writer(tokio::io::sink()))?.err();
    ensure!(
        matches!(&error, Some(error @ Error::Ddl(_)) if error.to_string().contains("public.item")),
        "{error:?}"
    );
    let escaping = dump(&source)?.rows_where("item", "true) TO stdout; DROP TABLE item; --");
    ensure!(escaping.err() == Some(ConditionError::Closed));
    Ok(())
}

#[test]
fn foreign_keys_that_may_not_hold_are_named_and_left_unchecked_where_that_is_asked_for()
-> Result<()> {
    let server = Server::try_get(Major::V17)?;
    let source = source(&server)?;
    let dumped = |not_valid: bool| -> Result<(Vec<u8>, Vec<String>)> {
        let (tell, told) = std::sync::mpsc::channel();
        let dump = dump(&source)?
            .plain(Plain::default())
            .include_table("item")
            .include_table("sale")
            .not_valid_foreign_keys(not_valid)
            .rows_where("item", "id < 1000")?
            .watch(move |event| {
                if let Event::Warning(text) = event {
                    let _ = tell.send(text);
                }
            });
        let (script, _) = block_on(dump.to_std_writer(Vec::new()))??;
        Ok((script, told.iter().collect()))
    };
    let (script, warnings) = dumped(false)?;
    ensure!(
        warnings.len() == 1 && warnings[0].contains("sale_item_fkey of public.sale to public.item"),
        "{warnings:?}"
    );
    ensure!(!String::from_utf8_lossy(&script).contains("NOT VALID"));
    ensure!(server.database().try_execute_sql(script).is_err());

    let (script, warnings) = dumped(true)?;
    ensure!(warnings.is_empty(), "{warnings:?}");
    let copy = server.database();
    copy.try_execute_sql(script)?;
    let found = copy.psql(
        "SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM sale), (SELECT convalidated FROM pg_constraint WHERE contype = 'f')",
    );
    ensure!(found == "999|500|f", "{found}");
    ensure!(
        copy.try_execute_sql("INSERT INTO sale VALUES (1, 5000)")
            .is_err()
    );
    Ok(())
}
