//! What connection parameters come down to: checked, typed, with libpq's defaults.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::authentication::methods::RequiredAuth;
use crate::authentication::secret::Secret;
use crate::parameters::ConnectParams;
use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::hosts::{Host, Place, hosts};
use crate::session::server_kind::ServerKind;
use crate::session::target::Target;
use crate::tls::TlsPlan;
use crate::wire::protocol::ProtocolVersions;

/// Parameters that change how a connection is protected or what it is for and are not available here, with the values that
/// change nothing, and what to do without them.
///
/// Ignoring one of them would weaken or miss what its user asked for. Those that only matter to Kerberos and OAuth
/// (`krbsrvname`, `gsslib`, `gssdelegation`, `oauth_…`) have no effect until a server asks for these, which fails.
const UNAVAILABLE: [(&str, &[&str], &str); 5] = [
    (
        "gssencmode",
        &["disable", "prefer"],
        "encryption by Kerberos is not available here: use TLS (sslmode)",
    ),
    (
        "replication",
        &["false", "off", "no", "0"],
        "a dump needs an ordinary session: leave it out",
    ),
    (
        "scram_client_key",
        &[],
        "only servers that connect to servers use it: give a password",
    ),
    (
        "scram_server_key",
        &[],
        "only servers that connect to servers use it: give a password",
    ),
    (
        "service",
        &[],
        "services are looked up when the environment completes the parameters (ConnectParams::resolve)",
    ),
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
    pub(crate) idle: Duration,
    pub(crate) interval: Duration,
    pub(crate) count: u32,
    pub(crate) user_timeout: Option<Duration>,
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
    /// Further settings for the session to begin with.
    pub(crate) settings: Vec<(&'static str, String)>,
    pub(crate) protocol: ProtocolVersions,
    pub(crate) timeout: Option<Duration>,
    pub(crate) keepalive: Keepalive,
    pub(crate) tls: TlsPlan,
    pub(crate) channel_binding: ChannelBindingMode,
    pub(crate) require_auth: Option<RequiredAuth>,
    /// The user who must own the server at the other end of a Unix socket.
    pub(crate) require_peer: Option<String>,
    pub(crate) server_kind: ServerKind,
    /// Whether hosts and addresses are tried in random order.
    pub(crate) shuffle: bool,
}

impl Plan {
    pub(crate) fn new(params: &ConnectParams) -> Result<Self, ConnInfoError> {
        for (keyword, harmless, advice) in UNAVAILABLE {
            let value = params.non_empty(keyword);
            if value.is_some_and(|value| !harmless.contains(&value)) {
                return Err(ConnInfoError::new(format!(
                    "the connection parameter {keyword} cannot be used: {advice}"
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
            settings: params.session_settings().to_vec(),
            protocol: ProtocolVersions::new(params)?,
            timeout: seconds(params, "connect_timeout")?,
            keepalive: keepalive(params)?,
            tls: TlsPlan::new(params)?,
            channel_binding: one_of(
                params,
                "channel_binding",
                &[
                    ("prefer", ChannelBindingMode::Prefer),
                    ("disable", ChannelBindingMode::Disable),
                    ("require", ChannelBindingMode::Require),
                ],
            )?,
            require_auth: params
                .non_empty("require_auth")
                .map(RequiredAuth::parse)
                .transpose()?,
            require_peer: params.non_empty("requirepeer").map(str::to_owned),
            server_kind: one_of(params, "target_session_attrs", &ServerKind::NAMES)?,
            shuffle: one_of(
                params,
                "load_balance_hosts",
                &[("disable", false), ("random", true)],
            )?,
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
            address: None,
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

/// The meaning of a parameter's value among those it takes; that of the first one where it is not set.
pub(crate) fn one_of<T: Copy>(
    params: &ConnectParams,
    keyword: &str,
    values: &[(&str, T)],
) -> Result<T, ConnInfoError> {
    let value = params.non_empty(keyword).unwrap_or(values[0].0);
    match values.iter().find(|(name, _)| *name == value) {
        Some(&(_, meaning)) => Ok(meaning),
        None => {
            let names: Vec<_> = values.iter().map(|&(name, _)| name).collect();
            Err(invalid(
                keyword,
                value,
                &format!("one of {}", names.join(", ")),
            ))
        }
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

/// How long a connection may be silent before the kernel asks whether the other side is there, how often it asks again, and when it
/// gives up: two minutes in all. The usual two hours and more of systems are too long a wait for a backup.
const SILENCE: (Duration, Duration, u32) = (Duration::from_secs(60), Duration::from_secs(10), 6);

fn keepalive(params: &ConnectParams) -> Result<Keepalive, ConnInfoError> {
    let (idle, interval, count) = SILENCE;
    let milliseconds = number::<i32>(params, "tcp_user_timeout")?.filter(|&time| time > 0);
    Ok(Keepalive {
        on: number::<i32>(params, "keepalives")? != Some(0),
        idle: seconds(params, "keepalives_idle")?.unwrap_or(idle),
        interval: seconds(params, "keepalives_interval")?.unwrap_or(interval),
        count: number::<i32>(params, "keepalives_count")?
            .filter(|&count| count > 0)
            .map_or(count, i32::unsigned_abs),
        user_timeout: milliseconds.map(|time| Duration::from_millis(time.unsigned_abs().into())),
    })
}
