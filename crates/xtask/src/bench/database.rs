//! The databases that are dumped, made by the same SQL on every machine.

use anyhow::{Context, Result};
use pgdumprs_testkit::{Database, Server};

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Three tables of about the same size: narrow numeric rows, JSON events, large texts in TOAST tables.
    Mixed,
    /// The same three, one of which holds nine tenths of the data.
    OneLarge,
    /// Thousands of small tables.
    ManyTables,
    /// A thousand small tables.
    ThousandTables,
    /// A rich schema without data.
    RichSchema,
}

/// How large databases are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Share of the full amount of data, which is 1 GB of COPY text in [`Kind::Mixed`].
    pub(super) data: f64,
    /// Share of the full number of objects, which is 5,000 tables in [`Kind::ManyTables`].
    pub(super) objects: f64,
}

/// Rows of the three tables of [`Kind::Mixed`] at full size.
const MIXED: Rows = Rows {
    readings: 5_200_000.0,
    events: 1_700_000.0,
    documents: 29_000.0,
};

/// A third of the data of [`MIXED`], of which events are nine tenths.
const ONE_LARGE: Rows = Rows {
    readings: 130_000.0,
    events: 1_030_000.0,
    documents: 3_500.0,
};

const MANY_TABLES: f64 = 5_000.0;
const THOUSAND_TABLES: f64 = 1_000.0;

/// Times that [`RICH_SCHEMA`] is made at full size, of 17 entries each.
const RICH_SCHEMAS: f64 = 147.0;

struct Rows {
    readings: f64,
    events: f64,
    documents: f64,
}

impl Kind {
    /// What is in it, for readers.
    pub(super) fn describe(self, sizes: Sizes) -> String {
        let rows = |rows: &Rows| {
            format!(
                "{} narrow numeric rows, {} JSON events, and {} texts of 6 to 12 kB in a TOAST table",
                count(rows.readings, sizes.data),
                count(rows.events, sizes.data),
                count(rows.documents, sizes.data)
            )
        };
        let tables = |full| {
            format!(
                "{} small tables of five rows, each with a sequence, defaults, a key, an index, a CHECK, a foreign key and a comment",
                count(full, sizes.objects)
            )
        };
        match self {
            Kind::Mixed => rows(&MIXED),
            Kind::OneLarge => rows(&ONE_LARGE),
            Kind::ManyTables => tables(MANY_TABLES),
            Kind::ThousandTables => tables(THOUSAND_TABLES),
            Kind::RichSchema => format!(
                "{} times a table, a view, a function, a trigger, a rule, types, a domain, statistics, privileges and comments, without rows",
                count(RICH_SCHEMAS, sizes.objects)
            ),
        }
    }

    /// Makes the database.
    pub(super) fn make(self, server: &Server, sizes: Sizes) -> Result<Database> {
        let database = server.database();
        let script = match self {
            Kind::Mixed => data(&MIXED, sizes.data),
            Kind::OneLarge => data(&ONE_LARGE, sizes.data),
            Kind::ManyTables => tables(MANY_TABLES, sizes),
            Kind::ThousandTables => tables(THOUSAND_TABLES, sizes),
            Kind::RichSchema => {
                RICH_SCHEMA.replace("{count}", &count(RICH_SCHEMAS, sizes.objects).to_string())
            }
        };
        database
            .try_execute_sql(script)
            .with_context(|| format!("making the database {self:?}"))?;
        // What a first reader would have to write back is written now, and the planner knows what there is.
        database.try_execute_sql("VACUUM ANALYZE; CHECKPOINT;")?;
        Ok(database)
    }
}

fn count(full: f64, share: f64) -> u64 {
    (full * share).ceil().max(1.0) as u64
}

fn tables(full: f64, sizes: Sizes) -> String {
    TABLES.replace("{count}", &count(full, sizes.objects).to_string())
}

fn data(rows: &Rows, share: f64) -> String {
    DATA.replace("{readings}", &count(rows.readings, share).to_string())
        .replace("{events}", &count(rows.events, share).to_string())
        .replace("{documents}", &count(rows.documents, share).to_string())
}

/// Measurements come in rounds of all sensors. Texts are made of sentences from a fixed stock, of which some are in most texts, and
/// sentences of words that are the rarer the longer their list gets, as in prose.
const DATA: &str = r#"
CREATE FUNCTION pick(seed bigint, choices int) RETURNS int LANGUAGE sql IMMUTABLE AS
    'SELECT (hashint8extended(seed, 42) & 2147483647)::int % choices';

CREATE TABLE reading (
    id bigint PRIMARY KEY,
    sensor int NOT NULL,
    taken_at timestamptz NOT NULL,
    value numeric(10,3) NOT NULL,
    quality smallint
);
INSERT INTO reading
SELECT i, i % 500, timestamptz '2024-01-01 00:00:00+00' + i / 500 * interval '10 seconds',
       20 + (pick(i + 1, 200) + i % 500 * 7) / 100.0, nullif(pick(i + 2, 4), 0)
FROM generate_series(1, {readings}) AS i;

