//! Rows that go over in COPY's binary format, and those that do not.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use pgdumprs::CloneEnd;
use pgdumprs_testkit::{DatabaseOptions, Major, Server, for_each_major_at_scale};

use super::{ALL_WAYS, DIVIDED, clone, compare, run};

/// A table of every type that goes over in binary, with arrays of it, and values at the edges of what it can hold.
const EDGES: &str = r#"
CREATE SCHEMA formats; SET search_path = formats;
CREATE TABLE edge (
    number int PRIMARY KEY,
    ch "char", na name, te text, vc varchar(7), bc char(5), bp bpchar, by bytea,
    bo bool, i2 int2, i4 int4, i8 int8, oi oid, f4 real, f8 float8, nu numeric, nt numeric(10,3),
    da date, ti time(3), tz timetz, ts timestamp, tp timestamptz(2), iv interval, il interval day to second(2),
    uu uuid, js json, jb jsonb, bi bit(3), vb varbit(9), ip inet, ci cidr, m6 macaddr, m8 macaddr8
);
INSERT INTO edge (number) VALUES (0);
INSERT INTO edge VALUES
    (1, '', '', '', '', '', '', '',
     true, -32768, -2147483648, -9223372036854775808, 0, '-Infinity', '-Infinity', 'NaN', 'NaN',
     '-infinity', '00:00', '00:00+15:59', '-infinity', '-infinity', '-178000000 years', '-99 days -23:59:59.99',
     '00000000-0000-0000-0000-000000000000', '{}', '{}', '000', '', '0.0.0.0/0', '0.0.0.0/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00'),
    (2, 'x', repeat('n', 63), E'tab\t line\n return\r back\\slash \\N \\. \x01', E'a\\b\nc d', 'a b', 'trailing  ', '\x00ff0a5c0d'::bytea,
     false, 32767, 2147483647, 9223372036854775807, 4294967295, 'NaN', 'NaN', 1.500, 1.5,
     'infinity', '24:00', '24:00-15:59', 'infinity', 'infinity', '178000000 years 11 mons 9 days -0.000001 seconds', '3 days 04:05:06.789',
     'ffffffff-ffff-ffff-ffff-ffffffffffff', E' {"b" : 1,\n "a":[ ], "b":2.00} ', '{"b": 1.50, "a": "\u00e9\\ \" \u2028 \ud83d\ude00", "n": [null, {}, -0.0, 1e30]}',
     '101', '110011001', '255.255.255.255', '10.0.0.0/8', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff'),
    (3, E'\\', 'é', 'äöü €', 'äöüßéèê', 'ÄÖÜ', 'é ', decode(repeat('5c0a', 500), 'hex'),
     NULL, 0, 0, 0, 2147483648, 1.1754944e-38, 5e-324, 0.000000000000000000000000000000010, -9999999.999,
     '4714-11-24 BC', '12:34:56.789', '12:34:56.789012-03:30:15', '4714-11-24 00:00:00 BC', '0044-03-15 12:00:00.5+00 BC', '1 mon -1 day', '-00:00:00.01',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'null', '"\u0041\n\t"', '010', '1', '::1/64', '2001:db8::/32', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05'),
    (4, 'w', 'n', repeat('long ', 100000), '1', '1', '1', decode(repeat('00', 300000), 'hex'),
     true, 1, 1, 1, 1, 3.4028235e38, 1.7976931348623157e308, -1e1000, 0,
     '5874897-12-31', '23:59:59.999', '23:59:59.999999+14', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.99+00', '0', '0',
     '00000000-0000-0000-0000-000000000001', '[1.0,  1e5]', 'true', '111', '000000000', 'fe80::1', '::/0', '01:02:03:04:05:06', '01:02:03:04:05:06:07:08'),
    (5, 'z', 'z', 'z', 'z', 'z', 'z', 'z',
     true, -1, -1, -1, 9, '-0', '-0', 12345678901234567890123456789012345678901234567890.12345678901234567890000, 0.001,
     '2000-01-01', '00:00:00.001', '00:00-00', '2000-01-01', '1883-11-18 12:00:00.25-07:52:58', '1 year', '1 day',
     '00000000-0000-0000-0000-00000000000f', '"x"', '1.0000', '000', '1', '1.2.3.4', '1.2.3.4/32', '01:02:03:04:05:06', '01:02:03:04:05:06:07:08');
CREATE TABLE lists (id int, nothing int[], lower int[], bits varbit(4)[], numbers numeric(6,2)[], texts text[], times timestamptz(1)[], docs jsonb[], chars char(4)[], spans interval[]);
INSERT INTO lists VALUES
    (1, '{}', '[-2:0]={1,NULL,3}', '{1,0101}', '{1.5,NaN,NULL}', E'{"",NULL,"NULL","a\\"b\\\\","{}"," x"}', '{infinity,-infinity,"0001-01-01 00:00:00.1+00 BC"}', '{"{\"a\": 1.00}",null,"null"}', '{a,NULL}', '{1 year,"-00:00:01"}'),
    (2, NULL, '[1:2][0:1][5:5]={{{1},{2}},{{3},{NULL}}}', '{}', '[7:7]={0.10}', '{{a,b},{c,NULL}}', NULL, '{}', '{}', '{}');
"#;

/// Tables that have a column which must not go over in binary, or that others make for them.
const OTHERS: &str = r"
SET search_path = formats;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE of_mood AS SELECT g AS id, 'glad'::mood AS m FROM generate_series(1, 300) g;
CREATE TABLE of_pair AS SELECT g AS id, (g, 'x')::pair AS p, ARRAY[(g, NULL)::pair] AS l FROM generate_series(1, 300) g;
CREATE TABLE of_domain AS SELECT g::positive AS id FROM generate_series(1, 300) g;
CREATE TABLE of_range AS SELECT int4range(g, g + 3) AS r, '1'::money AS m, 'pg_class'::regclass AS c, point(g, 2.5) AS p FROM generate_series(1, 300) g;
CREATE TABLE typed OF pair; INSERT INTO typed SELECT g, 'y' FROM generate_series(1, 300) g;
CREATE TABLE parent (id int8); CREATE TABLE child () INHERITS (parent); INSERT INTO child SELECT g FROM generate_series(1, 300) g;
CREATE TABLE divided (id int, t text) PARTITION BY RANGE (id);
CREATE TABLE divided_1 PARTITION OF divided FOR VALUES FROM (0) TO (1000);
CREATE TABLE divided_2 PARTITION OF divided DEFAULT;
INSERT INTO divided SELECT g, md5(g::text) FROM generate_series(1, 3000) g;
CREATE TABLE made (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, m mood GENERATED ALWAYS AS ('glad') STORED);
INSERT INTO made SELECT g FROM generate_series(1, 3000) g;
CREATE TABLE without (); INSERT INTO without DEFAULT VALUES;
";

/// Which tables of the schema have been filled on a server, and in which formats.
fn formats(server: &Server) -> Result<BTreeSet<(String, &'static str)>> {
    let log = server.log()?;
    let copies = log
        .lines()
        .filter_map(|line| line.split_once("statement: COPY formats."));
    let copies = copies.filter(|(_, copy)| copy.contains("FROM stdin"));
    let named = copies.map(|(_, copy)| {
        let name = copy.split(' ').next().unwrap_or_default();
        let format = match copy.contains("(FORMAT binary)") {
            true => "binary",
            false => "text",
        };
        (name.to_owned(), format)
    });
    Ok(named.collect())
}

/// By default on the newest major.
#[test]
fn values_are_the_same_in_either_format() {
    for_each_major_at_scale(|server| {
        let source = server.database();
        source.execute_sql(EDGES);
        source.execute_sql(OTHERS);
        if server.major() >= Major::V17 {
            source.execute_sql(
                "UPDATE formats.edge SET iv = 'infinity', nu = 'infinity' WHERE number = 5",
            );
        }
        compare(&source, ALL_WAYS)
    });
}

#[test]
fn the_format_is_binary_where_that_is_exact() -> Result<()> {
    let server = Server::telling(Major::REFERENCE)?;
    let source = server.database();
    source.execute_sql(EDGES);
    source.execute_sql(OTHERS);
    compare(&source, &[DIVIDED])?;
    let wanted = [
        ("child", "text"),
        ("divided_1", "binary"),
        ("divided_2", "binary"),
        ("edge", "binary"),
        ("lists", "binary"),
        ("made", "binary"),
        ("of_domain", "text"),
        ("of_mood", "text"),
        ("of_pair", "text"),
        ("of_range", "text"),
        ("parent", "binary"),
        ("typed", "text"),
        ("without", "text"),
    ];
    let wanted = wanted.map(|(name, format)| (name.to_owned(), format));
    let found = formats(&server)?;
    ensure!(found == BTreeSet::from(wanted), "{found:?}");
    Ok(())
}

/// Bytes of one type look like those of another: rows for a table that this clone has not made are text, and so are those for another encoding.
#[test]
fn the_format_is_text_where_bytes_could_mean_something_else() -> Result<()> {
    let server = Server::telling(Major::REFERENCE)?;
    let source = server.database_with(&DatabaseOptions {
        encoding: "LATIN1".into(),
        ..Default::default()
    });
    source.execute_sql(
        "SET client_encoding = 'UTF8'; CREATE SCHEMA formats;
         CREATE TABLE formats.taken AS SELECT g::int8 AS id FROM generate_series(1, 3000) g;
         CREATE TABLE formats.parent (id int8);
         CREATE TABLE formats.child () INHERITS (formats.parent);
         INSERT INTO formats.child SELECT g FROM generate_series(1, 3000) g;
         CREATE TABLE formats.apart AS SELECT g AS id, 'ä' AS t FROM generate_series(1, 3000) g;",
    );
    let sums = "SELECT (SELECT sum(id) FROM formats.taken), (SELECT sum(id) FROM formats.child),
                       (SELECT count(*) FROM formats.apart WHERE length(t) = 1 AND convert_to(t, 'UTF8') = '\\xc3a4')";
    let alike = source.empty_sibling()?;
    for &way in ALL_WAYS {
        alike.execute_sql(
            "DROP SCHEMA IF EXISTS formats CASCADE; CREATE SCHEMA formats;
             CREATE TABLE formats.taken (id float8); CREATE TABLE formats.parent (id float8);",
        );
        let all_the_same = clone(&source, &alike, way)?.target(|restore| restore.regardless(true));
        let report = run(all_the_same)?;
        ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
        let refused = report.restore.failures.iter();
        let refused: Vec<_> = refused.map(|failure| failure.entry.to_string()).collect();
        ensure!(
            refused.iter().all(|entry| !entry.contains("DATA")),
            "{refused:?}"
        );
        let found = alike.psql(sums);
        ensure!(found == "4501500|4501500|3000", "{way:?}: {found}");
    }
    let found = formats(&server)?;
    let is = |name: &str, format| found.contains(&(name.to_owned(), format));
    for name in ["taken", "child", "parent"] {
        ensure!(is(name, "text") && !is(name, "binary"), "{found:?}");
    }
    ensure!(is("apart", "binary"), "{found:?}");

    let server = Server::telling(Major::REFERENCE)?;
    let other = server.database();
    let report = run(clone(&source, &other, DIVIDED)?)?;
    ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
    let values = other.psql(sums);
    ensure!(values == "4501500|4501500|3000", "{values}");
    let found = formats(&server)?;
    ensure!(
        found.len() == 4 && found.iter().all(|(_, format)| *format == "text"),
        "{found:?}"
    );
    Ok(())
}

/// What the target refuses is told in either format with its table and the reason.
#[test]
fn a_refused_row_is_told_with_its_table() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = server.database();
    source.execute_sql(format!(
        "CREATE FUNCTION is_home() RETURNS bool LANGUAGE sql AS 'SELECT pg_catalog.current_database() = ''{}'''; \
         CREATE TABLE kept (id int CHECK (id <> 2000 OR public.is_home())); \
         INSERT INTO kept SELECT g FROM generate_series(1, 3000) g",
        source.name()
    ));
    for &way in ALL_WAYS {
        let target = source.empty_sibling()?;
        let report = run(clone(&source, &target, way)?)?;
        ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
        let [failure] = &report.restore.failures[..] else {
            anyhow::bail!("{report:#?}");
        };
        let (said, statement) = (failure.error.to_string(), failure.statement.to_string());
        ensure!(failure.entry.ends_with(b"public kept"), "{failure:#?}");
        ensure!(said.contains("kept_id_check"), "{failure:#?}");
        ensure!(statement.starts_with("COPY public.kept"), "{failure:#?}");
        ensure!(target.psql("SELECT count(*) FROM kept") == "0");
    }
    Ok(())
}
