//! Archives in object stores: dumps into a server that speaks S3's protocol, and everything that reads archives from there.

#[path = "../support/alike.rs"]
mod alike;
mod failures;
mod servers;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;

use alike::{assert_alike, succeeds};
use pgdumprs_testkit::{Major, ObjectStore, Server, for_each_major_at_scale};
use support::{pgdumprs, run};

/// Makes a database with a small table beside a large one, which compresses badly.
const CONTENT: &str = "
    CREATE TABLE large AS
        SELECT id, sha256(id::text::bytea) || sha256(('b' || id)::bytea) || sha256(('c' || id)::bytea) AS hash
        FROM generate_series(1, 200000) AS id;
    CREATE TABLE small (id integer PRIMARY KEY, name text);
    INSERT INTO small SELECT id, 'name ' || id FROM generate_series(1, 100) AS id;
    CREATE INDEX ON large (id);
    SELECT lo_from_bytea(0, 'a large object')";

/// The place of the archive.
const PLACE: &str = "s3://bucket/nightly/shop.dump";

/// The command, with the store in its environment.
fn with(store: &ObjectStore) -> Command {
    let mut command = pgdumprs();
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.envs(store.environment());
    command
}

#[test]
fn the_guides_commands_work() {
    let store = ObjectStore::start().unwrap();
    let server = Server::get(Major::REFERENCE);
    let (source, target) = (server.database(), server.database());
    source.execute_sql("CREATE TABLE item AS SELECT generate_series(1, 100) AS id");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/object-stores.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, block) = page.split_once("```sh\n").unwrap();
    let (commands, _) = block.split_once("```").unwrap();
    let commands = commands
        .replace("-d shop", &format!("-d '{}'", source.conninfo()))
        .replace("-d copy", &format!("-d '{}'", target.conninfo()));
    let mut shell = Command::new("sh");
    let program = Path::new(env!("CARGO_BIN_EXE_pgdumprs"));
    let folders = std::env::var_os("PATH").unwrap();
    let folders = program
        .parent()
        .map(Path::to_owned)
        .into_iter()
        .chain(std::env::split_paths(&folders));
    shell
        .args(["-euc", &commands])
        .env("PATH", std::env::join_paths(folders).unwrap());
    succeeds(shell.envs(store.environment()));
    assert_eq!(target.psql("SELECT count(*) FROM item"), "100");
}

#[test]
fn what_goes_into_a_store_comes_out_of_it() {
    for_each_major_at_scale(|server| {
        let store = ObjectStore::start()?;
        let source = server.database();
        source.execute_sql(CONTENT);
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("shop.dump");
        let conninfo = source.conninfo();
        let dump = [
            "--created",
            "2026-11-21T12:00:00",
            "-j",
            "2",
            "-d",
            &conninfo,
            "-f",
        ];
        succeeds(pgdumprs().args(dump).arg(&file));
        succeeds(with(&store).args(dump).arg(PLACE));

        // The same bytes as in a file: the offsets are there.
        let whole = std::fs::read(&file)?;
        assert!(
            whole.len() > 16 << 20,
            "more than two parts: {}",
            whole.len()
        );
        assert!(store.get("/bucket/nightly/shop.dump")? == whole);
        assert_eq!(store.unfinished()?, 0);

        let listed = succeeds(with(&store).args(["list", PLACE]));
        assert_eq!(listed, succeeds(pgdumprs().arg("list").arg(&file)));
        let verified = succeeds(with(&store).args(["verify", PLACE]));
        assert!(
            String::from_utf8(verified)?.contains("\"s3://bucket/nightly/shop.dump\" is sound")
        );
        let script = succeeds(with(&store).args([
            "restore",
            PLACE,
            "-f",
            "-",
            "-t",
            "small",
            "--restrict-key",
            "a",
        ]));
        assert!(String::from_utf8(script)?.contains("100\tname 100\n"));

        // Of an archive of many megabytes, one small table takes little.
        let before = store.traffic()?;
        let rows = succeeds(with(&store).args(["cat", PLACE, "small"]));
        assert_eq!(String::from_utf8(rows)?.lines().count(), 100);
        let after = store.traffic()?;
        let requests = &after.requests[before.requests.len()..];
        assert!(requests.len() <= 3, "{requests:?}");
        let received = after.received - before.received;
        assert!(received < 300_000, "{received}");

        let target = server.database();
        succeeds(with(&store).args(["restore", PLACE, "-j", "2", "-d", &target.conninfo()]));
        assert_alike(&source, &target);
        let plan = succeeds(with(&store).args([
            "restore",
            PLACE,
            "--plan",
            "-d",
            &server.database().conninfo(),
        ]));
        assert!(!plan.is_empty());

        let record =
            succeeds(with(&store).args(["drill", PLACE, "--report=json", "--on", &conninfo]));
        let record: serde_json::Value = serde_json::from_slice(&record)?;
        assert_eq!(record["holds"], true, "{record}");
        assert_eq!(record["archive"]["file"], PLACE);
        assert_eq!(record["archive"]["bytes"], whole.len());
        let sum = Command::new("sha256sum").arg(&file).output()?.stdout;
        let sum = String::from_utf8(sum)?;
        assert_eq!(record["archive"]["sha256"].as_str(), sum.get(..64));
        Ok(())
    });
}
