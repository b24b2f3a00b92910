//! Roles that are no superusers.

use std::path::Path;
use std::sync::mpsc::channel;

use anyhow::{Context, Result, ensure};
use pgdumprs::{ArchiveVersion, Dump, Event};
use pgdumprs_testkit::compare::compare_archives;
use pgdumprs_testkit::{Database, Major, checked_output, for_each_major, reference_pg_dump};

/// A role that owns everything but what only superusers may see.
#[test]
fn an_owner_without_superuser_dumps_what_stock_dumps() {
    for_each_major(|server| -> Result<()> {
        let role = server.role("LOGIN NOSUPERUSER");
        let other = server.role("NOLOGIN");
        let database = server.database();
        database.execute_sql(
            r#"
            CREATE FOREIGN DATA WRAPPER w;
            CREATE SERVER s FOREIGN DATA WRAPPER w;
            CREATE SERVER t FOREIGN DATA WRAPPER w;
            CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'everybody''s');
            CREATE USER MAPPING FOR <owner> SERVER s OPTIONS (password 'own');
            CREATE USER MAPPING FOR postgres SERVER t OPTIONS (password 'of another');
            ALTER SERVER s OWNER TO <owner>;
            CREATE SUBSCRIPTION hidden CONNECTION 'host=nowhere password=hidden' PUBLICATION p
                WITH (connect = false, slot_name = NONE, enabled = false, create_slot = false);
            CREATE SCHEMA app AUTHORIZATION <owner>;
            SET ROLE <owner>;
            CREATE TABLE app.t (id integer GENERATED ALWAYS AS IDENTITY, secret text);
            INSERT INTO app.t (secret) VALUES ('a'), ('b');
            ALTER TABLE app.t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON app.t TO <other> USING (id = 1);
            CREATE VIEW app.v AS SELECT id FROM app.t;
            CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
            GRANT SELECT ON app.t TO <other>;
            SELECT lo_from_bytea(7001, 'own');
            RESET ROLE;
            SELECT lo_from_bytea(7002, 'of another, but readable');
            GRANT SELECT ON LARGE OBJECT 7002 TO PUBLIC;
            "#
            .replace("<owner>", &role)
            .replace("<other>", &other),
        );
        let compared = same_as_stock(&database, &role);
        // Or it would be in the way of dropping the database.
        database.execute_sql("DROP SUBSCRIPTION hidden");
        let warnings = compared?;
        ensure!(
            warnings.len() == 1 && warnings[0].contains("subscriptions are not dumped"),
            "{warnings:?}"
        );
        Ok(())
    });
}

/// Roles that own nothing and may read everything.
#[test]
fn readers_dump_what_stock_dumps() {
    for_each_major(|server| -> Result<()> {
        let database = server.database();
        let granted = server.role("LOGIN");
        database.execute_sql(format!(
            "CREATE SCHEMA app;
             CREATE TYPE app.mood AS ENUM ('fine', 'not fine');
             CREATE TABLE app.t (id integer GENERATED ALWAYS AS IDENTITY, m app.mood);
             INSERT INTO app.t (m) VALUES ('fine'), (NULL);
             CREATE SEQUENCE app.counted START 5;
             SELECT nextval('app.counted');
             CREATE MATERIALIZED VIEW app.kept AS SELECT count(*) FROM app.t;
             CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
             REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC;
             {EVENT_TRIGGER}
             GRANT USAGE ON SCHEMA app TO {granted};
             GRANT SELECT ON ALL TABLES IN SCHEMA app TO {granted};
             GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO {granted};"
        ));
        let mut readers = vec![granted];
        // 14 brought it.
        let all =
            (server.major() >= Major::V14).then(|| server.role("LOGIN IN ROLE pg_read_all_data"));
        readers.extend(all.clone());
        for reader in readers {
            let warnings = same_as_stock(&database, &reader).with_context(|| reader.clone())?;
            ensure!(warnings.is_empty(), "{warnings:?}");
        }
        // What hints and docs say of that role, of which 19 has made more.
        if let Some(all) = all {
            let reads = format!("SELECT has_table_privilege('{all}', 'pg_authid', 'SELECT')");
            ensure!(database.psql(&reads).trim() == "t", "passwords");
            database.execute_sql("SELECT lo_from_bytea(7402, 'of another')");
            let folder = tempfile::tempdir()?;
            let conninfo = format!("{} user={all}", database.conninfo());
            let dumped = dump_as(&conninfo, &folder.path().join("a.dump"));
            match dumped {
                Ok(_) => ensure!(server.major() >= Major::V19, "large objects"),
                Err(error) => {
                    let said = format!("{error:#}");
                    ensure!(server.major() < Major::V19, "{said}");
                    let parts = ["large object 7402 (SELECT)", "for large objects since 19"];
                    ensure!(parts.iter().all(|part| said.contains(part)), "{said}");
                }
            }
        }
        Ok(())
    });
}

