//! What the client insists on: ways to authenticate, the owner of a socket; and odd places for sockets.

use pgdumprs_connect::{ConnectParams, Error, Session};
use pgdumprs_testkit::{Major, Server};

use crate::secured::{params, refused};

#[tokio::test]
async fn ways_to_authenticate_are_required() {
    for (user, required) in [
        ("scram", "scram-sha-256"),
        ("scram", "!password,!md5,!none"),
        ("md5", "md5,scram-sha-256"),
        ("cleartext", "password"),
        ("postgres", "none"),
        ("postgres", "!password"),
        ("postgres", "none,scram-sha-256"),
    ] {
        let params = params("127.0.0.1", user, &format!("require_auth={required}"));
        Session::connect(&params)
            .await
            .unwrap_or_else(|error| panic!("{user} {required}: {error}"));
    }
    for (user, required, part) in [
        ("scram", "md5", "asks for scram-sha-256"),
        ("md5", "scram-sha-256", "asks for md5"),
        ("cleartext", "!password", "asks for password"),
        ("postgres", "scram-sha-256", "without asking"),
        ("postgres", "!none", "without asking"),
    ] {
        let error = refused(&params(
            "127.0.0.1",
            user,
            &format!("require_auth={required}"),
        ))
        .await;
        assert!(
            matches!(error, Error::Authentication { .. }),
            "{user}: {error}"
        );
        for part in [part, &format!("require_auth={required}")] {
            assert!(error.to_string().contains(part), "{user}: {error}");
        }
    }
}

#[tokio::test]
async fn the_owner_of_a_socket_is_required() {
    let server = Server::get(Major::V15);
    let owner = std::fs::metadata(server.data_dir()).unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&owner).to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let owner = users.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        (fields.get(2) == Some(&owner.as_str())).then(|| fields[0].to_owned())
    });
    let owner = owner.expect("the server's user has a name");
    let with = |host: &str, peer: &str| {
        let mut params = params(host, "postgres", &format!("requirepeer={peer}"));
        params.set_port(server.port());
        params
    };
    let folder = server.socket_dir().to_str().unwrap();
    Session::connect(&with(folder, &owner)).await.unwrap();
    let error = refused(&with(folder, "somebody_else")).await;
    assert!(matches!(error, Error::Authentication { .. }), "{error}");
    for part in ["requirepeer=somebody_else", &owner] {
        assert!(error.to_string().contains(part), "{error}");
    }
    // As in libpq, it only matters to sockets.
    Session::connect(&with("127.0.0.1", "somebody_else"))
        .await
        .unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn sockets_may_have_no_file() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let name = format!("pgdumprs-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(format!("{name}/.s.PGSQL.5432")).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::UnixListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(&crate::speaker::refusal("28000")).await;
    });
    let conninfo = format!("host=@{name} user=ada");
    let error = refused(&ConnectParams::parse(&conninfo).unwrap()).await;
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn without_a_host_the_usual_folders_are_searched_for_the_socket() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    // A port that is this test's own is a name that is its own.
    let port = crate::secured::closed_port();
    let path = format!("/tmp/.s.PGSQL.{port}");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(&crate::speaker::refusal("28000")).await;
    });
    let conninfo = format!("port={port} user=ada");
    let error = Session::connect(&ConnectParams::parse(&conninfo).unwrap()).await;
    std::fs::remove_file(&path).unwrap();
    let error = error.unwrap_err();
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
    assert!(error.to_string().contains(&path), "{error}");
}

#[tokio::test]
async fn addresses_of_version_6_are_reached() {
    let Ok(listener) = std::net::TcpListener::bind(("::1", 0)) else {
        eprintln!("this machine has no addresses of version 6: only their parsing is tested");
        return;
    };
    drop(listener);
    let server = Server::builder(Major::V15)
        .setting("listen_addresses", "127.0.0.1,::1")
        .access_rules("host all all ::1/128 trust")
        .start()
        .unwrap();
    let port = server.port();
    for conninfo in [
        format!("postgresql://postgres@[::1]:{port}/postgres"),
        format!("host=name.invalid hostaddr=::1 port={port} user=postgres"),
    ] {
        let session = Session::connect(&ConnectParams::parse(&conninfo).unwrap()).await;
        let session = session.unwrap_or_else(|error| panic!("{conninfo}: {error}"));
        assert!(
            session
                .target()
                .address
                .is_some_and(|address| address.is_ipv6())
        );
    }
}
