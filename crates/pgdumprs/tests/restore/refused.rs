//! Restores of which the server refuses something: what goes on, what stops, and what is said of it.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use pgdumprs::{Restore, RestoreEnd, RestoreOptions, RestoreReport, RestoreStopped};
use pgdumprs_testkit::{Database, Major, Server, reference_pg_restore};

use super::{ALL_WAYS, SERIAL, SHARED, Way, dump, run, run_in};

/// A restore that begins whatever its plan says.
fn into(target: &Database, way: Way) -> Result<Restore> {
    Ok(super::into(target, way)?.regardless(true))
}

/// Three tables, one of which will be in the way.
fn source(server: &Server) -> Database {
    let source = server.database();
    source.execute_sql(
        "CREATE TABLE a (id int PRIMARY KEY, t text);
         INSERT INTO a SELECT g, repeat('x', g % 100) FROM generate_series(1, 5000) g;
         CREATE TABLE b (id int PRIMARY KEY, t text);
         INSERT INTO b SELECT g, repeat('y', g % 100) FROM generate_series(1, 5000) g;
         CREATE TABLE c (id int PRIMARY KEY REFERENCES b);
         INSERT INTO c SELECT g FROM generate_series(1, 100) g;
         COMMENT ON TABLE a IS 'first'",
    );
    source
}

/// A database where table `b` is there already and takes none of the rows.
fn target(source: &Database) -> Result<Database> {
    let target = source.empty_sibling()?;
    target.execute_sql("CREATE TABLE b (id int CHECK (id < 4000), t text, other int)");
    Ok(target)
}

/// The codes of what failed, with the kinds of entries.
fn failures(report: &RestoreReport) -> Vec<(String, String)> {
    let failures = report.failures.iter().map(|failure| {
        let kind = failure.entry.split_str(" ").next().unwrap_or_default();
        (
            kind.to_str_lossy().into_owned(),
            failure.error.code().to_string(),
        )
    });
    failures.collect()
}

/// How many rows of a table were in the archive and have come in.
fn rows(report: &RestoreReport, table: &str) -> (Option<u64>, u64) {
    let table = report
        .tables
        .iter()
        .find(|other| other.name == format!("public.{table}"));
    table.map_or((None, 0), |table| (table.archived, table.loaded))
}

