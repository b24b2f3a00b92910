//! What client and server agree on before the session: TLS, its version, the protocol's version.

use std::fs;

use pgdumprs_connect::{ConnectParams, Error, Session};
use pgdumprs_testkit::{Major, Server};
use rcgen::CertificateParams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;

use crate::secured::{cancelled, encrypted, params, refused, self_signed};
use crate::speaker::{Speaker, refusal};

/// A server with TLS, of one's own settings.
fn with_tls(major: Major, settings: &[(&str, &str)]) -> Server {
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    self_signed(major, certificate, settings).0
}

fn at(server: &Server, more: &str) -> ConnectParams {
    let mut params = params("localhost", "postgres", more);
    params.set_port(server.port());
    params
}

#[tokio::test]
async fn direct_tls_needs_a_server_that_knows_it() {
    const DIRECT: &str = "sslmode=require sslnegotiation=direct";
    for major in [Major::V17, Major::V18] {
        let server = with_tls(major, &[]);
        assert_eq!(
            encrypted(&at(&server, DIRECT)).await.unwrap(),
            "t",
            "{major}"
        );
        let session = Session::connect(&at(&server, DIRECT)).await.unwrap();
        session
            .another()
            .await
            .unwrap()
            .query("SELECT 1")
            .await
            .unwrap();
        assert_eq!(cancelled(session).await.as_deref(), Some("57014"));
    }
    let error = refused(&params("localhost", "postgres", DIRECT)).await;
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert!(error.to_string().contains("PostgreSQL 17"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_goes_on_over_the_same_socket() {
    let speaker = Speaker::start(vec![b"N".to_vec(), refusal("28000")]).await;
    let mut params = params("127.0.0.1", "postgres", "sslmode=prefer");
    params.set_port(speaker.port);
    let error = refused(&params).await;
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
    assert_eq!(speaker.connections(), 1);
    // Its words are not to be trusted before it has proved who it is.
    let speaker = Speaker::start(vec![refusal("57P03")]).await;
    params.set_port(speaker.port);
    let error = refused(&params).await;
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert_eq!(speaker.connections(), 1);
}

/// The name that a client asks for in its first message of TLS: hosts of many databases find the right one by it.
async fn name_asked_for(more: &str) -> Option<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        if !more.contains("direct") {
            stream.read_exact(&mut [0; 8]).await.unwrap();
            stream.write_all(b"S").await.unwrap();
        }
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let hello = hello.await.unwrap();
        hello.client_hello().server_name().map(str::to_owned)
    };
    let conninfo = format!("hostaddr=127.0.0.1 port={port} user=ada sslmode=require {more}");
    let params = ConnectParams::parse(&conninfo).unwrap();
    let (name, error) = tokio::join!(server, refused(&params));
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    name
}

#[tokio::test]
async fn the_hosts_name_is_asked_for() {
    let name = "ep-cool-1.eu.aws.neon.tech";
    for (more, expected) in [
        (format!("host={name}"), Some(name)),
        (format!("host={name} sslnegotiation=direct"), Some(name)),
        (format!("host={name} sslsni=0"), None),
        // As in libpq, an address is no name.
        ("host=127.0.0.1".to_owned(), None),
    ] {
        assert_eq!(name_asked_for(&more).await.as_deref(), expected, "{more}");
    }
}

#[tokio::test]
async fn versions_of_tls_have_bounds() {
    let server = with_tls(Major::V17, &[("ssl_max_protocol_version", "TLSv1.2")]);
    let with = |more: &str| at(&server, &format!("sslmode=require {more}"));
    for more in [
        "",
        "ssl_min_protocol_version=TLSv1",
        "ssl_max_protocol_version=tlsv1.2",
    ] {
        assert_eq!(encrypted(&with(more)).await.unwrap(), "t", "{more}");
    }
    let error = refused(&with("ssl_min_protocol_version=TLSv1.3")).await;
    assert!(matches!(error, Error::Tls { .. }), "{error}");
}

#[tokio::test]
async fn keys_are_logged_where_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("keys");
    let mut params = params("localhost", "postgres", "sslmode=require");
    params.set("sslkeylogfile", log.to_str().unwrap()).unwrap();
    Session::connect(&params).await.unwrap();
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("CLIENT_TRAFFIC_SECRET_0 "), "{text}");
    params.set("sslkeylogfile", "/nowhere/keys").unwrap();
    let error = refused(&params).await;
    assert!(error.to_string().contains("sslkeylogfile"), "{error}");
}

#[tokio::test]
async fn versions_of_the_protocol_are_agreed_on() {
    let outcome = async |major: Major, more: &str| {
        let session = Session::connect(&at(&Server::get(major), more)).await;
        Ok::<_, String>(cancelled(session.map_err(|error| error.to_string())?).await)
    };
    let canceled = Ok(Some("57014".to_owned()));
    // Keys for cancelling have 32 bytes from protocol 3.2 on.
    for (major, more) in [
        (Major::V18, "min_protocol_version=3.2"),
        (Major::V18, "max_protocol_version=latest"),
        (Major::V15, "max_protocol_version=latest"),
    ] {
        assert_eq!(outcome(major, more).await, canceled, "{major} {more}");
    }
    let error = outcome(Major::V15, "min_protocol_version=3.2")
        .await
        .unwrap_err();
    assert!(error.contains("min_protocol_version=3.2"), "{error}");
}

#[tokio::test]
async fn settings_of_the_session_arrive() {
    let server = Server::get(Major::V15);
    let more = "options='-c geqo_threshold=7 -c statement_timeout=1min' fallback_application_name=fallback";
    let mut session = Session::connect(&at(&server, more)).await.unwrap();
    let mut show = async |name: &str| {
        let rows = session.query(format!("SHOW {name}")).await.unwrap();
        rows.one().unwrap().bytes(0).unwrap().to_string()
    };
    assert_eq!(show("geqo_threshold").await, "7");
    assert_eq!(show("statement_timeout").await, "1min");
    assert_eq!(show("application_name").await, "fallback");
    let mut session = Session::connect(&at(&server, "")).await.unwrap();
    let rows = session.query("SHOW application_name").await.unwrap();
    assert_eq!(rows.one().unwrap().bytes(0).unwrap(), "pgdumprs");
    // What Neon's proxy takes for itself reaches any other server as it is.
    let endpoint = format!(
        "postgresql://postgres@127.0.0.1:{}/postgres?options=endpoint%3Dep-cool-1",
        server.port()
    );
    let error = refused(&ConnectParams::parse(&endpoint).unwrap()).await;
    assert!(error.to_string().contains("endpoint=ep-cool-1"), "{error}");
}
