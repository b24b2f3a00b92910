//! Whole servers into a store, and out of it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pgdumprs_testkit::{Major, ObjectStore, Server, checked_output, tool};
use serde_json::Value;

use crate::alike::succeeds;
use crate::support::{assert_says, failure};
use crate::{CONTENT, with};

/// A server of its own, with databases, of which one has more than goes into the first part of an object.
fn source() -> Server {
    let server = Server::builder(Major::REFERENCE).start().unwrap();
    server.ask("postgres", "CREATE ROLE reader LOGIN PASSWORD 'geheim'");
    server.ask("postgres", "CREATE DATABASE shop OWNER reader");
    server.ask("postgres", "CREATE DATABASE \"Odd one\"");
    server.ask("shop", CONTENT);
    server.ask(
        "Odd one",
        "CREATE TABLE item AS SELECT generate_series(1, 1000) AS id",
    );
    server
}

fn dump(store: &ObjectStore, server: &Server, place: &str) -> Command {
    let mut command = with(store);
    command
        .args(["dump", "--all", "-j", "2", "-Z", "1", "-f", place, "-d"])
        .arg(server.conninfo("postgres"));
    command
}

/// The names of objects below a place.
fn names(store: &ObjectStore, prefix: &str) -> Vec<String> {
    let listed = store.get(&format!("/bucket?prefix={prefix}")).unwrap();
    let listed = String::from_utf8(listed).unwrap();
    let keys = listed.split("<Key>").skip(1);
    keys.map(|key| key.split("</Key>").next().unwrap().replace(prefix, ""))
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bytes");
    std::fs::write(&file, bytes).unwrap();
    let sum = checked_output(Command::new("sha256sum").arg(file)).unwrap();
    String::from_utf8(sum.stdout).unwrap()[..64].to_owned()
}

#[test]
fn a_server_goes_into_a_store_and_comes_out_of_it() {
    let store = ObjectStore::start().unwrap();
    let source = source();
    // Another night's neighbour.
    store.put("/bucket/night/10/x", b"x").unwrap();
    let place = "s3://bucket/night/1/";
    succeeds(&mut dump(&store, &source, place));
    assert_eq!(
        names(&store, "night/1/"),
        [
            "%4Fdd%20one.dump",
            "globals.sql",
            "manifest.json",
            "postgres.dump",
            "shop.dump",
            "template1.dump"
        ]
    );
    assert_eq!(store.unfinished().unwrap(), 0);
    let manifest = store.get("/bucket/night/1/manifest.json").unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["complete"], true);
    let shop = store.get("/bucket/night/1/shop.dump").unwrap();
    let row = &manifest["databases"][2];
    assert_eq!(row["database"], "shop");
    assert_eq!(row["archive"]["size"], shop.len());
    let pieces = row["archive"]["pieces"].as_array().unwrap();
    assert_eq!(pieces.len(), 2, "{row}");
    let first = usize::try_from(pieces[0]["size"].as_u64().unwrap()).unwrap();
    assert_eq!(pieces[0]["sha256"], sha256(&shop[..first]));
    assert_eq!(pieces[1]["sha256"], sha256(&shop[first..]));
    let globals = store.get("/bucket/night/1/globals.sql").unwrap();
    assert_eq!(manifest["globals"]["sha256"], sha256(&globals));
    // The manifest comes last.
    let requests = store.traffic().unwrap().requests;
    let mut puts = requests.iter().filter(|request| request.starts_with("PUT"));
    assert!(puts.next_back().unwrap().contains("night/1/manifest.json"));

    let said = failure(&mut dump(&store, &source, place));
    assert_says(
        &said,
        &["could not write into s3://bucket/night/1/: there is a whole dump of a server in it"],
    );

    let listed = String::from_utf8(succeeds(with(&store).args(["list", place]))).unwrap();
    assert_says(
        &listed,
        &[
            "whole\n",
            "database ",
            "Odd one",
            "%4Fdd%20one.dump",
            "1,000",
        ],
    );
    let listed = succeeds(with(&store).args(["list", "--json", place]));
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    assert_eq!(listed["databases"][0]["database"], "Odd one");
    assert_eq!(listed["databases"][0]["rows"], 1000);
    assert_eq!(listed["complete"], true);
    // One archive is named as every object is: what stands for a byte in its name has a % that is no other's.
    succeeds(with(&store).args(["list", "s3://bucket/night/1/%254Fdd%2520one.dump"]));

    let before = store.traffic().unwrap();
    let verified = String::from_utf8(succeeds(with(&store).args(["verify", place]))).unwrap();
    assert_eq!(verified.lines().count(), 6, "{verified}");
    assert_says(
        &verified,
        &[
            "shop.dump: sound, ",
            "2 tables with 200,100 rows, 1 large objects",
            "\"s3://bucket/night/1/\" is sound: 5 files",
        ],
    );
    // Each was read once.
    let received = store.traffic().unwrap().received - before.received;
    assert!(received < shop.len() as u64 * 5 / 4, "{received}");

    let target = Server::builder(Major::REFERENCE).start().unwrap();
    let mut restore = with(&store);
    restore
        .args(["restore", "--all", "-j", "2", "-d"])
        .arg(target.conninfo("postgres"));
    // Whether the last slash is there makes no difference.
    succeeds(restore.arg("s3://bucket/night/1"));
    for (database, query) in [
        (
            "shop",
            "SELECT md5(string_agg(large::text, '' ORDER BY id)) FROM large",
        ),
        (
            "shop",
            "SELECT md5(string_agg(small::text, '' ORDER BY id)) FROM small",
        ),
        ("Odd one", "SELECT sum(id) FROM item"),
        (
            "postgres",
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'reader'",
        ),
    ] {
        let (one, other) = (source.ask(database, query), target.ask(database, query));
        assert_eq!(one, other, "{query}");
    }

    // One byte of one archive is another.
    let mut damaged = shop.clone();
    damaged[first + 1000] ^= 1;
    store.put("/bucket/night/1/shop.dump", &damaged).unwrap();
    let output = crate::run(with(&store).args(["verify", place]));
    assert_eq!(output.status.code(), Some(1));
    assert_says(
        &String::from_utf8_lossy(&output.stdout),
        &[
            "s3://bucket/night/1/shop.dump\" is not the file that was dumped",
            "globals.sql: sound",
        ],
    );
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &["1 of 5 files of \"s3://bucket/night/1/\" are not sound"],
    );
    store.put("/bucket/night/1/shop.dump", &shop[1..]).unwrap();
    for database in ["shop", "\"Odd one\""] {
        let drop = format!("DROP DATABASE {database} WITH (FORCE)");
        target.ask("postgres", &drop);
    }
    let said = failure(&mut restore);
    assert_says(&said, &["shop.dump\" is not the file that was dumped"]);
}

