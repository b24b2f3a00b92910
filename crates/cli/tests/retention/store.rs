//! Backups in an object store.

use std::fs;
use std::process::Command;
use std::time::Duration;

use pgdumprs_testkit::{Major, ObjectStore, Server};

use crate::support::{assert_says, pgdumprs, run};
use crate::{archive, succeeds};

/// The command, with the store in its environment.
fn with(store: &ObjectStore) -> Command {
    let mut command = pgdumprs();
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.envs(store.environment()).env("TZ", "UTC");
    command
}

/// The keys in the bucket, one page of them.
fn keys(store: &ObjectStore, prefix: &str) -> Vec<String> {
    let listed = store
        .get(&format!("/bucket?list-type=2&prefix={prefix}"))
        .unwrap();
    let listed = String::from_utf8(listed).unwrap();
    let keys = listed
        .split("<Key>")
        .skip(1)
        .filter_map(|rest| rest.split("</Key>").next());
    keys.map(str::to_owned).collect()
}

/// What keeps objects from being removed.
const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::bucket/a%20b/shop-2026-01-03.dump"},
    {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::bucket/a b/shop-2026-01-03.dump"}]}"#;

#[test]
fn objects_of_a_template_are_thinned_out_and_others_stay() {
    let store = ObjectStore::start().unwrap();
    let archive = archive();
    let put = |key: &str, content: &[u8]| store.put(&format!("/bucket/{key}"), content).unwrap();
    // More than the store tells of at once stand before and behind the backups.
    for number in 0..1_005 {
        put(
            &format!("a%20b/{}{number:04}", if number < 600 { "m" } else { "t" }),
            b"",
        );
    }
    for day in 1..=6 {
        put(&format!("a%20b/shop-2026-01-{day:02}.dump"), &archive);
    }
    put("a%20b/shop-2026-02-01.dump", &archive[..archive.len() - 2]);
    put("a%20b/shop-2025-01-01.dump", b"no archive");
    put("a%20b/shop-2025-01-02.dump", &archive[..archive.len() - 2]);
    put("a%20b/shop-eu-2026-01-01.dump", &archive);
    put("a%20b/shop-2026-01-01.dump/below", &archive);
    let prune = |more: &[&str]| {
        let mut prune = with(&store);
        prune
            .args([
                "prune",
                "s3://bucket/a%%20b/shop-%Y-%m-%d.dump",
                "--keep-last=2",
            ])
            .args(more);
        prune
    };
    let before = keys(&store, "a%20b/shop");
    let (table, _) = succeeds(&mut prune(&["--dry-run"]));
    assert_says(
        &table,
        &[
            "s3://bucket/a%20b/shop-2026-01-04.dump  would be removed",
            "2025-01-01.dump: it is no archive",
            "3 kept, 5 would be removed",
        ],
    );
    assert_eq!(keys(&store, "a%20b/shop"), before);

    // One that cannot be removed stops none of the others.
    store.put("/bucket?policy", POLICY.as_bytes()).unwrap();
    let output = run(&mut prune(&[]));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_says(
        &said,
        &[
            "\"s3://bucket/a%20b/shop-2026-01-03.dump\": could not remove",
            "AccessDenied",
            "one of the older backups",
        ],
    );
    assert_says(
        &String::from_utf8(output.stdout).unwrap(),
        &["NOT REMOVED", "3 kept, 4 removed"],
    );
    assert_eq!(
        keys(&store, "a%20b/shop"),
        [
            "a b/shop-2025-01-01.dump",
            "a b/shop-2026-01-01.dump/below",
            "a b/shop-2026-01-03.dump",
            "a b/shop-2026-01-05.dump",
            "a b/shop-2026-01-06.dump",
            "a b/shop-2026-02-01.dump",
            "a b/shop-eu-2026-01-01.dump",
        ]
    );

    // The same behind a dump, which is complete.
    let database = Server::get(Major::REFERENCE).database();
    let dump = |keep: &str| {
        let mut dump = with(&store);
        dump.args([
            "-d",
            &database.conninfo(),
            keep,
            "-f",
            "s3://bucket/a%%20b/shop-%F.dump",
        ]);
        dump
    };
    let output = run(&mut dump("--keep-last=2"));
    assert_eq!(output.status.code(), Some(1));
    assert_says(
        &String::from_utf8(output.stderr).unwrap(),
        &[
            "AccessDenied",
            "the dump is complete, but one of the older backups",
        ],
    );
    store.delete("/bucket?policy").unwrap();
    let before = store.traffic().unwrap().requests.len();
    succeeds(&mut dump("--keep-last=1"));
    let requests = store.traffic().unwrap().requests.split_off(before);
    // Two pages, a look at each backup, and of those that go another one, with a request that removes it.
    assert!(requests.len() < 30, "{requests:?}");
    let left = keys(&store, "a%20b/shop-2026");
    assert!(left.len() == 2 && left[0].ends_with("below"), "{left:?}");
}

#[test]
fn folders_of_whole_servers_are_removed_by_their_manifests() {
    let store = ObjectStore::start().unwrap();
    let database = Server::get(Major::REFERENCE).database();
    let folder = tempfile::tempdir().unwrap();
    let night = folder.path().join("night");
    succeeds(
        pgdumprs()
            .args([
                "dump",
                "--all",
                "-d",
                &database.conninfo(),
                "--include-database",
                database.name(),
                "-f",
            ])
            .arg(&night),
    );
    let files: Vec<_> = fs::read_dir(&night)
        .unwrap()
        .map(|file| file.unwrap())
        .collect();
    let put = |day: &str, but: &str| {
        for file in files.iter().filter(|file| file.file_name() != but) {
            let name = file.file_name().into_string().unwrap().replace('%', "%25");
            store
                .put(
                    &format!("/bucket/{day}/{name}"),
                    &fs::read(file.path()).unwrap(),
                )
                .unwrap();
        }
    };
    for day in ["2026/01/01", "2026/01/02", "2026/01/03", "2026/02/01"] {
        put(day, "");
    }
    put("2026/01/04", "manifest.json");
    put("2026/01/05", "globals.sql");
    store.put("/bucket/2026/01/02/mine", b"").unwrap();
    store.put("/bucket/2027/other", b"").unwrap();
    let prune = ["prune", "s3://bucket/%Y/%m/%d/", "--keep-daily=2"];
    let (table, _) = succeeds(with(&store).args(prune));
    assert_says(
        &table,
        &[
            "s3://bucket/2026/01/05/  kept: may still be written (not complete: globals.sql is missing)",
            "2026/01/04/: it has no manifest.json",
            "3 kept, 2 removed",
        ],
    );
    let left = keys(&store, "2026/");
    let of = |day: &str| left.iter().filter(|key| key.starts_with(day)).count();
    assert_eq!(
        (
            of("2026/01/01"),
            of("2026/01/05"),
            of("2026/01/03"),
            of("2026/02/01")
        ),
        (0, 2, 3, 3),
        "{left:?}"
    );
    assert_eq!(
        (of("2026/01/02/mine"), of("2026/01/02"), of("2026/01/04")),
        (1, 1, 2),
        "{left:?}"
    );
}

/// The list of a dump that has not come to its end.
const BEGUN: &[u8] = br#"{"manifest": 1, "pgdumprs": "", "server_version": "17", "started": "", "finished": "", "complete": false,
    "globals": {"file": "globals.sql", "size": 0}, "databases": [], "begun": ["globals.sql", "shop.dump"]}"#;

