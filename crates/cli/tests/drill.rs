//! `pgdumprs drill`: what it proves, what it finds, and that its database is gone afterwards.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bstr::ByteSlice;
use pgdumprs::archive::{Block, Reader, Writer};
use pgdumprs_testkit::{Database, Major, Server, for_each_major, reference_pg_dump, tool};
use serde_json::Value;
use support::{assert_says, failure, pgdumprs, run};
use tempfile::TempDir;

/// A database, and what was dumped of it.
struct Dumped {
    database: Database,
    folder: TempDir,
}

impl Dumped {
    fn of(server: &Server, sql: &str) -> Self {
        let dumped = Dumped {
            database: server.database(),
            folder: tempfile::tempdir().unwrap(),
        };
        dumped.database.execute_sql(sql);
        let mut dump = pgdumprs();
        dump.args(["-d", &dumped.database.conninfo(), "-f"]);
        let dumped_it = run(dump.arg(dumped.archive()));
        assert!(dumped_it.status.success(), "{dumped_it:?}");
        dumped
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("shop.dump")
    }

    fn drill(&self, args: &[&str]) -> Command {
        let mut drill = pgdumprs();
        drill.args(["drill", "--on", &self.database.conninfo()]);
        drill.args(args).arg(self.archive());
        drill
    }

