//! What is cloned, and how, is chosen as for a dump and a restore.

use anyhow::{Result, ensure};
use pgdumprs::{
    Adapt, CloneEnd, CloneError, CloneEvent, Event, Inserts, RestoreError, RestoreOptions,
};
use pgdumprs_testkit::{Database, Major, Server};

use super::{ALL_WAYS, DIVIDED, check, clone, run};

fn source(server: &Server) -> Database {
    let source = server.database();
    source.execute_sql(
        "CREATE SCHEMA app; CREATE SCHEMA other;
         CREATE TABLE app.item (id int PRIMARY KEY, t text);
         INSERT INTO app.item SELECT g, md5(g::text) FROM generate_series(1, 5000) g;
         CREATE TABLE app.log (id int REFERENCES app.item); INSERT INTO app.log VALUES (1);
         CREATE TABLE other.rest AS SELECT 1 AS id;
         CREATE VIEW app.seen AS SELECT * FROM app.item",
    );
    source
}

#[test]
fn a_part_of_the_source() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let target = server.database();
    let chosen = clone(&source, &target, DIVIDED)?
        .source(|dump| dump.include_schema("app").exclude_table_data("app.log"));
    let report = run(chosen)?;
    ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
    let counts = "SELECT (SELECT count(*) FROM app.item), (SELECT count(*) FROM app.log), (SELECT count(*) FROM app.seen), to_regclass('other.rest')";
    ensure!(
        target.psql(counts) == "5000|0|5000|",
        "{}",
        target.psql(counts)
    );

    // Definitions first, and rows into the tables that are there then.
    let target = server.database();
    let report = run(clone(&source, &target, DIVIDED)?.source(|dump| dump.data(false)))?;
    ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
    ensure!(target.psql("SELECT count(*) FROM app.item") == "0");
    for &way in ALL_WAYS {
        target.execute_sql("TRUNCATE app.item, app.log, other.rest");
        let data = clone(&source, &target, way)?
            .source(|dump| dump.schema(false))
            .target(|restore| restore.jobs(1));
        check(&source, &target, &run(data)?, "rows alone")?;
    }
    Ok(())
}

#[test]
fn rows_that_meet_a_condition() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    source.execute_sql("ANALYZE");
    for &way in ALL_WAYS {
        let target = server.database();
        let chosen = |not_valid| {
            let clone = clone(&source, &target, way)?.source(|dump| {
                let dump = dump.not_valid_foreign_keys(not_valid);
                let chosen = dump.rows_where("app.item", "id % 10 = 0");
                chosen.expect("it is a condition")
            });
            anyhow::Ok(clone)
        };
        // A row refers to one that is left out.
        let report = run(chosen(false)?)?;
        ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
        ensure!(
            report
                .warnings
                .iter()
                .any(|said| said.contains("log_id_fkey")),
            "{report:#?}"
        );

        let again = RestoreOptions {
            clean: true,
            if_exists: true,
            ..RestoreOptions::default()
        };
        let chosen = chosen(true)?.target(|restore| restore.options(again));
        let report = run(chosen.verify(true))?;
        ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
        let [chosen] = &report.chosen_rows[..] else {
            anyhow::bail!("{report:#?}")
        };
        ensure!(chosen.table == "app.item" && chosen.condition == "id % 10 = 0");
        ensure!((chosen.rows, chosen.estimated_total) == (Some(500), Some(5000)));
        let found = target.psql(
            "SELECT (SELECT count(*) FROM app.item), (SELECT count(*) FROM app.log), (SELECT convalidated FROM pg_constraint WHERE contype = 'f')",
        );
        ensure!(found == "500|1|f", "{way:?}: {found}");
    }
    Ok(())
}