#[test]
fn a_server_of_which_not_all_is_there_has_no_manifest() {
    let store = ObjectStore::start().unwrap();
    let source = source();
    let place = "s3://bucket/night/2/";
    // Somebody holds a table of one database.
    let mut holder = tool(Major::REFERENCE, "psql");
    holder
        .args(["-Xq", "-d"])
        .arg(source.conninfo("shop"))
        .args(["-c", "BEGIN; LOCK TABLE small; SELECT pg_sleep(600)"])
        .stdout(Stdio::null());
    let mut holder = holder.spawn().unwrap();
    let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'small'::regclass";
    let until = Instant::now() + Duration::from_secs(60);
    while source.ask("shop", held) != "1" {
        assert!(Instant::now() < until, "nobody holds the table");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut killed = dump(&store, &source, place);
    let mut killed = killed.stderr(Stdio::null()).spawn().unwrap();
    while !names(&store, "night/2/").contains(&"postgres.dump".to_owned()) {
        assert!(Instant::now() < until, "{:?}", names(&store, "night/2/"));
        std::thread::sleep(Duration::from_millis(50));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    // That of the database whose table is held, and perhaps of another.
    let left = store.unfinished().unwrap();
    assert!(left > 0);
    let found = names(&store, "night/2/");
    assert!(found.contains(&"incomplete.json".to_owned()), "{found:?}");
    assert!(!found.contains(&"manifest.json".to_owned()), "{found:?}");
    let output = crate::run(with(&store).args(["verify", place]));
    assert_eq!(output.status.code(), Some(1));
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &[
            "no whole dump of a server: databases that are not there: ",
            "\"shop\"",
        ],
    );
    let listed = String::from_utf8(succeeds(with(&store).args(["list", place]))).unwrap();
    assert_says(
        &listed,
        &[
            "not whole",
            "shop could not be dumped: the dump of the server has not come to its end",
        ],
    );

    let place = "s3://bucket/night/3/";
    let output = crate::run(dump(&store, &source, place).args(["--lock-wait-timeout", "1s"]));
    assert_eq!(output.status.code(), Some(1));
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &[
            "1 of 4 databases could not be dumped: \"shop\"; the others are in \"s3://bucket/night/3/\"",
        ],
    );
    // One that is still at it when another takes over its folder, and waits for the table too.
    let both = "s3://bucket/night/4/";
    let mut first = dump(&store, &source, both);
    let first = first.stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while !names(&store, "night/4/").contains(&"postgres.dump".to_owned()) {
        assert!(Instant::now() < until, "{:?}", names(&store, "night/4/"));
        std::thread::sleep(Duration::from_millis(50));
    }
    let second = crate::run(dump(&store, &source, both).args(["--lock-wait-timeout", "1s"]));
    assert_eq!(second.status.code(), Some(1));
    holder.kill().unwrap();
    holder.wait().unwrap();
    // The one who had the lock is gone, and the server does not know.
    let sleeper =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    source.ask("postgres", sleeper);
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(1));
    assert_says(
        &String::from_utf8_lossy(&first.stderr),
        &["could not write into s3://bucket/night/4/: another dump has taken it over"],
    );
    assert!(!names(&store, "night/4/").contains(&"manifest.json".to_owned()));
    let found = names(&store, "night/3/");
    assert!(found.contains(&"incomplete.json".to_owned()), "{found:?}");
    assert!(!found.contains(&"manifest.json".to_owned()), "{found:?}");
    assert_eq!(
        store.unfinished().unwrap(),
        left,
        "of the one that was killed"
    );
    let output = crate::run(with(&store).args(["verify", place]));
    assert_eq!(output.status.code(), Some(1));
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &["no whole dump of a server: databases that are not there: \"shop\""],
    );
    assert_says(
        &String::from_utf8_lossy(&output.stdout),
        &[
            "globals.sql: sound",
            "shop could not be dumped: could not lock",
        ],
    );
    let said = failure(with(&store).args(["verify", "s3://nowhere/night/"]));
    assert_says(&said, &["s3://nowhere/night/", "NoSuchBucket"]);
    let listed = String::from_utf8(succeeds(with(&store).args(["list", place]))).unwrap();
    assert_says(&listed, &["not whole", "shop could not be dumped: "]);
    let conninfo = source.conninfo("postgres");
    let said = failure(with(&store).args(["restore", "--all", "-d", &conninfo, place]));
    assert_says(
        &said,
        &["no whole dump of a server: database \"shop\" is not there"],
    );

    // The next dump into what was left takes it over, unless there is something else.
    let place = "s3://bucket/night/3/";
    let said = failure(dump(&store, &source, place).args(["--include-database", "shop"]));
    assert_says(
        &said,
        &["there is the archive of database \"Odd one\" in it, which would not be dumped now"],
    );
    for night in [2, 3, 4] {
        let place = format!("s3://bucket/night/{night}/");
        store
            .put(&format!("/bucket/night/{night}/notes"), b"x")
            .unwrap();
        let said = failure(&mut dump(&store, &source, &place));
        assert_says(
            &said,
            &[
                "could not write into s3://bucket/night/",
                "there is something else in it: notes",
            ],
        );
        store
            .delete(&format!("/bucket/night/{night}/notes"))
            .unwrap();
        succeeds(&mut dump(&store, &source, &place));
        assert_eq!(
            names(&store, &format!("night/{night}/")),
            [
                "%4Fdd%20one.dump",
                "globals.sql",
                "manifest.json",
                "postgres.dump",
                "shop.dump",
                "template1.dump"
            ]
        );
        succeeds(with(&store).args(["verify", &place]));
    }
    assert_eq!(store.unfinished().unwrap(), 0);
}

