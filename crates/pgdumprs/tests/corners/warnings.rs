//! What is said of objects that the options leave out of the archive: nothing.

use anyhow::{Context, Result, ensure};
use pgdumprs::{Dump, Sections};
use pgdumprs_testkit::{Major, for_each_major};

type Choice = (&'static str, fn(Dump) -> Dump);

/// Options under which definitions are dumped before the data.
const WITH: [Choice; 3] = [
    ("everything", |dump| dump),
    ("definitions alone", |dump| dump.data(false)),
    ("before the data", |dump| dump.sections(Sections::PRE_DATA)),
];

/// Options under which they are not.
const WITHOUT: [Choice; 4] = [
    ("data alone", |dump| dump.schema(false)),
    ("the section of data", |dump| dump.sections(Sections::DATA)),
    ("nothing but positions", |dump| {
        dump.schema(false).data(false).sequence_data(true)
    }),
    ("another schema", |dump| dump.include_schema("other")),
];

#[test]
fn nothing_is_said_of_what_is_not_dumped() {
    for_each_major(|server| {
        let major = server.major();
        let database = server.database();
        database.execute_sql(
            "CREATE SCHEMA other; CREATE TABLE t (a integer); CREATE PUBLICATION p;
             CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);",
        );
        let mut objects = vec!["pseudo-type"];
        database.execute_sql("REVOKE ALL ON TYPE record FROM PUBLIC");
        if major == Major::V13 {
            objects.push("postfix operator");
            database.execute_sql(
                "CREATE FUNCTION twice(bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2.0';
                 CREATE OPERATOR #@# (LEFTARG = bigint, PROCEDURE = twice);",
            );
        }
        if major == Major::V17 {
            objects.push("NOT NULL more than once");
            database.execute_sql(
                "CREATE DOMAIN d AS integer CONSTRAINT a NOT NULL CONSTRAINT b NOT NULL",
            );
        }
        let role = server.role("LOGIN");
        database.execute_sql(format!(
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
        ));

        for (name, choose) in WITH {
            let said = warnings(choose(Dump::new(&database.conninfo())?)).context(name)?;
            for object in &objects {
                ensure!(said.contains(object), "{name}: {object} is not in {said:?}");
            }
        }
        for (name, choose) in WITHOUT {
            let said = warnings(choose(Dump::new(&database.conninfo())?)).context(name)?;
            ensure!(said.is_empty(), "{name}: {said}");
        }
        // Plain roles are told of subscriptions, which come behind the data.
        let plain = format!("{} user={role}", database.conninfo());
        for (name, choose) in [WITH[0], WITH[1]] {
            let said = warnings(choose(Dump::new(&plain)?)).context(name)?;
            ensure!(said.contains("subscriptions"), "{name}: {said:?}");
        }
        for (name, choose) in [
            WITH[2],
            WITHOUT[0],
            WITHOUT[1],
            ("none", |dump: Dump| dump.subscriptions(false)),
        ] {
            let said = warnings(choose(Dump::new(&plain)?)).context(name)?;
            ensure!(!said.contains("subscriptions"), "{name}: {said}");
        }
        database.execute_sql("GRANT USAGE ON TYPE record TO PUBLIC; DROP SUBSCRIPTION s");
        Ok(())
    });
}

/// What a dump warns of.
fn warnings(dump: Dump) -> Result<String> {
    let dumped = dump.to_std_writer(std::io::sink());
    let (_, report) = tokio::runtime::Runtime::new()?.block_on(dumped)?;
    Ok(report.warnings.join("; "))
}
