//! The scripts and lists of archives, byte for byte those of stock.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use pgdumprs_testkit::compare::stock_archive;
use pgdumprs_testkit::{Major, Server, reference_pg_restore};

use crate::support::{pgdumprs, run};

/// `pgdumprs restore`.
fn ours() -> Command {
    let mut command = pgdumprs();
    command.arg("restore");
    command
}

/// What a command prints, which must succeed.
fn printed(command: &mut Command, arguments: &[&str], archive: &Path) -> Vec<u8> {
    let output = succeeded(command.args(arguments).arg(archive));
    output.stdout
}

fn succeeded(command: &mut Command) -> Output {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

/// The option sets, beside those of `crates/script`, which compares scripts of many archives: here each option of the command line is
/// shown to reach the script.
const OPTIONS: &[&str] = &[
    "",
    "-a",
    "-a --disable-triggers -S boss",
    "-s",
    "--statistics-only",
    "--no-data",
    "--no-schema",
    "--no-statistics",
    "--section=pre-data",
    "--section=data --section=post-data",
    "-c",
    "-c --if-exists",
    "-C",
    "-c -C",
    "-O",
    "-x",
    "-O -x --no-comments",
    "--no-policies --no-publications --no-subscriptions --no-security-labels",
    "--no-tablespaces --no-table-access-method",
    "--use-set-session-authorization",
    "--enable-row-security",
    "--role=boss",
    "-1",
    "--transaction-size=10",
    "-t item",
    "-t item -n shop",
    "-n shop",
    "-N shop",
    "-I item_pkey",
    "-P f(integer)",
    "-T ITEM_WATCH",
    "-v",
];

/// Something for each of the options.
const SHOP: &str = "
    CREATE SCHEMA shop;
    CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO shop.item SELECT i, 'item ' || i FROM generate_series(1, 100) i;
    COMMENT ON TABLE shop.item IS 'what is sold';
    GRANT SELECT ON shop.item TO PUBLIC;
    ALTER TABLE shop.item ENABLE ROW LEVEL SECURITY;
    CREATE POLICY all_see ON shop.item FOR SELECT USING (true);
    CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql RETURN $1 + 1;
    CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER watch BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION watch();
    CREATE VIEW shop.names AS SELECT name FROM shop.item;
    CREATE MATERIALIZED VIEW shop.counted AS SELECT count(*) FROM shop.item;
    CREATE SEQUENCE numbers;
    SELECT nextval('numbers'), lo_from_bytea(0, 'large'), lo_from_bytea(0, '');
    CREATE PUBLICATION told FOR TABLE shop.item;
    CREATE TABLE parted (a int) PARTITION BY LIST (a);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
    INSERT INTO parted VALUES (1);
    ANALYZE;
";

#[test]
fn scripts_and_lists_are_those_of_stock() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql(SHOP);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("shop.dump");
    stock_archive(&database, &archive, &["--statistics"]).unwrap();
    let key = ["--restrict-key=k", "-f", "-"];
    for line in OPTIONS {
        let options: Vec<_> = line
            .split_whitespace()
            .map(|word| match word {
                // A name with a blank in it.
                "ITEM_WATCH" => "item watch",
                word => word,
            })
            .collect();
        let arguments = [&key[..], &options].concat();
        let expected = printed(&mut reference_pg_restore(), &arguments, &archive);
        let found = printed(&mut ours(), &arguments, &archive);
        assert_same(line, &expected, &found);
        let arguments = [&["-l"][..], &options].concat();
        let expected = printed(&mut reference_pg_restore(), &arguments, &archive);
        let found = printed(&mut ours(), &arguments, &archive);
        assert_same(&format!("-l {line}"), &expected, &found);
    }
}

