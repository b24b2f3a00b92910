//! A server on another one, from the folder of its dump.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{Major, Server, checked_output, tool};

use crate::differences::restore_as;
use crate::support::{assert_says, pgdumprs, run};
use crate::{fill, psql, psql_in};

/// `dump --all` of a server into a folder, with options.
pub(crate) fn dump_all(server: &Server, folder: &Path, options: &[&str]) -> Result<()> {
    let mut dump = pgdumprs();
    dump.args(["dump", "--all", "-d"])
        .arg(server.conninfo("postgres"))
        .arg("-f")
        .arg(folder)
        .args(options);
    checked_output(&mut dump).map(|_| ())
}

/// `restore --all` from a folder onto a server.
fn restore_all(server: &Server, folder: &Path) -> Output {
    let mut command = pgdumprs();
    command
        .args(["restore", "--all", "-v", "-d"])
        .arg(server.conninfo("postgres"))
        .arg(folder);
    run(&mut command)
}

/// All of a server, by stock's tool.
fn everything(server: &Server) -> Result<String> {
    let mut stock = tool(Major::REFERENCE, "pg_dumpall");
    stock
        .args(["--restrict-key=k", "-d"])
        .arg(server.conninfo("postgres"));
    let text = checked_output(&mut stock)?.stdout;
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().filter(|line| !line.contains("(pg_attver="));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn server(major: Major) -> Result<Server> {
    Server::builder(major)
        .setting("allow_in_place_tablespaces", "on")
        .start()
}

fn a_copy_is_the_same(major: Major) -> Result<()> {
    let source = server(major)?;
    fill(&source)?;
    // There is no provider of labels where they are restored.
    psql(
        &source,
        "SET allow_system_table_mods = on; DELETE FROM pg_shseclabel",
    )?;
    psql(&source, "ALTER ROLE ALL SET log_min_messages = error")?;
    psql(
        &source,
        "ALTER DATABASE postgres SET work_mem = '5MB'; REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC",
    )?;
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &[])?;
    let expected = everything(&source)?;

    // Two servers of one major cannot have their tablespaces in one folder.
    let tablespaces = source.data_dir().with_file_name("tablespaces");
    let clear = format!(
        "COPY (SELECT WHERE false) TO PROGRAM 'rm -rf \"{}\"/*/PG_*'",
        tablespaces.display()
    );
    psql(&source, &clear)?;
    let target = server(major)?;
    let output = restore_all(&target, &folder);
    ensure!(output.status.success(), "{}", said(&output));
    // Every server has these two; of the other one nothing was changed.
    assert_says(
        &said(&output),
        &[
            "database \"postgres\" is left as the server has it, without what was dumped of it: COMMENT",
            "without what was dumped of it: ACL",
            "without what was dumped of it: DATABASE PROPERTIES",
        ],
    );
    ensure!(!said(&output).contains("database \"template1\" is left"));
    let found = everything(&target)?;
    let first = expected
        .lines()
        .zip(found.lines())
        .find(|(one, other)| one != other);
    ensure!(expected == found, "{first:#?}\n{}", said(&output));
    let setting = "SELECT setconfig FROM pg_db_role_setting WHERE setrole = 0 AND setdatabase = 0";
    let mut asked = tool(Major::REFERENCE, "psql");
    asked
        .args(["-XAt", "-d"])
        .arg(target.conninfo("postgres"))
        .args(["-c", setting]);
    let asked = checked_output(&mut asked)?.stdout;
    ensure!(
        asked == b"{log_min_messages=error}\n",
        "settings of all roles"
    );

    // Again: the databases are there, and nothing is changed.
    let again = restore_all(&target, &folder);
    ensure!(!again.status.success());
    assert_says(
        &said(&again),
        &["has databases of the dump already", "\"Odd one\", \"one\""],
    );
    ensure!(everything(&target)? == expected);
    drop(source);
    Ok(())
}

