//! Connection parameters from those of tokio-postgres.

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{
    ChannelBinding, Host, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs,
};

use crate::parameters::ConnectParams;
use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::environment;

/// What a [`Config`] says of an idle connection where nobody has said anything.
const UNSAID_IDLE: Duration = Duration::from_secs(2 * 60 * 60);

/// The parameters of a service that uses tokio-postgres. They are the whole truth then: as there, neither the environment nor the password file is looked
/// at, and the user is the system's where none is given.
///
/// Everything in a [`Config`] is carried over, with its meaning there, but for this:
///
/// - **TLS** is done here, since connectors are not a part of a [`Config`]. How one checks certificates cannot be told, so that `SslMode::Require` becomes
///   `sslmode=verify-full` with `sslrootcert=system`: the server's certificate has to be for its name and by an authority that the system trusts, which is what
///   connectors ask for unless they are told otherwise. Those who told theirs otherwise tell it here as well: `sslrootcert` is set to the file of other
///   authorities; an empty `sslrootcert` and `sslmode=require` encrypt without a check. `SslMode::Prefer` is `sslmode=prefer`, without a check.
/// - `connect_timeout` counts for all that it takes to open a connection, and times are rounded up to whole seconds.
/// - `keepalives_idle` of two hours is what every `Config` begins with, and taken for not set: backups ask after a minute of silence.
///
/// ```
/// use pgdumprs_connect::ConnectParams;
/// use tokio_postgres::Config;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: Config = "host=db.example.com user=app dbname=shop sslmode=require".parse()?;
/// let mut params = ConnectParams::try_from(&config)?;
/// assert_eq!(params.get("sslmode"), Some("verify-full"));
/// params.set("sslrootcert", "/etc/ssl/our-authority.pem")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ConnInfoError`] for what libpq's parameters cannot say: no host, a host's name with a comma in it or like that of a socket, a password or a socket's folder
/// that is not UTF-8, a relative folder, a name or a password with a zero byte, and what a newer tokio-postgres may add.
impl TryFrom<&Config> for ConnectParams {
    type Error = ConnInfoError;

    fn try_from(config: &Config) -> Result<Self, ConnInfoError> {
        let mut settings = Settings(Vec::new());
        settings.places(config)?;
        let user = config.get_user().map(str::to_owned);
        let user = user.or_else(|| environment::user(&|name: &str| std::env::var(name).ok()));
        settings.add("user", user);
        settings.add("dbname", config.get_dbname());
        let password = config.get_password().map(std::str::from_utf8).transpose();
        let password = password.map_err(|_| refused("its password is not UTF-8"))?;
        settings.add("password", password);
        settings.add("options", config.get_options());
        settings.add("application_name", config.get_application_name());
        settings.security(config)?;
        settings.patience(config);
        settings.choice(config)?;

        let mut params = ConnectParams::new();
        for (keyword, value) in settings.0 {
            params.set(keyword, value)?;
        }
        Ok(params)
    }
}

