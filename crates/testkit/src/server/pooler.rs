//! PgBouncer in front of a server.

use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::Result;

use super::account::Account;
use super::place::{folder, on_free_port, write_for};
use super::watchdog::{Launch, Running};
use super::{SUPERUSER, Server};
use crate::certificates::Identity;
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
    /// A certificate and its key, in PEM.
    tls: Option<(String, String)>,
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

    /// Takes clients over TLS only, with this certificate and key.
    pub fn tls(mut self, identity: &Identity) -> PoolerBuilder {
        self.tls = Some((identity.certificate.clone(), identity.key.serialize_pem()));
        self
    }

    /// Starts the pooler.
    ///
    /// # Errors
    ///
    /// When PgBouncer cannot be provisioned, or does not start; the message holds its log.
    pub fn start(self) -> Result<Pooler> {
        on_free_port(|port| self.start_on(port))
    }

    fn start_on(&self, port: u16) -> Result<Pooler> {
        let program = pgbouncer()?;
        let account = Account::choose()?;
        let folder = folder("pgdumprs-pooler-", account, false)?;
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
                write_for(account, &path, content.as_bytes())?;
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

    /// Sends it a signal, such as `KILL`.
    ///
    /// # Errors
    ///
    /// When it does not run any more.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.running.signal(name)
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
