//! Rows as INSERT statements.

use pgdumprs_testkit::{Database, Major, Server, for_each_major};

use crate::against::{all_same, refusals};

fn sample(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(include_str!("names.sql"));
    database.execute_sql(
        r#"CREATE DOMAIN whole AS int;
           CREATE DOMAIN whole_again AS whole;
           CREATE TABLE typed (
               a int2, b int8, c oid, d float4, e float8, f numeric, g bit(3), h varbit, i bool, j whole_again,
               k text, l bytea, m int[], n timestamptz, o json, "P" "char", q regclass,
               r int GENERATED ALWAYS AS (a + 1) STORED, s int GENERATED ALWAYS AS IDENTITY);
           ALTER TABLE typed DROP COLUMN o;
           INSERT INTO typed (a, b, c, d, e, f, g, h, i, j, k, l, m, n, "P", q)
               VALUES (-1, 1e15, 7, 'NaN', '-Infinity', 'NaN', '101', '1', true, 5, E'it''s \\ a\ttab\nand \\N', '\x00ff5c', '{1,NULL}', '2024-01-01', '', 'typed'),
                      (2, -3, 8, 1e20, 0.1, 12.50, '000', '', false, NULL, '\N', '', '{}', NULL, '\', NULL),
                      (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL);
           CREATE TABLE columnless ();
           INSERT INTO columnless DEFAULT VALUES;
           INSERT INTO columnless DEFAULT VALUES;
           CREATE TABLE computed (a int GENERATED ALWAYS AS (1) STORED);
           INSERT INTO computed DEFAULT VALUES;
           CREATE TABLE long AS SELECT n, repeat(E'a\tb\n', n % 50) AS t FROM generate_series(1, 5000) n;"#,
    );
    database
}

#[test]
fn statements_are_those_of_stock() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "--inserts",
            "--column-inserts --on-conflict-do-nothing",
            "--rows-per-insert=2",
            "--rows-per-insert=1000 --column-inserts --load-via-partition-root",
            "--inserts --quote-all-identifiers -a",
        ],
    );
}

#[test]
fn on_every_major() {
    for_each_major(|server| {
        all_same(&sample(server), &["--rows-per-insert=3 -Z none"]);
        Ok(())
    });
}

#[test]
fn impossible_numbers_of_rows_are_refused() {
    for rows in ["0", "x", "-1"] {
        let argument = format!("--rows-per-insert={rows}");
        let (stock, ours) = refusals("host=/nowhere", &[&argument]);
        assert!(
            stock.contains("--rows-per-insert") && ours.contains("--rows-per-insert"),
            "{ours}"
        );
    }
}
