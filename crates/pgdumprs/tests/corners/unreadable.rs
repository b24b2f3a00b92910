//! What the role may not read.

use anyhow::{Result, bail, ensure};
use pgdumprs::Dump;
use pgdumprs_testkit::{Database, for_each_major};

/// What a role is told that cannot dump the database.
fn refusal(database: &Database, role: &str) -> Result<String> {
    let conninfo = format!("{} user={role}", database.conninfo());
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("x.dump");
    let outcome = tokio::runtime::Runtime::new()?.block_on(Dump::new(&conninfo)?.to_file(&file));
    ensure!(!file.exists(), "there is an archive");
    match outcome {
        Ok(_) => bail!("{role} could dump the database"),
        Err(error) => Ok(format!("{:#}", anyhow::Error::new(error))),
    }
}

#[test]
fn everything_that_may_not_be_read_is_named_at_once() {
    for_each_major(|server| -> Result<()> {
        let role = server.role("LOGIN NOSUPERUSER");
        let database = server.database();
        database.execute_sql(
            r#"
            CREATE SCHEMA closed;
            CREATE TABLE closed.inside (a integer);
            GRANT SELECT ON closed.inside TO reader;
            CREATE TABLE "Not granted" (a integer);
            CREATE TABLE parted (a integer) PARTITION BY LIST (a);
            CREATE TABLE part PARTITION OF parted DEFAULT;
            GRANT SELECT ON part TO reader;
            CREATE TABLE insert_only (a integer);
            GRANT INSERT ON insert_only TO reader;
            CREATE TABLE secured (a integer);
            ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
            GRANT SELECT ON secured TO reader;
            CREATE SEQUENCE sequence;
            CREATE TABLE granted (a integer);
            GRANT SELECT ON granted TO reader;
            CREATE TABLE column_granted (a integer, b integer);
            GRANT SELECT (a) ON column_granted TO reader;
            CREATE VIEW view AS SELECT 1 AS a;
            SELECT lo_create(7101);
            SELECT lo_create(7102);
            GRANT SELECT ON LARGE OBJECT 7102 TO reader;
            "#
            .replace("reader", &role),
        );
        let said = refusal(&database, &role)?;
        for part in [
            "table closed.inside (USAGE on schema closed)",
            "table public.\"Not granted\" (SELECT)",
            "table public.parted (SELECT)",
            "table public.insert_only (SELECT)",
            "table public.secured (row security would hide rows)",
            "sequence public.sequence (SELECT)",
            "large object 7101 (SELECT)",
            "GRANT",
            "BYPASSRLS",
        ] {
            let found = said.to_lowercase().contains(&part.to_lowercase());
            ensure!(found, "{part} is not in: {said}");
        }
        for part in [
            "public.granted",
            "public.part ",
            "7102",
            "view",
            "pg_authid",
        ] {
            ensure!(!said.contains(part), "{part} is in: {said}");
        }

        // What it says is missing is all that is missing.
        database.execute_sql(
            r#"
            GRANT USAGE ON SCHEMA closed TO reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
            GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO reader;
            GRANT SELECT ON LARGE OBJECT 7101 TO reader;
            ALTER ROLE reader BYPASSRLS;
            "#
            .replace("reader", &role),
        );
        let conninfo = format!("{} user={role}", database.conninfo());
        let dump = Dump::new(&conninfo)?.to_std_writer(Vec::new());
        let (_, report) = tokio::runtime::Runtime::new()?.block_on(dump)?;
        ensure!(report.large_objects == 2, "{report:?}");
        Ok(())
    });
}
