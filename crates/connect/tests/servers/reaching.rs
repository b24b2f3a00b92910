//! Servers that cannot be reached.

use std::net::{TcpListener, ToSocketAddrs};
use std::time::{Duration, Instant};

use pgdumprs_connect::{ConnectParams, Error, Session};
use pgdumprs_testkit::{Major, Server};

use crate::secured::closed_port;

async fn refused(conninfo: &str) -> Error {
    let params = ConnectParams::parse(conninfo).unwrap();
    Session::connect(&params)
        .await
        .expect_err("this connection must fail")
}

#[tokio::test]
async fn nobody_listens() {
    let port = closed_port();
    let error = refused(&format!("host=127.0.0.1 port={port} user=ada dbname=shop")).await;
    let Error::Unreachable { attempts, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(attempts[0].address, format!("127.0.0.1:{port}"));
    assert_eq!(
        attempts[0].error.kind(),
        std::io::ErrorKind::ConnectionRefused
    );
    let text = error.to_string();
    assert!(text.contains("user \"ada\", database \"shop\""), "{text}");
    assert!(text.contains("is the server running"), "{text}");
}

#[tokio::test]
async fn no_socket_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(&format!("host={} user=ada", folder.path().display())).await;
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(".s.PGSQL.5432"), "{error}");
    assert!(
        error.to_string().contains("socket in that folder"),
        "{error}"
    );
}

#[tokio::test]
async fn a_name_without_an_address() {
    let error = refused("host=no-such-host.invalid user=ada").await;
    assert!(matches!(error, Error::Resolve { .. }), "{error}");
    assert!(
        error.to_string().contains("no-such-host.invalid"),
        "{error}"
    );
}

/// `localhost` has an address of each version on most machines, and one on some: the system's resolver says what to expect.
#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    let port = closed_port();
    let error = refused(&format!("host=localhost port={port} user=ada")).await;
    let Error::Unreachable { attempts, .. } = &error else {
        panic!("{error}")
    };
    let tried: Vec<_> = attempts.iter().map(|attempt| &attempt.address).collect();
    let resolved: Vec<_> = ("localhost", port)
        .to_socket_addrs()
        .unwrap()
        .map(|address| address.to_string())
        .collect();
    assert!(
        tried.iter().eq(&resolved.iter().collect::<Vec<_>>()),
        "{error}"
    );
    for address in &resolved {
        assert!(error.to_string().contains(address), "{error}");
    }
    // A server that listens on one of them only.
    let server = Server::get(Major::V15);
    let conninfo = format!("host=localhost port={} user=postgres", server.port());
    let session = Session::connect(&ConnectParams::parse(&conninfo).unwrap()).await;
    let address = session.unwrap().target().address.unwrap();
    assert_eq!(address.to_string(), "127.0.0.1");
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let begun = Instant::now();
    for mode in ["disable", "require"] {
        let error = refused(&format!(
            "host=127.0.0.1 port={port} user=ada connect_timeout=1 sslmode={mode}"
        ))
        .await;
        assert!(
            matches!(error, Error::Timeout { seconds: 1, .. }),
            "{error}"
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn something_that_is_no_postgresql() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    for mode in ["disable", "require"] {
        let error = refused(&format!(
            "host=127.0.0.1 port={port} user=ada sslmode={mode}"
        ))
        .await;
        assert!(
            error.to_string().contains("is this a PostgreSQL server?"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_next_host_is_tried() {
    let server = Server::get(Major::V15);
    let conninfo = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user=postgres",
        closed_port(),
        server.port()
    );
    let session = Session::connect(&ConnectParams::parse(&conninfo).unwrap())
        .await
        .unwrap();
    assert_eq!(session.target().port, Some(server.port()));
}

#[tokio::test]
async fn parameters_are_checked_before_anything_is_sent() {
    for (conninfo, part) in [
        ("user=a port=0", "port"),
        ("user=a port=x", "port"),
        ("user=a host=a,b,c port=1,2", "2 port numbers"),
        ("user=a hostaddr=name", "hostaddr"),
        ("user=a sslmode=full", "verify-full"),
        ("user=a channel_binding=maybe", "channel_binding"),
        ("user=a connect_timeout=soon", "connect_timeout"),
        ("host=a", "user"),
    ] {
        let error = refused(conninfo).await;
        assert!(matches!(error, Error::Parameters(_)), "{conninfo}: {error}");
        assert!(error.to_string().contains(part), "{conninfo}: {error}");
    }
}