#[test]
fn a_server_is_copied_onto_another() {
    for major in Major::covered().unwrap() {
        a_copy_is_the_same(major)
            .with_context(|| format!("PostgreSQL {major}"))
            .unwrap();
    }
}

#[test]
fn what_is_there_is_left_and_what_differs_is_named() {
    let (source, target) = (
        server(Major::REFERENCE).unwrap(),
        server(Major::REFERENCE).unwrap(),
    );
    psql(
        &source,
        "CREATE ROLE same LOGIN; CREATE ROLE other LOGIN PASSWORD 'secret word'; COMMENT ON ROLE same IS 'new'; GRANT same TO other;",
    )
    .unwrap();
    psql(&target, "CREATE ROLE same LOGIN; CREATE ROLE other NOLOGIN").unwrap();
    for server in [&source, &target] {
        psql(server, "CREATE TABLESPACE shared LOCATION ''").unwrap();
    }
    psql(
        &source,
        "REVOKE ALL ON TABLESPACE shared FROM postgres; GRANT CREATE ON TABLESPACE shared TO same",
    )
    .unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &[]).unwrap();

    // A file that is not the one that was dumped, and a folder without its manifest.
    let archive = folder.join("postgres.dump");
    let whole = fs::read(&archive).unwrap();
    fs::write(&archive, &whole[1..]).unwrap();
    let output = restore_all(&target, &folder);
    assert_says(
        &said(&output),
        &["postgres.dump\" is not the file that was dumped"],
    );
    fs::write(&archive, &whole).unwrap();
    fs::rename(folder.join("manifest.json"), folder.join("incomplete.json")).unwrap();
    let output = restore_all(&target, &folder);
    assert_says(
        &said(&output),
        &["is no whole dump of a server: manifest.json is not there"],
    );
    fs::rename(folder.join("incomplete.json"), folder.join("manifest.json")).unwrap();

    let output = restore_all(&target, &folder);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("warning: ").count(), 2, "{said}");
    assert_says(
        &said,
        &[
            "which is left as it is: ALTER ROLE other\n",
            "which is left as it is: REVOKE ALL ON TABLESPACE shared FROM postgres\n",
        ],
    );
    assert!(
        !said.contains("SCRAM") && !said.contains("ALTER ROLE same"),
        "{said}"
    );
    let asked = "SELECT rolcanlogin, shobj_description('same'::regrole, 'pg_authid'), pg_has_role('other', 'same', 'member'),
                        (SELECT spcacl FROM pg_tablespace WHERE spcname = 'shared')
                 FROM pg_roles WHERE rolname = 'other'";
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.args(["-XAt", "-d"])
        .arg(target.conninfo("postgres"))
        .args(["-c", asked]);
    assert_eq!(
        checked_output(&mut psql).unwrap().stdout,
        b"f|new|t|{postgres=C/postgres,same=C/postgres}\n"
    );

    // How names are quoted makes no difference.
    let quoted = temporary.path().join("quoted");
    dump_all(&source, &quoted, &["--quote-all-identifiers"]).unwrap();
    let output = restore_all(&target, &quoted);
    let said = self::said(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("warning: ").count(), 2, "{said}");
    assert_says(&said, &["which is left as it is: ALTER ROLE \"other\"\n"]);
    assert_eq!(
        checked_output(&mut psql).unwrap().stdout,
        b"f|new|t|{postgres=C/postgres,same=C/postgres}\n"
    );
    let options = [
        "-t x",
        "-l",
        "--plan",
        "-1",
        "-a",
        "--statistics-only",
        "--no-schema",
    ];
    let refused: Vec<_> = options
        .into_iter()
        .map(|options| {
            let mut command: Command = pgdumprs();
            command.args(["restore", "--all", "-d", "x", "folder"]);
            run(command.args(options.split(' ')))
        })
        .filter(|output| {
            self::said(output).contains("options --all and -")
                || self::said(output).contains("and --all cannot")
        })
        .collect();
    assert_eq!(refused.len(), options.len());
}

