//! Whole servers whose dumps are encrypted.

use std::process::Command;

use pgdumprs_testkit::provision::age;
use pgdumprs_testkit::{Major, ObjectStore, Server};

use crate::Kept;
use crate::alike::succeeds;
use crate::support::{assert_says, pgdumprs, run};

#[test]
fn a_server_is_dumped_verified_and_restored_by_its_key_alone() {
    let kept = Kept::new("");
    let (key, other) = (kept.path("key.txt"), kept.path("other.txt"));
    kept.key("other.txt");
    let source = Server::builder(Major::REFERENCE).start().unwrap();
    source.ask("postgres", "CREATE ROLE app PASSWORD 'geheim'");
    source.ask("postgres", "CREATE DATABASE shop OWNER app");
    source.ask(
        "shop",
        "CREATE TABLE item AS SELECT generate_series(1, 100) AS id",
    );
    let store = ObjectStore::start().unwrap();
    let folder = kept.path("all");
    for place in [folder.to_str().unwrap(), "s3://bucket/night/1/"] {
        let with = || {
            let mut command = pgdumprs();
            command.envs(store.environment());
            command
        };
        let mut dump = with();
        dump.args([
            "dump",
            "--all",
            "--encrypt-to",
            &kept.recipient,
            "-f",
            place,
            "-d",
        ])
        .arg(source.conninfo("postgres"));
        succeeds(&mut dump);

        // The manifest is readable; without the key, no more is.
        let listed = String::from_utf8(succeeds(with().args(["list", place]))).unwrap();
        assert_says(&listed, &["shop.dump.age", "100"]);
        let verified = succeeds(with().args(["verify", place, "--identity"]).arg(&key));
        assert_says(
            &String::from_utf8(verified).unwrap(),
            &[
                "globals.sql.age: sound",
                "shop.dump.age: sound, ",
                "1 tables with 100 rows",
                "is sound: 4 files",
            ],
        );
        for identity in [None, Some(&other)] {
            let mut verify = with();
            verify.args(["verify", place]);
            if let Some(file) = identity {
                verify.arg("--identity").arg(file);
            }
            let output = run(&mut verify);
            assert_eq!(output.status.code(), Some(1));
            let printed = String::from_utf8(output.stdout).unwrap();
            assert_eq!(printed.matches("could not open \"").count(), 4, "{printed}");
        }

        let target = Server::builder(Major::REFERENCE).start().unwrap();
        let mut restore = with();
        restore
            .args(["restore", "--all", place, "-d"])
            .arg(target.conninfo("postgres"));
        let output = run(&mut restore);
        assert_eq!(output.status.code(), Some(1));
        assert_says(
            &String::from_utf8_lossy(&output.stderr),
            &["globals.sql.age"],
        );
        succeeds(restore.arg("--identity").arg(&key));
        assert_eq!(target.ask("shop", "SELECT count(*) FROM item"), "100");
        let password = "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'";
        assert_eq!(
            target.ask("postgres", password),
            source.ask("postgres", password)
        );
    }

    // Stock age opens the script.
    let mut decrypt = Command::new(age().unwrap());
    decrypt
        .args(["--decrypt", "-i"])
        .arg(&key)
        .arg(folder.join("globals.sql.age"));
    let script = String::from_utf8(succeeds(&mut decrypt)).unwrap();
    assert_says(
        &script,
        &["CREATE ROLE app;", "database cluster dump complete"],
    );
    let globals = kept.path("globals.age");
    let mut dump = pgdumprs();
    dump.args([
        "dump",
        "--globals-only",
        "--encrypt-to",
        &kept.recipient,
        "-d",
    ])
    .arg(source.conninfo("postgres"))
    .arg("-f")
    .arg(&globals);
    succeeds(&mut dump);
    let bytes = std::fs::read(globals).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
}
