//! `pgdumprs diff`: what is the same, what each kind of change looks like, and the exit status.

#[expect(dead_code, reason = "what fails here has another exit status")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use pgdumprs_testkit::{Database, Major, Server, for_each_major, reference_pg_dump};
use serde_json::Value;
use support::{assert_says, pgdumprs, run};
use tempfile::TempDir;

/// Runs a comparison that must end with this status, and returns what it printed and what it said.
fn diff(args: &[&str], status: i32) -> (String, String) {
    let output = run(pgdumprs().arg("diff").args(args));
    let printed = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        output.status.code(),
        Some(status),
        "{args:?} printed: {printed}\nand said: {said}"
    );
    (printed, said)
}

/// Two sides that must be the same.
fn same(left: &str, right: &str) {
    assert_eq!(diff(&[left, right], 0), Default::default());
}

fn same_with(args: &[&str], left: &str, right: &str) {
    let args = [args, &[left, right]].concat();
    assert_eq!(diff(&args, 0), Default::default());
}

/// Dumps by the command into a file of a folder.
fn dump(database: &Database, folder: &TempDir, name: &str, args: &[&str]) -> PathBuf {
    let path = folder.path().join(name);
    let mut dump = pgdumprs();
    dump.args(["-d", &database.conninfo(), "-f"]).arg(&path);
    let dumped = run(dump.args(args));
    assert!(dumped.status.success(), "{dumped:?}");
    path
}

fn by_stock(database: &Database, folder: &TempDir, name: &str, args: &[&str]) -> PathBuf {
    let path = folder.path().join(name);
    let mut dump = reference_pg_dump();
    dump.args(["-d", &database.conninfo(), "-f"]).arg(&path);
    let dumped = run(dump.args(args));
    assert!(dumped.status.success(), "{dumped:?}");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What is changed below, one thing of each kind.
const SHOP: &str = "
    CREATE TABLE item (id serial PRIMARY KEY, name text, price numeric);
    CREATE INDEX item_name ON item (name);
    INSERT INTO item (name, price) SELECT 'item ' || g, g FROM generate_series(1, 300) g;
    COMMENT ON TABLE item IS 'what is sold';
    CREATE TABLE visit (at timestamptz, page text);
    INSERT INTO visit SELECT '2026-11-29 12:00+00'::timestamptz + g * interval '1 h', 'p' || g FROM generate_series(1, 100) g;
    CREATE TABLE wide (a int, b text);
    INSERT INTO wide VALUES (1, 'one'), (2, 'two');
    CREATE FUNCTION tax(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT $1 * 1.19';
    CREATE TABLE gone (); CREATE TABLE untouched AS SELECT 1 AS a;
    CREATE SCHEMA s; CREATE SEQUENCE s.n; SELECT nextval('s.n');
    SELECT lo_from_bytea(4711, decode(repeat('00ff', 4000), 'hex'));
    SELECT lo_from_bytea(4712, 'same'); GRANT SELECT ON LARGE OBJECT 4712 TO PUBLIC";

#[test]
fn a_database_is_the_same_whichever_way_it_was_dumped() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(SHOP);
        let folder = tempfile::tempdir()?;
        let ours = dump(&database, &folder, "ours.dump", &[]);
        let other = dump(&database, &folder, "other", &["-Fd", "-Z", "zstd"]);
        let stock = by_stock(&database, &folder, "stock.tar", &["-Ft"]);
        let stock_custom = by_stock(&database, &folder, "stock.dump", &["-Fc"]);
        same(text(&ours), text(&other));
        same(text(&stock), text(&ours));
        same(text(&ours), text(&stock_custom));
        same(text(&ours), &database.conninfo());
        same(&database.url(), text(&stock));
        same(&database.url(), &database.conninfo());
        if server.major() == Major::REFERENCE {
            let sample = server.database();
            sample.load_fixture("logistics")?;
            let ours = dump(&sample, &folder, "sample.dump", &[]);
            let stock = by_stock(&sample, &folder, "sample", &["-Fd"]);
            same(text(&ours), text(&stock));
            same(text(&ours), &sample.url());
        }
        Ok(())
    });
}