#[test]
fn what_is_refused_is_named_and_does_not_stop_the_rest() {
    let (source, target) = (
        server(Major::REFERENCE).unwrap(),
        server(Major::REFERENCE).unwrap(),
    );
    psql(
        &source,
        "CREATE ROLE labelled PASSWORD 'secret word'; CREATE ROLE last",
    )
    .unwrap();
    // A provider that the target does not have.
    psql(
        &source,
        "SET allow_system_table_mods = on;
         INSERT INTO pg_shseclabel VALUES ('labelled'::regrole, 'pg_authid'::regclass, 'selinux', 'top')",
    )
    .unwrap();
    psql(&source, "CREATE DATABASE shop OWNER last").unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &[]).unwrap();
    let output = restore_all(&target, &folder);
    assert_eq!(output.status.code(), Some(1));
    assert_says(
        &said(&output),
        &[
            "error: SECURITY LABEL FOR selinux ON ROLE labelled: security label provider \"selinux\" is not loaded (22023)",
            "restoring database \"shop\"",
            "error: not all that belongs to no database is restored",
        ],
    );
    let asked = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'";
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.args(["-XAt", "-d"])
        .arg(target.conninfo("postgres"))
        .args(["-c", asked]);
    assert_eq!(checked_output(&mut psql).unwrap().stdout, b"last\n");
}

#[test]
fn why_a_database_is_not_whole_is_said_in_lines() {
    let source = server(Major::REFERENCE).unwrap();
    // It lets nobody into one database, which ends that one's restore.
    let target = Server::builder(Major::REFERENCE)
        .access_rules(
            "host stopping all 127.0.0.1/32 reject\nlocal all all trust\nhost all all 127.0.0.1/32 trust\n",
        )
        .start()
        .unwrap();
    // Names that look like connection strings, and one that a message may lose with what stands behind it.
    let (url, pairs) = ("postgresql://x", "host=x dbname=y");
    for name in [url, pairs] {
        psql(&source, &format!("CREATE DATABASE \"{name}\"")).unwrap();
        psql_in(&source, name, "CREATE TABLE t AS SELECT 1 AS a; ANALYZE").unwrap();
    }
    psql(&source, "CREATE DATABASE stopping").unwrap();
    psql_in(
        &source,
        "stopping",
        "CREATE TABLE t AS SELECT 1 AS a; CREATE VIEW zz AS SELECT 1",
    )
    .unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    dump_all(&source, &folder, &[]).unwrap();

    // Somebody who may make databases and no roles, nor act for the owner of what is in them.
    psql(&target, "CREATE ROLE maker LOGIN CREATEDB").unwrap();
    let output = restore_as(&target, "maker", &folder, &[]);
    assert!(!output.status.success());
    assert_says(
        &said(&output),
        &[
            "error: database \"postgresql://x\": ",
            "\npgdumprs:   you may not act for the role \"postgres\"",
            "\npgdumprs:     \u{2192} --map-role",
            "\"host=x dbname=y\"",
        ],
    );
    assert!(!said(&output).contains("\\n"), "{}", said(&output));

    let mut command = pgdumprs();
    command
        .args(["restore", "--all", "-d"])
        .arg(target.url("postgres"))
        .arg(&folder);
    let output = run(&mut command);
    let text = said(&output);
    assert!(!output.status.success(), "{text}");
    let stopped = text
        .lines()
        .find(|line| line.contains("database \"stopping\": the restore is not complete, and"));
    assert!(
        stopped.is_some_and(|line| line.contains("pg_hba.conf")),
        "{text}"
    );
    assert_says(&text, &["not restored, or not whole: \"stopping\"\n"]);
    for name in [url, pairs] {
        assert_eq!(target.ask(name, "SELECT a FROM t"), "1");
    }
}
