//! Encrypted archives: what stock age makes of ours, what we make of its, and what is said where one does not open.

#[path = "../support/alike.rs"]
mod alike;
mod failures;
mod servers;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use alike::{assert_alike, succeeds};
use pgdumprs_testkit::provision::age;
use pgdumprs_testkit::{Database, Major, ObjectStore, Server, reference_pg_dump, tool};
use support::{pgdumprs, run};
use tempfile::TempDir;

/// A small table beside a large one, which compresses badly.
const CONTENT: &str = "
    CREATE TABLE large AS
        SELECT id, sha256(id::text::bytea) || sha256(('b' || id)::bytea) || sha256(('c' || id)::bytea) AS hash
        FROM generate_series(1, 5000) AS id;
    CREATE TABLE small (id integer PRIMARY KEY, name text);
    INSERT INTO small SELECT id, 'name ' || id FROM generate_series(1, 100) AS id;
    CREATE INDEX ON large (id);
    SELECT lo_from_bytea(0, 'a large object')";

/// Makes of that what takes more than a part of an upload.
const MORE: &str = "INSERT INTO large SELECT id, sha256(id::text::bytea) || sha256(('d' || id)::bytea) || sha256(('e' || id)::bytea)
    FROM generate_series(5001, 110000) AS id";

/// A database, a folder, and a key of age's in it.
struct Kept {
    database: Database,
    folder: TempDir,
    recipient: String,
}

impl Kept {
    fn new(sql: &str) -> Self {
        let server = Server::get(Major::REFERENCE);
        let kept = Kept {
            database: server.database(),
            folder: tempfile::tempdir().unwrap(),
            recipient: String::new(),
        };
        kept.database.execute_sql(sql);
        let recipient = kept.key("key.txt");
        Kept { recipient, ..kept }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a key in a file, and returns its recipient.
    fn key(&self, name: &str) -> String {
        let keygen = age().unwrap().with_file_name("age-keygen");
        let file = self.path(name);
        succeeds(Command::new(&keygen).arg("-o").arg(&file));
        let recipient = succeeds(Command::new(&keygen).arg("-y").arg(&file));
        String::from_utf8(recipient).unwrap().trim().to_owned()
    }

    /// A dump, which is always of the same time.
    fn dump(&self, args: &[&str]) -> Command {
        let mut dump = pgdumprs();
        dump.args(["--created", "2026-11-21T12:00:00", "-j", "2"]);
        dump.args(["-d", &self.database.conninfo()]).args(args);
        dump
    }

    /// Has stock age open a file.
    fn opened(&self, name: &str) -> Vec<u8> {
        let mut decrypt = Command::new(age().unwrap());
        decrypt.arg("--decrypt").arg("-i").arg(self.path("key.txt"));
        succeeds(decrypt.arg(self.path(name)))
    }

    /// A command on an archive, with the key.
    fn look(&self, command: &str, archive: impl AsRef<Path>) -> Command {
        let mut look = pgdumprs();
        look.arg(command).arg(archive.as_ref());
        look.arg("--identity").arg(self.path("key.txt"));
        look
    }
}

#[test]
fn the_guides_commands_work() {
    let kept = Kept::new("CREATE TABLE item AS SELECT generate_series(1, 100) AS id");
    let target = Server::get(Major::REFERENCE).database();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/encryption.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, block) = page.split_once("```sh\n").unwrap();
    let (commands, _) = block.split_once("```").unwrap();
    let source = kept.database.conninfo();
    let commands = commands
        .replace("-d shop", &format!("-d '{source}'"))
        .replace("--on shop", &format!("--on '{source}'"))
        .replace("-d copy", &format!("-d '{}'", target.conninfo()));
    let restore = tool(Major::REFERENCE, "pg_restore");
    let programs = [
        Path::new(env!("CARGO_BIN_EXE_pgdumprs")),
        &age().unwrap(),
        Path::new(restore.get_program()),
    ];
    let folders = programs
        .iter()
        .filter_map(|program| program.parent().map(Path::to_owned));
    let found = std::env::var_os("PATH").unwrap();
    let folders = folders.chain(std::env::split_paths(&found));
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &commands]);
    shell.env("PATH", std::env::join_paths(folders).unwrap());
    fs::create_dir(kept.path("there")).unwrap();
    succeeds(shell.current_dir(kept.path("there")));
    assert_eq!(target.psql("SELECT count(*) FROM item"), "100");
}

