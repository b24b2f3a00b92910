//! All databases of a server in a folder.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use pgdumprs_testkit::{Major, Server, checked_output, reference_pg_restore, tool};
use serde_json::Value;

use crate::support::{assert_says, failure, pgdumprs, run};
use crate::{psql, psql_in};

/// `dump --all` as a role into a folder, with options parted by blanks.
fn dump_all(server: &Server, role: &str, folder: &Path, options: &str) -> Output {
    let mut command = pgdumprs();
    command
        .args(["dump", "--all", "-U", role, "-h"])
        .arg(server.data_dir().parent().unwrap())
        .args(["-p", &server.port().to_string(), "-f"])
        .arg(folder)
        .args(options.split(' ').filter(|option| !option.is_empty()));
    run(&mut command)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn manifest(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

/// Lines of a script, but for those with its random key.
fn without_key(script: &[u8]) -> Vec<String> {
    let script = String::from_utf8_lossy(script);
    let lines = script.lines().map(str::to_owned);
    lines.filter(|line| !line.contains("restrict ")).collect()
}

/// A server with a few databases, of which a reader may not read one.
fn server() -> Server {
    let server = Server::builder(Major::REFERENCE).start().unwrap();
    let sql = |sql: &str| psql(&server, sql).unwrap();
    sql("CREATE ROLE reader LOGIN");
    sql("CREATE DATABASE shop OWNER reader");
    sql("CREATE DATABASE \"Shop\"");
    sql("CREATE DATABASE \"../a b\"");
    sql("CREATE DATABASE closed ALLOW_CONNECTIONS false");
    psql_in(
        &server,
        "Shop",
        "CREATE TABLE item AS SELECT generate_series(1, 1000) AS id",
    )
    .unwrap();
    server
}

#[test]
fn every_database_has_an_archive_and_the_manifest_names_it() {
    let server = server();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    let output = dump_all(&server, "postgres", &folder, "-j2 --report=json");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_says(
        &said,
        &["database \"closed\" is not dumped: it does not allow connections"],
    );
    let files = [
        "%2E.%2Fa%20b.dump",
        "%53hop.dump",
        "globals.sql",
        "manifest.json",
        "postgres.dump",
        "shop.dump",
        "template1.dump",
    ];
    assert_eq!(names(&folder), files.map(String::from).into());

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["complete"], true);
    let rows = report["databases"].as_array().unwrap();
    let of_shop = rows.iter().find(|row| row["database"] == "Shop").unwrap();
    assert_eq!(of_shop["file"], "%53hop.dump");
    assert_eq!(of_shop["report"]["rows"], 1000);

    let found = manifest(&folder, "manifest.json");
    assert_eq!(found["complete"], true);
    assert_eq!(
        found["skipped"],
        serde_json::json!([{"database": "closed", "reason": "it does not allow connections"}])
    );
    let databases = found["databases"].as_array().unwrap();
    let named: Vec<_> = databases
        .iter()
        .map(|row| row["database"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["../a b", "Shop", "postgres", "shop", "template1"]);
    assert_eq!(databases[1]["rows"], 1000);
    let archives = databases.iter().map(|row| &row["archive"]);
    for file in archives.chain([&found["globals"]]) {
        let path = folder.join(file["file"].as_str().unwrap());
        let sum = checked_output(Command::new("sha256sum").arg(&path))
            .unwrap()
            .stdout;
        let sum = String::from_utf8(sum).unwrap();
        // A name with a backslash has one before its sum.
        assert_eq!(
            file["sha256"].as_str(),
            sum.trim_start_matches('\\').split(' ').next()
        );
        assert_eq!(file["size"], fs::metadata(&path).unwrap().len());
        if path
            .extension()
            .is_some_and(|extension| extension == "dump")
        {
            checked_output(reference_pg_restore().arg("-l").arg(&path)).unwrap();
        }
    }
    let mut stock = tool(Major::REFERENCE, "pg_dumpall");
    stock.args(["-g", "-d"]).arg(server.conninfo("postgres"));
    let stock = checked_output(&mut stock).unwrap().stdout;
    let globals = fs::read(folder.join("globals.sql")).unwrap();
    assert_eq!(without_key(&globals), without_key(&stock));

    let verified = checked_output(pgdumprs().arg("verify").arg(&folder)).unwrap();
    let verified = String::from_utf8(verified.stdout).unwrap();
    assert_eq!(verified.lines().count(), 7, "{verified}");
    assert_says(
        &verified,
        &[
            "globals.sql: sound, ",
            "%53hop.dump: sound, ",
            ", 1 tables with 1,000 rows",
            "is sound: 6 files, ",
        ],
    );
    let listed = checked_output(pgdumprs().arg("list").arg(&folder)).unwrap();
    assert_says(
        &String::from_utf8(listed.stdout).unwrap(),
        &[
            ", whole\n",
            "../a b ",
            "closed was not dumped: it does not allow connections",
        ],
    );
    let said = failure(pgdumprs().args(["list", "--sizes"]).arg(&folder));
    assert_says(&said, &["option --sizes is for one archive"]);

    let again = dump_all(&server, "postgres", &folder, "");
    assert!(!again.status.success());
    assert_says(
        &String::from_utf8_lossy(&again.stderr),
        &["there is a whole dump of a server in it"],
    );
}

#[test]
fn databases_are_chosen_by_patterns() {
    let server = server();
    // What a role has set makes no difference: by this, all databases would look as if dropping them had been begun.
    for sql in [
        "CREATE SCHEMA odd",
        "CREATE FUNCTION odd.yes(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR odd.= (FUNCTION = odd.yes, LEFTARG = integer, RIGHTARG = integer)",
        "ALTER ROLE postgres SET search_path = odd, pg_catalog",
    ] {
        psql(&server, sql).unwrap();
    }
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("some");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let options = "--include-database=*shop* --include-database=\"Shop\" --exclude-database=sho?";
    let output = dump_all(&server, "postgres", &folder, options);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let files = ["%53hop.dump", "globals.sql", "manifest.json"];
    assert_eq!(names(&folder), files.map(String::from).into());

    // There are passwords in it, and everybody may look into the folder.
    let globals = fs::metadata(folder.join("globals.sql")).unwrap();
    assert_eq!(globals.permissions().mode() & 0o777, 0o600);

    let nowhere = temporary.path().join("none");
    let output = dump_all(&server, "postgres", &nowhere, "--include-database=x*");
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &[
            "no matching databases were found for pattern \"x*\"",
            "hint: there are template1",
        ],
    );
    let options = "--include-database=shop --include-database=close?";
    let output = dump_all(&server, "postgres", &nowhere, options);
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &[
            "no matching databases that can be connected to were found for pattern \"close?\"",
            "hint: database \"closed\": it does not allow connections",
        ],
    );
    for options in [
        "--include-database=shop --exclude-database=sh*",
        "--exclude-database=*",
    ] {
        let output = dump_all(&server, "postgres", &nowhere, options);
        assert_eq!(output.status.code(), Some(1));
        assert_says(
            &String::from_utf8_lossy(&output.stderr),
            &[
                "no matching databases were found",
                "is excluded as well; there are",
            ],
        );
    }
    assert!(!nowhere.exists());
}

