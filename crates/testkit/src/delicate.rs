//! A database for restores that are disturbed.

use crate::{Database, Server};

/// How many large objects a [`delicate_database`] has.
pub const LARGE_OBJECTS: u64 = 31;

/// Creates a database with what a restore must not do twice, or in part: rows, keys, partitions, an identity column, values of sequences,
/// privileges, large objects. `rows` is how many its largest table has, `s.big`, of about 350 bytes each. `small_1` to `small_30` have 200 rows each.
///
/// # Panics
///
/// When the server refuses, with its message.
pub fn delicate_database(server: &Server, rows: u32) -> Database {
    let database = server.database();
    database.execute_sql(format!(
        "CREATE SCHEMA s;
         CREATE TABLE s.big (id int PRIMARY KEY, t text);
         INSERT INTO s.big SELECT g, repeat(md5(g::text), 1 + g % 20) FROM generate_series(1, {rows}) g;
         CREATE INDEX ON s.big (t);
         CREATE TYPE s.mood AS ENUM ('a', 'b');
         CREATE TABLE parted (id int GENERATED ALWAYS AS IDENTITY, mood s.mood, PRIMARY KEY (id)) PARTITION BY RANGE (id);
         CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (500);
         CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (500) TO (5000);
         INSERT INTO parted (mood) SELECT 'a' FROM generate_series(1, 1000);
         CREATE TABLE hashed (id int, t text) PARTITION BY HASH (id);
         CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
         CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
         INSERT INTO hashed SELECT g, g FROM generate_series(1, 1000) g;
         CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
         CREATE VIEW seen AS SELECT id, twice(id) AS twice FROM s.big;
         CREATE MATERIALIZED VIEW held AS SELECT count(*) FROM s.big;
         CREATE RULE r AS ON INSERT TO seen DO INSTEAD NOTHING;
         CREATE SEQUENCE counter; SELECT setval('counter', 77);
         SELECT setval('parted_id_seq', 1000);
         DO $$ BEGIN
             FOR i IN 1..30 LOOP
                 EXECUTE format('CREATE TABLE small_%s AS SELECT g AS id FROM generate_series(1, 200) g', i);
                 EXECUTE format('ALTER TABLE small_%s ADD FOREIGN KEY (id) REFERENCES s.big', i);
                 EXECUTE format('COMMENT ON TABLE small_%s IS %L', i, i);
                 EXECUTE format('GRANT SELECT ON small_%s TO PUBLIC', i);
             END LOOP;
         END $$;
         SELECT lo_from_bytea(200000 + g, convert_to(repeat('x' || g, g % 3000), 'UTF8')) FROM generate_series(1, {LARGE_OBJECTS}) g;"
    ));
    database
}
