//! Archives of one database for each major, made in every way that matters to a reader.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use pgdumprs_testkit::provision::provision;
use pgdumprs_testkit::{Database, Major, Server, checked_output, tool};
use tempfile::TempDir;

use crate::support::{pgdumprs, run};

/// Beside what is in every database: names that need quotes, rows that need escapes, tables without rows or columns, partitions, large objects.
const SAMPLE: &str = r#"
    CREATE SCHEMA "Odd Schema";
    COMMENT ON SCHEMA "Odd Schema" IS E'two\nlines';
    CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, payload bytea, twice int GENERATED ALWAYS AS (id * 2) STORED);
    INSERT INTO item SELECT i, 'item ' || i || repeat(md5(i::text), 3), decode(md5(i::text), 'hex') FROM generate_series(1, 5000) AS i;
    CREATE TABLE "Odd Schema"."x.y
z" (t text, "a, ""b""" int);
    INSERT INTO "Odd Schema"."x.y
z" VALUES (E'tab\there\r\nnext\\.', 1), (NULL, NULL), ('', 2), (E'\\.', 3), ('Grüße', 4);
    CREATE TABLE "Odd Schema".item (k text);
    INSERT INTO "Odd Schema".item VALUES (E'\\N');
    CREATE TABLE nothing (x int);
    CREATE TABLE no_columns ();
    INSERT INTO no_columns DEFAULT VALUES;
    INSERT INTO no_columns DEFAULT VALUES;
    CREATE TABLE event (k int, v text) PARTITION BY LIST (k);
    CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
    CREATE TABLE event_2 PARTITION OF event FOR VALUES IN (2);
    INSERT INTO event SELECT 1 + i % 2, 'v' || i FROM generate_series(1, 100) AS i;
    CREATE VIEW cheap AS SELECT id FROM item WHERE id < 10;
    CREATE SEQUENCE counter;
    SELECT nextval('counter');
    CREATE INDEX ON item (name);
    GRANT SELECT ON item TO PUBLIC;
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
    CREATE FUNCTION noisy("In" int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
    SELECT lo_from_bytea(4000000001, ''), lo_from_bytea(70001, '\x00ff5c2e0a'),
           lo_from_bytea(70002, convert_to(repeat('large object ', 3000), 'UTF8'));
    COMMENT ON LARGE OBJECT 70001 IS 'small';
    GRANT SELECT ON LARGE OBJECT 70002 TO PUBLIC;
"#;

/// The tables that have rows of their own, as they are written in SQL, with the columns that are dumped.
pub(crate) const TABLES: [(&str, &str); 7] = [
    ("public.item", "(id, name, payload)"),
    ("\"Odd Schema\".\"x.y\nz\"", ""),
    ("\"Odd Schema\".item", ""),
    ("public.nothing", ""),
    ("public.no_columns", ""),
    ("public.event_1", ""),
    ("public.event_2", ""),
];

/// One database and its archives.
pub(crate) struct Samples {
    pub(crate) database: Database,
    folder: TempDir,
    /// Archives whose rows are COPY text.
    pub(crate) copies: Vec<PathBuf>,
    /// An archive whose rows are INSERT statements.
    pub(crate) inserts: PathBuf,
    /// An archive without definitions.
    pub(crate) data_only: PathBuf,
    /// An archive without data.
    pub(crate) schema_only: PathBuf,
    /// Another, which standard output was redirected into.
    without_data: PathBuf,
}

impl Samples {
    /// Fills a database and dumps it.
    pub(crate) fn new(server: &Server) -> Self {
        let database = server.database();
        database.execute_sql(SAMPLE);
        let folder = tempfile::tempdir().unwrap();
        let dumper = dumper(server.major());
        let file = |name: &str| folder.path().join(format!("{name}.dump"));
        let stock = |name: &str, options: &[&str]| {
            let path = file(name);
            let mut dump = tool(dumper, "pg_dump");
            dump.args(["-Fc", "-C", "-d", &database.url(), "-f"])
                .arg(&path);
            checked_output(dump.args(options)).unwrap();
            path
        };
        let own = |name: &str, options: &[&str]| {
            let path = file(name);
            let output = run(pgdumprs()
                .args(options)
                .args(["-d", &database.url(), "-f"])
                .arg(&path));
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            path
        };
        let mut copies = vec![
            stock("stock-default", &[]),
            stock("stock-none", &["-Z0"]),
            own("own-default", &[]),
            own("own-none", &["-Z0"]),
            own("own-lz4", &["-Zlz4"]),
            own("own-zstd", &["-Zzstd", "--archive-version=1.16"]),
            stock("stock-folder", &["-Fd", "-j2"]),
            stock("stock-folder-none", &["-Fd", "-Z0"]),
            stock("stock-tar", &["-Ft"]),
        ];
        if dumper == Major::REFERENCE {
            copies.push(stock("stock-lz4", &["-Zlz4"]));
            copies.push(stock("stock-zstd", &["-Zzstd"]));
            copies.push(stock("stock-folder-lz4", &["-Fd", "-Zlz4"]));
            copies.push(stock("stock-folder-zstd", &["-Fd", "-Zzstd"]));
        }
        let stock_output = |options: &[&str], output: Stdio| {
            let mut dump = tool(dumper, "pg_dump");
            dump.args(["-Fc", "-C", "-d", &database.url()]);
            checked_output(dump.args(options).stdout(output)).unwrap()
        };
        let piped = stock_output(&[], Stdio::piped());
        copies.push(file("stock-pipe"));
        fs::write(file("stock-pipe"), piped.stdout).unwrap();
        // `pg_dump > file`, and `>> file` to one that is empty.
        let redirected = |name: &str, append: bool, options: &[&str]| {
            let path = file(name);
            let mut open = File::options();
            let open = open.create_new(true).write(true).append(append);
            stock_output(options, open.open(&path).unwrap().into());
            path
        };
        copies.push(redirected("stock-redirected", false, &[]));
        copies.push(redirected("stock-appended", true, &[]));
        if dumper.number() >= 18 {
            copies.push(redirected("stock-statistics", false, &["--statistics"]));
        }
        Samples {
            copies,
            without_data: redirected("stock-redirected-schema", false, &["-s"]),
            inserts: stock("stock-inserts", &["--column-inserts"]),
            data_only: stock("stock-data", &["-a"]),
            schema_only: stock("stock-schema", &["-s"]),
            database,
            folder,
        }
    }

    /// Every archive.
    pub(crate) fn all(&self) -> impl Iterator<Item = &PathBuf> {
        let others = [
            &self.inserts,
            &self.data_only,
            &self.schema_only,
            &self.without_data,
        ];
        self.copies.iter().chain(others)
    }

    /// An archive by its name.
    pub(crate) fn named(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.dump"))
    }

    /// A place for another file.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The stock `pg_dump` of a major, or the next one where it is not to be had, as for 14.
fn dumper(major: Major) -> Major {
    let with_tools = |major: &Major| provision(*major).unwrap().tools_bin().is_some();
    let newer = Major::ALL.into_iter().filter(|other| *other >= major);
    newer
        .into_iter()
        .find(with_tools)
        .expect("the newest major has tools")
}