/// Parameters by libpq's keywords, as they come together.
struct Settings(Vec<(&'static str, String)>);

impl Settings {
    /// Adds a parameter, where it has a value.
    fn add(&mut self, keyword: &'static str, value: Option<impl Into<String>>) {
        self.0.extend(value.map(|value| (keyword, value.into())));
    }

    /// Where the servers are.
    fn places(&mut self, config: &Config) -> Result<(), ConnInfoError> {
        let addresses = config.get_hostaddrs();
        let mut hosts = Vec::new();
        for (index, host) in config.get_hosts().iter().enumerate() {
            let host = name(host)?;
            if host.is_empty() && addresses.get(index).is_none() {
                return Err(refused("one of its hosts has no name and no address"));
            }
            hosts.push(host);
        }
        if hosts.is_empty() && addresses.is_empty() {
            return Err(refused("it names no host"));
        }
        let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        let ports: Vec<_> = config.get_ports().iter().map(ToString::to_string).collect();
        for (keyword, list) in [
            ("host", hosts.join(",")),
            ("hostaddr", addresses.join(",")),
            ("port", ports.join(",")),
        ] {
            self.add(keyword, Some(list).filter(|list| !list.is_empty()));
        }
        Ok(())
    }

    /// Whether and how the connection is encrypted, and bound to its encryption.
    fn security(&mut self, config: &Config) -> Result<(), ConnInfoError> {
        let mode = config.get_ssl_mode();
        let sslmode = match mode {
            SslMode::Disable => "disable",
            SslMode::Prefer => "prefer",
            SslMode::Require => {
                self.add("sslrootcert", Some("system"));
                "verify-full"
            }
            _ => return Err(unknown("ssl_mode")),
        };
        self.add("sslmode", Some(sslmode));
        let negotiation = match config.get_ssl_negotiation() {
            SslNegotiation::Postgres => None,
            // Nothing is negotiated then.
            SslNegotiation::Direct if mode == SslMode::Disable => None,
            SslNegotiation::Direct => Some("direct"),
            _ => return Err(unknown("ssl_negotiation")),
        };
        self.add("sslnegotiation", negotiation);
        let binding = match config.get_channel_binding() {
            ChannelBinding::Disable => "disable",
            ChannelBinding::Prefer => "prefer",
            ChannelBinding::Require => "require",
            _ => return Err(unknown("channel_binding")),
        };
        self.add("channel_binding", Some(binding));
        Ok(())
    }

    /// How long servers and networks may be silent.
    fn patience(&mut self, config: &Config) {
        let second = Duration::from_secs(1);
        // None at all would be no limit.
        let seconds = |time: Duration| whole(time.max(second), second);
        let timeout = config.get_connect_timeout().copied();
        self.add("connect_timeout", timeout.map(seconds));
        let acknowledged = config.get_tcp_user_timeout();
        let acknowledged = acknowledged.map(|&time| whole(time, Duration::from_millis(1)));
        self.add("tcp_user_timeout", acknowledged);
        if !config.get_keepalives() {
            self.add("keepalives", Some("0"));
        }
        let idle = Some(config.get_keepalives_idle()).filter(|&idle| idle != UNSAID_IDLE);
        self.add("keepalives_idle", idle.map(seconds));
        let interval = config.get_keepalives_interval();
        self.add("keepalives_interval", interval.map(seconds));
        let count = config.get_keepalives_retries();
        self.add("keepalives_count", count.map(|count| count.to_string()));
    }

    /// Which of the servers is taken.
    fn choice(&mut self, config: &Config) -> Result<(), ConnInfoError> {
        let kind = match config.get_target_session_attrs() {
            TargetSessionAttrs::Any => "any",
            TargetSessionAttrs::ReadWrite => "read-write",
            TargetSessionAttrs::ReadOnly => "read-only",
            _ => return Err(unknown("target_session_attrs")),
        };
        self.add("target_session_attrs", Some(kind));
        let order = match config.get_load_balance_hosts() {
            LoadBalanceHosts::Disable => "disable",
            LoadBalanceHosts::Random => "random",
            _ => return Err(unknown("load_balance_hosts")),
        };
        self.add("load_balance_hosts", Some(order));
        Ok(())
    }
}

/// A host as libpq names it. What libpq would take for something else is refused.
fn name(host: &Host) -> Result<String, ConnInfoError> {
    let name = match host {
        Host::Tcp(name) if name.starts_with(['/', '@']) => {
            return Err(refused("one of its host names is like that of a socket"));
        }
        Host::Tcp(name) => name,
        #[cfg(unix)]
        Host::Unix(folder) => folder
            .to_str()
            .filter(|_| folder.is_absolute())
            .ok_or_else(|| refused("the folder of its socket is relative, or not UTF-8"))?,
    };
    if name.contains(',') {
        return Err(refused("one of its hosts has a comma in its name"));
    }
    Ok(name.to_owned())
}

/// A time in whole units, rounded up, as far as libpq's numbers go.
fn whole(time: Duration, unit: Duration) -> String {
    let units = time.as_nanos().div_ceil(unit.as_nanos());
    i32::try_from(units).unwrap_or(i32::MAX).to_string()
}

fn unknown(what: &str) -> ConnInfoError {
    refused(&format!("its {what} is one that is not known here"))
}

fn refused(why: &str) -> ConnInfoError {
    ConnInfoError::new(format!("the tokio_postgres::Config cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(config: &Config) -> ConnectParams {
        ConnectParams::try_from(config).unwrap()
    }

    fn said(config: &mut Config) -> String {
        ConnectParams::try_from(&*config.user("ada"))
            .unwrap_err()
            .to_string()
    }

    /// What every Config says that has not been told otherwise.
    const UNSAID: &str =
        "sslmode=prefer channel_binding=prefer target_session_attrs=any load_balance_hosts=disable";

    #[test]
    fn what_is_not_set_is_as_in_a_config() {
        let config = "host=h user=ada".parse().unwrap();
        let expected = ConnectParams::parse(&format!("host=h user=ada {UNSAID}")).unwrap();
        assert_eq!(params(&config), expected);
    }

    #[test]
    fn everything_is_carried_over() {
        let text = "host=a,b port=1,2 hostaddr=10.0.0.1,10.0.0.2 user=ada dbname=shop password=hunter2 \
                    application_name=app options='-c search_path=s' sslnegotiation=direct channel_binding=require \
                    connect_timeout=7 tcp_user_timeout=9 keepalives=0 keepalives_idle=11 keepalives_interval=12 \
                    target_session_attrs=read-only load_balance_hosts=random";
        let mut config: Config = format!("{text} sslmode=require keepalives_retries=13")
            .parse()
            .unwrap();
        // In libpq's strings these are milliseconds, in theirs seconds.
        config.tcp_user_timeout(Duration::from_millis(9));
        let expected = format!("{text} sslmode=verify-full sslrootcert=system keepalives_count=13");
        assert_eq!(params(&config), ConnectParams::parse(&expected).unwrap());
    }

    #[test]
    fn times_are_rounded_up_and_never_to_no_limit() {
        let mut config: Config = "host=h user=ada".parse().unwrap();
        for (time, seconds) in [
            (Duration::ZERO, "1"),
            (Duration::from_millis(1500), "2"),
            (Duration::from_secs(3), "3"),
            (Duration::MAX, "2147483647"),
        ] {
            config.connect_timeout(time).keepalives_interval(time);
            let params = params(&config);
            assert_eq!(params.get("connect_timeout"), Some(seconds));
            assert_eq!(params.get("keepalives_interval"), Some(seconds));
        }
    }

    #[test]
    fn direct_tls_is_no_matter_where_there_is_none() {
        let mut config: Config = "host=h sslnegotiation=direct sslmode=disable"
            .parse()
            .unwrap();
        assert_eq!(params(&config).get("sslnegotiation"), None);
        config.ssl_mode(SslMode::Prefer);
        assert_eq!(params(&config).get("sslnegotiation"), Some("direct"));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for (host, part) in [
            ("a,b", "comma"),
            ("@pg", "socket"),
            ("", "no name and no address"),
        ] {
            let said = said(Config::new().host(host));
            assert!(said.contains(part), "{said}");
        }
        assert!(said(&mut Config::new()).contains("no host"));
        assert!(said(Config::new().host("h").application_name("a\0b")).contains("zero byte"));
        let said = said(Config::new().host("h").password(b"hunter2\xff"));
        assert!(
            said.contains("not UTF-8") && !said.contains("hunter2"),
            "{said}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn folders_of_sockets_are_absolute_utf_8() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let config = "host=a,/run/pg user=ada".parse().unwrap();
        assert_eq!(params(&config).get("host"), Some("a,/run/pg"));
        for folder in [OsStr::new("run/pg"), OsStr::from_bytes(b"/run/\xff")] {
            assert!(said(Config::new().host_path(folder)).contains("folder"));
        }
    }

    #[test]
    fn the_password_never_shows() {
        let config = "host=h user=ada password=hunter2".parse().unwrap();
        let params = params(&config);
        assert_eq!(params.get("password"), Some("hunter2"));
        assert!(!format!("{params:?}").contains("hunter2"));
    }
}
