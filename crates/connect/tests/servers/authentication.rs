//! Passwords against a real server.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::secured::{encrypted, params, refused, secured};
use pgdumprs_connect::{Error, Session};

#[tokio::test]
async fn every_way_to_send_a_password() {
    for user in ["scram", "md5", "cleartext"] {
        for mode in ["sslmode=disable", "sslmode=require"] {
            let encrypted = encrypted(&params("127.0.0.1", user, mode)).await;
            let expected = if mode == "sslmode=require" { "t" } else { "f" };
            assert_eq!(encrypted.unwrap(), expected, "{user} {mode}");
        }
    }
}

#[tokio::test]
async fn scram_over_a_unix_socket() {
    let folder = secured().server.socket_dir().to_str().unwrap();
    // A Unix socket has no TLS, and needs none.
    let params = params(folder, "scram", "sslmode=require");
    assert_eq!(encrypted(&params).await.unwrap(), "f");
}

#[tokio::test]
async fn channel_binding_is_used_and_can_be_demanded() {
    let required = "sslmode=require channel_binding=require";
    assert_eq!(
        encrypted(&params("localhost", "scram", required))
            .await
            .unwrap(),
        "t"
    );
    for more in ["sslmode=require channel_binding=disable", "sslmode=require"] {
        assert_eq!(
            encrypted(&params("localhost", "scram", more))
                .await
                .unwrap(),
            "t",
            "{more}"
        );
    }
    for (user, more) in [
        ("scram", "sslmode=disable channel_binding=require"),
        ("md5", required),
        ("cleartext", required),
        ("postgres", required),
    ] {
        let error = refused(&params("localhost", user, more)).await;
        assert!(
            matches!(error, Error::Authentication { .. }),
            "{user}: {error}"
        );
        assert!(
            error.to_string().contains("channel_binding=require"),
            "{user}: {error}"
        );
    }
}

#[tokio::test]
async fn wrong_and_missing_passwords() {
    for user in ["scram", "md5", "cleartext"] {
        let mut params = params("127.0.0.1", user, "");
        params.set_password("wrong");
        let error = refused(&params).await;
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert_eq!(error.sqlstate(), Some("28P01"), "{error}");
        assert!(
            error.to_string().contains("check user and password"),
            "{error}"
        );
        params.set_password("");
        let error = refused(&params).await;
        assert!(matches!(error, Error::PasswordMissing { .. }), "{error}");
        assert!(error.to_string().contains("PGPASSWORD"), "{error}");
    }
}

#[tokio::test]
async fn the_password_file_is_used_and_its_permissions_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passwords");
    let password = crate::secured::PASSWORD
        .replace('\\', "\\\\")
        .replace(':', "\\:");
    fs::write(&path, format!("127.0.0.1:*:postgres:scram:{password}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut params = params("127.0.0.1", "scram", "");
    params.set_password("");
    params.set("passfile", path.to_str().unwrap()).unwrap();
    Session::connect(&params).await.unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = refused(&params).await;
    assert!(matches!(error, Error::PasswordMissing { .. }), "{error}");
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let mut no_database = params("127.0.0.1", "scram", "");
    no_database.set_dbname("nothing_here");
    let error = refused(&no_database).await;
    assert_eq!(error.sqlstate(), Some("3D000"), "{error}");
    assert!(error.to_string().contains("nothing_here"), "{error}");

    let error = refused(&params("127.0.0.1", "nobody_here", "")).await;
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
    assert!(error.to_string().contains("nobody_here"), "{error}");
    assert!(error.to_string().contains("pg_hba.conf"), "{error}");
}

#[tokio::test]
async fn access_rules_by_encryption_are_met() {
    // As in libpq, prefer and allow each try the other kind when the server turns the first one
    // away.
    for (user, mode, expected) in [
        ("only_tls", "prefer", "t"),
        ("only_tls", "allow", "t"),
        ("only_plain", "prefer", "f"),
        ("only_plain", "allow", "f"),
        ("scram", "prefer", "t"),
        ("scram", "allow", "f"),
    ] {
        let params = params("127.0.0.1", user, &format!("sslmode={mode}"));
        assert_eq!(encrypted(&params).await.unwrap(), expected, "{user} {mode}");
    }
    let error = refused(&params("127.0.0.1", "only_tls", "sslmode=disable")).await;
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
    let error = refused(&params("127.0.0.1", "only_plain", "sslmode=require")).await;
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
}
