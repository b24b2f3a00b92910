//! What connection parameters come down to: checked, typed, with libpq's defaults.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::conninfo::ConnInfoError;
use crate::error::Target;
use crate::params::ConnectParams;
use crate::secret::Secret;
use crate::tls::TlsPlan;

/// The port of a server that does not say otherwise.
const DEFAULT_PORT: u16 = 5432;

/// The folders where packagers and PostgreSQL itself put the Unix socket.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// Parameters that change how a connection is protected and are not available here, with the values
/// that do not matter.
///
/// Ignoring one of them would weaken what its user asked for.
const UNAVAILABLE: [(&str, &[&str]); 11] = [
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslkeylogfile", &[]),
    ("sslnegotiation", &["postgres"]),
    ("gssencmode", &["disable", "prefer"]),
    ("requirepeer", &[]),
    ("require_auth", &[]),
    ("service", &[]),
    ("target_session_attrs", &["any"]),
    ("replication", &["false", "off", "no", "0"]),
    ("scram_client_key", &[]),
];

/// Whether SCRAM is bound to the TLS connection that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelBindingMode {
    Disable,
    Prefer,
    Require,
}

/// How the kernel watches over an idle TCP connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keepalive {
    pub(crate) on: bool,
    pub(crate) idle: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) count: Option<u32>,
    pub(crate) user_timeout: Option<Duration>,
}

/// A host to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// The name as given: what the certificate and the password file go by.
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) port: u16,
}

/// Where a host is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A name to resolve.
    Name(String),
    /// An address given as such.
    Address(IpAddr),
    /// A Unix socket.
    Socket(PathBuf),
}

/// Everything needed to open a session.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) hosts: Vec<Host>,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) password: Option<Secret>,
    pub(crate) passfile: Option<PathBuf>,
    pub(crate) application_name: String,
    pub(crate) options: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) keepalive: Keepalive,
    pub(crate) tls: TlsPlan,
    pub(crate) channel_binding: ChannelBindingMode,
}

impl Plan {
    pub(crate) fn new(params: &ConnectParams) -> Result<Self, ConnInfoError> {
        for (keyword, harmless) in UNAVAILABLE {
            if let Some(value) = params.non_empty(keyword)
                && !harmless.contains(&value)
            {
                return Err(ConnInfoError::new(format!(
                    "the connection parameter {keyword} is not available yet"
                )));
            }
        }
        let Some(user) = params.non_empty("user") else {
            return Err(ConnInfoError::new(
                "no user name is given; set one with -U or PGUSER",
            ));
        };
        let application_name = params
            .non_empty("application_name")
            .or(params.non_empty("fallback_application_name"))
            .unwrap_or("pgdumprs");
        Ok(Plan {
            hosts: hosts(params)?,
            user: user.to_owned(),
            database: params.non_empty("dbname").unwrap_or(user).to_owned(),
            password: params.non_empty("password").map(Secret::new),
            passfile: params.non_empty("passfile").map(PathBuf::from),
            application_name: application_name.to_owned(),
            options: params.non_empty("options").map(str::to_owned),
            timeout: seconds(params, "connect_timeout")?,
            keepalive: keepalive(params)?,
            tls: TlsPlan::new(params)?,
            channel_binding: match params.non_empty("channel_binding") {
                None | Some("prefer") => ChannelBindingMode::Prefer,
                Some("disable") => ChannelBindingMode::Disable,
                Some("require") => ChannelBindingMode::Require,
                Some(value) => {
                    return Err(invalid(
                        "channel_binding",
                        value,
                        "disable, prefer or require",
                    ));
                }
            },
        })
    }

    /// The place of `host`, for errors.
    pub(crate) fn target(&self, host: &Host) -> Target {
        let (name, port) = match &host.place {
            Place::Socket(path) => (path.display().to_string(), None),
            _ => (host.name.clone(), Some(host.port)),
        };
        Target {
            host: name,
            port,
            user: self.user.clone(),
            database: self.database.clone(),
        }
    }
}

/// The error for a value that a parameter does not take.
pub(crate) fn invalid(keyword: &str, value: &str, expected: &str) -> ConnInfoError {
    ConnInfoError::new(format!(
        "invalid value {value:?} of the connection parameter {keyword}: {expected} is expected"
    ))
}

