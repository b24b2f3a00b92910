//! Catalogs that are damaged: objects name roles and other objects that do not exist. What would have to be left out, or would come to be
//! somebody else's, stops the dump with an error that names the object.

use anyhow::{Context, Result, bail, ensure};
use pgdumprs::Dump;
use pgdumprs_testkit::{Database, for_each_major};

/// An OID that nothing has.
const NOTHING: u32 = 4_000_000_000;

/// What is made, what damages it, and what the error must name.
const DAMAGES: &[(&str, &str, &[&str])] = &[
    (
        "CREATE TABLE t (a integer); CREATE POLICY only_gone ON t TO NOBODY USING (true);",
        "",
        &["policy \"only_gone\"", "role with OID"],
    ),
    (
        "CREATE TABLE t (a integer); CREATE POLICY among ON t TO NOBODY, pg_monitor USING (true);",
        "",
        &["policy \"among\"", "role with OID"],
    ),
    (
        "CREATE SCHEMA s AUTHORIZATION NOBODY;",
        "",
        &["\"s\"", "role with OID"],
    ),
    (
        "CREATE TABLE t (a integer); ALTER TABLE t OWNER TO NOBODY;",
        "",
        &["table \"t\"", "role with OID"],
    ),
    (
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() OWNER TO NOBODY;",
        "",
        &["function \"f\"", "role with OID"],
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE NOBODY GRANT SELECT ON TABLES TO PUBLIC;",
        "",
        &["default acl", "role with OID"],
    ),
    (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR NOBODY SERVER s;",
        "",
        &["user mapping for server \"s\"", "role that does not exist"],
    ),
    (
        "SELECT lo_create(77); ALTER LARGE OBJECT 77 OWNER TO NOBODY;",
        "",
        &["large object", "77", "role with OID"],
    ),
    (
        "CREATE PUBLICATION p;",
        "UPDATE pg_publication SET pubowner = NOTHING",
        &["publication \"p\"", "role with OID 4000000000"],
    ),
    (
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f();",
        "UPDATE pg_event_trigger SET evtowner = NOTHING",
        &["event trigger \"e\"", "role with OID 4000000000"],
    ),
    (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;",
        "UPDATE pg_foreign_server SET srvfdw = NOTHING",
        &["foreign server \"s\"", "wrapper"],
    ),
    (
        "CREATE OPERATOR FAMILY family USING btree;",
        "UPDATE pg_opfamily SET opfmethod = NOTHING WHERE opfname = 'family'",
        &["op family \"family\"", "access method"],
    ),
    (
        "CREATE OPERATOR CLASS class FOR TYPE integer USING btree AS OPERATOR 1 <;",
        "UPDATE pg_opclass SET opcmethod = NOTHING WHERE opcname = 'class'",
        &["op class \"class\"", "access method"],
    ),
    (
        "CREATE TYPE r AS RANGE (subtype = integer);",
        "UPDATE pg_range SET rngsubopc = NOTHING WHERE rngtypid = 'r'::regtype",
        &["type \"r\"", "definition"],
    ),
    (
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
        "UPDATE pg_proc SET pronamespace = NOTHING WHERE proname = 'f'",
        &["\"f\"", "schema with OID 4000000000"],
    ),
    (
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
        "UPDATE pg_proc SET prolang = NOTHING WHERE proname = 'f'",
        &["function \"f\"", "definition"],
    ),
];

#[test]
fn what_names_something_that_does_not_exist_stops_the_dump() {
    for_each_major(|server| {
        for (make, damage, named) in DAMAGES {
            // The role is removed from the catalog of all databases: nothing else of it may be left.
            let role = server.role("");
            let database = server.database();
            database.execute_sql(make.replace("NOBODY", &role));
            let damage = damage.replace("NOTHING", &NOTHING.to_string());
            database.execute_sql(format!(
                "SET allow_system_table_mods = on; {damage};
                 DELETE FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = '{role}'::regrole;
                 DELETE FROM pg_authid WHERE rolname = '{role}';"
            ));
            names_it(&database, named).with_context(|| format!("{make} {damage}"))?;
        }
        Ok(())
    });
}

fn names_it(database: &Database, named: &[&str]) -> Result<()> {
    let dump = Dump::new(&database.conninfo())?.to_std_writer(std::io::sink());
    let Err(error) = tokio::runtime::Runtime::new()?.block_on(dump) else {
        bail!("there is a dump");
    };
    // What is missing may be the cause of a dump that was begun in vain.
    let said = format!("{:#}", anyhow::Error::from(error));
    for part in named {
        ensure!(said.contains(part), "{said} does not say {part}");
    }
    Ok(())
}

/// What is not dumped need not be sound.
#[test]
fn what_is_left_out_may_name_what_it_likes() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(format!(
            "CREATE SCHEMA sound; CREATE TABLE sound.t (a integer); CREATE SCHEMA broken; CREATE TABLE broken.t (a integer);
             SET allow_system_table_mods = on;
             UPDATE pg_class SET relowner = {NOTHING} WHERE oid = 'broken.t'::regclass;"
        ));
        let dump = Dump::new(&database.conninfo())?
            .include_schema("sound")
            .to_std_writer(std::io::sink());
        tokio::runtime::Runtime::new()?.block_on(dump)?;
        names_it(&database, &["table \"t\"", "role with OID 4000000000"])
    });
}
