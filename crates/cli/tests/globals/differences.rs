//! Servers that are otherwise than the one that was dumped: whom they were made by, what they have more, who restores.

use std::fs;
use std::path::Path;
use std::process::Output;

use anyhow::{Result, ensure};
use pgdumprs_testkit::{Major, Server, checked_output, tool};

use crate::restore::{dump_all, said, server};
use crate::support::{assert_says, pgdumprs, run};
use crate::{psql, psql_in};

/// What psql prints of a query.
fn asked(server: &Server, database: &str, query: &str) -> String {
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-d"])
        .arg(server.conninfo(database))
        .args(["-c", query]);
    let output = checked_output(&mut psql).unwrap().stdout;
    String::from_utf8(output).unwrap().trim().to_owned()
}

/// `restore --all` as another role, with options.
pub(crate) fn restore_as(server: &Server, role: &str, folder: &Path, options: &[&str]) -> Output {
    let conninfo = server.conninfo("postgres");
    let conninfo = conninfo.replace("user=postgres", &format!("user={role}"));
    let mut command = pgdumprs();
    command
        .args(["restore", "--all", "-d", &conninfo])
        .arg(folder)
        .args(options);
    run(&mut command)
}

const MEMBERSHIPS: &str = "\
    SELECT string_agg(concat_ws(' ', role.rolname, member.rolname, m.admin_option), ', ' ORDER BY role.rolname, member.rolname)
    FROM pg_auth_members m JOIN pg_roles role ON role.oid = m.roleid JOIN pg_roles member ON member.oid = m.member
    WHERE role.rolname !~ '^pg_'";

/// Another superuser has made the target, the one of the source is an ordinary one there, and what roles have set would keep rows from being restored.
fn another_superuser(major: Major) -> Result<()> {
    let (source, target) = (server(major)?, server(major)?);
    psql(
        &source,
        "CREATE ROLE grp; CREATE ROLE app LOGIN; CREATE ROLE admin; GRANT grp TO admin WITH ADMIN OPTION; GRANT grp TO app",
    )?;
    psql(&source, "SET ROLE admin; GRANT grp TO app")?;
    psql(&source, "CREATE ROLE restorer SUPERUSER LOGIN")?;
    psql(&source, "CREATE DATABASE shop OWNER app")?;
    psql_in(
        &source,
        "shop",
        "CREATE TABLE item AS SELECT generate_series(1, 100) AS id",
    )?;
    for set in [
        "ALTER ROLE restorer SET session_preload_libraries = 'nowhere'",
        "ALTER ROLE restorer SET default_transaction_read_only = on",
        "ALTER ROLE app SET statement_timeout = 1",
        "ALTER DATABASE shop SET default_transaction_read_only = on",
    ] {
        psql(&source, set)?;
    }
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &[])?;
    psql(
        &target,
        "CREATE ROLE restorer SUPERUSER LOGIN; CREATE ROLE other SUPERUSER LOGIN",
    )?;
    let conninfo = target
        .conninfo("postgres")
        .replace("user=postgres", "user=other");
    let mut rename = tool(Major::REFERENCE, "psql");
    let sql = "ALTER ROLE postgres RENAME TO root; CREATE ROLE postgres SUPERUSER LOGIN";
    checked_output(rename.args(["-Xq", "-d", &conninfo, "-c", sql]))?;
    let output = restore_as(&target, "restorer", &folder, &[]);
    ensure!(output.status.success(), "{}", said(&output));
    ensure!(asked(&target, "shop", "SELECT count(*) FROM item") == "100");
    ensure!(asked(&source, "postgres", MEMBERSHIPS) == asked(&target, "postgres", MEMBERSHIPS));
    let settings = "SELECT count(*), sum(cardinality(setconfig)) FROM pg_db_role_setting";
    ensure!(
        asked(&target, "postgres", settings) == "3|4",
        "{}",
        said(&output)
    );
    Ok(())
}