CREATE TABLE event (
    id bigint PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL
);
INSERT INTO event
SELECT i, (ARRAY['order.created', 'order.paid', 'order.shipped', 'cart.changed', 'page.viewed'])[1 + pick(i, 5)],
       jsonb_build_object(
           'customer', pick(i + 1, 90000), 'session', md5((i / 7)::text),
           'at', timestamptz '2024-01-01 00:00:00+00' + i * interval '9 seconds',
           'items', jsonb_build_array(
               jsonb_build_object('sku', 'SKU-' || pick(i + 2, 20000), 'quantity', 1 + pick(i + 3, 9), 'price', pick(i + 4, 99999) / 100.0),
               jsonb_build_object('sku', 'SKU-' || pick(i + 5, 20000), 'quantity', 1 + pick(i + 6, 9), 'price', pick(i + 7, 99999) / 100.0)),
           'agent', (ARRAY['Mozilla/5.0 (X11; Linux x86_64)', 'Mozilla/5.0 (iPhone)', 'curl/8.5.0'])[1 + pick(i + 8, 3)])
FROM generate_series(1, {events}) AS i;

CREATE TABLE word AS
SELECT n, (SELECT string_agg((ARRAY['ba', 'co', 'den', 'er', 'fi', 'gar', 'ho', 'in', 'ja', 'kel', 'lo', 'men', 'no', 'or', 'pa', 'qui',
               'ri', 'ster', 'ta', 'un', 'va', 'wen', 'xa', 'y', 'zo', 'th', 'ing', 'ed', 's', 'al', 'tion', 'che'])[1 + pick(n * 8 + p, 32)], '' ORDER BY p)
           FROM generate_series(1, 1 + (n > 30)::int + (n > 300)::int + pick(n, 2)) AS p) AS word
FROM generate_series(0, 4095) AS n;
CREATE TABLE sentence AS
SELECT i AS n, string_agg(word.word, ' ' ORDER BY p) || '. ' AS words
FROM generate_series(0, 19999) AS i CROSS JOIN generate_series(1, 9 + pick(i, 8)) AS p
     JOIN word ON word.n = floor(4096 ^ (pick(i * 64::bigint + p, 1000000) / 1000000.0))::int - 1
GROUP BY i;
CREATE UNIQUE INDEX ON sentence (n);
CREATE TABLE document (
    id int PRIMARY KEY,
    title text NOT NULL,
    body text NOT NULL
);
INSERT INTO document
SELECT i, 'Document number ' || i,
       (SELECT string_agg(s.words, '' ORDER BY p) FROM generate_series(1, 60 + pick(i, 60)) AS p
               JOIN sentence AS s ON s.n = pick(i * 1000::bigint + p, CASE WHEN p % 5 = 0 THEN 20000 ELSE 100 END))
FROM generate_series(1, {documents}) AS i;
DROP TABLE sentence, word;
CREATE INDEX ON reading (sensor, taken_at);
CREATE INDEX ON event (kind);
"#;

/// Eight entries of definitions for each table, and two of data.
const TABLES: &str = r#"
DO $$
BEGIN
    FOR i IN 1..{count} LOOP
        EXECUTE format('CREATE TABLE item_%1$s (id serial PRIMARY KEY, parent int, name text NOT NULL DEFAULT ''none'', '
                       'created timestamptz DEFAULT now(), amount numeric(12,2) CHECK (amount >= 0))', i);
        EXECUTE format('CREATE INDEX item_%1$s_name ON item_%1$s (name, created)', i);
        EXECUTE format('ALTER TABLE item_%1$s ADD CONSTRAINT item_%1$s_parent FOREIGN KEY (parent) REFERENCES item_%2$s',
                       i, greatest(1, i - 1));
        EXECUTE format('COMMENT ON TABLE item_%1$s IS ''Items of shop number %1$s''', i);
        EXECUTE format('INSERT INTO item_%1$s (name, created, amount) SELECT ''item '' || n, ''2024-01-01'', n FROM generate_series(1, 5) AS n', i);
        IF i % 100 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END $$;
"#;

const RICH_SCHEMA: &str = r#"
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := now(); RETURN NEW; END';
DO $$
BEGIN
    FOR i IN 1..{count} LOOP
        EXECUTE format('CREATE TYPE mood_%1$s AS ENUM (''glad'', ''sad'', ''indifferent'')', i);
        EXECUTE format('CREATE TYPE place_%1$s AS (street text, number int)', i);
        EXECUTE format('CREATE DOMAIN amount_%1$s AS numeric CHECK (VALUE >= 0)', i);
        EXECUTE format('CREATE FUNCTION twice_%1$s(a int, b text DEFAULT ''x'') RETURNS int LANGUAGE sql AS ''SELECT 2 * a''', i);
        EXECUTE format('CREATE TABLE shop_%1$s (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int REFERENCES shop_%1$s, '
                       'mood mood_%1$s DEFAULT ''glad'', place place_%1$s, amount amount_%1$s, name text UNIQUE CHECK (name <> ''''), '
                       'changed timestamptz)', i);
        EXECUTE format('CREATE INDEX shop_%1$s_name ON shop_%1$s (lower(name)) WHERE amount > 0', i);
        EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON shop_%1$s FOR EACH ROW EXECUTE FUNCTION touch()', i);
        EXECUTE format('CREATE RULE keep AS ON DELETE TO shop_%1$s DO INSTEAD NOTHING', i);
        EXECUTE format('CREATE VIEW seen_%1$s AS SELECT id, twice_%1$s(id) AS twice, name FROM shop_%1$s WHERE mood = ''glad''', i);
        EXECUTE format('COMMENT ON COLUMN shop_%1$s.name IS ''What is over the door''', i);
        EXECUTE format('COMMENT ON FUNCTION twice_%1$s(int, text) IS ''Doubles''', i);
        EXECUTE format('GRANT SELECT ON shop_%1$s TO PUBLIC', i);
        EXECUTE format('CREATE STATISTICS shop_%1$s_related ON name, amount FROM shop_%1$s', i);
    END LOOP;
END $$;
"#;
