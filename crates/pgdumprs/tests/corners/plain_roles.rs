//! Roles that are no superusers.

use anyhow::{Context, Result, ensure};
use pgdumprs::{ArchiveVersion, Dump};
use pgdumprs_testkit::compare::compare_archives;
use pgdumprs_testkit::{checked_output, for_each_major, reference_pg_dump};

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
        tokio::runtime::Runtime::new()?
            .block_on(
                Dump::new(&conninfo)?
                    .archive_version(ArchiveVersion::V1_16)
                    .to_file(&ours),
            )
            .context("dumping with pgdumprs")?;
        let comparison = compare_archives(&stock, &ours)?;
        // Or it would be in the way of dropping the database.
        database.execute_sql("DROP SUBSCRIPTION hidden");
        ensure!(comparison.is_same(), "{comparison}");
        Ok(())
    });
}