    /// Makes a drill that holds or not, and returns its report, with what was said. The database is gone.
    fn report(&self, args: &[&str], holds: bool) -> (Value, String) {
        let output = run(self.drill(args).arg("--report=json"));
        let said = String::from_utf8(output.stderr).unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).expect(&said);
        assert_eq!(report["holds"], holds, "{report} {said}");
        assert_eq!(output.status.code(), Some(i32::from(!holds)), "{said}");
        assert_eq!(report["database_is"], "dropped");
        let name = report["database"].as_str().unwrap();
        assert!(name.starts_with("pgdumprs_drill_"), "{name}");
        assert!(!self.is_there(name), "{name}");
        (report, said)
    }

    fn is_there(&self, name: &str) -> bool {
        let found = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        self.database.psql(&found) == "1"
    }

    /// Changes the archive: tables whose column is `v text` get one of another type, with the same rows.
    fn with_types(&self, type_of: impl Fn(&str) -> Option<&'static str>) {
        let mut reader = Reader::open_path(self.archive()).unwrap();
        let mut entries = reader.entries().to_vec();
        for entry in &mut entries {
            let tag = entry.tag.as_ref().map(ToString::to_string);
            let made = tag.as_deref().and_then(&type_of);
            if let (Some(definition), Some(made)) = (&mut entry.definition, made) {
                *definition = definition.replace("v text", format!("v {made}")).into();
            }
        }
        let changed = self.folder.path().join("changed.dump");
        let file = fs::File::create(&changed).unwrap();
        let mut writer = Writer::seekable(file, reader.header(), &entries).unwrap();
        for entry in entries.iter().filter(|entry| entry.had_dumper) {
            let Block::Data(mut block) = reader.block(entry.dump_id).unwrap() else {
                panic!("these are rows");
            };
            writer.begin_data(entry.dump_id).unwrap();
            let rows = std::io::read_to_string(&mut block).unwrap();
            writer.write(rows.as_bytes()).unwrap();
            writer.end().unwrap();
        }
        writer.finish().unwrap();
        fs::rename(changed, self.archive()).unwrap();
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// Rows of most kinds, some of whose texts depend on settings.
const SHOP: &str = "
    CREATE TABLE item (id serial PRIMARY KEY, name text, \"odd (name)\" date, twice int GENERATED ALWAYS AS (length(name) * 2) STORED);
    INSERT INTO item (name, \"odd (name)\") SELECT repeat(E'a\\tb\\n\\\\', g), '2026-11-29' FROM generate_series(1, 300) g;
    CREATE TABLE visit (at timestamptz, took interval, score float8) PARTITION BY RANGE (at);
    CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
    CREATE TABLE visit_2 PARTITION OF visit DEFAULT;
    INSERT INTO visit SELECT '2026-01-01 12:00+00'::timestamptz + g * interval '1 day', g * interval '1 min', g / 3.0
    FROM generate_series(1, 365) g;
    CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;
    CREATE TABLE \"say \"\"hi\"\" (x)\" AS SELECT 1 AS a;
    CREATE TABLE empty (id int);
    SELECT lo_from_bytea(4711, decode(repeat('00ff', 400000), 'hex'));
    SELECT lo_from_bytea(4712, '');
    CREATE SCHEMA s; CREATE SEQUENCE s.n; SELECT nextval('s.n')";

#[test]
fn a_good_archive_is_proved() {
    for_each_major(|server| {
        let shop = Dumped::of(server, SHOP);
        let assert = shop.write(
            "assert.sql",
            "SELECT count(*) = 300 FROM item; -- all\nSELECT sum(twice) > 0\nFROM item;",
        );
        let (report, _) = shop.report(&["--assert", &assert], true);
        assert_eq!(report["archive"]["rows"], 300 + 365 + 1 + 1);
        assert_eq!(report["archive"]["large_objects"], 2);
        assert_eq!(report["archive"]["database"], shop.database.name());
        assert_eq!(report["assertions"].as_array().unwrap().len(), 2);
        let compared = report["compared"].as_array().unwrap();
        let of_kind = |kind: &str| compared.iter().filter(|one| one["kind"] == kind).count();
        assert_eq!(
            (
                of_kind("table"),
                of_kind("large objects"),
                of_kind("sequence")
            ),
            (6, 1, 2)
        );
        let bytes = fs::read(shop.archive()).unwrap();
        assert_eq!(report["archive"]["bytes"], bytes.len());
        let sum = run(Command::new("sha256sum").arg(shop.archive()));
        let sum = String::from_utf8(sum.stdout).unwrap();
        assert!(sum.starts_with(report["archive"]["sha256"].as_str().unwrap()));
        // What is printed for people.
        let output = run(&mut shop.drill(&[]));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_says(
            &printed,
            &["SHA-256", "9 of 9 are equal", "dropped", "everything holds"],
        );
        Ok(())
    });
}

/// Texts of the same values that other settings have written, by stock's program, in a folder; a table's partitions loaded through its root.
#[test]
fn other_settings_and_forms_are_no_difference() {
    let server = Server::get(Major::REFERENCE);
    let shop = Dumped::of(&server, SHOP);
    fs::remove_file(shop.archive()).unwrap();
    let mut dump = reference_pg_dump();
    dump.env("PGTZ", "America/New_York")
        .args([
            "-Fd",
            "--load-via-partition-root",
            "--extra-float-digits=1",
            "-d",
        ])
        .arg(shop.database.conninfo())
        .arg("-f")
        .arg(shop.archive());
    assert!(run(&mut dump).status.success());
    let (report, _) = shop.report(&[], true);
    assert_eq!(report["archive"]["rows"], 300 + 365 + 1 + 1);
}

/// Rows that an extension brings are not in an archive, and others of the same table are; partitions have their columns in other orders than their root.
#[test]
fn rows_of_extensions_and_columns_in_other_orders_are_told_apart() {
    let server = Server::get(Major::V17);
    let shop = Dumped::of(
        &server,
        "CREATE EXTENSION postgis; INSERT INTO spatial_ref_sys (srid, srtext) VALUES (990001, 'ours');
         CREATE TABLE visit (a int, b text, at date) PARTITION BY LIST (a);
         CREATE TABLE one (at date, b text, a int); ALTER TABLE visit ATTACH PARTITION one FOR VALUES IN (1);
         CREATE TABLE two PARTITION OF visit FOR VALUES IN (2);
         INSERT INTO visit SELECT g % 2 + 1, 'v' || g, '2026-11-29' FROM generate_series(1, 100) g",
    );
    let (report, _) = shop.report(&[], true);
    let compared = report["compared"].as_array().unwrap();
    let one = |name: &str| compared.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(one("public.spatial_ref_sys")["source"]["count"], 1);
    let mut dump = pgdumprs();
    dump.args(["--load-via-partition-root", "-d", &shop.database.conninfo()]);
    assert!(run(dump.arg("-f").arg(shop.archive())).status.success());
    let (report, _) = shop.report(&[], true);
    let compared = report["compared"].as_array().unwrap();
    let visit = compared.iter().find(|one| one["name"] == "public.visit");
    assert_eq!(visit.unwrap()["source"]["count"], 100);
}

/// Argentina's $ 12,34 is read by the server as $1,234.00, without a word, wherever in a value it stands.
#[test]
fn amounts_that_are_read_otherwise_are_not_proved() {
    for_each_major(|server| {
        let mut columns = vec![
            ("money", "$ 12,34"),
            ("public.amount[]", r#"{"$ 12,34"}"#),
            ("public.twice", "$ 12,34"),
            ("public.priced", r#"(1,"{""$ 12,34""}")"#),
            ("public.checked[]", r#"{"(1,\"{\"\"$ 12,34\"\"}\")"}"#),
            ("public.moneyrange", r#"["$ 12,34","$ 99,00")"#),
            ("public.of_row", r#"(7,"$ 12,34")"#),
        ];
        if server.major() >= Major::V14 {
            columns.push(("public.moneymultirange", r#"{["$ 12,34","$ 99,00")}"#));
        }
        let mut sql = "CREATE DOMAIN amount AS money; CREATE DOMAIN twice AS amount; CREATE TYPE priced AS (id int, amounts twice[]);
            CREATE DOMAIN checked AS priced CHECK ((VALUE).id > 0); CREATE TYPE moneyrange AS RANGE (subtype = money);
            CREATE TABLE of_row (a int, gone text, b amount); ALTER TABLE of_row DROP gone;"
            .to_owned();
        for (at, (_, value)) in columns.iter().enumerate() {
            sql.push_str(&format!(
                "CREATE TABLE price_{at} (v text); INSERT INTO price_{at} VALUES ('{value}');"
            ));
        }
        // Not of money: what is only written otherwise.
        sql.push_str(
            "CREATE TABLE plain (v text); INSERT INTO plain VALUES ('2026-11-29 12:00:00+05');",
        );
        let shop = Dumped::of(server, &sql);
        shop.with_types(|table| match table.strip_prefix("price_") {
            Some(at) => at.parse::<usize>().ok().map(|at| columns[at].0),
            None => (table == "plain").then_some("timestamptz"),
        });
        let (report, _) = shop.report(&[], false);
        let failures = report["failures"].as_array().unwrap();
        assert_eq!(failures.len(), columns.len(), "{failures:#?}");
        for (at, failure) in failures.iter().enumerate() {
            let failure = failure.as_str().unwrap();
            assert_says(
                failure,
                &[
                    &format!("public.price_{at}: amounts of money (v)"),
                    "lc_monetary",
                ],
            );
        }
        let compared = report["compared"].as_array().unwrap();
        let plain = compared.iter().find(|one| one["name"] == "public.plain");
        assert_eq!(plain.unwrap()["equal"], true);
        Ok(())
    });
}

#[test]
fn what_is_not_as_archived_is_found() {
    for major in [Major::V17, Major::REFERENCE] {
        let server = Server::get(major);
        // Whenever a row comes in, its domain writes another; and a materialized view changes what is there.
        let odd = Dumped::of(
            &server,
            "CREATE TABLE log (id int); CREATE TABLE same (id int); INSERT INTO same VALUES (1), (2);
             CREATE FUNCTION note(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.log VALUES ($1); RETURN true; END';
             CREATE DOMAIN noted AS int CHECK (public.note(VALUE));
             CREATE TABLE item (id noted); INSERT INTO item VALUES (1), (2);
             CREATE FUNCTION change() RETURNS int LANGUAGE sql AS 'UPDATE public.same SET id = 3 WHERE id = 2 RETURNING id';
             CREATE MATERIALIZED VIEW changed AS SELECT change(); UPDATE same SET id = 2 WHERE id = 3",
        );
        let (report, said) = odd.report(&["-v"], false);
        let compared = report["compared"].as_array().unwrap();
        let differ: Vec<_> = compared
            .iter()
            .filter(|one| one["equal"] == false)
            .collect();
        let names: Vec<_> = differ
            .iter()
            .filter_map(|one| one["name"].as_str())
            .collect();
        assert_eq!(names, ["public.log", "public.same"], "{report}");
        assert_says(&said, &["public.item: 2 rows are equal", "is not proved"]);

        // Assertions that do not hold, and such as are none.
        let shop = Dumped::of(&server, SHOP);
        let assert = shop.write(
            "assert.sql",
            "SELECT true; SELECT count(*) > 300 FROM item; SELECT 1/0; SELECT NULL::bool; SELECT true, true;\n\
             SELECT true WHERE false; DELETE FROM item; SELEC",
        );
        let (report, _) = shop.report(&["--assert", &assert], false);
        let asked = report["assertions"].as_array().unwrap();
        assert_eq!(asked.len(), 8);
        let reasons = [
            "gives f",
            "22012",
            "NULL",
            "1 rows of 2",
            "0 rows of 1",
            "read-only",
            "42601",
        ];
        assert!(asked[0]["failure"].is_null());
        for (one, reason) in asked[1..].iter().zip(reasons) {
            assert_says(one["failure"].as_str().unwrap(), &[reason]);
        }
        assert_eq!(asked[7]["line"], 2);

        // Without rights.
        let role = format!("r_{}", shop.database.name());
        shop.database
            .execute_sql(format!("CREATE ROLE {role} LOGIN"));
        let as_role = format!("{} user={role}", shop.database.conninfo());
        let said = failure(&mut shop.drill(&["--on", &as_role]));
        assert_says(&said, &[&role, "CREATEDB"]);
        shop.database.execute_sql(format!("DROP ROLE {role}"));

        // Damaged.
        let mut bytes = fs::read(shop.archive()).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        fs::write(shop.archive(), &bytes).unwrap();
        let said = failure(&mut shop.drill(&[]));
        assert_says(&said, &["is damaged", "shop.dump"]);
    }
}

/// The name of the drill's database in which this is asked.
fn name(shop: &Dumped, asked: &str) -> Option<String> {
    let found = shop.database.psql(&format!(
        "SELECT a.datname FROM pg_stat_activity a WHERE a.datname LIKE 'pgdumprs\\_drill\\_%' AND a.query LIKE '%{asked}%' AND pid <> pg_backend_pid()"
    ));
    let name = found.lines().next()?.to_owned();
    (!name.is_empty()).then_some(name)
}

fn wait_for<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it takes too long"
        );
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_role_that_makes_databases_is_enough_also_where_others_look_in() {
    let server = Server::get(Major::V17);
    let shop = Dumped::of(&server, "CREATE TABLE item (id int)");
    let role = format!("r_{}", shop.database.name());
    shop.database
        .execute_sql(format!("CREATE ROLE {role} LOGIN CREATEDB"));
    let as_role = format!("{} user={role}", shop.database.conninfo());
    let assert = shop.write("assert.sql", "SELECT pg_sleep(2.5) IS NOT NULL");
    let mut drill = shop.drill(&["--on", &as_role, "--assert", &assert]);
    let drill = drill.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let made = wait_for(|| name(&shop, "pg_sleep(2.5)"));
    // The role may not end this session, and it ends when the drill has begun to drop the database.
    let mut other = tool(Major::V17, "psql");
    let elsewhere = format!("{} dbname={made}", shop.database.conninfo());
    other.args(["-X", "-d", &elsewhere, "-c", "SELECT pg_sleep(4)"]);
    let mut other = other.stdout(Stdio::null()).spawn().unwrap();
    let newer = shop.folder.path().join("newer.dump");
    fs::copy(shop.archive(), &newer).unwrap();
    fs::rename(&newer, shop.archive()).unwrap();
    let ended = drill.unwrap().wait_with_output().unwrap();
    other.wait().unwrap();
    let printed = String::from_utf8(ended.stdout).unwrap();
    let found = [
        "1 of 1 hold",
        "the archive was replaced",
        ", dropped",
        "NOT PROVED",
    ];
    assert_says(&printed, &found);
    assert_eq!(ended.status.code(), Some(1));
    assert!(!shop.is_there(&made));
    shop.database.execute_sql(format!("DROP ROLE {role}"));

    let nothing = shop.write("nothing.sql", "-- what it was to be\n");
    let said = failure(&mut shop.drill(&["--assert", &nothing]));
    assert_says(&said, &["there is no statement"]);
}

/// A folder's files are opened one by one: any may be that of another dump by then.
#[test]
fn files_of_a_folder_that_are_replaced_meanwhile_are_told() {
    let server = Server::get(Major::V17);
    let shop = Dumped::of(
        &server,
        "CREATE TABLE item (id int); INSERT INTO item VALUES (1);
         CREATE MATERIALIZED VIEW slow AS SELECT pg_sleep(1.5) IS NULL AS a",
    );
    fs::remove_file(shop.archive()).unwrap();
    let mut dump = pgdumprs();
    dump.args(["-Fd", "-d", &shop.database.conninfo(), "-f"]);
    assert!(run(dump.arg(shop.archive())).status.success());
    let files = fs::read_dir(shop.archive()).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    let rows = files.find(|file| !file.ends_with("toc.dat")).unwrap();
    let replace = || {
        let newer = shop.folder.path().join("newer");
        fs::copy(&rows, &newer).unwrap();
        fs::rename(&newer, &rows).unwrap();
    };
    let target = server.database();
    let mut restore = pgdumprs();
    restore
        .args(["restore", "-d", &target.conninfo()])
        .arg(shop.archive());
    for (mut command, is_drill) in [(shop.drill(&[]), true), (restore, false)] {
        let running = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let refreshing = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'REFRESH%slow%' AND state = 'active'";
        wait_for(|| (shop.database.psql(refreshing) == "1").then_some(()));
        replace();
        let ended = running.unwrap().wait_with_output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        let told = match is_drill {
            true => &["the archive was replaced", "dropped", "NOT PROVED"][..],
            false => &["files of the archive were replaced or changed meanwhile"],
        };
        assert_says(&said, told);
    }
    // A comparison has read one side's table of contents, and waits for the other's.
    let pipe = shop.folder.path().join("pipe");
    assert!(run(Command::new("mkfifo").arg(&pipe)).status.success());
    let mut diff = pgdumprs();
    diff.arg("diff").arg(shop.archive()).arg(&pipe);
    let running = diff.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut other = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    replace();
    let mut dump = pgdumprs();
    dump.args(["-d", &shop.database.conninfo()]);
    let archive = run(&mut dump).stdout;
    std::io::Write::write_all(&mut other, &archive).unwrap();
    drop(other);
    let ended = running.unwrap().wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert_says(&said, &["was replaced or changed while it was read"]);
}

#[test]
fn an_interrupted_drill_drops_its_database_and_a_killed_one_is_told_of() {
    // Of its own: the database that is left is told of to every drill on this server.
    let server = Server::builder(Major::V17).start().unwrap();
    let shop = Dumped::of(&server, "CREATE TABLE item (id int)");
    let assert = shop.write("assert.sql", "SELECT pg_sleep(600) IS NOT NULL");
    let start = || {
        let mut drill = shop.drill(&["--assert", &assert]);
        let child = drill.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.unwrap();
        (child, wait_for(|| name(&shop, "pg_sleep(600)")))
    };
    let (child, made) = start();
    let pid = child.id().to_string();
    assert!(
        run(Command::new("kill").args(["-INT", &pid]))
            .status
            .success()
    );
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    assert_says(&String::from_utf8(ended.stderr).unwrap(), &["SIGINT"]);
    let printed = String::from_utf8(ended.stdout).unwrap();
    assert_says(&printed, &[&made, "the drill was stopped", "NOT PROVED"]);
    assert!(!shop.is_there(&made));

    let (mut child, made) = start();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(shop.is_there(&made));
    let comment = format!(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{made}'"
    );
    assert_says(
        &shop.database.psql(&comment),
        &["pgdumprs drill of shop.dump"],
    );
    let end =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{made}'");
    shop.database.psql(&end);
    let none = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{made}'");
    wait_for(|| (shop.database.psql(&none) == "0").then_some(()));
    let (_, said) = shop.report(&[], true);
    assert_says(&said, &[&made, "DROP DATABASE"]);
    assert!(
        shop.is_there(&made),
        "nothing is dropped that a drill has not made"
    );

    // Kept where that is wanted.
    let output = run(shop
        .drill(&["--keep", "--report=json"])
        .stdin(Stdio::null()));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let kept = report["database"].as_str().unwrap();
    assert_eq!(report["database_is"], "kept");
    assert!(shop.is_there(kept));
    for name in [kept, &made] {
        shop.database.psql(&format!("DROP DATABASE \"{name}\""));
    }
}
