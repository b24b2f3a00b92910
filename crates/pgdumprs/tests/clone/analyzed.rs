//! Planner statistics on the target: gathered there, or carried over.

use anyhow::{Result, ensure};
use pgdumprs::{CloneEnd, RestoreEvent};
use pgdumprs_testkit::{Database, Major, Server};

use super::{DIVIDED, clone, run};

fn source(server: &Server) -> Database {
    let source = server.database();
    source.execute_sql(
        r#"CREATE SCHEMA app;
        CREATE TABLE app."odd "" Name" AS SELECT g AS id, g % 7 AS k FROM generate_series(1, 2000) g;
        CREATE TABLE app.left_out AS SELECT 1 AS id;
        CREATE MATERIALIZED VIEW app.seen AS SELECT * FROM app."odd "" Name";
        CREATE TABLE divided (id int) PARTITION BY RANGE (id);
        CREATE TABLE divided_1 PARTITION OF divided FOR VALUES FROM (0) TO (500) PARTITION BY RANGE (id);
        CREATE TABLE divided_1_1 PARTITION OF divided_1 DEFAULT;
        CREATE TABLE divided_2 PARTITION OF divided DEFAULT;
        INSERT INTO divided SELECT generate_series(1, 1000);
        CREATE TABLE parent (id int); INSERT INTO parent SELECT generate_series(1, 100);
        CREATE TABLE child () INHERITS (parent); INSERT INTO child SELECT generate_series(1, 100);"#,
    );
    source
}

/// Which relations have statistics, of themselves (f) and with those that inherit from them (t).
const WITH_STATISTICS: &str = "SELECT string_agg(DISTINCT tablename || '/' || inherited::text, ', ' ORDER BY tablename || '/' || inherited::text)
    FROM pg_stats WHERE schemaname IN ('app', 'public')";

const ALL: &str = "child/false, divided/true, divided_1/true, divided_1_1/false, divided_2/false, odd \" Name/false, parent/false, parent/true, seen/false";

#[test]
fn the_target_gathers_statistics() -> Result<()> {
    for major in [Major::V17, Major::REFERENCE] {
        let server = Server::get(major);
        let source = source(&server);
        let target = server.database();
        let analyzed = clone(&source, &target, DIVIDED)?
            .source(|dump| dump.exclude_table("app.left_out"))
            .target(|restore| restore.analyze(true));
        let report = run(analyzed)?;
        ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
        let found = target.psql(WITH_STATISTICS);
        ensure!(found == ALL, "{major}: {found}");
        let analysis = report.restore.analysis.expect("it was asked for");
        ensure!(
            analysis
                .analyzed
                .iter()
                .any(|name| name == "app.\"odd \"\" Name\""),
            "{analysis:?}"
        );

        // Not by itself.
        let target = server.database();
        target.execute_sql("CREATE TABLE divided (id int) PARTITION BY RANGE (id)");
        let report =
            run(clone(&source, &target, DIVIDED)?.target(|restore| restore.regardless(true)))?;
        ensure!(report.restore.analysis.is_none());
    }
    Ok(())
}

/// What the server refuses is not gathered, and is said.
#[test]
fn what_is_not_analyzed_is_told() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = server.database();
    source.execute_sql(
        "CREATE FUNCTION refuse(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
             'BEGIN IF current_setting(''my.refuses'', true) = ''yes'' THEN RAISE ''no''; END IF; RETURN $1; END';
         CREATE TABLE fine AS SELECT 1 AS id; CREATE TABLE refused AS SELECT 1 AS id; CREATE INDEX ON refused (refuse(id))",
    );
    let target = std::sync::Arc::new(server.database());
    let at = std::sync::Arc::clone(&target);
    let analyzed = clone(&source, &target, DIVIDED)?.target(|restore| {
        restore.analyze(true).watch(move |event| {
            if matches!(event, RestoreEvent::Analyzing) {
                at.execute_sql(format!(
                    "ALTER DATABASE {} SET my.refuses = 'yes'",
                    at.name()
                ));
            }
        })
    });
    let report = run(analyzed)?;
    ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
    let analysis = report.restore.analysis.expect("it was asked for");
    ensure!(analysis.analyzed == ["public.fine"], "{analysis:?}");
    ensure!(
        matches!(&analysis.failures[..], [one] if one.starts_with("public.refused:") && one.contains("no")),
        "{analysis:?}"
    );
    Ok(())
}

/// Servers since 18 take the source's.
#[test]
fn statistics_are_carried_over() -> Result<()> {
    let old = Server::get(Major::V17);
    let source = source(&old);
    source.execute_sql("ANALYZE");
    let target = Server::get(Major::REFERENCE).database();
    let carried = clone(&source, &target, DIVIDED)?
        .source(|dump| dump.exclude_table("app.left_out").statistics(true));
    let report = run(carried)?;
    ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
    let found = target.psql(WITH_STATISTICS);
    ensure!(found == ALL, "{found}");
    Ok(())
}
