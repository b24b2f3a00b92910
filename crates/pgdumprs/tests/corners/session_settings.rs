//! Settings of the server, the database, the role or the session: they must not bend the output.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use pgdumprs::{CreationTime, Dump};
use pgdumprs_testkit::compare::{Restore, compare_archives, stock_archive};
use pgdumprs_testkit::{
    Database, Major, Server, checked_output, for_each_major, restoring_major, tool,
};

use crate::support::{compare, dump};

/// Values and definitions that the settings below would change if they could.
const CONTENT: &str = r#"
CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE readings (
    f4 float4 DEFAULT 0.1::float4, f8 float8 DEFAULT 1.1::float8, d date DEFAULT '2001-02-03', i interval DEFAULT '-1 year 2 days -03:04',
    b bytea DEFAULT '\xdeadbeef'::bytea, ts timestamp DEFAULT '2001-02-03 04:05:06.789', x text DEFAULT 'back\slash', "Upper" integer[]
);
INSERT INTO readings VALUES (1 / 3::float4, 1 / 3::float8, '0044-03-15 BC', '1 mon -1 day 00:00:00.1', '\x00ff5c', 'infinity', E'tab\tnl\n', '{1,NULL}');
INSERT INTO readings DEFAULT VALUES;
CREATE INDEX ON readings (d) WHERE i > '1 day 02:00'::interval AND d < '2001-02-03'::date AND b <> '\x5c'::bytea AND f8 < 0.1::float8;
CREATE VIEW summary AS SELECT xmlelement(name a, b) AS x, i * 1.5::float8 AS i, date '2020-12-31' AS d, '\x01'::bytea AS b, 'a\b'::text AS t,
    interval '1 year 3 days' AS span, 0.1::float4 AS f FROM readings;
CREATE MATERIALIZED VIEW kept AS SELECT i, d FROM summary;
CREATE TABLE parted (d date) PARTITION BY RANGE (d);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM ('2001-02-03') TO ('2002-03-04');
CREATE TABLE spans (i interval) PARTITION BY LIST (i);
CREATE TABLE span PARTITION OF spans FOR VALUES IN ('1 year 2 mons', '-1 day');
CREATE FUNCTION f(a interval DEFAULT '1 day 02:03', b date DEFAULT '2003-02-01', c bytea DEFAULT '\x00', d text DEFAULT 'a\') RETURNS float8
    LANGUAGE sql SET extra_float_digits = 0 SET DateStyle = 'German' AS $$ SELECT 1.5::float8 $$;
CREATE TABLE secured (a integer, CHECK (a <> 1));
ALTER TABLE secured ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
INSERT INTO secured VALUES (2);
CREATE POLICY p ON secured USING (a > 0);
COMMENT ON TABLE readings IS 'back\slash';
SELECT lo_from_bytea(7201, '\x00ff5c27');
CREATE SEQUENCE s;
CREATE TABLE long AS SELECT n, repeat('x', 100) AS x FROM generate_series(1, 100000) AS n;
CREATE RULE r AS ON INSERT TO readings WHERE new.d = '2001-02-03' DO ALSO NOTHING;
"#;

/// Settings that any session may have, the major that brought them, and a value far from what a dump works with.
const SETTINGS: &[(&str, &str, u16)] = &[
    ("search_path", "pg_temp, public, information_schema", 0),
    ("DateStyle", "SQL, DMY", 0),
    ("IntervalStyle", "sql_standard", 0),
    ("extra_float_digits", "-15", 0),
    ("bytea_output", "escape", 0),
    ("quote_all_identifiers", "on", 0),
    ("standard_conforming_strings", "off", 0),
    ("escape_string_warning", "on", 0),
    ("backslash_quote", "off", 0),
    ("default_transaction_read_only", "on", 0),
    ("default_transaction_isolation", "serializable", 0),
    ("default_transaction_deferrable", "on", 0),
    ("statement_timeout", "1ms", 0),
    ("lock_timeout", "1ms", 0),
    ("idle_in_transaction_session_timeout", "1ms", 0),
    ("idle_session_timeout", "10s", 14),
    // This one ends the session, so that it is not so short that it strikes while a busy machine is still beginning the transaction,
    // yet shorter than what is to be copied takes.
    ("transaction_timeout", "250ms", 17),
    ("row_security", "on", 0),
    ("xmlbinary", "hex", 0),
    ("xmloption", "document", 0),
    ("synchronize_seqscans", "on", 0),
    ("client_encoding", "LATIN1", 0),
    ("array_nulls", "off", 0),
    ("check_function_bodies", "off", 0),
    ("gin_fuzzy_search_limit", "1", 0),
    ("transform_null_equals", "on", 0),
    ("default_tablespace", "pg_default", 0),
    ("default_table_access_method", "other_heap", 0),
    ("default_toast_compression", "pglz", 14),
    ("default_text_search_config", "german", 0),
    ("client_min_messages", "debug5", 0),
    ("cursor_tuple_fraction", "1", 0),
    ("application_name", "odd ''name''", 0),
    // Only superusers may set these.
    ("lo_compat_privileges", "on", 0),
    ("session_replication_role", "replica", 0),
    ("lc_messages", "C", 0),
];

/// Settings that change plans, which must not decide about the order of anything. work_mem is not among them: before 15, it decides
/// in which order the server sorts what is equal, and with it the order of an entry's dependencies, in stock's archives too.
const PLANS: &[(&str, &str, u16)] = &[
    ("enable_seqscan", "off", 0),
    ("enable_hashjoin", "off", 0),
    ("enable_hashagg", "off", 0),
    ("enable_mergejoin", "off", 0),
    ("enable_sort", "off", 0),
    ("enable_indexscan", "off", 0),
    ("random_page_cost", "0", 0),
    ("join_collapse_limit", "1", 0),
    ("from_collapse_limit", "1", 0),
    ("geqo_threshold", "2", 0),
    ("parallel_setup_cost", "0", 0),
    ("parallel_tuple_cost", "0", 0),
    ("min_parallel_table_scan_size", "0", 0),
    ("debug_parallel_query", "on", 16),
    ("force_parallel_mode", "on", 0),
    ("jit_above_cost", "0", 0),
];

/// Settings that pg_dump lets bend what it writes, and timeouts that may end it before it has lifted them.
const OBEYED_BY_STOCK: &[&str] = &[
    "bytea_output",
    "client_encoding",
    "quote_all_identifiers",
    "backslash_quote",
    "client_min_messages",
    "statement_timeout",
    "transaction_timeout",
    "idle_in_transaction_session_timeout",
];

/// Settings of strings that do not conform to the standard, which servers have no longer.
const STRINGS_BEFORE_19: &[&str] = &["standard_conforming_strings", "escape_string_warning"];

/// The settings that a server of `major` knows.
fn settings(major: Major) -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = SETTINGS.iter().chain(PLANS);
    all.filter(move |(name, _, since)| {
        let renamed = *name == "force_parallel_mode" && major >= Major::V16;
        let gone = STRINGS_BEFORE_19.contains(name) && major >= Major::V19;
        major.number() >= *since && !renamed && !gone
    })
    .map(|(name, value, _)| (*name, *value))
}

