//! Certificates against a real server.

use std::path::PathBuf;

use crate::secured::{AUTHORITY, encrypted, params, refused, secured};
use pgdumprs_connect::{ConnectParams, Error, Session};
use pgdumprs_testkit::{Major, Server};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// Writes certificates where `sslrootcert` can name them.
fn root_file(pem: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.crt");
    std::fs::write(&path, pem).unwrap();
    (folder, path)
}

fn verifying(host: &str, mode: &str, root: &std::path::Path) -> ConnectParams {
    let mut params = params(host, "scram", &format!("sslmode={mode}"));
    params.set("sslrootcert", root.to_str().unwrap()).unwrap();
    params
}

/// The certificate of an authority that has signed nothing.
fn stranger(name: &str) -> String {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap()
        .pem()
}

#[tokio::test]
async fn the_authority_and_the_name_are_verified() {
    let (_folder, root) = root_file(&secured().authority);
    for (host, mode) in [
        ("localhost", "verify-full"),
        ("localhost", "verify-ca"),
        ("127.0.0.1", "verify-ca"),
        ("127.0.0.1", "require"),
    ] {
        let params = verifying(host, mode, &root);
        assert_eq!(encrypted(&params).await.unwrap(), "t", "{host} {mode}");
    }
    let error = refused(&verifying("127.0.0.1", "verify-full", &root)).await;
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert!(
        error.to_string().contains("for another host name"),
        "{error}"
    );
}

#[tokio::test]
async fn a_strangers_certificate_is_not_trusted() {
    // The second one goes by the name of the right authority, with another key.
    for name in ["stranger", AUTHORITY] {
        let (_folder, root) = root_file(&stranger(name));
        // With a file of authorities, require verifies too, as in libpq.
        for mode in ["verify-full", "verify-ca", "require"] {
            let error = refused(&verifying("localhost", mode, &root)).await;
            assert!(matches!(error, Error::Tls { .. }), "{mode}: {error}");
            assert!(error.to_string().contains("sslrootcert"), "{mode}: {error}");
        }
    }
    let (_folder, root) = root_file(&stranger("stranger"));
    // prefer does not insist on TLS at all.
    assert_eq!(
        encrypted(&verifying("localhost", "prefer", &root))
            .await
            .unwrap(),
        "f"
    );
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_its_own_authority() {
    // What PostgreSQL's documentation makes: one certificate that is both the server's and the
    // authority's.
    for is_authority in [true, false] {
        let key = KeyPair::generate().unwrap();
        let mut certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
        if is_authority {
            certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = certificate.self_signed(&key).unwrap();
        let server = Server::builder(Major::V15)
            .setting("ssl", "on")
            .file("server.crt", certificate.pem())
            .file("server.key", key.serialize_pem())
            .start()
            .unwrap();
        let (_folder, root) = root_file(&certificate.pem());
        let connect = async |host: &str| {
            let mut params = verifying(host, "verify-full", &root);
            params.set_port(server.port());
            params.set_user("postgres");
            encrypted(&params).await
        };
        assert_eq!(connect("localhost").await.unwrap(), "t");
        let error = connect("127.0.0.1").await.unwrap_err();
        assert!(
            error.to_string().contains("for another host name"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn files_that_are_missing_or_broken_are_named() {
    let error = refused(&verifying(
        "localhost",
        "verify-ca",
        "/nowhere/root.crt".as_ref(),
    ))
    .await;
    assert!(matches!(error, Error::Parameters(_)), "{error}");
    assert!(error.to_string().contains("/nowhere/root.crt"), "{error}");
    let (_folder, root) = root_file("this is no certificate");
    let error = refused(&verifying("localhost", "verify-ca", &root)).await;
    assert!(matches!(error, Error::TlsSetup(_)), "{error}");
    assert!(error.to_string().contains("root.crt"), "{error}");
}

#[tokio::test]
async fn the_systems_authorities_need_the_full_check() {
    let mut weak = params("localhost", "scram", "sslmode=require");
    weak.set("sslrootcert", "system").unwrap();
    let error = refused(&weak).await;
    assert!(error.to_string().contains("verify-full"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    let server = Server::get(Major::V15);
    let with_mode = |mode: &str| {
        let mut params = params("127.0.0.1", "postgres", &format!("sslmode={mode}"));
        params.set_port(server.port());
        params
    };
    let error = refused(&with_mode("require")).await;
    assert!(
        matches!(
            error,
            Error::TlsRefused {
                sslmode: "require",
                ..
            }
        ),
        "{error}"
    );
    for mode in ["prefer", "allow", "disable"] {
        assert_eq!(encrypted(&with_mode(mode)).await.unwrap(), "f", "{mode}");
    }
}

#[tokio::test]
async fn data_comes_through_whole() {
    let mut session = Session::connect(&params("localhost", "scram", "sslmode=require"))
        .await
        .unwrap();
    let mut copy = session
        .copy_out("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 50000)) TO STDOUT")
        .await
        .unwrap();
    let mut length = 0;
    while let Some(piece) = copy.next().await.unwrap() {
        assert!(piece.iter().all(|&byte| byte == b'x' || byte == b'\n'));
        length += piece.len();
    }
    assert_eq!(length, 50_000 * 1001);
    assert_eq!(copy.rows(), Some(50_000));
}
