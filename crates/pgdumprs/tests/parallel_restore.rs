//! What a parallel pg_restore makes of statements that go down from a table to its partitions and children. From stock's archive it
//! runs them before those have their rows: the trigger here then changes every row of `part`, and the constraint refuses those of
//! `child`.

mod support;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{checked_output, for_each_major, restoring_major, tool};
use support::{ALL_WAYS, compare, dump};

/// pg_restore takes what has the most data first, and counts for an entry what it waits for. So with two workers, `large` keeps
/// one busy while the other has restored `medium` and takes what waited for it: by stock's dependencies, the trigger, the
/// foreign key and the constraint, and only then the few rows of `part` and `child`.
const SCHEMA: &str = "
    CREATE TABLE large AS SELECT n, repeat(md5(n::text), 4) AS t FROM generate_series(1, 100000) AS n;
    CREATE TABLE medium AS SELECT n AS id, md5(n::text) AS t FROM generate_series(1, 20000) AS n;
    ALTER TABLE medium ADD PRIMARY KEY (id);

    CREATE TABLE whole (id integer, v text) PARTITION BY RANGE (id);
    CREATE TABLE middle PARTITION OF whole DEFAULT PARTITION BY LIST (v);
    CREATE TABLE part PARTITION OF middle DEFAULT;
    INSERT INTO whole SELECT n, 'as it was' FROM generate_series(1, 50) AS n;
    CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.v := ''changed''; RETURN NEW; END';
    CREATE TRIGGER changes BEFORE INSERT ON whole
        FOR EACH ROW WHEN (NULL::medium IS NULL) EXECUTE FUNCTION change();
    ALTER TABLE whole ADD CONSTRAINT refers FOREIGN KEY (id) REFERENCES medium;

    CREATE TABLE child () INHERITS (medium);
    INSERT INTO child SELECT -n, 'below zero' FROM generate_series(1, 50) AS n;
    ALTER TABLE medium ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
";

/// What must not begin before the rows of which table are there.
const ORDER: [(&str, &str); 3] = [
    ("TRIGGER whole changes", "TABLE DATA part"),
    ("FK CONSTRAINT whole refers", "TABLE DATA part"),
    ("CHECK CONSTRAINT medium positive", "TABLE DATA child"),
];

#[test]
fn rows_come_before_what_goes_down_to_them() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(SCHEMA);
        compare(&database, ALL_WAYS)?;

        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("ours.dump");
        dump(&database, None, &archive)?;
        let target = database.empty_sibling()?;
        let mut restore = tool(restoring_major(server.major()), "pg_restore");
        restore
            .args(["--jobs=2", "--verbose", "--exit-on-error", "--dbname"])
            .arg(target.conninfo())
            .arg(&archive);
        let told = String::from_utf8(checked_output(&mut restore)?.stderr)?;
        for (later, earlier) in ORDER {
            let begun = position(&told, "launching", later)?;
            let ended = position(&told, "finished", earlier)?;
            ensure!(ended < begun, "{later} did not wait for {earlier}:\n{told}");
        }
        Ok(())
    });
}

/// The line on which pg_restore tells that it did something with an entry: `pg_restore: launching item 3487 TABLE DATA part`.
fn position(told: &str, did: &str, entry: &str) -> Result<usize> {
    let mut lines = told.lines();
    let position = lines.position(|line| {
        line.split_once(&format!(": {did} item "))
            .and_then(|(_, item)| item.split_once(' '))
            .is_some_and(|(_, name)| name == entry)
    });
    position.with_context(|| format!("nothing was told of {did} {entry}:\n{told}"))
}
