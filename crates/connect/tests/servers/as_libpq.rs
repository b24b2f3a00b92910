//! The same connection strings, given to libpq: the same ones succeed, with the same encryption.

use std::path::Path;

use pgdumprs_connect::ConnectParams;
use pgdumprs_testkit::{Authority, Major, tool};

use crate::secured::{PASSWORD, encrypted, secured};

/// What stock psql comes to: whether the connection is encrypted, or nothing where there is none.
fn libpqs(conninfo: &str, home: &Path) -> Option<String> {
    let output = tool(Major::REFERENCE, "psql")
        .args(["-X", "-w", "-A", "-t", "-d", conninfo, "-c"])
        .arg("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        .env("HOME", home)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| text.trim().to_owned())
}

async fn ours(conninfo: &str, home: &Path) -> Option<String> {
    let home = home.to_str().map(str::to_owned);
    let params = ConnectParams::parse(conninfo)
        .unwrap()
        .resolve(|name| home.clone().filter(|_| name == "HOME"));
    encrypted(&params.unwrap()).await.ok()
}

/// The connection strings to compare: all of the modes against all of the access rules, and requirements.
fn conninfos(root: &Path, strangers: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let users = ["scram", "only_tls", "only_plain", "postgres"];
    let modes = [
        "disable",
        "allow",
        "prefer",
        "require",
        "verify-ca",
        "verify-full",
    ];
    for user in users {
        for mode in modes {
            for roots in [None, Some(root), Some(strangers)] {
                let roots = roots.map(|path| format!("sslrootcert={}", path.display()));
                let roots = roots.unwrap_or_default();
                // The certificate is for the first of the names alone.
                let hosts: &[&str] = match mode {
                    "verify-full" => &["localhost", "127.0.0.1"],
                    _ => &["127.0.0.1"],
                };
                for host in hosts {
                    all.push(format!("host={host} user={user} sslmode={mode} {roots}"));
                }
            }
        }
    }
    for user in ["scram", "cleartext", "postgres"] {
        for more in [
            "channel_binding=require",
            "channel_binding=require sslmode=disable",
            "channel_binding=disable",
            "require_auth=scram-sha-256",
            "require_auth=!scram-sha-256",
            "require_auth=none",
            "require_auth=!none,!md5",
            "require_auth=password,none",
            "require_auth=password,!none",
            "sslcertmode=require",
            "sslmode=require sslnegotiation=direct",
            "sslnegotiation=direct",
            "ssl_max_protocol_version=TLSv1.2 sslmode=require",
            "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
            "target_session_attrs=standby",
            "target_session_attrs=prefer-standby",
            "max_protocol_version=latest",
            "min_protocol_version=3.2",
            "password=wrong",
            "gssencmode=disable",
            "requirepeer=nobody",
            "load_balance_hosts=random",
            "load_balance_hosts=often",
            "connect_timeout=x",
            "options='-c no_such_setting=1'",
        ] {
            all.push(format!("host=127.0.0.1 user={user} {more}"));
        }
    }
    all
}

#[tokio::test]
async fn what_libpq_connects_to_we_connect_to() {
    let server = &secured().server;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, pem: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let root = write("root.crt", &secured().authority.pem());
    let strangers = write("strangers.crt", &Authority::new("stranger").unwrap().pem());
    let password = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
    let mut different = Vec::new();
    let all = conninfos(&root, &strangers);
    for conninfo in &all {
        let port = server.port();
        let whole = format!("port={port} dbname=postgres password='{password}' {conninfo}");
        let (theirs, home) = (whole.clone(), folder.path().to_owned());
        let expected = tokio::task::spawn_blocking(move || libpqs(&theirs, &home));
        let (expected, found) = tokio::join!(expected, ours(&whole, folder.path()));
        let expected = expected.unwrap();
        if expected != found {
            different.push(format!("{conninfo}: libpq {expected:?}, ours {found:?}"));
        }
    }
    assert!(all.len() > 150, "{} were compared", all.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}
