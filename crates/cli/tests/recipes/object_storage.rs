//! `object-storage.md`, in each of the ways in which it can end: with a server that speaks S3, and with a folder for a store.

use std::fs;

use pgdumprs_testkit::ObjectStore;

use crate::shop::{Shop, blocks, fails, names, page, succeeds, yaml};

/// `aws s3 cp` and `mv`, with a folder for a store: what comes in is stored, whole or not.
const AWS: &str = r#"#!/bin/bash
set -e
[ "$1" = s3 ] || exit 2
path() { echo "$STORE/${1#s3://}"; }
case "$2 $3 $4" in
    "cp - s3://"*)
        [ -z "$AWS_FAILS" ] || { echo "upload failed" >&2; exit 1; }
        mkdir -p "$(dirname "$(path "$4")")"; cat > "$(path "$4")" ;;
    "cp s3://"*" -") cat "$(path "$3")" ;;
    "cp "*" s3://"*) mkdir -p "$(dirname "$(path "$4")")"; cp "$3" "$(path "$4")" ;;
    "mv s3://"*" s3://"*) mkdir -p "$(dirname "$(path "$4")")"; mv "$(path "$3")" "$(path "$4")" ;;
    *) echo "unknown: $*" >&2; exit 2 ;;
esac
"#;

/// Runs a script with the store, in each of the ways in which it can end.
fn into_the_store(shop: &Shop, bash: &str, script: &str) {
    let store = shop.path("store");
    let (incoming, nightly) = (
        store.join("shop-backups/incoming"),
        store.join("shop-backups/nightly"),
    );
    shop.program("aws", AWS);
    let with_store = || {
        let mut command = shop.shell(&format!("{bash} \"$SCRIPT\""));
        let file = shop.path("script");
        fs::write(&file, script).unwrap();
        command
            .env("SCRIPT", file)
            .env("STORE", &store)
            .env("BUCKET", "shop-backups");
        command
    };
    let said = succeeds(&mut with_store());
    assert!(said.contains("is sound"), "{said}");
    assert!(names(&incoming).is_empty());
    let [stored] = &names(&nightly)[..] else {
        panic!("one archive is expected in {nightly:?}");
    };
    shop.assert_is_archived_in(&nightly.join(stored));
    fs::remove_dir_all(&store).unwrap();

    // Before the first byte: an empty object, under the name that nobody restores from.
    fails(with_store().env("PGDATABASE", "no_such_database"));
    assert_eq!(names(&incoming).len(), 1);
    assert!(names(&nightly).is_empty());
    fs::remove_dir_all(&store).unwrap();

    // Midway: a truncated one, which reading back would have found as well.
    let mut midway = with_store();
    shop.fail_midway(&mut midway);
    let said = fails(&mut midway);
    assert!(said.contains("public.orders"), "{said}");
    let [truncated] = &names(&incoming)[..] else {
        panic!("one object is expected in {incoming:?}");
    };
    assert!(names(&nightly).is_empty());
    let truncated = incoming.join(truncated);
    let verify = format!("pgdumprs verify - < '{}'", truncated.display());
    fails(&mut shop.shell(&verify));
    let restore = format!("pg_restore -f /dev/null '{}'", truncated.display());
    fails(&mut shop.shell(&restore));
    fs::remove_dir_all(&store).unwrap();

    // The upload.
    let said = fails(with_store().env("AWS_FAILS", "1"));
    assert!(said.contains("upload failed"), "{said}");
    assert!(names(&incoming).is_empty() && names(&nightly).is_empty());
}

#[test]
fn what_is_published_is_whole() {
    let texts = blocks("docs/recipes/object-storage.md", &["sh", "yaml", "sh"]);
    into_the_store(&Shop::open(), "bash", &texts[2]);
}

#[test]
fn one_command_fills_a_bucket_and_keeps_the_last_ones() {
    let texts = blocks("docs/recipes/object-storage.md", &["sh", "yaml", "sh"]);
    let workflow = yaml(&texts[1]);
    let job = &workflow[0]["jobs"]["backup"];
    let command = job["steps"][0]["run"].as_str().unwrap();
    assert_eq!(command, texts[0].trim());
    // Variables that nobody knows would change nothing.
    for (name, _) in job["env"].as_hash().unwrap() {
        let name = name.as_str().unwrap();
        let known = [
            "AWS_ACCESS_KEY_ID",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "BUCKET",
            "PGDATABASE",
            "PGHOST",
            "PGPASSWORD",
            "PGSSLMODE",
            "PGSSLROOTCERT",
            "PGUSER",
        ];
        assert!(known.contains(&name), "{name}");
    }

    let (shop, store) = (Shop::open(), ObjectStore::start().unwrap());
    let night = |command: &str| {
        let mut night = shop.shell(&format!("exec {command}"));
        night.envs(store.environment()).env("BUCKET", "bucket");
        night
    };
    let keys = || {
        let listed = store.get("/bucket?list-type=2").unwrap();
        let listed = String::from_utf8(listed).unwrap();
        let keys = listed.split("<Key>").skip(1);
        let keys = keys.filter_map(|rest| rest.split("</Key>").next());
        keys.map(str::to_owned).collect::<Vec<_>>()
    };
    succeeds(&mut night(command));
    let [today] = &keys()[..] else {
        panic!("one archive");
    };
    let archive = store.get(&format!("/bucket/{today}")).unwrap();
    let file = shop.path("today.dump");
    fs::write(&file, &archive).unwrap();
    shop.assert_is_archived_in(&file);
    for day in 1..=20 {
        let older = format!("/bucket/nightly/shop-2020-01-{day:02}.dump");
        store.put(&older, &archive).unwrap();
    }
    let before = keys();
    fails(night(command).env("PGDATABASE", "no_such_database"));
    let mut midway = night(command);
    shop.fail_midway(&mut midway);
    fails(&mut midway);
    assert_eq!(keys(), before);
    assert_eq!(store.unfinished().unwrap(), 0);
    succeeds(&mut night(command));
    assert_eq!(keys()[0], "nightly/shop-2020-01-08.dump");
    assert_eq!(keys().len(), 14);
}

#[test]
fn with_room_on_a_disk_a_file_is_stored_when_it_is_complete() {
    let page = page("docs/recipes/object-storage.md");
    let rest = page.split("With room on a disk, ").nth(1).unwrap();
    let commands: Vec<_> = rest.split('`').skip(1).step_by(2).take(2).collect();
    let script = format!("set -e; name=today.dump\n{}", commands.join("\n"));
    let shop = Shop::open();
    shop.program("aws", AWS);
    let nightly = shop.path("store/shop-backups/nightly");
    let with_store = || {
        let mut command = shop.shell(&script);
        command
            .env("STORE", shop.path("store"))
            .env("BUCKET", "shop-backups");
        command
    };
    fails(with_store().env("PGDATABASE", "no_such_database"));
    assert!(names(&nightly).is_empty());
    succeeds(&mut with_store());
    shop.assert_is_archived_in(&nightly.join("today.dump"));
}
