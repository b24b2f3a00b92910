//! What stands in an archive where its section would not have it keeps its place.

use pgdumprs_testkit::for_each_major_at_scale;

use super::{ALL_WAYS, compare, dump};

/// A materialized view that waits for a key, so that it comes behind the data, and views of it. `whole` is made before its query can be, with
/// the row type of the materialized view: it stands behind that, and nothing but its place says that it must. By `pg_restore -j` it is lost.
const SCHEMA: &str = "
    CREATE TABLE item (id integer PRIMARY KEY, name text);
    INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 1000) AS n;
    CREATE TABLE other AS SELECT * FROM item;
    CREATE INDEX ON other (name);
    CREATE MATERIALIZED VIEW grouped AS SELECT item.id, item.name FROM item GROUP BY item.id;
    CREATE INDEX ON grouped (name);
    CREATE VIEW plain AS SELECT * FROM grouped;
    CREATE VIEW whole AS SELECT grouped AS whole, grouped.id FROM grouped;
    COMMENT ON VIEW whole IS 'rows';
    COMMENT ON COLUMN whole.id IS 'their number';
    ALTER VIEW whole ALTER COLUMN id SET DEFAULT 1;
    GRANT SELECT ON whole TO PUBLIC;
    CREATE VIEW of_whole AS SELECT whole AS both FROM whole;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER refuses INSTEAD OF INSERT ON whole FOR EACH ROW EXECUTE FUNCTION refuse();";

#[test]
fn views_that_stand_behind_the_data_come_in_their_place() {
    for_each_major_at_scale(|server| {
        let source = server.database();
        source.execute_sql(SCHEMA);
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("archive.dump");
        dump(&source, &archive)?;
        compare(&source, &archive, ALL_WAYS)
    });
}