#[test]
fn stock_age_opens_what_was_dumped_and_finds_the_very_bytes() {
    let kept = Kept::new(CONTENT);
    let server = Server::get(Major::REFERENCE);
    let other = kept.key("other.txt");
    fs::write(kept.path("team.txt"), format!("# the team\n{other}\n")).unwrap();
    let team = kept.path("team.txt");
    let team = team.to_str().unwrap();
    let to = ["--encrypt-to", &kept.recipient, "--encrypt-to-file", team];
    let key = ["--restrict-key", "a"];
    for (name, format) in [
        ("custom", &["-Fc"][..]),
        ("tar", &[&["-Ft"][..], &key].concat()),
        ("plain", &[&["-Fp"][..], &key].concat()),
    ] {
        let (plain, sealed) = (kept.path(name), kept.path(&format!("{name}.age")));
        succeeds(kept.dump(format).arg("-f").arg(&plain));
        succeeds(kept.dump(format).args(to).arg("-f").arg(&sealed));
        let plain = fs::read(plain).unwrap();
        let opened = kept.opened(&format!("{name}.age"));
        // Offsets and lengths and all.
        assert!(
            opened == plain,
            "{name}: {} and {} bytes",
            opened.len(),
            plain.len()
        );
        let length = fs::metadata(&sealed).unwrap().len();
        let chunks = (plain.len() as u64).div_ceil(64 << 10);
        assert!(length > plain.len() as u64 && length < plain.len() as u64 + chunks * 16 + 1000);
        let readable = fs::read(&sealed).unwrap();
        for secret in ["small", "PGDMP", "name 1"] {
            let found = readable
                .windows(secret.len())
                .any(|piece| piece == secret.as_bytes());
            assert!(!found, "{name}: {secret}");
        }
    }
    // By a pipe, it is an archive that says nowhere where its data is: as an unencrypted one by a pipe.
    let piped = succeeds(kept.dump(&to).stdout(Stdio::piped()));
    fs::write(kept.path("piped.age"), piped).unwrap();
    let unsealed = succeeds(&mut kept.dump(&[]));
    assert!(kept.opened("piped.age") == unsealed);

    // Stock pg_restore takes what age has opened.
    fs::write(kept.path("opened"), kept.opened("custom.age")).unwrap();
    let target = server.database();
    let mut restore = tool(Major::REFERENCE, "pg_restore");
    restore.args(["-e", "-d", &target.conninfo()]);
    succeeds(restore.arg(kept.path("opened")));
    assert_alike(&kept.database, &target);

    for name in ["custom.age", "tar.age", "piped.age"] {
        let archive = kept.path(name);
        let unencrypted = kept.path(name.trim_end_matches(".age"));
        let listed = succeeds(&mut kept.look("list", &archive));
        if unencrypted.exists() {
            assert_eq!(
                listed,
                succeeds(pgdumprs().arg("list").arg(unencrypted)),
                "{name}"
            );
        }
        let verified = succeeds(&mut kept.look("verify", &archive));
        assert!(String::from_utf8(verified).unwrap().contains(" is sound"));
        let rows = succeeds(kept.look("cat", &archive).arg("small"));
        assert_eq!(String::from_utf8(rows).unwrap().lines().count(), 100);
        let target = server.database();
        let args = ["-j", "2", "--report=json", "-d", &target.conninfo()];
        succeeds(kept.look("restore", &archive).args(args));
        assert_alike(&kept.database, &target);
        // By the other's key, and from standard input.
        let mut cat = pgdumprs();
        cat.args(["cat", "-", "small", "--identity"])
            .arg(kept.path("other.txt"));
        let rows = succeeds(cat.stdin(fs::File::open(&archive).unwrap()));
        assert!(rows.ends_with(b"100\tname 100\n"), "{name}");
    }
    // The unencrypted one beside it is the same.
    let mut diff = kept.look("diff", kept.path("custom.age"));
    succeeds(diff.arg(kept.path("custom")));
    let record = succeeds(kept.look("drill", kept.path("custom.age")).args([
        "--report=json",
        "--on",
        &kept.database.conninfo(),
    ]));
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(record["holds"], true, "{record}");
    assert_eq!(
        record["archive"]["bytes"],
        fs::metadata(kept.path("custom.age")).unwrap().len()
    );
}

