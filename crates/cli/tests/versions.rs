//! Versions of servers and of archives.

mod support;

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use pgdumprs_testkit::compare::{Restore, compare_restored, compare_with_stock};
use pgdumprs_testkit::{Database, Major, Server};
use support::{assert_says, failure, pgdumprs, run};

/// Stands between the command and a server and makes it announce another version. Returns the port.
///
/// No server of a major that is not supported can be had; this is one in all that the command looks at.
fn pretend_version(server: &Server, version: &'static str) -> io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let real = server.port();
    thread::spawn(move || {
        for client in listener.incoming() {
            // Whatever breaks here, the command says that its connection was lost.
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", real))) else {
                return;
            };
            let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone())
            else {
                return;
            };
            thread::spawn(move || {
                let _ = io::copy(&mut from_client, &mut to_server);
                let _ = to_server.shutdown(Shutdown::Write);
            });
            thread::spawn(move || pass_on(server, client, version));
        }
    });
    Ok(port)
}

/// Passes on what the server says, message by message.
fn pass_on(mut server: TcpStream, mut client: TcpStream, version: &str) -> io::Result<()> {
    loop {
        let mut head = [0; 5];
        server.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; length as usize - 4];
        server.read_exact(&mut body)?;
        // ParameterStatus: a name and a value, each ended by a zero byte.
        if head[0] == b'S' && body.starts_with(b"server_version\0") {
            body = [b"server_version\0", version.as_bytes(), b"\0"].concat();
            let length = body.len() as u32 + 4;
            head[1..].copy_from_slice(&length.to_be_bytes());
        }
        client.write_all(&head)?;
        client.write_all(&body)?;
    }
}

fn sample(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(
        "CREATE TABLE item (id int PRIMARY KEY, name text);
         INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 1000) n;
         SELECT lo_from_bytea(4711, 'large');",
    );
    database
}

/// A connection to a real server of 19 that says it is another.
fn pretended(database: &Database, version: &'static str) -> String {
    let port = pretend_version(database.server(), version).expect("a port can be had");
    format!(
        "postgresql://postgres@127.0.0.1:{port}/{}?sslmode=disable",
        database.name()
    )
}

#[test]
fn a_newer_server_is_refused_unless_it_is_allowed() {
    let database = sample(&Server::get(Major::V19));
    let url = pretended(&database, "20beta1");
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let said = failure(pgdumprs().args(["-d", &url, "-f"]).arg(&archive));
    assert_says(
        &said,
        &[
            "PostgreSQL 20beta1",
            "newer than the 19",
            "--allow-newer-server",
        ],
    );
    assert!(!archive.exists());

    let output = run(pgdumprs()
        .args(["--allow-newer-server", "-d", &url, "-f"])
        .arg(&archive));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("pgdumprs: warning: "), "{said}");
    assert_says(&said, &["20beta1", "as if it were 19"]);
    compare_restored(&database, &archive, &[Restore::Serial])
        .unwrap()
        .assert_same();
}

#[test]
fn a_server_that_is_not_newer_gets_no_warning() {
    let database = sample(&Server::get(Major::V19));
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let url = database.url();
    let output = run(pgdumprs()
        .args(["--allow-newer-server", "-d", &url, "-f"])
        .arg(archive));
    assert!(output.status.success());
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn an_older_server_is_refused_in_any_case() {
    let database = Server::get(Major::V19).database();
    let url = pretended(&database, "12.22 (Debian 12.22-1)");
    for more in [&[][..], &["--allow-newer-server"]] {
        let said = failure(pgdumprs().args(more).args(["-d", &url]));
        assert_says(&said, &["PostgreSQL 12.22", "13 and newer"]);
    }
}

#[test]
fn archive_versions_are_chosen() {
    let database = sample(&Server::get(Major::V17));
    let folder = tempfile::tempdir().unwrap();
    let dump = |arguments: &[&str]| {
        let archive = folder.path().join("db.dump");
        let url = database.url();
        let output = run(pgdumprs()
            .args(arguments)
            .args(["-d", &url, "-f"])
            .arg(&archive));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        compare_with_stock(&database, &archive, &[])
            .unwrap()
            .assert_same();
        // After the signature: the version's two numbers.
        fs::read(archive).unwrap()[..7].to_owned()
    };
    assert_eq!(dump(&[]), b"PGDMP\x01\x0e");
    assert_eq!(dump(&["--archive-version", "auto"]), b"PGDMP\x01\x0e");
    assert_eq!(dump(&["-Z", "zstd"]), b"PGDMP\x01\x0f");
    assert_eq!(dump(&["--archive-version", "1.14"]), b"PGDMP\x01\x0e");
    assert_eq!(dump(&["--archive-version=1.15"]), b"PGDMP\x01\x0f");
    assert_eq!(
        dump(&["--archive-version=1.16", "-Z", "lz4"]),
        b"PGDMP\x01\x10"
    );
}

#[test]
fn archive_versions_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    for method in ["lz4", "zstd:9"] {
        // Said before anything is connected to: nothing listens on port 1.
        let said = failure(
            pgdumprs()
                .args([
                    "--archive-version",
                    "1.14",
                    "-Z",
                    method,
                    "-h",
                    "127.0.0.1",
                    "-p",
                    "1",
                ])
                .args(["-U", "postgres", "-f"])
                .arg(&archive),
        );
        assert_says(
            &said,
            &["1.14", method.split(':').next().unwrap(), "1.15 or newer"],
        );
    }
    for version in ["1.13", "1.17", "2", "newest"] {
        let said = failure(pgdumprs().args(["--archive-version", version, "x"]));
        assert_says(&said, &[version, "1.14, 1.15, 1.16 and auto"]);
    }
}

#[test]
fn statistics_are_dumped_on_demand() {
    let database = sample(&Server::get(Major::V19));
    database.execute_sql("ANALYZE item");
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let output = run(pgdumprs()
        .args(["--statistics", "-d", &database.url(), "-f"])
        .arg(&archive));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    compare_with_stock(&database, &archive, &["--statistics"])
        .unwrap()
        .assert_same();
}