#[test]
fn the_target_is_asked_before_anything_is_changed() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let owner = server.role("NOLOGIN");
    source.execute_sql(format!("ALTER TABLE app.item OWNER TO {owner}"));
    let target = server.database();
    target.execute_sql("CREATE SCHEMA app");

    let runtime = tokio::runtime::Runtime::new()?;
    let plan = runtime.block_on(clone(&source, &target, DIVIDED)?.plan())?;
    ensure!(!plan.is_possible(), "{plan}");
    let error = run(clone(&source, &target, DIVIDED)?).err();
    ensure!(
        matches!(error, Some(CloneError::Target(RestoreError::Impossible(_)))),
        "{error:?}"
    );
    ensure!(
        target.psql("SELECT count(*) FROM pg_class WHERE relnamespace = 'app'::regnamespace")
            == "0"
    );

    let adapt = Adapt {
        roles: [(owner.as_str().into(), "mapped".into())].into(),
        missing_roles: pgdumprs::MissingRoles::Create,
        ..Adapt::everything()
    };
    let adapted = clone(&source, &target, DIVIDED)?.target(|restore| restore.adapt(adapt));
    let report = run(adapted)?;
    ensure!(report.end() == CloneEnd::Adapted, "{report:#?}");
    ensure!(
        target.psql("SELECT relowner::regrole, (SELECT count(*) FROM app.item) FROM pg_class WHERE oid = 'app.item'::regclass")
            == "mapped|5000"
    );
    target.execute_sql("DROP OWNED BY mapped CASCADE; DROP ROLE mapped");
    Ok(())
}

#[test]
fn the_database_is_made_where_that_is_asked_for() -> Result<()> {
    let source = source(&Server::get(Major::V18));
    let server = Server::get(Major::REFERENCE);
    let options = RestoreOptions {
        create: true,
        ..RestoreOptions::default()
    };
    let other = server.database();
    let created = super::over(&source.conninfo(), &other.conninfo(), DIVIDED)?
        .target(|restore| restore.options(options));
    let report = run(created);
    let name = source.name();
    let counted = other.try_execute_sql(format!(
        "\\connect {name}\nDO $$ BEGIN ASSERT (SELECT count(*) FROM app.item) = 5000; END $$"
    ));
    other.execute_sql(format!("DROP DATABASE IF EXISTS {name}"));
    ensure!(report?.end() == CloneEnd::Complete);
    counted
}

/// A table's rows go over by one COPY where they shall keep their order.
#[test]
fn rows_keep_their_order_where_that_is_asked_for() -> Result<()> {
    let source = Server::get(Major::REFERENCE).database();
    source.execute_sql(
        "CREATE TABLE item AS SELECT g AS id, repeat(md5(g::text), 10) AS t FROM generate_series(1, 60000) g",
    );
    let server = Server::telling(Major::REFERENCE)?;
    let copies = || server.times_asked("COPY public.item (id, t) FROM stdin");
    let mut before = 0;
    for (keeps, wanted) in [(true, 1..=1), (false, 2..=usize::MAX)] {
        let target = server.database();
        let kept =
            clone(&source, &target, DIVIDED)?.target(|restore| restore.keep_row_order(keeps));
        let report = run(kept)?;
        check(&source, &target, &report, "in order")?;
        let count = copies()? - before;
        before += count;
        ensure!(
            wanted.contains(&count),
            "rows are kept in order: {keeps}, by {count} COPYs"
        );
    }
    Ok(())
}

#[test]
fn what_has_no_place_in_a_clone_is_refused() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let (source, target) = (server.database(), server.database());
    let unfit = [
        clone(&source, &target, DIVIDED)?.source(|dump| dump.inserts(Inserts::default())),
        clone(&source, &target, DIVIDED)?.source(|dump| dump.plain(pgdumprs::Plain::default())),
        clone(&source, &target, DIVIDED)?.source(|dump| dump.verify(true)),
        clone(&source, &target, DIVIDED)?.target(|restore| {
            restore.options(RestoreOptions {
                tables: vec!["t".into()],
                ..RestoreOptions::default()
            })
        }),
    ];
    for clone in unfit {
        let shown = format!("{clone:?}");
        let error = run(clone).err();
        ensure!(
            matches!(error, Some(CloneError::Unfit { .. })),
            "{shown}: {error:?}"
        );
    }
    Ok(())
}

#[test]
fn both_sides_are_told_of() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let target = server.database();
    let (sender, told) = std::sync::mpsc::channel();
    let watched = clone(&source, &target, DIVIDED)?.watch(move |event| {
        let _ = sender.send(event);
    });
    run(watched)?;
    let told: Vec<CloneEvent> = told.iter().collect();
    let has = |is: fn(&CloneEvent) -> bool| told.iter().any(is);
    ensure!(has(|event| matches!(
        event,
        CloneEvent::Source(Event::Planned { .. })
    )));
    ensure!(has(|event| matches!(
        event,
        CloneEvent::Target(pgdumprs::RestoreEvent::TableFinished(table)) if table.loaded == 5000
    )));
    Ok(())
}
