//! Certificates of the client, and certificates that their authority has taken back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pgdumprs_connect::{ConnectParams, Error};
use pgdumprs_testkit::Identity;
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::pbes2;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, DnType, KeyIdMethod, RevokedCertParams,
    date_time_ymd,
};
use tempfile::TempDir;

use crate::secured::{SERVER_SERIAL, encrypted, params, refused, secured};

const KEY_PASSWORD: &str = "open sesame";

/// A client's certificate for the role `certified`, with its key in several forms.
struct Client {
    folder: TempDir,
}

impl Client {
    fn new() -> Client {
        let folder = tempfile::tempdir().unwrap();
        let mut certificate = CertificateParams::new([]).unwrap();
        certificate
            .distinguished_name
            .push(DnType::CommonName, "certified");
        let Identity { certificate, key } = secured().authority.sign(certificate).unwrap();
        let parameters =
            pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(2048, b"saltsalt", [7; 16]);
        let der = key.serialize_der();
        let encrypted = pkcs8::PrivateKeyInfoRef::try_from(der.as_slice())
            .unwrap()
            .encrypt_with_params(parameters.unwrap(), KEY_PASSWORD)
            .unwrap();
        let encrypted = encrypted
            .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
            .unwrap();
        let client = Client { folder };
        client.write("client.crt", certificate.as_bytes());
        client.write("client.pem", key.serialize_pem().as_bytes());
        client.write("client.der", &der);
        client.write("encrypted.pem", encrypted.as_bytes());
        client.write(
            "old.pem",
            b"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
        );
        client
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Parameters for the role that only a certificate lets in.
    fn params(&self, key: &str, more: &str) -> ConnectParams {
        let mut params = params("localhost", "certified", &format!("sslmode=require {more}"));
        params
            .set("sslcert", self.path("client.crt").to_str().unwrap())
            .unwrap();
        params
            .set("sslkey", self.path(key).to_str().unwrap())
            .unwrap();
        params
    }
}

#[tokio::test]
async fn keys_in_every_form_let_the_client_in() {
    let client = Client::new();
    let password = format!("sslpassword='{KEY_PASSWORD}'");
    for (key, more) in [
        ("client.pem", "sslcertmode=require"),
        ("client.der", "ssl_max_protocol_version=TLSv1.2"),
        ("encrypted.pem", password.as_str()),
    ] {
        assert_eq!(
            encrypted(&client.params(key, more)).await.unwrap(),
            "t",
            "{key}"
        );
    }
    for (key, more, part) in [
        ("encrypted.pem", "", "sslpassword"),
        (
            "encrypted.pem",
            "sslpassword=wrong",
            "could not be decrypted",
        ),
        ("old.pem", "", "pkcs8 -topk8"),
        ("client.crt", "", "client.crt"),
        ("nothing.pem", "", "nothing.pem"),
    ] {
        let error = refused(&client.params(key, more)).await;
        assert!(matches!(error, Error::TlsSetup(_)), "{key}: {error}");
        assert!(error.to_string().contains(part), "{key}: {error}");
    }
    let everyone = fs::Permissions::from_mode(0o644);
    fs::set_permissions(client.path("client.pem"), everyone).unwrap();
    let error = refused(&client.params("client.pem", "")).await;
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn showing_a_certificate_can_be_forbidden_and_demanded() {
    let client = Client::new();
    let error = refused(&client.params("client.pem", "sslcertmode=disable")).await;
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
    // As in libpq, a certificate that is not there is not shown.
    let mut absent = client.params("client.pem", "");
    absent.set("sslcert", "/nowhere/client.crt").unwrap();
    let error = refused(&absent).await;
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
    for mode in ["require", "disable"] {
        let more = format!("sslmode={mode} sslcertmode=require");
        let error = refused(&params("localhost", "postgres", &more)).await;
        assert!(matches!(error, Error::Authentication { .. }), "{error}");
        assert!(error.to_string().contains("sslcertmode=require"), "{error}");
    }
}

#[tokio::test]
async fn a_strangers_certificate_lets_nobody_in() {
    let client = Client::new();
    let stranger = Identity::self_signed(CertificateParams::new([]).unwrap()).unwrap();
    client.write("client.crt", stranger.certificate.as_bytes());
    client.write("client.pem", stranger.key.serialize_pem().as_bytes());
    for version in ["TLSv1.2", "TLSv1.3"] {
        let more = format!("ssl_min_protocol_version={version} ssl_max_protocol_version={version}");
        let error = refused(&client.params("client.pem", &more)).await;
        assert!(matches!(error, Error::Tls { .. }), "{version}: {error}");
        assert!(
            error.to_string().contains("sslcert, sslkey"),
            "{version}: {error}"
        );
    }
}

/// Writes a list of revoked certificates with these serial numbers, good until the end of a year.
fn revocations(path: &Path, serials: &[u64], until: i32) {
    let revoked_certs = serials.iter().map(|&serial| RevokedCertParams {
        serial_number: serial.into(),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(until, 12, 31),
        crl_number: 1.into(),
        issuing_distribution_point: None,
        revoked_certs: revoked_certs.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(secured().authority.issuer()).unwrap();
    fs::write(path, list.pem().unwrap()).unwrap();
}

#[tokio::test]
async fn revoked_certificates_are_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.crt");
    fs::write(&root, secured().authority.pem()).unwrap();
    let lists = folder.path().join("lists");
    fs::create_dir(&lists).unwrap();
    let list = lists.join("authority.r0");
    let verifying = |keyword: &str, value: &Path| {
        let mut params = params("localhost", "scram", "sslmode=verify-full");
        params.set("sslrootcert", root.to_str().unwrap()).unwrap();
        params.set(keyword, value.to_str().unwrap()).unwrap();
        params
    };
    for (keyword, path) in [("sslcrl", &list), ("sslcrldir", &lists)] {
        revocations(&list, &[1], 2999);
        assert_eq!(encrypted(&verifying(keyword, path)).await.unwrap(), "t");
        revocations(&list, &[1, SERVER_SERIAL], 2999);
        let error = refused(&verifying(keyword, path)).await;
        assert!(
            error.to_string().contains("has taken it back"),
            "{keyword}: {error}"
        );
        // What may have been revoked since nobody knows.
        revocations(&list, &[1], 2021);
        let error = refused(&verifying(keyword, path)).await;
        assert!(
            error.to_string().contains("current list"),
            "{keyword}: {error}"
        );
    }
    let error = refused(&verifying("sslcrl", &folder.path().join("nothing"))).await;
    assert!(error.to_string().contains("sslcrl"), "{error}");
}
