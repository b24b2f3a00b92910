//! Dumps whose names have the time in them, on disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::ToSpan;
use jiff::civil::Date;
use pgdumprs_testkit::{Major, Server};
use serde_json::Value;

use crate::support::{assert_says, failure, pgdumprs, run};
use crate::{archive, names, succeeds};

/// Where it is already tomorrow, for many.
const ZONE: &str = "Pacific/Kiritimati";

/// A key that nobody has the secret of.
const RECIPIENT: &str = "age1vwpt8nygzsftw7lu4mksycqpcqxeuvp9uekzpah8ayhs0xz3gc4ql6ed9a";

fn today() -> Date {
    jiff::Timestamp::now().in_tz(ZONE).unwrap().date()
}

fn there() -> Command {
    let mut command = pgdumprs();
    command.env("TZ", ZONE);
    command
}

/// Archives of the last so many days, but for today.
fn fill(folder: &Path, days: i32) {
    let archive = archive();
    for back in 1..=days {
        let day = today() - back.days();
        fs::write(folder.join(format!("shop-{day}.dump")), &archive).unwrap();
    }
}

#[test]
fn older_ones_go_when_a_dump_is_complete_and_not_before() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql("CREATE TABLE item AS SELECT generate_series(1, 100) AS id");
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 9);
    for name in ["shop-eu-2026-01-01.dump", "notes.txt"] {
        fs::write(folder.path().join(name), archive()).unwrap();
    }
    let template = folder.path().join("shop-%Y-%m-%d.dump");
    let dump = |more: &[&str]| {
        let mut dump = there();
        dump.args(["-d", &database.conninfo(), "--keep-daily", "3", "-f"])
            .arg(&template)
            .args(more);
        dump
    };

    let before = names(folder.path());
    assert_says(&failure(&mut dump(&["-t", "nothing"])), &["nothing"]);
    assert_eq!(
        names(folder.path()),
        before,
        "a failed dump removes nothing"
    );

    let (report, said) = succeeds(&mut dump(&["-v", "--verify", "--report", "json"]));
    let newest = format!("shop-{}.dump", today());
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        report["file"].as_str(),
        folder.path().join(&newest).to_str()
    );
    let kept = [
        newest.clone(),
        format!("shop-{}.dump", today() - 1.day()),
        format!("shop-{}.dump", today() - 2.days()),
        "shop-eu-2026-01-01.dump".to_owned(),
        "notes.txt".to_owned(),
    ];
    assert_eq!(names(folder.path()), kept.into_iter().collect());
    assert_eq!(
        said.lines()
            .filter(|line| line.starts_with("pgdumprs: removed \""))
            .count(),
        7,
        "{said}"
    );
    assert!(
        succeeds(pgdumprs().arg("verify").arg(folder.path().join(newest)))
            .0
            .contains("100 rows")
    );
    assert_eq!(
        succeeds(&mut dump(&[])),
        (String::new(), String::new()),
        "again, nothing is to be done"
    );
}

#[test]
fn the_guides_commands_work() {
    let database = Server::get(Major::REFERENCE).database();
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    fs::create_dir(&backups).unwrap();
    fill(&backups, 80);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/retention.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, block) = page.split_once("```sh\n").unwrap();
    let (commands, _) = block.split_once("```").unwrap();
    let commands = commands.replace("-d shop", &format!("-d '{}'", database.conninfo()));
    let program = Path::new(env!("CARGO_BIN_EXE_pgdumprs")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let shell = Command::new("sh")
        .args(["-euc", &commands])
        .current_dir(folder.path())
        .env("TZ", ZONE)
        .env("PATH", path)
        .output();
    let shell = shell.unwrap();
    assert!(
        shell.status.success(),
        "{}",
        String::from_utf8_lossy(&shell.stderr)
    );
    let table = String::from_utf8(shell.stdout).unwrap();
    assert_says(
        &table,
        &[" kept: daily, weekly\n", " 0 would be removed: 0 B"],
    );
}

