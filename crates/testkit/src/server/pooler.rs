//! PgBouncer in front of a server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result};

use super::account::Account;
use super::builder::{PORT_ATTEMPTS, free_port, write_for};
use super::watchdog::{Launch, Running};
use super::{SUPERUSER, Server};
use crate::provision::pgbouncer;

/// Prepares a PgBouncer with settings of its own.
///
/// By default it takes everybody for the server's superuser, carries transactions, and has room for many clients.
#[derive(Clone, Debug)]
pub struct PoolerBuilder {
    server: Server,
    settings: Vec<(String, String)>,
    /// Where it logs in as its clients do, their names and passwords.
    users: Vec<(String, String)>,
    /// A certificate and its key.
    tls: Option<(Vec<u8>, Vec<u8>)>,
}

impl PoolerBuilder {
    pub(super) fn new(server: &Server) -> PoolerBuilder {
        let settings = [("pool_mode", "transaction"), ("max_client_conn", "200")];
        PoolerBuilder {
            server: server.clone(),
            settings: settings
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            users: Vec::new(),
            tls: None,
        }
    }

    /// Sets a configuration parameter, as in `pgbouncer.ini`; a later call wins.
    pub fn setting(mut self, name: &str, value: &str) -> PoolerBuilder {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets this user in, by SCRAM with this password, and nobody who is not named so; the pooler logs in to the server as the same user.
    pub fn user(mut self, name: &str, password: &str) -> PoolerBuilder {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Takes clients over TLS only, with this certificate and key in PEM.
    pub fn tls(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> PoolerBuilder {
        self.tls = Some((certificate.into(), key.into()));
        self
    }

    /// Starts the pooler.
    ///
    /// # Errors
    ///
    /// When PgBouncer cannot be provisioned, or does not start; the message holds its log.
    pub fn start(self) -> Result<Pooler> {
        let mut attempt = 1;
        loop {
            match self.start_on(free_port()?) {
                Err(error)
                    if attempt < PORT_ATTEMPTS
                        && format!("{error:#}").contains("Address already in use") =>
                {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn start_on(&self, port: u16) -> Result<Pooler> {
        let program = pgbouncer()?;
        let account = Account::choose()?;
        let folder = tempfile::Builder::new()
            .prefix("pgdumprs-pooler-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .context("creating the pooler's folder")?;
        account.give(folder.path())?;
        let file = folder.path().join("pgbouncer.ini");
        write_for(
            account,
            &file,
            self.configure(account, folder.path(), port)?.as_bytes(),
        )?;
        let launch = Launch {
            command_line: vec![program.display().to_string(), file.display().to_string()],
            // From here on the watchdog removes the folder.
            folder: folder.keep(),
            account,
        };
        let socket = file.with_file_name(format!(".s.PGSQL.{port}"));
        Ok(Pooler {
            running: launch.start(|| UnixStream::connect(&socket).is_ok())?,
            port,
        })
    }

    /// Writes what the configuration names into `folder`, and returns its text.
    fn configure(&self, account: Account, folder: &Path, port: u16) -> Result<String> {
        let mut settings: Vec<(&str, String)> = vec![
            ("listen_addr", "127.0.0.1".to_owned()),
            ("listen_port", port.to_string()),
            ("unix_socket_dir", folder.display().to_string()),
            ("admin_users", SUPERUSER.to_owned()),
        ];
        let mut place = format!(
            "host={} port={}",
            self.server.socket_dir().display(),
            self.server.port()
        );
        if self.users.is_empty() {
            settings.push(("auth_type", "any".to_owned()));
            place.push_str(&format!(" user={SUPERUSER}"));
        } else {
            let users = folder.join("users");
            let lines: Vec<_> = self
                .users
                .iter()
                .map(|(name, password)| format!("\"{name}\" \"{password}\"\n"))
                .collect();
            write_for(account, &users, lines.concat().as_bytes())?;
            settings.push(("auth_type", "scram-sha-256".to_owned()));
            settings.push(("auth_file", users.display().to_string()));
        }
        if let Some((certificate, key)) = &self.tls {
            settings.push(("client_tls_sslmode", "require".to_owned()));
            for (setting, name, content) in [
                ("client_tls_cert_file", "server.crt", certificate),
                ("client_tls_key_file", "server.key", key),
            ] {
                let path = folder.join(name);
                write_for(account, &path, content)?;
                settings.push((setting, path.display().to_string()));
            }
        }
        let mut text = format!("[databases]\n* = {place}\n[pgbouncer]\n");
        let own = settings.iter().map(|(name, value)| (*name, value));
        let given = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value));
        for (name, value) in own.chain(given) {
            text.push_str(&format!("{name} = {value}\n"));
        }
        Ok(text)
    }
}

/// A running PgBouncer; it stops when dropped.
#[derive(Debug)]
pub struct Pooler {
    running: Running,
    port: u16,
}

impl Pooler {
    /// The TCP port on 127.0.0.1; the socket's name holds the same number.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connection parameters in libpq's keyword form for a database behind it, through the socket and as superuser.
    pub fn conninfo(&self, database: &str) -> String {
        format!(
            "host={} port={} user={SUPERUSER} dbname={database}",
            self.running.folder().display(),
            self.port
        )
    }
}
