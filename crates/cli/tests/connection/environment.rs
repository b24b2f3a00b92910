//! The environment and service files.

use std::fs;
use std::path::Path;
use std::process::Command;

use pgdumprs_testkit::{Database, Major, Server, reference_pg_dump, reference_pg_restore};

use crate::support::{assert_says, failure, pgdumprs, run};

fn succeeds(command: &mut Command) -> Vec<u8> {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output.stdout
}

/// The script that pg_restore makes of an archive.
fn script(archive: &Path) -> Vec<u8> {
    succeeds(reference_pg_restore().args(["-f", "-"]).arg(archive))
}

fn sample() -> Database {
    let database = Server::get(Major::V17).database();
    database.execute_sql(
        "CREATE TABLE t AS SELECT 'Käse' AS name, timestamptz '2026-11-21 12:00+00' AS at, 'yes'::text AS yes;",
    );
    database
}

#[test]
fn a_service_says_where_to_connect() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let services = folder.path().join("services");
    fs::write(
        &services,
        format!(
            "[shop]\nhost={}\nport={}\nuser=postgres\ndbname={}\n[empty]\n",
            database.server().socket_dir().display(),
            database.server().port(),
            database.name()
        ),
    )
    .unwrap();
    let with_services = || {
        let mut command = pgdumprs();
        command
            .env("PGSERVICEFILE", &services)
            .args(["-w", "-f"])
            .arg(&archive);
        command
    };
    for arguments in [
        &["-d", "service=shop"][..],
        &["postgresql:///?service=shop"],
    ] {
        succeeds(with_services().args(arguments));
        assert_says(&String::from_utf8(script(&archive)).unwrap(), &["Käse"]);
    }
    // The service stands before the environment, and options before the service.
    succeeds(
        with_services()
            .env("PGSERVICE", "shop")
            .env("PGDATABASE", "nothing_here"),
    );
    let said = failure(with_services().env("PGSERVICE", "shop").arg("nothing_here"));
    assert_says(&said, &["nothing_here", "3D000"]);
    let said = failure(with_services().env("PGSERVICE", "none"));
    assert_says(&said, &["\"none\" is not defined", "services"]);
}

#[test]
fn options_may_list_hosts_and_say_nothing() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let socket = database.server().socket_dir().display().to_string();
    let port = database.server().port().to_string();
    let dump = |host: &str, port: &str| {
        let mut command = pgdumprs();
        command
            .env("PGHOST", &socket)
            .args(["-w", "-h", host, "-p", port, "-U", "postgres", "-j", "2"])
            .arg("-f")
            .arg(&archive)
            .arg(database.name());
        command
    };
    // As in pg_dump, an empty value is none, and the environment's counts.
    succeeds(&mut dump("", &port));
    succeeds(&mut dump(&format!("/nowhere,{socket}"), &port));
    let said = failure(&mut dump("/nowhere,/neither", &format!("{port},1")));
    let sockets = [
        format!("/nowhere/.s.PGSQL.{port}"),
        "/neither/.s.PGSQL.1".to_owned(),
    ];
    assert_says(&said, &[&sockets[0], &sockets[1]]);
}

#[test]
fn the_environment_chooses_encoding_and_time_zone_as_for_pg_dump() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    let (ours, stocks) = (folder.path().join("ours"), folder.path().join("stocks"));
    for (name, value, expected) in [
        ("PGCLIENTENCODING", "LATIN1", b"K\xe4se\t2026".as_slice()),
        ("PGTZ", "Asia/Tokyo", b"2026-11-21 21:00:00+09"),
        ("PGDATESTYLE", "German", b"2026-11-21 12:00:00+00"),
    ] {
        let dump = |command: &mut Command, archive: &Path| {
            let command = command.env(name, value).args(["-Fc", "-f"]).arg(archive);
            succeeds(command.args(["-d", &database.conninfo()]));
        };
        dump(&mut pgdumprs(), &ours);
        dump(&mut reference_pg_dump(), &stocks);
        for archive in [&ours, &stocks] {
            let script = script(archive);
            let found = script.windows(expected.len()).any(|part| part == expected);
            assert!(found, "{name}: {}", String::from_utf8_lossy(&script));
        }
    }
    let said = failure(
        pgdumprs()
            .env("PGCLIENTENCODING", "auto")
            .args(["-d", &database.conninfo()]),
    );
    assert_says(&said, &["auto", "locale"]);
}