#[test]
fn each_kind_of_change_is_shown() {
    for major in [Major::V13, Major::V17, Major::REFERENCE] {
        let server = Server::get(major);
        let database = server.database();
        database.execute_sql(SHOP);
        let role = format!("r_{}", database.name());
        database.execute_sql(format!("CREATE ROLE {role}"));
        let folder = tempfile::tempdir().unwrap();
        let before = dump(&database, &folder, "before.dump", &[]);
        database.execute_sql(format!(
            "ALTER TABLE item ADD COLUMN stock int; DROP INDEX item_name; COMMENT ON TABLE item IS 'what is on offer';
             UPDATE visit SET page = 'other' WHERE page = 'p7';
             INSERT INTO wide VALUES (3, 'three');
             CREATE OR REPLACE FUNCTION tax(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT $1 * 1.07';
             DROP TABLE gone; CREATE TABLE s.fresh AS SELECT 1 AS a;
             ALTER TABLE visit OWNER TO {role}; GRANT SELECT ON wide TO {role}; SELECT nextval('s.n');
             SELECT lo_unlink(4711); SELECT lo_from_bytea(4711, 'changed');"
        ));
        let after = dump(&database, &folder, "after.dump", &["-j", "2"]);
        let (printed, said) = diff(&[text(&before), text(&after)], 1);
        assert_eq!(said, "");
        for part in [
            "\nTABLE public.item\n@@ -1,6 +1,7 @@\n",
            "-    price numeric\n+    price numeric,\n+    stock integer\n",
            "\nINDEX public.item_name, only in ",
            "-CREATE INDEX item_name ON public.item USING btree (name);\n",
            "\nCOMMENT on TABLE public.item\n",
            "+COMMENT ON TABLE public.item IS 'what is on offer';\n",
            "\nFUNCTION public.tax(numeric)\n",
            "1.07",
            "\nTABLE public.gone, only in ",
            "\nROWS of public.gone, only in ",
            "\nTABLE s.fresh, only in ",
            "\nROWS of s.fresh, only in ",
            "\nROWS of public.visit\n-100 rows, sum ",
            "\n+100 rows, sum ",
            "\nROWS of public.wide\n-2 rows\n+3 rows\n",
            &format!("+-- Owner: {role}\n"),
            "\nACL on TABLE public.wide",
            "\nVALUE of SEQUENCE s.n\n-1\n+2\n",
            "\nCONTENT of LARGE OBJECT 4711\n-sum ",
        ] {
            assert!(printed.contains(part), "{part:?} is missing from {printed}");
        }
        assert!(printed.starts_with(&format!("--- {}\n+++ {}\n", text(&before), text(&after))));
        // Rows are compared in the columns that both have, where there are no others.
        for part in ["untouched", "4712", "ROWS of public.item", "item_id_seq"] {
            assert!(!printed.contains(part), "{part:?} is in {printed}");
        }
        // The database itself instead of its archive, and the other way round.
        let (live, _) = diff(&[text(&before), &database.url()], 1);
        let below = |text: &str| text.splitn(3, '\n').nth(2).unwrap().to_owned();
        let name = live.lines().nth(1).unwrap().trim_start_matches("+++ ");
        assert_says(name, &[database.name()]);
        assert_eq!(below(&live).replace(name, text(&after)), below(&printed),);
        diff(&[&database.conninfo(), text(&before)], 1);
        same(&database.conninfo(), text(&after));

        // Parts of it.
        let (schema, _) = diff(&["-s", text(&before), text(&after)], 1);
        assert!(
            !schema.contains("ROWS") && !schema.contains("VALUE"),
            "{schema}"
        );
        let (data, _) = diff(&["-a", text(&before), text(&after)], 1);
        assert!(!data.contains("CREATE"), "{data}");
        let (some, _) = diff(&["-sOx", "--no-comments", text(&before), text(&after)], 1);
        for part in ["Owner", "ACL", "COMMENT"] {
            assert!(!some.contains(part), "{part:?} is in {some}");
        }

        // Some tables and schemas alone.
        let of = |args: &[&str]| {
            let sides = [text(&before), text(&after)];
            let (printed, _) = diff(&[args, &sides].concat(), 1);
            let titles = printed.split("\n\n").skip(1);
            let titles = titles.filter_map(|part| part.lines().next());
            let titles = titles.map(|title| title.split(", only").next().unwrap().to_owned());
            titles.collect::<Vec<_>>()
        };
        assert_eq!(
            of(&["-t", "it?m"]),
            [
                "TABLE public.item",
                "COMMENT on TABLE public.item",
                "INDEX public.item_name"
            ]
        );
        assert_eq!(
            of(&["-n", "s"]),
            ["TABLE s.fresh", "ROWS of s.fresh", "VALUE of SEQUENCE s.n"]
        );
        assert_eq!(
            of(&["-N", "public", "-T", "s.n"]),
            [
                "TABLE s.fresh",
                "ROWS of s.fresh",
                "CONTENT of LARGE OBJECT 4711"
            ]
        );
        assert_eq!(
            of(&["-t", "wide", "-t", "public.visit", "-x"]),
            [
                "TABLE public.visit",
                "ROWS of public.visit",
                "ROWS of public.wide"
            ]
        );
        same_with(&["-t", "untouched"], text(&before), &database.url());
        let (_, said) = diff(&["-t", "no_such", text(&before), text(&after)], 2);
        assert_says(&said, &["nothing on either side is called no_such"]);

        // For programs.
        let (report, said) = diff(&["-v", "--report=json", text(&before), text(&after)], 1);
        assert_says(&said, &["compared", "definitions", "differences"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["end"], "different");
        assert_eq!(report["left"]["database"], database.name());
        let data = report["data"].as_array().unwrap();
        let one = |name: &str| data.iter().find(|one| one["name"] == name).unwrap();
        assert_eq!(one("public.wide")["right"]["count"], 3);
        assert_eq!(
            one("public.untouched")["left"],
            one("public.untouched")["right"]
        );
        let columns = &one("public.item")["columns"];
        assert_eq!(columns, &serde_json::json!(["id", "name", "price"]));
        database.execute_sql(format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}

#[test]
fn what_cannot_be_compared_is_trouble() {
    let server = Server::get(Major::V17);
    let database = server.database();
    database.execute_sql(SHOP);
    let folder = tempfile::tempdir().unwrap();
    let shop = dump(&database, &folder, "shop.dump", &[]);
    let shop = text(&shop);

    let (_, said) = diff(&["no_such.dump", shop], 2);
    assert_says(
        &said,
        &["pgdumprs: error: ", "no_such.dump", "No such file"],
    );
    let nobody = "postgresql://app:s3cret@localhost:1/shop";
    let (_, said) = diff(&[shop, nobody], 2);
    assert_says(&said, &["pgdumprs: error: ", "port 1"]);
    let nowhere = database.url().replace(database.name(), "no_such_db");
    let (_, said) = diff(&[shop, &nowhere], 2);
    assert_says(&said, &["no_such_db", "3D000"]);
    assert!(!said.contains("s3cret"), "{said}");
    let (_, said) = diff(&[shop, "host=/no/such/folder password=s3cret"], 2);
    assert!(!said.contains("s3cret"), "{said}");
    let (_, said) = diff(&[shop], 2);
    assert_says(&said, &["error", "--help"]);

    // Not an archive, and a damaged one.
    let mut bytes = fs::read(shop).unwrap();
    let middle = bytes.len() - 200;
    bytes[middle] ^= 0xff;
    let damaged = folder.path().join("damaged.dump");
    fs::write(&damaged, &bytes).unwrap();
    let (_, said) = diff(&[shop, text(&damaged)], 2);
    assert_says(&said, &["damaged.dump", "is damaged"]);
    let plain = folder.path().join("plain.sql");
    fs::write(&plain, "SELECT 1;").unwrap();
    diff(&[text(&plain), shop], 2);

    // Rows in a form that the other side has not, and where there are none.
    let inserts = dump(&database, &folder, "inserts.dump", &["--inserts"]);
    let (_, said) = diff(&[shop, text(&inserts)], 2);
    assert_says(&said, &["public.item", "INSERT"]);
    same(text(&inserts), text(&inserts));
    let schema = dump(&database, &folder, "schema.dump", &["-s"]);
    let (printed, said) = diff(&[text(&schema), shop], 0);
    assert_eq!(printed, "");
    assert_says(&said, &["warning", "schema.dump", "has no data"]);
    let data = dump(&database, &folder, "data.dump", &["-a"]);
    let (_, said) = diff(&[text(&data), text(&schema)], 2);
    assert_says(&said, &["nothing to compare"]);
}

/// The text of a point in time depends on the time zone of whoever reads it: the environment says in which a database is read.
#[test]
fn a_database_is_read_in_the_time_zone_that_is_asked_for() {
    let server = Server::get(Major::V17);
    let database = server.database();
    database.execute_sql(SHOP);
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there.dump");
    let zone = "America/New_York";
    let mut dump = pgdumprs();
    dump.env("PGTZ", zone)
        .args(["-d", &database.conninfo(), "-f"]);
    assert!(run(dump.arg(&there)).status.success());
    let (printed, _) = diff(&[text(&there), &database.url()], 1);
    let titles = printed
        .split("\n\n")
        .skip(1)
        .map(|part| part.lines().next().unwrap());
    assert_eq!(titles.collect::<Vec<_>>(), ["ROWS of public.visit"]);
    let mut again = pgdumprs();
    again
        .env("PGTZ", zone)
        .args(["diff", text(&there), &database.url()]);
    let output = run(&mut again);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
}

/// A name without a slash or an equals sign is a file.
#[test]
fn names_are_files_first() {
    let server = Server::get(Major::V17);
    let database = server.database();
    database.execute_sql("CREATE TABLE item (id int)");
    let folder = tempfile::tempdir().unwrap();
    dump(&database, &folder, "dbname=shop", &[]);
    let mut diff = pgdumprs();
    diff.current_dir(folder.path());
    let output = run(diff.args(["diff", "dbname=shop", &database.url()]));
    assert!(output.status.success(), "{output:?}");
}