#[test]
fn names_may_be_those_of_folders_too() {
    let server = Server::get(Major::REFERENCE);
    let database = server.database();
    let folder = tempfile::tempdir().unwrap();
    let year = today().strftime("%Y").to_string();
    let dump = |more: &[&str], file: &str| {
        let mut dump = there();
        dump.args(["-d", &database.conninfo()])
            .args(more)
            .arg("-f")
            .arg(folder.path().join(file));
        dump
    };
    succeeds(&mut dump(&["-Fd"], "%Y/%j/shop"));
    let day = folder
        .path()
        .join(&year)
        .join(today().strftime("%j").to_string());
    assert!(day.join("shop/toc.dat").exists());
    // A folder that is not of the template's making must be there.
    assert_says(&failure(&mut dump(&[], "none/%Y.dump")), &["none"]);

    // An old folder of a whole server, and one that somebody else puts things into.
    let only = format!("--include-database={}", database.name());
    succeeds(&mut dump(&["--all", &only], "night-2020-02-03"));
    succeeds(&mut dump(&["--all", &only], "night-2020-02-04"));
    fs::write(folder.path().join("night-2020-02-04/mine"), "").unwrap();
    succeeds(&mut dump(
        &["--all", &only, "--keep-last", "1"],
        "night-%F/",
    ));
    assert!(!folder.path().join("night-2020-02-03").exists());
    assert_eq!(
        names(&folder.path().join("night-2020-02-04"))
            .into_iter()
            .collect::<Vec<_>>(),
        ["mine"]
    );
    assert!(
        folder
            .path()
            .join(format!("night-{}/manifest.json", today()))
            .exists()
    );
    // A server of which a database is missing removes nothing.
    fs::create_dir(folder.path().join("night-2020-02-05")).unwrap();
    succeeds(&mut dump(&["--all", &only], "night-2020-02-05"));
    let template = folder.path().join("night-%F-%H%M%S");
    let failed = run(there()
        .args([
            "dump",
            "--all",
            &only,
            "-d",
            &database.conninfo(),
            "--keep-last",
            "1",
            "--lock-wait-timeout",
            "1",
            "-f",
        ])
        .arg(template)
        .args(["-t", "nothing", "--strict-names"]));
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        folder
            .path()
            .join("night-2020-02-05/manifest.json")
            .exists()
    );
}

#[test]
fn encrypted_ones_are_counted_without_a_key() {
    let database = Server::get(Major::REFERENCE).database();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    succeeds(
        there()
            .args(["-d", &database.conninfo(), "--encrypt-to", RECIPIENT, "-f"])
            .arg(at("shop-2020-01-02.age")),
    );
    let archive = fs::read(at("shop-2020-01-02.age")).unwrap();
    fs::write(at("shop-2020-01-01.age"), &archive).unwrap();
    fs::write(at("shop-2020-01-03.age"), &archive[..100]).unwrap();
    let (table, _) = succeeds(there().current_dir(folder.path()).args([
        "prune",
        "shop-%F.age",
        "--keep-last=1",
    ]));
    assert_says(
        &table,
        &[
            "  shop-2020-01-01.age  removed\n",
            "  shop-2020-01-02.age  kept: last\n",
            "  shop-2020-01-03.age  kept: may still be written (not complete: ",
        ],
    );
    assert_eq!(names(folder.path()).len(), 2);
}

#[test]
fn with_a_key_encrypted_ones_are_looked_into() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql("CREATE TABLE item AS SELECT generate_series(1, 50000) AS id");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let passphrase = at("passphrase");
    fs::write(&passphrase, "a passphrase of this test").unwrap();
    succeeds(
        there()
            .args([
                "-Z0",
                "-d",
                &database.conninfo(),
                "--encrypt-with-passphrase",
            ])
            .arg("--passphrase-file")
            .arg(&passphrase)
            .arg("-f")
            .arg(at("shop-2020-01-01.age")),
    );
    // A cut where one chunk may end is seen by nobody who has no key.
    let archive = fs::read(at("shop-2020-01-01.age")).unwrap();
    fs::write(
        at("shop-2020-01-02.age"),
        &archive[..archive.len() - 10_000],
    )
    .unwrap();
    let prune = |key: &[&str]| {
        let mut prune = there();
        prune
            .current_dir(folder.path())
            .args(["prune", "shop-%F.age", "--keep-last=1", "-n"])
            .args(key);
        succeeds(&mut prune).0
    };
    assert_says(
        &prune(&[]),
        &["01-01.age  would be removed", "01-02.age  kept: last"],
    );
    assert_says(
        &prune(&["--passphrase-file", "passphrase"]),
        &[
            "01-01.age  kept: last",
            "left as it is: shop-2020-01-02.age: it cannot be read: ",
        ],
    );
    fs::write(&passphrase, "another one").unwrap();
    assert_says(
        &prune(&["--passphrase-file", "passphrase"]),
        &[
            "left as it is: shop-2020-01-01.age: it cannot be opened: ",
            "0 kept",
        ],
    );
}