#[test]
fn scripts_have_the_names_that_are_given() {
    let database = Server::get(Major::REFERENCE).database();
    let (boss, schema) = (database.server().role("NOLOGIN"), "extensions");
    database.execute_sql(format!(
        "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
         CREATE TABLE item (name ext.citext DEFAULT '{boss}'); ALTER TABLE item OWNER TO {boss};
         GRANT SELECT ON item TO {boss}; INSERT INTO item VALUES ('{boss}')"
    ));
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    stock_archive(&database, &archive, &[]).unwrap();
    let role = format!("--map-role={boss}=The boss");
    let arguments = ["-f", "-", &role, "--map-extension-schema=ext=extensions"];
    let output = succeeded(ours().args(arguments).arg(&archive));
    let text = String::from_utf8_lossy(&output.stdout);
    for part in [
        "ALTER TABLE public.item OWNER TO \"The boss\";",
        &format!("name {schema}.citext DEFAULT '{boss}'::{schema}.citext"),
        &format!("CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA {schema};"),
        &format!("\n{boss}\n\\."),
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let told = format!("adapted: TABLE public item: role \"{boss}\" is \"The boss\"");
    assert!(said.contains(&told), "{said}");
}

/// Where both differ, the first line of each that does.
fn assert_same(what: &str, expected: &[u8], found: &[u8]) {
    // What differs from one moment to the next.
    let is_time = |line: &&[u8]| line.starts_with(b"-- Completed on ");
    let lines =
        |text| <[u8]>::split(text, |byte| *byte == b'\n').filter(move |line| !is_time(line));
    let (mut expected, mut found) = (lines(expected), lines(found));
    for number in 1.. {
        match (expected.next(), found.next()) {
            (None, None) => return,
            (expected, found) if expected == found => {}
            (expected, found) => {
                let text = |line: Option<&[u8]>| {
                    line.map(|line| String::from_utf8_lossy(line).into_owned())
                };
                panic!(
                    "{what}, line {number}: {:?} rather than {:?}",
                    text(found),
                    text(expected)
                );
            }
        }
    }
}

/// The archive may come through a pipe, and the script may go into a file, which appears when it is complete.
#[test]
fn archives_come_from_pipes_and_scripts_go_into_files() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql("CREATE TABLE t (a text); INSERT INTO t VALUES ('x')");
    let folder = tempfile::tempdir().unwrap();
    let (archive, script) = (folder.path().join("a.dump"), folder.path().join("a.sql"));
    stock_archive(&database, &archive, &[]).unwrap();
    let expected = printed(&mut ours(), &["-f", "-", "--restrict-key=k"], &archive);
    for file in [&[][..], &["-"]] {
        let input = fs::File::open(&archive).unwrap();
        let mut cat = Command::new("cat")
            .stdin(input)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        succeeded(
            ours()
                .args(["-f", script.to_str().unwrap(), "--restrict-key=k"])
                .args(file)
                .stdin(cat.stdout.take().unwrap()),
        );
        cat.wait().unwrap();
        assert_same("from a pipe", &expected, &fs::read(&script).unwrap());
    }
    // A list that is asked for in a file, and one to go by.
    let list = folder.path().join("a.list");
    succeeded(ours().arg("-l").arg("-f").arg(&list).arg(&archive));
    let by_list = ["-f", "-", "--restrict-key=k", "-L", list.to_str().unwrap()];
    assert_same("-L", &expected, &printed(&mut ours(), &by_list, &archive));
    fs::write(&list, "").unwrap();
    let stock = printed(&mut reference_pg_restore(), &by_list, &archive);
    assert_same(
        "-L of nothing",
        &stock,
        &printed(&mut ours(), &by_list, &archive),
    );
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 3, "nothing else is left: {names:?}");
}

#[test]
fn a_script_that_fails_leaves_what_was_there() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql("CREATE TABLE t AS SELECT md5(i::text) FROM generate_series(1, 10000) i");
    let folder = tempfile::tempdir().unwrap();
    let (archive, script) = (folder.path().join("a.dump"), folder.path().join("a.sql"));
    stock_archive(&database, &archive, &[]).unwrap();
    fs::write(&script, "of yesterday").unwrap();
    let whole = fs::read(&archive).unwrap();
    let cut = folder.path().join("cut.dump");
    fs::write(&cut, &whole[..whole.len() - 1000]).unwrap();
    let said = crate::support::failure(ours().arg("-f").arg(&script).arg(&cut));
    crate::support::assert_says(
        &said,
        &["cut.dump", "could not read the data of entry", "truncated"],
    );
    assert_eq!(fs::read(&script).unwrap(), b"of yesterday");
    // Nor does an archive give its place to its own script.
    let said = crate::support::failure(ours().arg("-f").arg(&archive).arg(&archive));
    crate::support::assert_says(&said, &["is the archive itself"]);
    let input = fs::File::open(&archive).unwrap();
    let said = crate::support::failure(ours().arg("-f").arg(&archive).stdin(input));
    crate::support::assert_says(&said, &["is the archive itself"]);
    assert!(fs::read(&archive).unwrap() == whole);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 3, "nothing else is left: {names:?}");
}

#[test]
fn a_folder_loses_none_of_its_files_to_its_script() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql("CREATE TABLE t AS SELECT 1 AS i; SELECT lo_from_bytea(7, 'seven')");
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db");
    let mut dump = pgdumprs();
    dump.args(["-Fd", "-d", &database.conninfo(), "-f"]);
    succeeded(dump.arg(&archive));
    let files = fs::read_dir(&archive).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        let before = fs::read(&file).unwrap();
        let said = crate::support::failure(ours().arg("-f").arg(&file).arg(&archive));
        crate::support::assert_says(&said, &["is a part of the archive"]);
        assert_eq!(fs::read(&file).unwrap(), before);
    }
    // Another file in it is nobody's.
    let script = archive.join("script.sql");
    for _ in 0..2 {
        succeeded(ours().arg("-f").arg(&script).arg(&archive));
    }
}