#[test]
fn another_superuser_and_settings_are_in_nobodys_way() {
    // Grantors count since 16.
    for major in Major::covered()
        .unwrap()
        .into_iter()
        .filter(|major| [13, 16, 19].contains(&major.number()))
    {
        another_superuser(major).unwrap_or_else(|error| panic!("PostgreSQL {major}: {error:?}"));
    }
}

#[test]
fn rights_that_the_server_gives_beyond_the_dump_are_named() {
    let (source, target) = (
        server(Major::REFERENCE).unwrap(),
        server(Major::REFERENCE).unwrap(),
    );
    let sql = "CREATE ROLE app LOGIN; CREATE ROLE grp; CREATE ROLE member; GRANT grp TO member";
    psql(&source, sql).unwrap();
    psql(&target, sql).unwrap();
    psql(
        &target,
        "ALTER ROLE app SUPERUSER; GRANT grp TO app; GRANT pg_read_all_data TO app; CREATE ROLE \"select\"; GRANT \"select\" TO app; GRANT SET ON PARAMETER work_mem TO grp;
         CREATE ROLE theirs; GRANT grp TO theirs; GRANT CREATE ON TABLESPACE pg_default TO PUBLIC",
    )
    .unwrap();
    for name in ["one", "two", "three"] {
        psql(&source, &format!("CREATE DATABASE {name}")).unwrap();
    }
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &[]).unwrap();
    // What is left out may be damaged.
    fs::write(folder.join("three.dump"), "").unwrap();
    let options = [
        "--include-database=t*|one",
        "--exclude-database=t??ee",
        "--report=json",
    ];
    let output = restore_as(&target, "postgres", &folder, &options);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["end"], "adapted");
    assert_eq!(
        report["globals"]["more"][0],
        "ALTER ROLE app WITH SUPERUSER"
    );
    let databases = report["databases"].as_array().unwrap();
    let ends: Vec<_> = databases.iter().map(|row| &row["report"]["end"]).collect();
    assert_eq!(ends, ["complete"; 3], "{report}");
    let more: Vec<_> = text
        .lines()
        .filter_map(|line| {
            line.split_once("gives a right that was not dumped, which is left as it is: ")
        })
        .map(|(_, right)| right.split(" WITH INHERIT").next().unwrap())
        .collect();
    assert_eq!(
        more,
        [
            "ALTER ROLE app WITH SUPERUSER",
            "GRANT ALL ON TABLESPACE pg_default TO PUBLIC",
            "GRANT SET ON PARAMETER work_mem TO grp",
            "GRANT grp TO app",
            "GRANT pg_read_all_data TO app",
            "GRANT \"select\" TO app",
        ]
    );
    let databases = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database";
    assert_eq!(
        asked(&target, "postgres", databases),
        "one postgres template0 template1 two"
    );
    // Again: what is there is named, and how to go on without it.
    let output = restore_as(&target, "postgres", &folder, &[]);
    assert_says(
        &said(&output),
        &[
            "has databases of the dump already",
            "\"one\", \"two\"",
            "--exclude-database",
        ],
    );
    let output = restore_as(
        &target,
        "postgres",
        &folder,
        &["--include-database=nothing"],
    );
    assert_says(
        &said(&output),
        &[
            "no matching databases were found for pattern \"nothing\"",
            "there are one, postgres, template1, three, two",
        ],
    );
}