#[test]
fn letters_that_a_shell_would_expand_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a-2020-01-01.dump"), "").unwrap();
    let mut prune = pgdumprs();
    prune
        .current_dir(folder.path())
        .args(["prune", "*-%F.dump", "--keep-last=1"]);
    let (table, said) = succeeds(&mut prune);
    assert!(table.contains("0 kept"), "{table}");
    assert!(
        said.contains("hint: ") && said.contains("* stands for itself"),
        "{said}"
    );
}

#[test]
fn what_stands_for_no_time_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let dump = |options: &[&str]| {
        let mut dump = pgdumprs();
        dump.current_dir(folder.path())
            .args(["-d", "host=/nowhere"])
            .args(options);
        dump
    };
    for (options, said) in [
        (
            &["-f", "shop-%q.dump"][..],
            &["\"%q\"", "%%", "-f/--file"][..],
        ),
        (&["-f", "100%"], &["lone percent sign", "%%"]),
        (
            &["-f", "shop.dump", "--keep-last", "2"],
            &["does not say when", "%F"],
        ),
        (
            &["-f", "shop-%d.dump", "--keep-last", "2"],
            &["does not say when"],
        ),
        (&["--keep-last", "2"], &["-f/--file"]),
        (&["-f", "%F.sql", "-Fp", "--keep-last", "2"], &["SQL"]),
        (&["-f", "%F", "--keep-last", "0"], &["0"]),
        (&["-f", "%F", "--keep-within", "1w"], &["30d"]),
    ] {
        assert_says(&failure(&mut dump(options)), said);
    }
    assert_says(
        &failure(pgdumprs().args(["prune", "shop-%F.dump"])),
        &["--keep-last", "--keep-daily"],
    );
    assert_says(
        &failure(pgdumprs().args(["prune", "shop.dump", "--keep-last", "1"])),
        &["does not say when"],
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn by_the_name_of_pg_dump_a_percent_sign_is_one() {
    let database = Server::get(Major::REFERENCE).database();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("pg_dump");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pgdumprs"), &program).unwrap();
    let dump = |program: &Path| {
        let mut dump = Command::new(program);
        dump.current_dir(folder.path())
            .args(["-d", &database.conninfo(), "-Fc", "-f"]);
        dump
    };
    succeeds(dump(&program).arg("50%d-%q.dump"));
    succeeds(dump(Path::new(env!("CARGO_BIN_EXE_pgdumprs"))).arg("50%%d.dump"));
    assert!(
        names(folder.path())
            .is_superset(&["50%d-%q.dump".to_owned(), "50%d.dump".to_owned()].into())
    );
    let refused = run(dump(&program).args(["shop-%F.dump", "--keep-last", "1"]));
    assert_eq!(refused.status.code(), Some(1));
    assert_says(
        &String::from_utf8(refused.stderr).unwrap(),
        &["--keep-", "names as they are"],
    );
}

#[test]
fn prune_tells_what_becomes_of_each() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 5);
    fs::write(folder.path().join("shop-2020-01-01.dump"), "no archive").unwrap();
    let prune = |more: &[&str]| {
        let mut prune = there();
        prune
            .current_dir(folder.path())
            .args(["prune", "shop-%F.dump", "--keep-daily=2"])
            .args(more);
        prune
    };
    let before = names(folder.path());
    let (table, said) = succeeds(&mut prune(&["-n"]));
    assert!(said.is_empty());
    let day = |back: i32| today() - back.days();
    assert_says(
        &table,
        &[
            &format!("{} 00:00:00  ", day(5)),
            &format!("  shop-{}.dump  would be removed\n", day(5)),
            &format!("  shop-{}.dump  kept: daily\n", day(1)),
            "left as it is: shop-2020-01-01.dump: it is no archive",
            "2 kept, 3 would be removed: ",
        ],
    );
    assert_eq!(names(folder.path()), before);
    let (line, _) = succeeds(&mut prune(&["--report", "json"]));
    let report: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(report["dry_run"], false);
    let fates: Vec<_> = report["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["fate"].as_str().unwrap())
        .collect();
    assert_eq!(fates, ["removed", "removed", "removed", "kept", "kept"]);
    assert_eq!(report["backups"][4]["reasons"][0], "daily");
    assert_eq!(report["left"][0]["name"], "shop-2020-01-01.dump");
    assert_eq!(names(folder.path()).len(), 3);
    assert_eq!(
        succeeds(&mut prune(&["-q"])),
        (String::new(), String::new())
    );
}