#[test]
fn one_that_was_overtaken_puts_nothing_in_the_others_place() {
    let store = ObjectStore::start().unwrap();
    let source = source();
    let place = "s3://bucket/night/5/";
    // What one has begun, the other cannot know of.
    let no_list = ["403 Forbidden", "AccessDenied", "Access Denied."];
    let [status, code, message] = no_list;
    store.answer("GET /bucket?uploads", status, code, message, 100);
    // Its largest database waits for long, and is complete when the other's is.
    store.delay("night/5/shop.dump?partNumber=2", Duration::from_secs(8), 1);
    let mut first = dump(&store, &source, place);
    let first = first.stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    // The list, the globals and three archives.
    while names(&store, "night/5/").len() < 5 {
        assert!(Instant::now() < until, "{:?}", names(&store, "night/5/"));
        std::thread::sleep(Duration::from_millis(50));
    }
    succeeds(&mut dump(&store, &source, place));
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(1));
    let said = String::from_utf8_lossy(&first.stderr);
    assert_says(&said, &["could not write into s3://bucket/night/5/: "]);
    let verified = crate::run(with(&store).args(["verify", place]));
    assert!(verified.status.success(), "{verified:?} {said}");
    assert!(!names(&store, "night/5/").contains(&"incomplete.json".to_owned()));
    assert_eq!(store.unfinished().unwrap(), 0);
}