#[test]
fn a_database_that_fails_is_named_and_the_others_are_there() {
    let server = server();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    let output = dump_all(&server, "reader", &folder, "--no-role-passwords -q");
    assert_eq!(output.status.code(), Some(1));
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &[
            "error: database \"Shop\": the role may not read 1 object",
            "error: 1 of 5 databases could not be dumped: \"Shop\"",
        ],
    );
    let files = [
        "%2E.%2Fa%20b.dump",
        "globals.sql",
        "incomplete.json",
        "postgres.dump",
        "shop.dump",
        "template1.dump",
    ];
    assert_eq!(names(&folder), files.map(String::from).into());
    let found = manifest(&folder, "incomplete.json");
    assert_eq!(found["complete"], false);
    assert_eq!(found["databases"][1]["archive"], Value::Null);
    assert!(
        found["databases"][1]["error"]
            .as_str()
            .unwrap()
            .contains("public.item")
    );

    // The next dump takes over what is there, unless there is something else.
    std::fs::write(folder.join("notes"), "x").unwrap();
    let again = dump_all(&server, "postgres", &folder, "");
    assert_eq!(again.status.code(), Some(1));
    assert_says(
        &String::from_utf8_lossy(&again.stderr),
        &["there is something else in it: notes"],
    );
    std::fs::remove_file(folder.join("notes")).unwrap();
    let again = dump_all(&server, "postgres", &folder, "");
    assert!(again.status.success(), "{again:?}");
    let mut files = files.map(String::from).to_vec();
    files.retain(|name| name != "incomplete.json");
    files.extend(["%53hop.dump", "manifest.json"].map(String::from));
    assert_eq!(names(&folder), files.into_iter().collect());
}
