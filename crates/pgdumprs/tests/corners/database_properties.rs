//! What is dumped of the database itself: locale, owner, limits, privileges, settings, comment.

use anyhow::{Result, ensure};
use pgdumprs_testkit::compare::{Restore, compare_recreated};
use pgdumprs_testkit::{Database, DatabaseOptions, for_each_major};

use crate::support::{ALL_WAYS, compare, dump};

/// Ways to create a database, and the majors that brought them. Versions of collations are made up, so that they have to be kept.
const WAYS: &[(u16, &str, &str)] = &[
    (13, "UTF8", ""),
    (13, "SQL_ASCII", ""),
    (15, "UTF8", "COLLATION_VERSION 'it''s 1'"),
    (
        15,
        "UTF8",
        "LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk'",
    ),
    (
        15,
        "UTF8",
        "LOCALE_PROVIDER icu ICU_LOCALE 'und' COLLATION_VERSION '1.2'",
    ),
    (
        16,
        "UTF8",
        "LOCALE_PROVIDER icu ICU_LOCALE 'en' ICU_RULES '&V << w <<< W'",
    ),
    (
        17,
        "UTF8",
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
    ),
    (17, "LATIN1", "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C'"),
];

/// Run in the database; `<owner>` and `<reader>` are roles. Lists of names are among the settings, some of them empty.
const PROPERTIES: &str = r#"
CREATE FUNCTION pg_temp.run(command text) RETURNS void LANGUAGE plpgsql AS
    $run$ BEGIN EXECUTE replace(command, '<db>', quote_ident(current_database())); END $run$;
SELECT pg_catalog.set_config('search_path', '', false);
SELECT pg_temp.run(command) FROM unnest(ARRAY[
    'ALTER DATABASE <db> OWNER TO <owner>',
    'ALTER DATABASE <db> CONNECTION LIMIT 50',
    'ALTER DATABASE <db> IS_TEMPLATE true',
    $$COMMENT ON DATABASE <db> IS E'it''s \\ \n "odd"'$$,
    'REVOKE ALL ON DATABASE <db> FROM PUBLIC',
    'GRANT CREATE, TEMPORARY ON DATABASE <db> TO <reader> WITH GRANT OPTION',
    'REVOKE CONNECT ON DATABASE <db> FROM <owner>',
    $$ALTER DATABASE <db> SET search_path = "S s", '$user', '', public$$,
    $$ALTER DATABASE <db> SET temp_tablespaces = ''$$,
    $$ALTER DATABASE <db> SET local_preload_libraries FROM CURRENT$$,
    $$ALTER DATABASE <db> SET session_preload_libraries = 'plpgsql', 'plpgsql'$$,
    $$ALTER DATABASE <db> SET "my.Odd" = E'it''s \\ odd'$$,
    $$ALTER DATABASE <db> SET work_mem = '3MB'$$,
    $$ALTER ROLE <owner> IN DATABASE <db> SET DateStyle = 'German'$$,
    $$ALTER ROLE <owner> IN DATABASE <db> SET "x.y" = ''$$,
    $$ALTER ROLE <owner> IN DATABASE <db> SET search_path FROM CURRENT$$,
    $$ALTER ROLE <reader> IN DATABASE <db> SET search_path = a, "B b"$$
]) AS command;
"#;

fn properties(owner: &str, reader: &str) -> String {
    PROPERTIES
        .replace("<owner>", owner)
        .replace("<reader>", reader)
}

#[test]
fn every_property_of_a_database_is_dumped() {
    for_each_major(|server| -> Result<()> {
        let (owner, reader) = (server.role("NOLOGIN"), server.role("NOLOGIN"));
        for (since, encoding, more) in WAYS {
            if server.major().number() < *since {
                continue;
            }
            let database = server.database_with(&DatabaseOptions {
                encoding: (*encoding).to_owned(),
                more: (*more).to_owned(),
                ..DatabaseOptions::default()
            });
            database.try_execute_sql(properties(&owner, &reader))?;
            compare(&database, &[])?;
            recreate(&database, &[Restore::Serial])?;
        }
        Ok(())
    });
}

/// Has `pg_restore --create` make the database anew.
fn recreate(database: &Database, ways: &[Restore]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("ours.dump");
    dump(database, None, &archive)?;
    let comparison = compare_recreated(database, &archive, ways)?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

/// Made in a database that is in a tablespace itself: what is where is said in relation to that.
const IN_A_TABLESPACE: &str = r#"
CREATE TABLE here (a integer PRIMARY KEY, b text) PARTITION BY LIST (a);
CREATE TABLE here_1 PARTITION OF here FOR VALUES IN (1);
CREATE TABLE here_2 PARTITION OF here FOR VALUES IN (2) TABLESPACE "<own>";
CREATE TABLE here_rest PARTITION OF here DEFAULT TABLESPACE pg_default;
CREATE TABLE elsewhere (a integer PRIMARY KEY, b text) PARTITION BY LIST (a) TABLESPACE pg_default;
CREATE TABLE elsewhere_1 PARTITION OF elsewhere FOR VALUES IN (1);
CREATE TABLE elsewhere_rest PARTITION OF elsewhere DEFAULT TABLESPACE "<own>";
CREATE INDEX ON elsewhere (b) TABLESPACE pg_default;
CREATE INDEX ON here (b) TABLESPACE "<other>";
ALTER TABLE here_1 SET TABLESPACE "<other>";
CREATE TABLE plain (a integer PRIMARY KEY USING INDEX TABLESPACE pg_default, b text UNIQUE USING INDEX TABLESPACE "<other>");
CREATE MATERIALIZED VIEW copy TABLESPACE pg_default AS SELECT a FROM plain;
INSERT INTO here VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO elsewhere SELECT * FROM here;
"#;

#[test]
fn databases_in_a_tablespace() {
    for_each_major(|server| -> Result<()> {
        let postgres = server.database();
        let mut names = Vec::new();
        for name in ["db's \"own\"", "other"] {
            let name = format!("{} {name}", postgres.name());
            let name = name.replace('"', "\"\"");
            postgres.try_execute_sql(format!(
                "SET allow_in_place_tablespaces = on; CREATE TABLESPACE \"{name}\" LOCATION ''"
            ))?;
            names.push(name);
        }
        let database = server.database_with(&DatabaseOptions {
            name: "Db \"x\" 'y' \\ %s%20 $$ a=b é漢".to_owned(),
            more: format!("TABLESPACE \"{}\"", names[0]),
            ..DatabaseOptions::default()
        });
        let script = IN_A_TABLESPACE.replace("<own>", &names[0]);
        database.try_execute_sql(script.replace("<other>", &names[1]))?;
        let (owner, reader) = (server.role("NOLOGIN"), server.role("NOLOGIN"));
        database.try_execute_sql(properties(&owner, &reader))?;
        compare(&database, ALL_WAYS)?;
        recreate(&database, ALL_WAYS)
    });
}