#[test]
fn who_is_no_superuser_restores_what_it_may() {
    let (source, target) = (
        server(Major::REFERENCE).unwrap(),
        server(Major::REFERENCE).unwrap(),
    );
    psql(
        &source,
        "CREATE ROLE app LOGIN PASSWORD 'geheim'; CREATE ROLE old LOGIN PASSWORD 'geheim'; CREATE ROLE copier REPLICATION; CREATE ROLE grp;
         GRANT grp TO app; ALTER ROLE app SET work_mem = '5MB'",
    )
    .unwrap();
    psql(&source, "CREATE TABLESPACE fast LOCATION ''").unwrap();
    psql(&source, "CREATE DATABASE shop").unwrap();
    psql_in(
        &source,
        "shop",
        "CREATE TABLE item AS SELECT generate_series(1, 100) AS id",
    )
    .unwrap();
    psql(
        &target,
        "CREATE ROLE master LOGIN CREATEROLE CREATEDB; CREATE ROLE old LOGIN PASSWORD 'another'",
    )
    .unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &[]).unwrap();
    let output = restore_as(
        &target,
        "master",
        &folder,
        &["--adapt", "--exclude-database=template1"],
    );
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_says(
        &text,
        &[
            "error: ALTER ROLE copier WITH REPLICATION: permission denied",
            "error: CREATE TABLESPACE fast: permission denied",
            "the password of a role that was there could not be compared: ALTER ROLE old",
            "hint: role \"master\" is no superuser",
        ],
    );
    assert!(!text.contains("ALTER ROLE app"), "{text}");
    assert!(
        !text.contains("geheim") && !text.contains("SCRAM"),
        "{text}"
    );
    let role = "SELECT rolcanlogin, rolconfig, pg_has_role('app', 'grp', 'member') FROM pg_roles WHERE rolname = 'app'";
    assert_eq!(asked(&target, "postgres", role), "t|{work_mem=5MB}|t");
    let password = "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'";
    assert_eq!(
        asked(&target, "postgres", password),
        asked(&source, "postgres", password)
    );
    assert_eq!(asked(&target, "shop", "SELECT count(*) FROM item"), "100");
}

#[test]
fn letters_of_other_encodings_are_restored() {
    let (source, target) = (
        server(Major::REFERENCE).unwrap(),
        server(Major::REFERENCE).unwrap(),
    );
    // In SJIS, the first letter's second byte is that of a backslash.
    psql(
        &source,
        "CREATE ROLE \"表\"; COMMENT ON ROLE \"表\" IS 'It''s 表; \\'; CREATE ROLE last",
    )
    .unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &["-E", "SJIS"]).unwrap();
    let globals = fs::read(folder.join("globals.sql")).unwrap();
    assert!(globals.windows(2).any(|bytes| bytes == b"\x95\x5c"));
    let output = restore_as(&target, "postgres", &folder, &[]);
    assert!(output.status.success(), "{}", said(&output));
    let query = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '表'";
    assert_eq!(asked(&target, "postgres", query), "It's 表; \\");
    assert_eq!(
        asked(
            &target,
            "postgres",
            "SELECT count(*) FROM pg_roles WHERE rolname = 'last'"
        ),
        "1"
    );
}

#[test]
fn a_database_that_is_missing_is_restored_by_itself() {
    let source = server(Major::REFERENCE).unwrap();
    // This one takes no such tablespace yet.
    let target = Server::builder(Major::REFERENCE).start().unwrap();
    psql(&source, "CREATE TABLESPACE fast LOCATION ''").unwrap();
    psql(&source, "CREATE DATABASE shop").unwrap();
    psql(&source, "CREATE DATABASE other").unwrap();
    let sql = "CREATE TABLE item TABLESPACE fast AS SELECT generate_series(1, 100) AS id";
    psql_in(&source, "shop", sql).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &[]).unwrap();
    let output = restore_as(&target, "postgres", &folder, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_says(
        &said(&output),
        &[
            "error: CREATE TABLESPACE fast: ",
            "hint: what is missing can be restored by itself",
            "databases that are not restored, or not whole: \"shop\"\n",
        ],
    );
    psql(
        &target,
        "ALTER ROLE postgres SET allow_in_place_tablespaces = on",
    )
    .unwrap();
    let output = restore_as(&target, "postgres", &folder, &["--include-database=shop"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(asked(&target, "shop", "SELECT count(*) FROM item"), "100");
}
