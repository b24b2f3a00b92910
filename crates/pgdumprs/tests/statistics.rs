//! Planner statistics: `Dump::statistics` against `pg_dump --statistics`, on every major.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use pgdumprs::{ArchiveVersion, Dump};
use pgdumprs_testkit::compare::{Restore, compare_archives, compare_restored, stock_archive};
use pgdumprs_testkit::{
    Database, Major, Server, checked_output, for_each_major, for_each_major_at_scale,
    reference_pg_restore,
};

/// Visits all relations but the system's, which would take longer than all the rest.
const ANALYZE: &str = r"SELECT format('VACUUM (ANALYZE) %s', oid::regclass) FROM pg_class
    WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384 ORDER BY oid \gexec
";

/// Analyzes `database` and compares its dump with stock's, at stock's own archive version.
fn compare(database: &Database) -> Result<()> {
    database.try_execute_sql(ANALYZE)?;
    let folder = tempfile::tempdir().context("creating a folder for archives")?;
    let (stock, ours) = (
        folder.path().join("stock.dump"),
        folder.path().join("ours.dump"),
    );
    stock_archive(database, &stock, &["--statistics"])?;
    dump(database, &ours)?;
    let comparison = compare_archives(&stock, &ours)?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

fn dump(database: &Database, path: &Path) -> Result<()> {
    let dump = Dump::new(&database.conninfo())?
        .statistics(true)
        .archive_version(ArchiveVersion::V1_16);
    tokio::runtime::Runtime::new()?
        .block_on(dump.to_file(path))
        .context("dumping with pgdumprs")?;
    Ok(())
}

#[test]
fn sample_database() {
    for_each_major_at_scale(|server| {
        let database = server.database();
        database.load_fixture("logistics")?;
        compare(&database)
    });
}

/// Kinds of relations, of columns and of values that statistics tell apart.
const CORNERS: &str = r#"
CREATE SCHEMA "odd.schema";
CREATE TABLE "odd.schema"."it's" (
    id int PRIMARY KEY,
    "col'umn\" text,
    "2" float4,
    tags text[],
    span int4range,
    spans daterange,
    at timestamptz,
    dropped int,
    always_null text,
    wide bytea,
    flag bool,
    UNIQUE ("col'umn\", "2")
);
INSERT INTO "odd.schema"."it's"
    SELECT n, CASE n % 7 WHEN 0 THEN 'back\slash' WHEN 1 THEN 'quo''te "double"' WHEN 2 THEN NULL WHEN 3 THEN '{,}'
                         WHEN 4 THEN '' WHEN 5 THEN 'NULL' ELSE 'many ' || n END,
           n / 3.0, ARRAY['a' || n % 5, 'b' || n % 50, NULL], int4range(n, n + n % 10),
           CASE WHEN n % 4 = 0 THEN 'empty' ELSE daterange('2001-01-01'::date, '2001-01-02'::date + n) END,
           '2001-01-01 00:00:00+00'::timestamptz + n * interval '1 hour', n, NULL, decode(md5(n::text), 'hex'), n % 3 = 0
    FROM generate_series(1, 3000) n;
ALTER TABLE "odd.schema"."it's" DROP COLUMN dropped;
-- Expressions, whose columns have made-up names, beside plain columns; one with the name of another.
CREATE INDEX "expressions'" ON "odd.schema"."it's" (lower("col'umn\"), id, (id % 10), upper("col'umn\"));
CREATE INDEX partial ON "odd.schema"."it's" ("2") WHERE id > 100;

CREATE TABLE empty (a int, b text);
CREATE INDEX ON empty (a);
CREATE TABLE no_columns ();
CREATE UNLOGGED TABLE unlogged AS SELECT n FROM generate_series(1, 100) n;

CREATE TABLE parent (id int, name text);
CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent SELECT n, 'p' || n % 3 FROM generate_series(1, 200) n;
INSERT INTO child SELECT n, 'c' || n % 5, n FROM generate_series(1, 300) n;
CREATE INDEX ON child ((id + 1));

CREATE TABLE measured (day date, city int, value numeric, PRIMARY KEY (day, city)) PARTITION BY RANGE (day);
CREATE TABLE measured_2024 PARTITION OF measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE measured_rest PARTITION OF measured DEFAULT;
CREATE INDEX measured_value ON measured ((value * 2));
INSERT INTO measured SELECT '2024-01-01'::date + n, n % 10, n / 7.0 FROM generate_series(1, 700) n;

-- Read in an order that is not that of names; the last one has no data.
CREATE MATERIALIZED VIEW z_first AS SELECT city, sum(value) AS total FROM measured GROUP BY city;
CREATE UNIQUE INDEX ON z_first (city);
CREATE MATERIALIZED VIEW a_second AS SELECT city % 2 AS odd, max(total) AS most FROM z_first GROUP BY 1;
CREATE INDEX ON a_second ((most + 1));
CREATE MATERIALIZED VIEW without_data AS SELECT 1 AS x WITH NO DATA;
CREATE VIEW plain_view AS SELECT * FROM a_second;
CREATE SEQUENCE counter;

-- A materialized view that moves to post-data, because its GROUP BY needs a primary key.
CREATE TABLE keyed (id int PRIMARY KEY, label text);
INSERT INTO keyed SELECT n, 'label ' || n FROM generate_series(1, 50) n;
CREATE MATERIALIZED VIEW late AS SELECT id, label, count(*) FROM keyed GROUP BY id;

CREATE EXTENSION IF NOT EXISTS plpgsql;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE remote (id int, name text) SERVER nowhere;

-- Extended statistics: of every kind, with a target, in another schema than their table, with children, and of what has no rows.
CREATE SCHEMA other;
CREATE STATISTICS other."odd 'name'\" ON "2", "col'umn\", tags, span FROM "odd.schema"."it's";
COMMENT ON STATISTICS other."odd 'name'\" IS 'stands between';
CREATE STATISTICS short (mcv) ON id, tags FROM "odd.schema"."it's";
ALTER STATISTICS short SET STATISTICS 2;
CREATE STATISTICS distinct_values (ndistinct) ON tags, "2" FROM "odd.schema"."it's";
CREATE STATISTICS functional (dependencies) ON tags, "2" FROM "odd.schema"."it's";
CREATE STATISTICS family ON id, name FROM parent;
CREATE STATISTICS one_child ON name, extra FROM child;
CREATE STATISTICS partitioned ON city, value FROM measured;
CREATE STATISTICS partition ON city, value FROM measured_2024;
CREATE STATISTICS viewed ON id, label FROM late;
CREATE STATISTICS nothing_there ON a, b FROM empty;
CREATE STATISTICS unknown ON id, name FROM remote;
"#;

/// Extended statistics of expressions.
const EXPRESSIONS_SINCE_14: &str = r#"
CREATE STATISTICS single ON (lower("col'umn\")) FROM "odd.schema"."it's";
CREATE STATISTICS mixed ON (id % 10), tags, (id % 2), (tags || 'x'::text), (int4range(id % 3, 9)) FROM "odd.schema"."it's";
CREATE STATISTICS always_null ON (always_null || 'x'), (nullif(flag, flag)) FROM "odd.schema"."it's";
CREATE STATISTICS family_expressions ON (id % 5), name FROM parent;
"#;

/// A database with all of that.
fn corners_of(server: &Server) -> Result<Database> {
    let database = server.database();
    database.try_execute_sql(CORNERS)?;
    if server.major() >= Major::V14 {
        database.try_execute_sql(EXPRESSIONS_SINCE_14)?;
    }
    Ok(database)
}

#[test]
fn corners() {
    for_each_major(|server| {
        let database = corners_of(server)?;
        compare(&database)
    });
}

/// Restored into a server that can take them, statistics are what they were: a dump of the result is the same.
#[test]
fn statistics_are_restored() {
    for_each_major(|server| {
        // Older servers have nothing that restores them.
        if server.major() < Major::V18 {
            return Ok(());
        }
        let database = corners_of(server)?;
        database.try_execute_sql(ANALYZE)?;
        let folder = tempfile::tempdir().context("creating a folder for archives")?;
        let ours = folder.path().join("ours.dump");
        dump(&database, &ours)?;
        let comparison = compare_restored(&database, &ours, &[Restore::Serial, Restore::Parallel])?;
        ensure!(comparison.is_same(), "{comparison}");
        let restored = database.empty_sibling()?;
        let mut restore = reference_pg_restore();
        checked_output(restore.args(["-d", &restored.conninfo()]).arg(&ours))?;
        let mut views = vec![("pg_stats", "tablename, attname, inherited")];
        if server.major() >= Major::V19 {
            views.push(("pg_stats_ext", "statistics_name, inherited"));
            views.push(("pg_stats_ext_exprs", "statistics_name, inherited, expr"));
        }
        for (view, order) in views {
            // As they are printed, but for OIDs and numbers of columns, which are of the database.
            let statistics = format!(
                "SELECT string_agg((to_jsonb(s) - ARRAY['tableid', 'attnum', 'statistics_id'])::text, E'\\n' ORDER BY schemaname, {order})
                 FROM {view} AS s WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            );
            let expected = database.psql(&statistics);
            ensure!(expected.lines().count() > 5, "{view}: {expected}");
            assert_eq!(restored.psql(&statistics), expected, "{view}");
        }
        Ok(())
    });
}

/// Tables whose columns are restored with other numbers: after dropped ones, in another order, and both.
const RENUMBERED: &str = r#"
CREATE TABLE gaps (gone int, a int, gone_too text, "b, (" int, c text, d int);
ALTER TABLE gaps DROP COLUMN gone, DROP COLUMN gone_too;
INSERT INTO gaps SELECT n % 10, n % 5, CASE n % 3 WHEN 0 THEN 'it''s "one", }' WHEN 1 THEN 'back\slash' END, n FROM generate_series(1, 300) n;
CREATE STATISTICS every ON a, "b, (", c, d FROM gaps;
CREATE STATISTICS mixed ON a, ("b, (" % 2), c, (lower(c)) FROM gaps;
CREATE STATISTICS only_distinct (ndistinct) ON a, c FROM gaps;
CREATE STATISTICS only_dependencies (dependencies) ON a, "b, (", c, d FROM gaps;
CREATE STATISTICS only_values (mcv) ON c, a FROM gaps;

-- Children of a table that they came to later: what they inherit is restored in front.
CREATE TABLE parent (a int, gone int, b text);
ALTER TABLE parent DROP COLUMN gone;
CREATE TABLE child (b text, own int, a int, gone int, own_too text);
ALTER TABLE child DROP COLUMN gone;
ALTER TABLE child INHERIT parent;
CREATE TABLE other_parent (own_too text, e int);
CREATE TABLE grandchild (f int) INHERITS (other_parent, child);
INSERT INTO parent SELECT n % 6, 'p' || n % 3 FROM generate_series(1, 200) n;
INSERT INTO child (a, b, own, own_too) SELECT n % 12, 'q"' || n % 3, n % 4, '{' || n % 2 FROM generate_series(1, 200) n;
INSERT INTO grandchild (a, b, own, own_too, e, f) SELECT n % 12, n % 3, n % 4, n % 2, n % 24, n % 8 FROM generate_series(1, 200) n;
CREATE STATISTICS parent_ ON a, b FROM parent;
CREATE STATISTICS child_ ON a, own, b, own_too, (own + a) FROM child;
CREATE STATISTICS grandchild_ ON a, own, b, e, f FROM grandchild;

CREATE TYPE kind AS (gone int, a int, b text);
CREATE TABLE typed OF kind;
ALTER TYPE kind DROP ATTRIBUTE gone CASCADE;
INSERT INTO typed SELECT n % 6, n % 3 FROM generate_series(1, 200) n;
CREATE STATISTICS typed_ ON a, b FROM typed;

CREATE TABLE whole (a int, gone int, b int, c int) PARTITION BY LIST (a);
ALTER TABLE whole DROP COLUMN gone;
CREATE TABLE part (gone int, c int, b int, a int);
ALTER TABLE part DROP COLUMN gone;
ALTER TABLE whole ATTACH PARTITION part DEFAULT;
INSERT INTO whole SELECT n % 6, n % 3, n % 12 FROM generate_series(1, 200) n;
CREATE STATISTICS whole_ ON a, b, c FROM whole;
CREATE STATISTICS part_ ON a, b, c FROM part;
"#;

/// What extended statistics know, with the names of columns in place of their numbers; in no order but that of names.
const KNOWN_BY_NAME: &str = r#"
SELECT s.statistics_name, s.inherited, items.said FROM pg_stats_ext AS s, LATERAL (
    SELECT string_agg(item.said, ' ' ORDER BY item.said COLLATE "C") AS said FROM (
        SELECT (SELECT string_agg(coalesce(quote_ident(a.attname), n.number), ',' ORDER BY coalesce(a.attname, n.number) COLLATE "C")
                FROM jsonb_array_elements_text(i.item -> 'attributes') AS n(number)
                     LEFT JOIN pg_attribute AS a ON a.attrelid = s.tableid AND a.attnum = n.number::int AND a.attnum > 0)
               || coalesce(' => ' || (SELECT quote_ident(a.attname) FROM pg_attribute AS a
                                      WHERE a.attrelid = s.tableid AND a.attnum = (i.item ->> 'dependency')::int AND a.attnum > 0), '')
               || ' ' || (i.item - 'attributes' - CASE WHEN (i.item ->> 'dependency')::int > 0 THEN 'dependency' ELSE '' END)
        FROM jsonb_array_elements(coalesce(s.n_distinct::text::jsonb, '[]') || coalesce(s.dependencies::text::jsonb, '[]')) AS i(item)
        UNION ALL
        SELECT (SELECT jsonb_object_agg(coalesce(s.attnames[place], (place - cardinality(s.attnames))::text), s.most_common_vals[number][place])
                FROM generate_subscripts(s.most_common_vals, 2) AS place)::text || ' ' || s.most_common_freqs[number]
        FROM generate_subscripts(s.most_common_vals, 1) AS number) AS item(said)) AS items
ORDER BY s.statistics_name COLLATE "C", s.inherited"#;

/// A restored table has other numbers for its columns, by which extended statistics know them.
#[test]
fn extended_statistics_keep_their_columns() {
    for_each_major(|server| {
        // Older servers have nothing that restores them.
        if server.major() < Major::V19 {
            return Ok(());
        }
        let database = server.database();
        database.try_execute_sql(RENUMBERED)?;
        compare(&database)?;
        let folder = tempfile::tempdir().context("creating a folder for archives")?;
        let archives = [folder.path().join("ours"), folder.path().join("stock")];
        dump(&database, &archives[0])?;
        stock_archive(&database, &archives[1], &["--statistics"])?;
        let mut known = Vec::new();
        for archive in &archives {
            let restored = database.empty_sibling()?;
            let mut restore = reference_pg_restore();
            checked_output(restore.args(["-d", &restored.conninfo()]).arg(archive))?;
            known.push(restored.psql(KNOWN_BY_NAME));
        }
        let expected = database.psql(KNOWN_BY_NAME);
        assert_eq!(expected.lines().count(), 13, "{expected}");
        assert_eq!(known[0], expected);
        // Stock's loses some, which is why ours differs.
        assert_ne!(known[1], expected);
        Ok(())
    });
}