#[test]
fn what_fails_is_told_and_the_rest_goes_on_as_with_stock() -> Result<()> {
    let source = source(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    for &way in ALL_WAYS {
        let target = target(&source)?;
        let report = run_in(way, into(&target, way)?, &archive)?;
        ensure!(report.end() == RestoreEnd::Incomplete);
        // The table, its rows, and the foreign key, which finds none of them: the primary key does not mind.
        let mut found = failures(&report);
        found.sort();
        let expected = [("FK", "23503"), ("TABLE", "23514"), ("TABLE", "42P07")];
        let expected: Vec<_> = expected
            .map(|(kind, code)| (kind.to_owned(), code.to_owned()))
            .into();
        ensure!(found == expected, "{way:?}: {report:#?}");
        ensure!(
            rows(&report, "a") == (Some(5000), 5000),
            "{way:?}: {report:#?}"
        );
        ensure!(
            rows(&report, "b") == (Some(5000), 0),
            "{way:?}: {report:#?}"
        );
        ensure!(report.not_reached.is_empty() && report.stopped.is_none());
        ensure!(report.incomplete_tables().count() == 1);
        ensure!(target.psql("SELECT count(*) FROM a") == "5000");
        ensure!(target.psql("SELECT count(*) FROM b") == "0");

        let stock = self::target(&source)?;
        let mut restore = reference_pg_restore();
        restore.args(["--dbname", &stock.conninfo()]).arg(&archive);
        let output = restore.stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(said.contains("errors ignored on restore: 3"), "{said}");
    }
    Ok(())
}

#[test]
fn rows_of_tables_that_could_not_be_made_can_be_left_out() -> Result<()> {
    let source = source(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    for &way in ALL_WAYS {
        let target = source.empty_sibling()?;
        target.execute_sql("CREATE TABLE b (id int PRIMARY KEY, t text)");
        let report = run_in(
            way,
            into(&target, way)?.no_data_for_failed_tables(true),
            &archive,
        )?;
        ensure!(report.end() == RestoreEnd::Incomplete);
        ensure!(rows(&report, "b") == (Some(5000), 0), "{report:#?}");
        ensure!(target.psql("SELECT count(*) FROM b") == "0");
        ensure!(
            !report
                .failures
                .iter()
                .any(|failure| failure.statement.starts_with(b"COPY"))
        );
    }
    Ok(())
}

#[test]
fn a_restore_stops_at_the_first_failure_where_it_is_told_to() -> Result<()> {
    let source = source(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    for &way in ALL_WAYS {
        let target = target(&source)?;
        let report = run_in(way, into(&target, way)?.exit_on_error(true), &archive)?;
        ensure!(report.end() == RestoreEnd::Incomplete);
        ensure!(
            failures(&report) == [("TABLE".to_owned(), "42P07".to_owned())],
            "{report:#?}"
        );
        ensure!(!report.not_reached.is_empty() && !report.rolled_back);
        // The table before is there, the one behind is not.
        ensure!(
            target.psql("SELECT to_regclass('a') IS NOT NULL, to_regclass('c') IS NULL") == "t|t"
        );
    }
    Ok(())
}

#[test]
fn one_transaction_is_all_or_nothing() -> Result<()> {
    let source = source(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    let sizes = [
        RestoreOptions {
            single_transaction: true,
            ..RestoreOptions::default()
        },
        RestoreOptions {
            transaction_size: Some(2),
            ..RestoreOptions::default()
        },
    ];
    for options in sizes {
        let way = SHARED;
        let report = run(
            into(&target(&source)?, way)?.options(options.clone()),
            &archive,
        )?;
        ensure!(report.end() == RestoreEnd::Incomplete);
        ensure!(report.failures.len() == 1, "{report:#?}");
        ensure!(report.rolled_back == options.single_transaction);

        let target = target(&source)?;
        target.execute_sql(
            "DROP TABLE b; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        );
        let report = run(into(&target, way)?.options(options.clone()), &archive)?;
        ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
        ensure!(target.psql("SELECT count(*) FROM b") == "5000");

        // The foreign key fails at the end.
        let target = source.empty_sibling()?;
        target.execute_sql("CREATE TYPE c AS (a int)");
        let report = run(into(&target, way)?.options(options.clone()), &archive)?;
        ensure!(report.end() == RestoreEnd::Incomplete);
        let there = target.psql("SELECT to_regclass('a') IS NOT NULL");
        ensure!(
            there == if options.single_transaction { "f" } else { "t" },
            "{there}"
        );
    }
    Ok(())
}

/// What is in an archive is SQL for the target and nothing else, and what it does to its session ends with that.
#[test]
fn nothing_in_an_archive_is_a_command_for_anything_but_the_target() -> Result<()> {
    use pgdumprs::archive::{
        ArchiveVersion, Compression, CreationTime, Entry, Header, Section, Writer,
    };

    let folder = tempfile::tempdir()?;
    let (archive, touched) = (
        folder.path().join("archive.dump"),
        folder.path().join("touched"),
    );
    let entry = |dump_id, descriptor: &str, definition: &str| Entry {
        dump_id,
        tag: Some("x".into()),
        descriptor: descriptor.into(),
        section: Section::PreData,
        definition: Some(definition.into()),
        owner: Some("".into()),
        ..Entry::default()
    };
    let touch = format!("\\! touch {}\n", touched.display());
    let mut rows = entry(7, "TABLE DATA", "");
    rows.section = Section::Data;
    rows.had_dumper = true;
    rows.copy = Some("COPY t FROM stdin;\n".into());
    let entries = [
        entry(8, "STDSTRINGS", "SET standard_conforming_strings = 'on';\n"),
        entry(1, "TABLE", "CREATE TABLE t (a text);\n"),
        entry(2, "TABLE", &touch),
        entry(
            3,
            "TABLE",
            "\\connect postgres\nCREATE TABLE elsewhere (a int);\n",
        ),
        entry(4, "TABLE", "COPY t TO STDOUT;\n"),
        entry(5, "TABLE", "\\i /etc/passwd\n"),
        entry(6, "TABLE", "CREATE TABLE u (a text);\n"),
        rows,
    ];
    let header = Header {
        version: ArchiveVersion::V1_14,
        compression: Compression::None,
        created: CreationTime::default(),
        database: Some("x".into()),
        server_version: Some("17.0".into()),
        dumper_version: Some("17.0".into()),
    };
    let mut writer = Writer::seekable(std::fs::File::create(&archive)?, &header, &entries)?;
    writer.begin_data(7)?;
    writer.write(format!("{}a\n\\.\n\n\n", touch.replace('\\', "\\\\")).as_bytes())?;
    writer.end()?;
    writer.finish()?;
    let target = Server::get(Major::REFERENCE).database();
    let report = run(into(&target, SERIAL)?, &archive)?;
    ensure!(report.end() == RestoreEnd::Incomplete);
    ensure!(report.failures.len() == 3, "{report:#?}");
    ensure!(rows_of(&report) == [(Some(2), 2)], "{report:#?}");
    ensure!(!touched.exists());
    ensure!(
        target.psql("SELECT to_regclass('u') IS NOT NULL, to_regclass('elsewhere') IS NULL")
            == "t|t"
    );
    Ok(())
}

fn rows_of(report: &RestoreReport) -> Vec<(Option<u64>, u64)> {
    report
        .tables
        .iter()
        .map(|table| (table.archived, table.loaded))
        .collect()
}

/// An archive with another statement in the place of a comment, of the same length.
fn with_statement(archive: &Path, statement: &str) -> Result<()> {
    let bytes = std::fs::read(archive)?;
    let comment = "COMMENT ON TABLE public.a IS 'first';";
    let statement = format!(
        "{statement} --{:>1$}",
        ";",
        comment.len() - statement.len() - 3
    );
    let changed = bytes.replace(comment, &statement);
    ensure!(changed != bytes && changed.len() == bytes.len());
    Ok(std::fs::write(archive, changed)?)
}

/// What is lost with a transaction that the archive itself has begun is not taken for restored.
#[test]
fn a_transaction_that_the_archive_leaves_open_is_no_success() -> Result<()> {
    let source = source(&Server::get(Major::REFERENCE));
    source.execute_sql("COMMENT ON TABLE c IS 'last'");
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    with_statement(&archive, "BEGIN;")?;
    let all = "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM c),
               obj_description('c'::regclass)";
    for &way in ALL_WAYS {
        let target = source.empty_sibling()?;
        let report = run_in(way, into(&target, way)?, &archive)?;
        // A table that is loaded over several connections is committed by itself, and with it what the archive has left open.
        let is_whole = report.end() == RestoreEnd::Complete
            && target
                .try_execute_sql("SELECT 'a'::regclass, 'b'::regclass, 'c'::regclass")
                .is_ok()
            && target.psql(all) == "5000|5000|100|last";
        let is_told = report.end() == RestoreEnd::Incomplete
            && (matches!(report.stopped, Some(RestoreStopped::LeftOpen))
                || !report.failures.is_empty());
        ensure!(is_whole || is_told, "{way:?}: {report:#?}");
    }
    Ok(())
}

/// Nor is one transaction that the archive itself has ended.
#[test]
fn a_transaction_that_the_archive_ends_is_no_success() -> Result<()> {
    let source = source(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    with_statement(&archive, "COMMIT;")?;
    let options = RestoreOptions {
        single_transaction: true,
        ..RestoreOptions::default()
    };
    let target = source.empty_sibling()?;
    let restore = into(&target, ALL_WAYS[0])?.options(options);
    let report = run(restore, &archive)?;
    ensure!(report.end() == RestoreEnd::Incomplete, "{report:#?}");
    let is_told = |(_, said): &(String, String)| said == "25P01";
    ensure!(failures(&report).iter().any(is_told), "{report:#?}");
    Ok(())
}

/// A damaged archive is never restored for whole.
#[test]
fn an_archive_that_breaks_off_is_not_restored_for_whole() -> Result<()> {
    let source = source(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    let whole = std::fs::read(&archive)?;
    for (turn, &way) in ALL_WAYS.iter().enumerate() {
        let cut = whole.len() - 1000 * (turn + 1);
        std::fs::write(&archive, &whole[..cut]).context("cutting the archive")?;
        let report = run_in(way, into(&source.empty_sibling()?, way)?, &archive)?;
        ensure!(
            report.end() == RestoreEnd::Incomplete,
            "{way:?}, cut at {cut}"
        );
        ensure!(report.stopped.is_some(), "{report:#?}");
    }
    Ok(())
}

/// Through a pooler that carries transactions it is one transaction, which leaves no setting behind, or nothing.
#[test]
fn poolers_that_carry_transactions_take_one_transaction() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    let pooler = server.pooler().setting("default_pool_size", "1").start()?;
    let target = source.empty_sibling()?;
    let restore = || Ok::<_, anyhow::Error>(Restore::new(&pooler.conninfo(target.name()))?);
    let settings =
        "SELECT string_agg(name || setting, ' ') FROM pg_settings WHERE source = 'session'";
    let runtime = tokio::runtime::Runtime::new()?;
    let ask = || {
        runtime.block_on(async {
            let params = pgdumprs::ConnectParams::parse(&pooler.conninfo(target.name()))?;
            let mut session = pgdumprs_connect::Session::connect(&params).await?;
            let rows = session.query(settings).await?;
            let found = rows.one()?.get::<Option<pgdumprs::BString>>(0)?;
            session.close().await;
            anyhow::Ok(found)
        })
    };
    let before = ask()?;
    let report = run(restore()?, &archive)?;
    ensure!(report.end() == RestoreEnd::Incomplete, "{report:#?}");
    ensure!(
        matches!(report.stopped, Some(RestoreStopped::TransactionPooler)),
        "{report:#?}"
    );
    ensure!(
        target.psql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
            == "0"
    );
    let options = RestoreOptions {
        single_transaction: true,
        ..RestoreOptions::default()
    };
    let report = run(restore()?.options(options), &archive)?;
    ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
    ensure!(target.psql("SELECT count(*) FROM b") == "5000");
    ensure!(ask()? == before, "{:?}", ask()?);

    let pooler = server.pooler().setting("pool_mode", "session").start()?;
    let target = source.empty_sibling()?;
    let report = run(
        Restore::new(&pooler.conninfo(target.name()))?.jobs(3),
        &archive,
    )?;
    ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
    ensure!(target.psql("SELECT count(*) FROM b") == "5000");
    Ok(())
}

/// The server only warns of them.
#[test]
fn privileges_that_are_not_granted_are_failures() -> Result<()> {
    let server = Server::get(Major::V17);
    let (owner, reader) = (server.role("LOGIN"), server.role("NOLOGIN"));
    let (source, target) = (server.database(), server.database());
    source.execute_sql(format!(
        "CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO {reader}"
    ));
    target.execute_sql(format!(
        "CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO {owner}"
    ));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    dump(&source, &archive)?;
    let restore = Restore::new(&format!("{} user={owner}", target.conninfo()))?;
    let report = run(restore.regardless(true), &archive)?;
    ensure!(report.end() == RestoreEnd::Incomplete);
    let refused = report
        .failures
        .iter()
        .find(|failure| failure.entry == "ACL - SCHEMA app");
    let refused = refused.context("the grant is not among the failures")?;
    ensure!(refused.error.code == "01007", "{refused:?}");
    ensure!(
        refused.error.message == "no privileges were granted for \"app\"",
        "{refused:?}"
    );
    Ok(())
}