/// The whole archive, which names no time of its own.
fn archive(conninfo: &str) -> Result<Vec<u8>> {
    let created = CreationTime {
        second: 0,
        minute: 0,
        hour: 0,
        day: 1,
        month: 0,
        year: 100,
        is_dst: 0,
    };
    let dump = Dump::new(conninfo)?
        .created(created)
        .to_std_writer(Vec::new());
    let (bytes, _) = tokio::runtime::Runtime::new()?.block_on(dump)?;
    Ok(bytes)
}

/// Says by which of the settings, taken alone, the archive differs.
fn culprits(conninfo: &str, major: Major, expected: &[u8]) -> Result<String> {
    let mut found = Vec::new();
    for (name, value) in settings(major) {
        let value = value.replace(' ', r"\\ ").replace('\'', r"\'");
        match archive(&format!("{conninfo} options='-c {name}={value}'")) {
            Ok(bytes) if bytes == expected => {}
            Ok(_) => found.push(format!("{name} changes the archive")),
            Err(error) => found.push(format!("{name}: {error:#}")),
        }
    }
    Ok(found.join("\n"))
}

#[test]
fn no_setting_of_the_server_or_the_role_changes_a_byte() {
    for_each_major(|shared| -> Result<()> {
        let major = shared.major();
        // One of its own, whose settings are no other test's.
        let server = Server::builder(major).start()?;
        let database = server.database();
        database.execute_sql(CONTENT);
        let role = server.role("SUPERUSER LOGIN");
        let conninfo = format!("{} user={role}", database.conninfo());
        let expected = archive(&conninfo)?;

        for (name, value) in settings(major) {
            let value = list_or_literal(name, value);
            database.try_execute_sql(format!("ALTER ROLE {role} SET {name} = {value}"))?;
        }
        let with_role = archive(&conninfo).context("with settings of the role")?;
        if with_role != expected {
            bail!(
                "the role: {}",
                culprits(&database.conninfo(), major, &expected)?
            );
        }

        database.try_execute_sql(format!("ALTER ROLE {role} RESET ALL"))?;
        for (name, value) in settings(major) {
            let value = list_or_literal(name, value);
            // The reference psql asks for nothing that these would refuse.
            database.try_execute_sql(format!("ALTER SYSTEM SET {name} = {value}"))?;
        }
        reload(&database)?;
        let with_server = archive(&conninfo).context("with settings of the server")?;
        ensure!(
            with_server == expected,
            "the server's settings change the archive"
        );
        Ok(())
    });
}

