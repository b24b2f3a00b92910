//! What is said where an encrypted archive cannot be written or does not open.

use std::fs;
use std::process::Command;

use pgdumprs_testkit::provision::age;

use super::support::{assert_says, failure, pgdumprs};
use crate::Kept;
use crate::alike::succeeds;

/// Runs a command that must fail, and returns what it says.
fn fails(command: &mut Command) -> String {
    failure(command)
}

#[test]
fn what_does_not_open_says_why() {
    let kept = Kept::new(
        "CREATE TABLE item AS SELECT id, md5(id::text) FROM generate_series(1, 20000) id",
    );
    let archive = kept.path("shop.dump");
    succeeds(
        kept.dump(&["--encrypt-to", &kept.recipient, "-f"])
            .arg(&archive),
    );
    kept.key("other.txt");
    let whole = fs::read(&archive).unwrap();
    let conninfo = kept.database.conninfo();
    let file = archive.to_str().unwrap();
    let commands: [&[&str]; 4] = [
        &["list", file],
        &["verify", file],
        &["cat", file, "item"],
        &["drill", file, "--on", &conninfo],
    ];
    for command in commands {
        let said = fails(pgdumprs().args(command));
        let words = "it is encrypted with age: give a file with the key of one of its recipients (--identity)";
        assert_says(&said, &[words]);
        let mut other = pgdumprs();
        other.args(command).arg("--identity");
        let said = fails(other.arg(kept.path("other.txt")));
        assert_says(&said, &["none of the identities opens it"]);
    }
    let mut restore = pgdumprs();
    restore.args(["restore", "-d", &conninfo]);
    assert!(fails(restore.arg(&archive)).contains("(--identity)"));

    // Damage, wherever it is, is told by whoever reads there, and by verify in any case.
    let damaged = kept.path("damaged.dump");
    for at in [30, 60, 300, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&damaged, bytes).unwrap();
        let said = fails(&mut kept.look("verify", &damaged));
        assert!(
            said.contains("damaged") || said.contains("other recipients"),
            "{at}: {said}"
        );
    }
    for length in [30, 200, 1000, whole.len() / 2, 65_552, whole.len() - 1] {
        fs::write(&damaged, &whole[..length]).unwrap();
        for command in [&["list"][..], &["verify"], &["cat", "item"]] {
            let mut look = kept.look(command[0], &damaged);
            let said = fails(look.args(&command[1..]));
            assert!(
                said.contains("damaged") || said.contains("end"),
                "{length}: {said}"
            );
        }
        let mut piped = pgdumprs();
        piped
            .args(["verify", "-", "--identity"])
            .arg(kept.path("key.txt"));
        fails(piped.stdin(fs::File::open(&damaged).unwrap()));
    }

    let mut armor = Command::new(age().unwrap());
    armor
        .args(["--armor", "-r", &kept.recipient, "-o"])
        .arg(&damaged);
    succeeds(armor.arg(kept.path("key.txt")));
    assert!(
        fails(&mut kept.look("list", &damaged)).contains("age --decrypt makes an archive of it")
    );
}

#[test]
fn keys_are_never_said_and_wrong_ones_refused() {
    let kept = Kept::new("CREATE TABLE item AS SELECT 1 AS id");
    let secret = fs::read_to_string(kept.path("key.txt")).unwrap();
    let secret = secret.lines().last().unwrap();
    let file = kept.path("never.dump");
    let refused = |args: &[&str]| {
        let said = fails(kept.dump(args).arg("-f").arg(&file));
        assert!(!said.contains(&secret[..20]) && !file.exists(), "{said}");
        said
    };
    assert!(refused(&["--encrypt-to", secret]).contains("that is an identity, which is secret"));
    assert!(refused(&["--encrypt-to", "age1qqqq"]).contains("\"age1qqqq\": that is no recipient"));
    let keys = kept.path("key.txt");
    assert!(refused(&["--encrypt-to-file", keys.to_str().unwrap()]).contains("which is secret"));
    let to = ["--encrypt-to", &kept.recipient];
    assert!(refused(&[&to[..], &["-Fd"]].concat()).contains("directory format is not encrypted"));
    assert!(refused(&[&to[..], &["--verify"]].concat()).contains("pgdumprs verify --identity"));

    // An output that takes nothing.
    let said = fails(kept.dump(&to).args(["-f", "/dev/full"]));
    assert_says(&said, &["No space left on device"]);

    // A passphrase: from a file, or from the environment.
    fs::write(kept.path("pass.txt"), "correct horse\n").unwrap();
    let pass = kept.path("pass.txt");
    let pass = pass.to_str().unwrap();
    let archive = kept.path("pass.dump");
    succeeds(
        kept.dump(&["--encrypt-with-passphrase", "--passphrase-file", pass, "-f"])
            .arg(&archive),
    );
    let mut list = pgdumprs();
    list.arg("list")
        .arg(&archive)
        .env("PGDUMPRS_PASSPHRASE", "correct horse");
    assert!(
        String::from_utf8(succeeds(&mut list))
            .unwrap()
            .contains("TABLE DATA public item")
    );
    let said = fails(list.env("PGDUMPRS_PASSPHRASE", "battery staple"));
    assert!(
        said.contains("the passphrase does not open it") && !said.contains("staple"),
        "{said}"
    );
}
