//! What connection parameters come down to: checked, typed, with libpq's defaults.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::authentication::methods::RequiredAuth;
use crate::authentication::secret::Secret;
use crate::parameters::ConnectParams;
use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::hosts::{Host, Place, hosts};
use crate::parameters::keywords;
use crate::parameters::shown::shown;
use crate::session::server_kind::ServerKind;
use crate::session::target::Target;
use crate::tls::TlsPlan;
use crate::wire::protocol::ProtocolVersions;

/// Parameters that change how a connection is protected or what it is for and are not available here, with the values that
/// change nothing, and what to do without them.
///
/// Ignoring one of them would weaken or miss what its user asked for. Those that only matter to Kerberos and OAuth
/// (`krbsrvname`, `gsslib`, `gssdelegation`, `oauth_…`) have no effect until a server asks for these, which fails. An empty value is
/// one as well.
const UNAVAILABLE: [(&str, &[&str], &str); 5] = [
    (
        "gssencmode",
        &["disable", "prefer"],
        "encryption by Kerberos is not available here: use TLS (sslmode)",
    ),
    (
        "replication",
        &["", "false", "off", "no", "0"],
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
            let value = params.get(keyword);
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
        // Names of databases are read in archives too, and what follows a zero byte would be another parameter.
        let dbname = params.non_empty("dbname").unwrap_or(user);
        if user.contains('\0') || dbname.contains('\0') {
            return Err(ConnInfoError::new(
                "the name of the user or of the database holds a zero byte",
            ));
        }
        // An empty one is one as well: none is told.
        let application_name = params
            .get("application_name")
            .or(params.get("fallback_application_name"))
            .unwrap_or("pgdumprs");
        let hosts = hosts(params)?;
        Ok(Plan {
            keepalive: keepalive(params, &hosts)?,
            hosts,
            user: user.to_owned(),
            database: dbname.to_owned(),
            password: params.non_empty("password").map(Secret::new),
            passfile: params.non_empty("passfile").map(PathBuf::from),
            application_name: application_name.to_owned(),
            options: params.non_empty("options").map(str::to_owned),
            settings: params.session_settings().to_vec(),
            protocol: ProtocolVersions::new(params)?,
            timeout: seconds(params, "connect_timeout")?,
            tls: TlsPlan::new(params)?,
            channel_binding: one_of(
                params,
                "channel_binding",
                ChannelBindingMode::Prefer,
                &[
                    ("disable", ChannelBindingMode::Disable),
                    ("prefer", ChannelBindingMode::Prefer),
                    ("require", ChannelBindingMode::Require),
                ],
            )?,
            require_auth: params
                .non_empty("require_auth")
                .map(RequiredAuth::parse)
                .transpose()?,
            require_peer: params.non_empty("requirepeer").map(str::to_owned),
            server_kind: one_of(
                params,
                "target_session_attrs",
                ServerKind::Any,
                &ServerKind::NAMES,
            )?,
            shuffle: one_of(
                params,
                "load_balance_hosts",
                false,
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
    ConnInfoError::new(match value {
        "" => {
            let variable = keywords::find(keyword).and_then(|known| known.variable);
            let variable = variable
                .map(|name| format!(" ({name})"))
                .unwrap_or_default();
            format!(
                "the connection parameter {keyword}{variable} is empty: {expected} is expected; leave it out for the default"
            )
        }
        value => format!(
            "invalid value {:?} of the connection parameter {keyword}: {expected} is expected{}",
            shown(value),
            remedy(keyword, value)
        ),
    })
}

/// What to write instead of a value that other libraries know.
fn remedy(keyword: &str, value: &str) -> &'static str {
    match (keyword, value) {
        ("sslmode", "no-verify") => {
            "; no-verify is node-postgres's: require encrypts as it does, without a look at who signed the server's certificate"
        }
        ("sslmode", "true" | "1" | "on" | "yes") => "; require encrypts",
        ("sslmode", "false" | "0" | "off" | "no") => "; disable does not encrypt",
        ("sslmode", "verify_ca" | "verify_full" | "verify-identity") => {
            "; verify-full looks at the host's name as well"
        }
        (_, value) if value != value.to_lowercase() => "; in small letters",
        (_, value) if value != value.trim() => "; without blanks",
        _ => "",
    }
}

/// The meaning of a parameter's value among those it takes; `default` where it is not set. An empty value is none of them: whoever
/// requires encryption by a variable that is unset must not go without.
pub(crate) fn one_of<T: Copy>(
    params: &ConnectParams,
    keyword: &str,
    default: T,
    values: &[(&str, T)],
) -> Result<T, ConnInfoError> {
    let Some(value) = params.get(keyword) else {
        return Ok(default);
    };
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
    let Some(text) = params.get(keyword) else {
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

/// What the parameters say of that. As in libpq, nobody looks at those that do not matter: of the parts where there is no such watch,
/// and of all of them where every server is on a Unix socket.
fn keepalive(params: &ConnectParams, hosts: &[Host]) -> Result<Keepalive, ConnInfoError> {
    let (idle, interval, count) = SILENCE;
    let mut keepalive = Keepalive {
        on: true,
        idle,
        interval,
        count,
        user_timeout: None,
    };
    if hosts
        .iter()
        .all(|host| matches!(host.place, Place::Socket(_)))
    {
        return Ok(keepalive);
    }
    keepalive.on = number::<i32>(params, "keepalives")? != Some(0);
    if keepalive.on {
        keepalive.idle = seconds(params, "keepalives_idle")?.unwrap_or(idle);
        keepalive.interval = seconds(params, "keepalives_interval")?.unwrap_or(interval);
        keepalive.count = number::<i32>(params, "keepalives_count")?
            .filter(|&count| count > 0)
            .map_or(count, i32::unsigned_abs);
    }
    let milliseconds = number::<i32>(params, "tcp_user_timeout")?.filter(|&time| time > 0);
    keepalive.user_timeout =
        milliseconds.map(|time| Duration::from_millis(time.unsigned_abs().into()));
    Ok(keepalive)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(conninfo: &str) -> String {
        let params = ConnectParams::parse(&format!("user=ada {conninfo}")).unwrap();
        Plan::new(&params).unwrap_err().to_string()
    }

    #[test]
    fn values_that_are_none_come_with_a_remedy() {
        for (conninfo, part) in [
            (
                "sslmode=''",
                "sslmode (PGSSLMODE) is empty: one of disable, allow, prefer, require, verify-ca, verify-full is",
            ),
            ("sslmode=no-verify", "node-postgres"),
            ("sslmode=Require", "small letters"),
            ("sslmode=true", "require encrypts"),
            ("channel_binding='require '", "without blanks"),
            ("connect_timeout=''", "PGCONNECT_TIMEOUT"),
        ] {
            let said = said(conninfo);
            assert!(said.contains(part), "{conninfo}: {said}");
            assert!(said.matches("prefer, ").count() <= 1, "{said}");
        }
        assert!(!said("sslmode='x://u:secret@h'").contains("secret"));
    }

    #[test]
    fn numbers_that_do_not_matter_are_not_looked_at() {
        let plan = |conninfo: &str| {
            let params = ConnectParams::parse(&format!("user=ada {conninfo}")).unwrap();
            Plan::new(&params).is_ok()
        };
        assert!(plan("host=/tmp keepalives=x"));
        assert!(!plan("host=/tmp,h keepalives=x"));
        assert!(plan("host=h keepalives=0 keepalives_idle=x"));
        assert!(!plan("host=h keepalives_idle=x"));
    }
}