#[test]
fn what_stock_age_has_encrypted_is_read() {
    let kept = Kept::new(CONTENT);
    let server = Server::get(Major::REFERENCE);
    for format in ["-Fc", "-Ft"] {
        let plain = kept.path("plain");
        let mut dump = reference_pg_dump();
        succeeds(
            dump.args([format, "-d", &kept.database.conninfo(), "-f"])
                .arg(&plain),
        );
        let sealed = kept.path(&format!("stock{format}.age"));
        let mut encrypt = Command::new(age().unwrap());
        encrypt.args(["-r", &kept.recipient, "-o"]).arg(&sealed);
        succeeds(encrypt.arg(&plain));
        succeeds(&mut kept.look("verify", &sealed));
        let target = server.database();
        succeeds(
            kept.look("restore", &sealed)
                .args(["-d", &target.conninfo()]),
        );
        assert_alike(&kept.database, &target);
    }
}

#[test]
fn a_restore_that_was_not_complete_goes_on() {
    let kept = Kept::new(CONTENT);
    let archive = kept.path("shop.dump");
    succeeds(
        kept.dump(&["--encrypt-to", &kept.recipient, "-f"])
            .arg(&archive),
    );
    let target = Server::get(Major::REFERENCE).database();
    target.execute_sql(
        "CREATE FUNCTION refuses() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not now''; END';
         CREATE EVENT TRIGGER refuses ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION refuses()",
    );
    let conninfo = target.conninfo();
    let output = run(kept.look("restore", &archive).args(["-d", &conninfo]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("--resume"),
        "{said}"
    );
    let names = fs::read_dir(kept.folder.path())
        .unwrap()
        .map(|file| file.unwrap().path());
    let journal: Vec<PathBuf> = names
        .filter(|path| path.to_string_lossy().contains(".restore-"))
        .collect();
    let written = fs::read(&journal[0]).unwrap();
    let secret = b"AGE-SECRET-KEY";
    assert!(!written.windows(secret.len()).any(|piece| piece == secret));
    target.execute_sql("DROP EVENT TRIGGER refuses");
    succeeds(
        kept.look("restore", &archive)
            .args(["--resume", "-d", &conninfo]),
    );
    assert_alike(&kept.database, &target);
    assert!(!journal[0].exists());
}

#[test]
fn of_an_object_only_what_is_needed_is_read() {
    let kept = Kept::new(CONTENT);
    kept.database.execute_sql(MORE);
    let store = ObjectStore::start().unwrap();
    let place = "s3://bucket/shop.dump.age";
    succeeds(
        kept.dump(&["--encrypt-to", &kept.recipient, "-f", place])
            .envs(store.environment()),
    );
    assert_eq!(store.unfinished().unwrap(), 0);
    succeeds(kept.dump(&["-f"]).arg(kept.path("plain")));
    let whole = store.get("/bucket/shop.dump.age").unwrap();
    fs::write(kept.path("object.age"), &whole).unwrap();
    assert!(kept.opened("object.age") == fs::read(kept.path("plain")).unwrap());
    assert!(whole.len() > 9 << 20, "more than a part: {}", whole.len());

    // Beside it, as it is without encryption.
    let plain = "s3://bucket/shop.dump";
    let bytes = fs::read(kept.path("plain")).unwrap();
    store.put("/bucket/shop.dump", &bytes).unwrap();
    for place in [place, plain] {
        let target = Server::get(Major::REFERENCE).database();
        let restore = ["-t", "small", "-j", "2", "-d", &target.conninfo()];
        for (command, args) in [
            ("list", &[][..]),
            ("cat", &["small"]),
            ("restore", &restore),
        ] {
            let before = store.traffic().unwrap();
            succeeds(
                kept.look(command, place)
                    .args(args)
                    .envs(store.environment()),
            );
            let after = store.traffic().unwrap();
            let requests = &after.requests[before.requests.len()..];
            let received = after.received - before.received;
            // A restore opens it once for the table of contents, and once for the rows.
            let most = if command == "restore" { 10 } else { 8 };
            assert!(requests.len() <= most, "{command} {place}: {requests:?}");
            assert!(received < 1 << 20, "{command} {place}: {received}");
        }
        assert_eq!(target.psql("SELECT count(*) FROM small"), "100");
        let large = target.psql("SELECT to_regclass('large') IS NULL");
        assert_eq!(large, "t");
    }
    succeeds(kept.look("verify", place).envs(store.environment()));
    let on = ["--on", &kept.database.conninfo()];
    succeeds(kept.look("drill", place).args(on).envs(store.environment()));
}
