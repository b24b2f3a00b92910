//! Puts a server together: data directory, settings, access rules.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::account::Account;
use super::place::{folder, on_free_port, write_for};
use super::watchdog::Launch;
use super::{Postmaster, Server, standby, template};
use crate::Release;
use crate::certificates::Identity;
use crate::provision::provision;

/// Settings of every test server. They lose nothing that a test looks at: durability is for
/// crashes, and background work would only make statistics vary.
const SETTINGS: [(&str, &str); 9] = [
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("autovacuum", "off"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("listen_addresses", "127.0.0.1"),
    // Standbys find what was written while they were copied, however many checkpoints there are.
    ("wal_keep_size", "128MB"),
];

/// Prepares a server with settings, access rules or files of its own.
#[derive(Clone, Debug)]
pub struct ServerBuilder {
    release: Release,
    settings: Vec<(String, String)>,
    access_rules: Option<String>,
    files: Vec<(String, Vec<u8>)>,
    primary: Option<Server>,
    on_disk: bool,
}

impl ServerBuilder {
    pub(super) fn new(release: Release) -> ServerBuilder {
        ServerBuilder {
            release,
            settings: SETTINGS
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
            access_rules: None,
            files: Vec::new(),
            primary: None,
            on_disk: false,
        }
    }

    pub(super) fn standby_of(primary: &Server) -> ServerBuilder {
        let conninfo = standby::primary_conninfo(primary);
        ServerBuilder {
            primary: Some(primary.clone()),
            ..ServerBuilder::new(primary.release())
        }
        .setting("primary_conninfo", &conninfo)
    }

    /// Sets a configuration parameter, as in `postgresql.conf`; a later call wins.
    pub fn setting(mut self, name: &str, value: &str) -> ServerBuilder {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces `pg_hba.conf`, which by default trusts everybody.
    ///
    /// A `local` rule that trusts `postgres` is put first, for the test kit's own psql and for standbys.
    pub fn access_rules(mut self, rules: &str) -> ServerBuilder {
        let own = format!("local all,replication {} trust", super::SUPERUSER);
        self.access_rules = Some(format!("{own}\n{rules}\n"));
        self
    }

    /// Puts a file into the data directory, readable by the server alone, such as `server.key`.
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> ServerBuilder {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// Offers TLS, with this certificate and key.
    pub fn tls(self, identity: &Identity) -> ServerBuilder {
        self.setting("ssl", "on")
            .file("server.crt", identity.certificate.as_str())
            .file("server.key", identity.key.serialize_pem())
    }

    /// Keeps the data directory on disk, where times are measured. Otherwise it is in memory if there is room.
    pub fn on_disk(mut self) -> ServerBuilder {
        self.on_disk = true;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When the major cannot be provisioned, or the server does not start; the message holds the
    /// server's log.
    pub fn start(self) -> Result<Server> {
        on_free_port(|port| self.start_on(port))
    }

    fn start_on(&self, port: u16) -> Result<Server> {
        let installation = provision(self.release)?;
        let account = Account::choose()?;
        let folder = folder("pgdumprs-", account, self.on_disk)?;
        let data = folder.path().join("data");
        match &self.primary {
            Some(primary) => standby::copy_to(&data, primary, account)?,
            None => template::copy_to(&data, &installation, account)?,
        }
        if let Some(rules) = &self.access_rules {
            write_for(account, &data.join("pg_hba.conf"), rules.as_bytes())?;
        }
        for (name, content) in &self.files {
            write_for(account, &data.join(name), content)?;
        }

        let mut command_line = vec![
            path_text(&installation.server_bin().join("postgres")),
            "-D".to_owned(),
            path_text(&data),
            "-c".to_owned(),
            format!("unix_socket_directories={}", folder.path().display()),
            "-c".to_owned(),
            format!("port={port}"),
        ];
        for (name, value) in &self.settings {
            command_line.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
        let launch = Launch {
            command_line,
            // From here on the watchdog removes the folder.
            folder: folder.keep(),
            account,
        };
        let pid_file = data.join("postmaster.pid");
        Ok(Server {
            inner: Arc::new(Postmaster {
                running: launch.start(|| says_ready(&pid_file))?,
                release: self.release,
                data,
                port,
            }),
        })
    }
}

/// A postmaster writes its state into the eighth line of its pid file.
fn says_ready(pid_file: &Path) -> bool {
    fs::read_to_string(pid_file).is_ok_and(|text| {
        text.lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    })
}

/// Whether the postmaster with this process number says that it is ready: another may have left its pid file.
pub(super) fn says_ready_as(data: &Path, process: &str) -> bool {
    let pid_file = data.join("postmaster.pid");
    let is_its_own = fs::read_to_string(&pid_file)
        .is_ok_and(|text| text.lines().next().map(str::trim) == Some(process));
    is_its_own && says_ready(&pid_file)
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}
