//! `docs/recipes/night.md`: what the page says, and a machine that dies in the middle of it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pgdumprs_testkit::provision::age;
use pgdumprs_testkit::{Major, ObjectStore, Server};
use tempfile::TempDir;

use crate::shell::shell;
use crate::shop::{blocks, succeeds};

/// Three databases and a role. The rows of the shop compress badly, so that its archive has several parts.
const CONTENT: [(&str, &str); 6] = [
    ("postgres", "CREATE ROLE clerk LOGIN PASSWORD 'geheim'"),
    ("postgres", "CREATE DATABASE shop OWNER clerk"),
    ("postgres", "CREATE DATABASE crm"),
    ("postgres", "CREATE DATABASE wiki"),
    (
        "shop",
        "CREATE TABLE orders AS SELECT id, 'order ' || id AS note FROM generate_series(1, 2000) AS id;
         CREATE TABLE scans AS SELECT id, sha256(id::text::bytea) || sha256(('b' || id)::bytea) || sha256(('c' || id)::bytea) AS hash
         FROM generate_series(1, 200000) AS id",
    ),
    (
        "wiki",
        "CREATE TABLE page AS SELECT generate_series(1, 100) AS id; SELECT lo_from_bytea(0, 'a picture')",
    ),
];

/// What is in the bucket of one night.
const NIGHT: [&str; 7] = [
    "crm.dump.age",
    "globals.sql.age",
    "manifest.json",
    "postgres.dump.age",
    "shop.dump.age",
    "template1.dump.age",
    "wiki.dump.age",
];

/// A server, a bucket, a place for the key, and servers to restore to.
struct Stage {
    server: Server,
    drill: Server,
    new: Server,
    store: ObjectStore,
    folder: TempDir,
}

impl Stage {
    fn set() -> Self {
        let start = || Server::builder(Major::REFERENCE).start().unwrap();
        let stage = Stage {
            server: start(),
            drill: Server::get(Major::REFERENCE),
            new: start(),
            store: ObjectStore::start().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        for (database, sql) in CONTENT {
            stage.server.ask(database, sql);
        }
        stage
    }

    fn shell(&self, script: &str) -> Command {
        let age = age().unwrap();
        let mut command = shell(self.folder.path(), &[age.parent().unwrap()], script);
        command
            .envs(self.store.environment())
            .env("URL", self.server.url("postgres"))
            .env("DRILL", self.drill.url("postgres"))
            .env("NEW", self.new.url("postgres"));
        command
    }

    /// So many days ago, in the local time.
    fn day(&self, ago: u32) -> String {
        let day = succeeds(&mut self.shell(&format!("date -d '-{ago} days' +%F")));
        day.trim().to_owned()
    }

    /// The nights that the bucket has something of.
    fn nights(&self) -> Vec<String> {
        let keys = self.store.keys("night/").unwrap();
        let mut nights: Vec<String> = keys
            .iter()
            .filter_map(|key| Some(key.split('/').nth(1)?.to_owned()))
            .collect();
        nights.dedup();
        nights
    }

    /// The names in one night.
    fn names(&self, night: &str) -> Vec<String> {
        let prefix = format!("night/{night}/");
        let keys = self.store.keys(&prefix).unwrap();
        keys.iter().map(|key| key.replace(&prefix, "")).collect()
    }

    /// Gives an earlier night what this one has.
    fn copy(&self, night: &str, to: &str) {
        for name in self.names(night) {
            let content = self.store.get(&format!("/bucket/night/{night}/{name}"));
            let path = format!("/bucket/night/{to}/{name}");
            self.store.put(&path, &content.unwrap()).unwrap();
        }
    }
}

#[test]
fn a_night_with_a_machine_that_dies() {
    let texts = blocks("docs/recipes/night.md", &["sh", "sh", "sh", "sh"]);
    let [keys, every_night, morning, lost] = &texts[..] else {
        panic!("four blocks")
    };
    let stage = Stage::set();
    succeeds(&mut stage.shell(keys));
    // The machine that makes backups has no key.
    let key = stage.folder.path().join("key.txt");
    let away = stage.folder.path().join("elsewhere");
    std::fs::rename(&key, &away).unwrap();

    // Nine nights, of which the last is yesterday's.
    succeeds(&mut stage.shell(every_night));
    let today = stage.day(0);
    assert_eq!(stage.names(&today), NIGHT);
    for ago in 1..=9 {
        stage.copy(&today, &stage.day(ago));
    }
    for name in NIGHT {
        let path = format!("/bucket/night/{today}/{name}");
        stage.store.delete(&path).unwrap();
    }

    // Tonight, the machine dies in the middle of the shop.
    let before = stage.store.traffic().unwrap().requests.len();
    let mut dying = stage.shell(&format!("exec {every_night}"));
    let mut dying = dying.stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let is_part = |request: &&String| request.contains("shop.dump.age?partNumber");
    while !stage.store.traffic().unwrap().requests[before..]
        .iter()
        .any(|request| is_part(&request))
    {
        assert!(Instant::now() < until, "no part of the shop has come");
        std::thread::sleep(Duration::from_millis(5));
    }
    dying.kill().unwrap();
    dying.wait().unwrap();
    assert!(!stage.names(&today).contains(&"manifest.json".to_owned()));
    let said = stage
        .shell(&format!("pgdumprs verify 's3://bucket/night/{today}/'"))
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(1));
    // Nothing that was there before is lost.
    assert_eq!(stage.nights().len(), 10);
    for ago in 1..=9 {
        assert_eq!(stage.names(&stage.day(ago)), NIGHT);
    }

    // The same command again: tonight is whole, nothing stale stays, and seven nights are kept.
    succeeds(&mut stage.shell(every_night));
    assert_eq!(stage.names(&today), NIGHT);
    assert_eq!(stage.store.unfinished().unwrap(), 0);
    let mut kept: Vec<String> = (0..7).map(|ago| stage.day(ago)).collect();
    kept.reverse();
    assert_eq!(stage.nights(), kept);
    for night in &kept {
        assert_eq!(stage.names(night), NIGHT);
    }

    // In the morning, where the key is.
    std::fs::rename(&away, &key).unwrap();
    let said = succeeds(&mut stage.shell(morning));
    assert!(said.contains("shop"), "{said}");
    let night = format!("night=s3://bucket/night/{today}");
    let (one_table, server) = lost.split_once('\n').unwrap();
    let before = stage.store.traffic().unwrap();
    succeeds(&mut stage.shell(&format!("{night}\n{one_table}")));
    let after = stage.store.traffic().unwrap();
    let requests = &after.requests[before.requests.len()..];
    // Of a shop of many megabytes, one small table takes little.
    assert!(requests.len() <= 8, "{requests:?}");
    assert!(after.received - before.received < 1 << 20);
    succeeds(&mut stage.shell(&format!("{night}\n{server}")));
    let rows = std::fs::read_to_string(stage.folder.path().join("orders.txt")).unwrap();
    assert_eq!(rows.lines().count(), 2000);
    for (database, query) in [
        (
            "shop",
            "SELECT md5(string_agg(scans::text, '' ORDER BY id)) FROM scans",
        ),
        ("shop", "SELECT count(*) FROM orders"),
        (
            "wiki",
            "SELECT string_agg(convert_from(lo_get(oid), 'UTF8'), ',') FROM pg_largeobject_metadata",
        ),
        (
            "crm",
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'",
        ),
        (
            "crm",
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'clerk'",
        ),
    ] {
        assert_eq!(
            stage.server.ask(database, query),
            stage.new.ask(database, query),
            "{query}"
        );
    }
}
