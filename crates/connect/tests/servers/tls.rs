//! Certificates against a real server.

use std::path::PathBuf;

use crate::secured::{AUTHORITY, cancelled, encrypted, params, refused, secured, self_signed};
use pgdumprs_connect::{ConnectParams, Error, Session};
use pgdumprs_testkit::{Authority, Identity, Major, Server};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, SigningKey};
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

#[tokio::test]
async fn the_authority_and_the_name_are_verified() {
    let (_folder, root) = root_file(&secured().authority.pem());
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
        let (_folder, root) = root_file(&Authority::new(name).unwrap().pem());
        // With a file of authorities, require verifies too, as in libpq.
        for mode in ["verify-full", "verify-ca", "require"] {
            let error = refused(&verifying("localhost", mode, &root)).await;
            assert!(matches!(error, Error::Tls { .. }), "{mode}: {error}");
            assert!(error.to_string().contains("sslrootcert"), "{mode}: {error}");
        }
    }
    let (_folder, root) = root_file(&Authority::new("stranger").unwrap().pem());
    // prefer does not insist on TLS at all.
    let mut params = verifying("localhost", "prefer", &root);
    assert_eq!(encrypted(&params).await.unwrap(), "f");
    params.set_password("");
    let error = refused(&params).await;
    assert!(matches!(error, Error::PasswordMissing { .. }), "{error}");
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_its_own_authority() {
    // What PostgreSQL's documentation makes: one certificate that is both the server's and the
    // authority's.
    for is_authority in [true, false] {
        let mut certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
        if is_authority {
            certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let (server, certificate) = self_signed(Major::V15, certificate, &[]);
        let (_folder, root) = root_file(&certificate);
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
async fn a_name_in_the_subject_counts_where_there_are_no_others() {
    // What OpenSSL makes when it is asked for a certificate with a subject and nothing else.
    let mut certificate = CertificateParams::new([]).unwrap();
    let subject = &mut certificate.distinguished_name;
    subject.push(DnType::CommonName, "localhost");
    certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (server, certificate) = self_signed(Major::V15, certificate, &[]);
    let (_folder, root) = root_file(&certificate);
    let verifying = |host: &str| {
        let mut params = verifying(host, "verify-full", &root);
        params.set_port(server.port());
        params.set_user("postgres");
        params
    };
    assert_eq!(encrypted(&verifying("localhost")).await.unwrap(), "t");
    let error = refused(&verifying("127.0.0.1")).await;
    assert!(error.to_string().contains("another host name"), "{error}");
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

#[tokio::test]
async fn cancelling_goes_through_tls_too() {
    let (_folder, root) = root_file(&secured().authority.pem());
    let session = Session::connect(&verifying("localhost", "verify-full", &root)).await;
    assert_eq!(cancelled(session.unwrap()).await.as_deref(), Some("57014"));
}

/// A self-signed certificate of X.509 version 1: one of version 3 without its version and its
/// extensions, signed anew.
fn version_1(key: &KeyPair) -> String {
    let element = |tag: u8, content: &[u8]| {
        let [high, low] = (content.len() as u16).to_be_bytes();
        // DER allows the shortest form of a length alone.
        let head = match content.len() {
            ..0x80 => vec![tag, low],
            0x80..0x100 => vec![tag, 0x81, low],
            _ => vec![tag, 0x82, high, low],
        };
        [&head, content].concat()
    };
    // The pieces that a DER element consists of, each with its head.
    let pieces = |der: &[u8]| {
        let (_, content) = split(der);
        let (mut rest, mut pieces) = (content.to_vec(), Vec::new());
        while !rest.is_empty() {
            let (head, content) = split(&rest);
            let length = head + content.len();
            pieces.push(rest.drain(..length).collect::<Vec<u8>>());
        }
        pieces
    };
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(key).unwrap();
    let [signed, algorithm, _] = &pieces(certificate.der())[..] else {
        panic!("a certificate has three parts");
    };
    let kept: Vec<u8> = pieces(signed)
        .into_iter()
        .filter(|piece| !matches!(piece[0], 0xa0 | 0xa3))
        .flatten()
        .collect();
    let signed = element(0x30, &kept);
    let mut signature = vec![0];
    signature.extend(key.sign(&signed).unwrap());
    let whole = element(
        0x30,
        &[signed, algorithm.clone(), element(0x03, &signature)].concat(),
    );
    let encoded = base64(&whole);
    format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n")
}

/// The length of a DER element's head, and its content.
fn split(der: &[u8]) -> (usize, &[u8]) {
    let (head, length) = match der[1] {
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        length => (2, usize::from(length)),
    };
    (head, &der[head..head + length])
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (line, group) in bytes.chunks(3).enumerate() {
        if line > 0 && line % 16 == 0 {
            text.push('\n');
        }
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | u32::from(*group.get(at).unwrap_or(&0))
        });
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) as usize & 63;
            text.push(if digit <= group.len() {
                DIGITS[value].into()
            } else {
                '='
            });
        }
    }
    text
}

#[tokio::test]
async fn a_certificate_of_version_1_encrypts_but_cannot_be_verified() {
    let key = KeyPair::generate().unwrap();
    let certificate = version_1(&key);
    let server = Server::builder(Major::V15)
        .tls(&Identity { certificate, key })
        .start()
        .unwrap();
    let with = |mode: &str| {
        let mut params = params("localhost", "postgres", &format!("sslmode={mode}"));
        params.set_port(server.port());
        params
    };
    for mode in ["prefer", "require"] {
        assert_eq!(encrypted(&with(mode)).await.unwrap(), "t", "{mode}");
    }
    let (_folder, root) = root_file(&Authority::new("stranger").unwrap().pem());
    let mut params = with("verify-full");
    params.set("sslrootcert", root.to_str().unwrap()).unwrap();
    let error = refused(&params).await;
    assert!(error.to_string().contains("subjectAltName"), "{error}");
}