/// The owner of a database where somebody else is superuser, as providers have it: extensions, event triggers and publications are his.
#[test]
fn the_owner_of_a_managed_database_dumps_what_stock_dumps() {
    for_each_major(|server| -> Result<()> {
        let owner = server.role("LOGIN NOSUPERUSER CREATEDB CREATEROLE");
        let database = server.database();
        database.execute_sql(format!(
            "CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION pgcrypto SCHEMA public;
             {EVENT_TRIGGER}
             CREATE SCHEMA provider;
             CREATE FUNCTION provider.secret() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
             REVOKE ALL ON FUNCTION provider.secret() FROM PUBLIC;
             CREATE PUBLICATION everything FOR ALL TABLES;
             ALTER DATABASE {name} OWNER TO {owner};
             ALTER SCHEMA public OWNER TO {owner};
             ALTER DATABASE {name} SET work_mem = '8MB';
             ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO PUBLIC;
             SET ROLE {owner};
             CREATE TABLE public.kept (id bigserial PRIMARY KEY, h hstore, t text);
             CREATE INDEX ON public.kept USING gin (t gin_trgm_ops);
             INSERT INTO public.kept (h, t) VALUES ('a=>1', 'x');
             GRANT SELECT ON public.kept TO PUBLIC;
             SELECT lo_from_bytea(7401, 'own');",
            name = database.name()
        ));
        let warnings = same_as_stock(&database, &owner)?;
        ensure!(warnings.is_empty(), "{warnings:?}");
        Ok(())
    });
}

/// An event trigger of the superuser's.
const EVENT_TRIGGER: &str =
    "CREATE FUNCTION public.watches() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION public.watches();";

/// Where the snapshot cannot be shared, one connection does it all.
#[test]
fn a_role_that_may_not_export_snapshots_dumps_over_one_connection() {
    for_each_major(|server| -> Result<()> {
        let role = server.role("LOGIN");
        let database = server.database();
        database.execute_sql(format!(
            "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_export_snapshot() FROM PUBLIC;
             CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 10000) g;
             CREATE TABLE u AS SELECT * FROM t;
             GRANT SELECT ON t, u TO {role}"
        ));
        let folder = tempfile::tempdir()?;
        let conninfo = format!("{} user={role}", database.conninfo());
        let warnings = dump_as(&conninfo, &folder.path().join("ours.dump"))?;
        ensure!(
            warnings.len() == 1
                && warnings[0].contains("one connection")
                && warnings[0].contains("permission denied for function pg_export_snapshot"),
            "{warnings:?}"
        );
        Ok(())
    });
}

/// Compares the role's dump with stock's of the same role, and returns what ours warned of.
fn same_as_stock(database: &Database, role: &str) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let (stock, ours) = (
        folder.path().join("stock.dump"),
        folder.path().join("ours.dump"),
    );
    let conninfo = format!("{} user={role}", database.conninfo());
    checked_output(
        reference_pg_dump()
            .args(["-Fc", "--dbname", &conninfo, "--file"])
            .arg(&stock),
    )?;
    let warnings = dump_as(&conninfo, &ours)?;
    let comparison = compare_archives(&stock, &ours)?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(warnings)
}

/// Dumps over several connections, and returns what was warned of.
fn dump_as(conninfo: &str, path: &Path) -> Result<Vec<String>> {
    let (sender, warnings) = channel();
    let dump = Dump::new(conninfo)?
        .jobs(3)
        .archive_version(ArchiveVersion::V1_16)
        .watch(move |event| {
            if let Event::Warning(warning) = event {
                let _ = sender.send(warning);
            }
        });
    tokio::runtime::Runtime::new()?
        .block_on(dump.to_file(path))
        .context("dumping with pgdumprs")?;
    Ok(warnings.into_iter().collect())
}