fn hosts(params: &ConnectParams) -> Result<Vec<Host>, ConnInfoError> {
    let list = |keyword| -> Vec<&str> {
        params
            .non_empty(keyword)
            .map(|list| list.split(',').map(str::trim).collect())
            .unwrap_or_default()
    };
    let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(ConnInfoError::new(format!(
            "{} host names stand against {} values of hostaddr",
            names.len(),
            addresses.len()
        )));
    }
    let count = names.len().max(addresses.len()).max(1);
    if ports.len() > 1 && ports.len() != count {
        return Err(ConnInfoError::new(format!(
            "{} port numbers stand against {count} hosts",
            ports.len()
        )));
    }
    let mut hosts = Vec::with_capacity(count);
    for index in 0..count {
        let port = match ports.get(index).or(ports.first()) {
            None | Some(&"") => DEFAULT_PORT,
            Some(port) => parse_port(port)?,
        };
        let name = names.get(index).copied().unwrap_or_default();
        let address = addresses.get(index).copied().unwrap_or_default();
        hosts.push(host(name, address, port)?);
    }
    Ok(hosts)
}

fn host(name: &str, address: &str, port: u16) -> Result<Host, ConnInfoError> {
    if !address.is_empty() {
        let Ok(parsed) = address.parse() else {
            return Err(invalid("hostaddr", address, "an IP address"));
        };
        let name = if name.is_empty() { address } else { name };
        return Ok(Host {
            name: name.to_owned(),
            place: Place::Address(parsed),
            port,
        });
    }
    if name.is_empty() {
        return Ok(default_host(port));
    }
    let place = if name.starts_with('/') {
        Place::Socket(socket_path(name, port))
    } else if let Ok(address) = name.parse() {
        Place::Address(address)
    } else {
        Place::Name(name.to_owned())
    };
    Ok(Host {
        name: name.to_owned(),
        place,
        port,
    })
}

/// Where a server is looked for when no host is given: the usual socket folders.
fn default_host(port: u16) -> Host {
    if !cfg!(unix) {
        return Host {
            name: "localhost".into(),
            place: Place::Name("localhost".into()),
            port,
        };
    }
    let with_socket = SOCKET_FOLDERS
        .iter()
        .find(|folder| socket_path(folder, port).exists());
    let existing = || {
        SOCKET_FOLDERS
            .iter()
            .find(|folder| Path::new(folder).is_dir())
    };
    let folder = with_socket.or_else(existing).unwrap_or(&SOCKET_FOLDERS[1]);
    // The password file calls the default socket localhost.
    Host {
        name: "localhost".into(),
        place: Place::Socket(socket_path(folder, port)),
        port,
    }
}

/// The socket of a server in its folder: the file's name holds the port.
fn socket_path(folder: &str, port: u16) -> PathBuf {
    Path::new(folder).join(format!(".s.PGSQL.{port}"))
}

fn parse_port(text: &str) -> Result<u16, ConnInfoError> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(invalid("port", text, "a number from 1 to 65535")),
    }
}

/// A number in a parameter, with the blanks around it that libpq allows.
fn number<T: FromStr>(params: &ConnectParams, keyword: &str) -> Result<Option<T>, ConnInfoError> {
    let Some(text) = params.non_empty(keyword) else {
        return Ok(None);
    };
    match text.trim().parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(invalid(keyword, text, "a whole number")),
    }
}

/// A time in seconds; zero and less stand for none.
fn seconds(params: &ConnectParams, keyword: &str) -> Result<Option<Duration>, ConnInfoError> {
    let seconds = number::<i32>(params, keyword)?.filter(|&seconds| seconds > 0);
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.unsigned_abs().into())))
}

fn keepalive(params: &ConnectParams) -> Result<Keepalive, ConnInfoError> {
    let milliseconds = number::<i32>(params, "tcp_user_timeout")?.filter(|&time| time > 0);
    Ok(Keepalive {
        on: number::<i32>(params, "keepalives")? != Some(0),
        idle: seconds(params, "keepalives_idle")?,
        interval: seconds(params, "keepalives_interval")?,
        count: number::<i32>(params, "keepalives_count")?
            .filter(|&count| count > 0)
            .map(i32::unsigned_abs),
        user_timeout: milliseconds.map(|time| Duration::from_millis(time.unsigned_abs().into())),
    })
}