/// Has the server read its settings again, and waits until they hold: a session sees them after the process that starts sessions.
fn reload(database: &Database) -> Result<()> {
    let wait = "SELECT pg_sleep(0.1) WHERE current_setting('bytea_output') <> 'escape';\n";
    database.try_execute_sql(format!(
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name LIKE '%\\_timeout' AND context = 'user';
         SELECT pg_reload_conf();
         {}
         DO $$ BEGIN ASSERT current_setting('bytea_output') = 'escape'; END $$;",
        wait.repeat(300)
    ))
}

/// A value as SQL takes it: names of schemas are a list.
fn list_or_literal(name: &str, value: &str) -> String {
    match name {
        "search_path" | "DateStyle" => value.to_owned(),
        _ => format!("'{value}'"),
    }
}

/// A role that is no superuser has all of them too, but for those that it may not have.
#[test]
fn a_role_that_may_not_set_everything_gets_the_same_dump() {
    for_each_major(|server| -> Result<()> {
        let role = server.role("LOGIN NOSUPERUSER");
        let database = server.database();
        database.execute_sql(
            CONTENT
                .replace(
                    "SELECT lo_from_bytea",
                    &format!("SET ROLE {role}; SELECT lo_from_bytea"),
                )
                .replace("CREATE SEQUENCE", "RESET ROLE; CREATE SEQUENCE")
                .replace("ALTER TABLE secured ENABLE", "-- "),
        );
        database.execute_sql(format!(
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
             GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"
        ));
        let conninfo = format!("{} user={role}", database.conninfo());
        let expected = archive(&conninfo)?;
        let superuser_only = [
            "lo_compat_privileges",
            "session_replication_role",
            "lc_messages",
        ];
        for (name, value) in settings(server.major()) {
            if !superuser_only.contains(&name) {
                let value = list_or_literal(name, value);
                database.try_execute_sql(format!("ALTER ROLE {role} SET {name} = {value}"))?;
            }
        }
        let bytes = archive(&conninfo)?;
        ensure!(bytes == expected, "its settings change the archive");
        Ok(())
    });
}

/// Settings of the database that stock pg_dump also keeps out of its archive; they stand in it themselves.
#[test]
fn settings_of_the_database_are_dumped_and_not_obeyed() {
    for_each_major(|server| -> Result<()> {
        let database = server.database();
        database.execute_sql(CONTENT);
        // One script in one session: those that were set would hold for the next.
        let script: String = settings(server.major())
            .filter(|(name, _)| !OBEYED_BY_STOCK.contains(name))
            // Stock asks otherwise, so that what its plans leave open may come out in another order.
            .filter(|(name, _)| !PLANS.iter().any(|(plan, _, _)| plan == name))
            .map(|(name, value)| {
                let value = list_or_literal(name, value);
                format!("ALTER DATABASE {} SET {name} = {value};\n", database.name())
            })
            .collect();
        database.try_execute_sql(script)?;
        compare(&database, &[Restore::Serial])
    });
}

/// Neither pg_dump nor this pins the time zone: points in time are written in the session's, with their offset, and are the same
/// points wherever they are restored.
#[test]
fn points_in_time_are_written_as_stock_writes_them() {
    for_each_major(|server| -> Result<()> {
        let database = server.database();
        database.execute_sql(
            "CREATE TABLE events (at timestamptz DEFAULT '2020-06-01 12:00:00+00');
             INSERT INTO events VALUES ('2024-10-27 00:30:00+00'), ('2024-10-27 01:30:00+00'), ('1890-01-01 00:00:00+00'), ('infinity'),
                 ('4000-01-01 00:00:00+00 BC');
             CREATE VIEW late AS SELECT at FROM events WHERE at > '2024-10-27 01:30:00+00'::timestamptz;",
        );
        let name = database.name();
        database.execute_sql(format!(
            "ALTER DATABASE {name} SET TimeZone = 'Europe/Berlin'"
        ));
        let folder = tempfile::tempdir()?;
        let (stock, ours) = (
            folder.path().join("stock.dump"),
            folder.path().join("ours.dump"),
        );
        stock_archive(&database, &stock, &[])?;
        dump(&database, None, &ours)?;
        let comparison = compare_archives(&stock, &ours)?;
        ensure!(comparison.is_same(), "{comparison}");

        let restored = database.empty_sibling()?;
        restore(&ours, &restored)?;
        let points = |database: &Database| {
            database.psql(
                "SELECT string_agg(extract(epoch FROM at)::text, ' ' ORDER BY at), (SELECT count(*) FROM late) FROM events",
            )
        };
        ensure!(
            points(&restored) == points(&database),
            "{}",
            points(&restored)
        );
        Ok(())
    });
}

fn restore(archive: &Path, target: &Database) -> Result<()> {
    let mut restore = tool(restoring_major(target.server().major()), "pg_restore");
    // Where only a newer major's tool is to be had, it sets a parameter that the server does not know.
    let outcome = checked_output(restore.args(["--dbname", &target.conninfo()]).arg(archive));
    match outcome {
        Err(error) if !format!("{error:#}").contains("errors ignored on restore: 1") => Err(error),
        _ => Ok(()),
    }
}
