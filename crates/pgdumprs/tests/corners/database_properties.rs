//! What is dumped of the database itself: locale, owner, limits, privileges, settings, comment.

use anyhow::Result;
use pgdumprs_testkit::{DatabaseOptions, for_each_major};

use crate::support::compare;

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

/// Run in the database; `<owner>` and `<reader>` are roles.
const PROPERTIES: &str = r#"
CREATE FUNCTION pg_temp.run(command text) RETURNS void LANGUAGE plpgsql AS
    $run$ BEGIN EXECUTE replace(command, '<db>', quote_ident(current_database())); END $run$;
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
    $$ALTER DATABASE <db> SET session_preload_libraries = 'plpgsql', 'plpgsql'$$,
    $$ALTER DATABASE <db> SET "my.Odd" = E'it''s \\ odd'$$,
    $$ALTER DATABASE <db> SET work_mem = '3MB'$$,
    $$ALTER ROLE <owner> IN DATABASE <db> SET DateStyle = 'German'$$,
    $$ALTER ROLE <owner> IN DATABASE <db> SET "x.y" = ''$$,
    $$ALTER ROLE <reader> IN DATABASE <db> SET search_path = a, "B b"$$
]) AS command;
"#;

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
            database.try_execute_sql(
                PROPERTIES
                    .replace("<owner>", &owner)
                    .replace("<reader>", &reader),
            )?;
            compare(&database, &[])?;
        }
        Ok(())
    });
}