/// The databases of a whole dump, in its manifest.
const SHOP: &str = r#"[{"database": "shop", "archive": {"file": "shop.dump", "size": 0}, "server_version": "17", "tables": 0, "rows": 0,
    "large_objects": 0, "started": "", "finished": "", "error": null}]"#;

#[test]
fn what_still_comes_to_a_store_is_left_and_what_comes_no_more_goes() {
    let store = ObjectStore::start().unwrap();
    let put = |key: &str, content: &[u8]| store.put(&format!("/bucket/{key}"), content).unwrap();
    let days = |days: u64| store.set_back(Duration::from_secs(days * 86_400)).unwrap();
    let begin = |key: &str| {
        days(3);
        let parts = store.begin_upload(&format!("/bucket/{key}")).unwrap();
        store.put(&format!("{parts}1"), b"old").unwrap();
        days(0);
        parts
    };
    // Of dumps that were killed, and of those that run: a part has come, or the list was written again.
    for (night, part, sign) in [(1, false, false), (2, true, false), (3, false, true)] {
        days(3);
        put(&format!("a%20b/2026-01-0{night}/incomplete.json"), BEGUN);
        put(&format!("a%20b/2026-01-0{night}/globals.sql"), b"");
        let parts = begin(&format!("a%20b/2026-01-0{night}/shop.dump"));
        if part {
            store.put(&format!("{parts}2"), b"new").unwrap();
        }
        if sign {
            put(&format!("a%20b/2026-01-0{night}/incomplete.json"), BEGUN);
        }
    }
    let whole = String::from_utf8_lossy(BEGUN)
        .replace("false", "true")
        .replace(", \"begun\": [\"globals.sql\", \"shop.dump\"]", "")
        .replace("[]", SHOP);
    put("a%20b/2026-03-01/manifest.json", whole.as_bytes());
    put("a%20b/2026-03-01/shop.dump", b"");
    put("a%20b/2026-03-01/globals.sql", b"");
    let prune = |place: &str| {
        let prune = ["prune", place, "--keep-last=1"];
        succeeds(with(&store).args(prune)).0
    };
    let table = prune("s3://bucket/a%%20b/%F/");
    assert_says(
        &table,
        &[
            "2026-01-01/  removed",
            "2026-01-02/  kept: may still be written",
            "2026-01-03/  kept: may still be written",
            "unfinished upload aborted: a b/2026-01-01/shop.dump",
        ],
    );
    assert_eq!(table.matches("unfinished").count(), 1, "{table}");
    assert_eq!(store.unfinished().unwrap(), 2);
    assert_eq!(keys(&store, "a%20b/2026-01").len(), 4);

    // Objects by themselves; of one, the store does not tell.
    put("shop-2026-02-01.dump", &archive());
    for day in 1..=3 {
        let parts = begin(&format!("shop-2026-01-0{day}.dump"));
        if day == 2 {
            store.put(&format!("{parts}2"), b"new").unwrap();
        }
    }
    let asked = "GET /bucket/shop-2026-01-03.dump?uploadId";
    store.answer(asked, "403 Forbidden", "AccessDenied", "No.", 1);
    let table = prune("s3://bucket/shop-%F.dump");
    assert_says(&table, &["unfinished upload aborted: shop-2026-01-01.dump"]);
    assert_eq!(table.matches("unfinished").count(), 1, "{table}");
    let table = prune("s3://bucket/shop-%F.dump");
    assert_says(&table, &["unfinished upload aborted: shop-2026-01-03.dump"]);
    assert_eq!(store.unfinished().unwrap(), 3);
}
