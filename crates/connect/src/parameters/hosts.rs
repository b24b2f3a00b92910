//! The hosts to try, from the lists in `host`, `hostaddr` and `port`.

use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

use crate::parameters::ConnectParams;
use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::plan::invalid;
use crate::parameters::shown::may_hold_password;

/// The port of a server that does not say otherwise.
const DEFAULT_PORT: u16 = 5432;

/// The folders where packagers and PostgreSQL itself put the Unix socket.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// What the password file calls a server on a socket in one of the usual folders.
const LOCAL: &str = "localhost";

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
    /// A Unix socket; one in the abstract namespace begins with `@`.
    Socket(PathBuf),
}

impl Host {
    /// What a line of the password file may call this host.
    ///
    /// libpq calls a socket in its own default folder `localhost`, and that in any other folder by the folder. Which
    /// folder that is depends on who built it, so that both names are good for either of the usual ones.
    pub(crate) fn passfile_names(&self) -> Vec<&str> {
        let mut names = vec![self.name.as_str()];
        if let Place::Socket(path) = &self.place {
            let folder = path.parent().and_then(Path::to_str);
            if let Some(folder) = folder.filter(|folder| SOCKET_FOLDERS.contains(folder)) {
                names.extend([LOCAL, folder]);
            }
        }
        names
    }
}

/// The hosts that the parameters name, in their order; at least one.
pub(crate) fn hosts(params: &ConnectParams) -> Result<Vec<Host>, ConnInfoError> {
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
    for keyword in ["host", "hostaddr"] {
        for value in list(keyword) {
            check_is_place(keyword, value)?;
        }
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

/// Refuses a connection string in place of a host, and the end of a password that a URI's host has been taken to begin with.
fn check_is_place(keyword: &str, value: &str) -> Result<(), ConnInfoError> {
    let is_folder = value.starts_with('/') && !value.contains("://");
    if is_folder || !may_hold_password(value.strip_prefix('@').unwrap_or(value)) {
        return Ok(());
    }
    Err(ConnInfoError::new(format!(
        "what is given as {keyword} is no host, but a connection string or a part of one: give that with -d, or as the argument; in a URI, \
         \"@\" in a password is written %40, and \"/\" %2F"
    )))
}

fn host(name: &str, address: &str, port: u16) -> Result<Host, ConnInfoError> {
    if !address.is_empty() {
        let place =
            parse_address(address).ok_or_else(|| invalid("hostaddr", address, "an IP address"))?;
        let name = if name.is_empty() { address } else { name };
        return Ok(Host {
            name: name.to_owned(),
            place,
            port,
        });
    }
    if name.is_empty() {
        return Ok(default_host(port));
    }
    let place = if name.starts_with(['/', '@']) {
        Place::Socket(socket_path(name, port))
    } else {
        parse_address(name).unwrap_or_else(|| Place::Name(name.to_owned()))
    };
    Ok(Host {
        name: name.to_owned(),
        place,
        port,
    })
}

/// Reads an IP address; `None` where `text` is none.
fn parse_address(text: &str) -> Option<Place> {
    if let Ok(address) = text.parse() {
        return Some(Place::Address(address));
    }
    // Only the resolver knows the number of a link's name, as in fe80::1%eth0.
    let (address, _) = text.split_once('%')?;
    address.parse::<Ipv6Addr>().ok()?;
    Some(Place::Name(text.to_owned()))
}

/// Where a server is looked for when no host is given: the usual socket folders.
fn default_host(port: u16) -> Host {
    if !cfg!(unix) {
        return Host {
            name: LOCAL.into(),
            place: Place::Name(LOCAL.into()),
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
    Host {
        name: LOCAL.into(),
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
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(invalid("port", text, "a number from 1 to 65535"))
        }
        // It may be a password: of a URI whose host is missing or whose "/" is not encoded, or one that was given with -p.
        _ => Err(ConnInfoError::new(
            "the port is not a number; if it is a password: in a URI, \"/\" in it is written %2F and \"@\" %40, and a host must \
             follow; no option takes one (PGPASSWORD or the password file do)",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(conninfo: &str) -> Vec<Host> {
        hosts(&ConnectParams::parse(conninfo).unwrap()).unwrap()
    }

    fn host(name: &str, place: Place, port: u16) -> Host {
        Host {
            name: name.into(),
            place,
            port,
        }
    }

    #[test]
    fn lists_go_side_by_side() {
        let named = |name: &str, port| host(name, Place::Name(name.into()), port);
        assert_eq!(
            read("host=a,b,c port=1,,3"),
            [named("a", 1), named("b", DEFAULT_PORT), named("c", 3)]
        );
        assert_eq!(read("host=a,b port=7"), [named("a", 7), named("b", 7)]);
        assert_eq!(
            read("host=a,b hostaddr=10.0.0.1,::1"),
            [
                host("a", Place::Address([10, 0, 0, 1].into()), DEFAULT_PORT),
                host(
                    "b",
                    Place::Address(Ipv6Addr::LOCALHOST.into()),
                    DEFAULT_PORT
                ),
            ]
        );
    }

    #[test]
    fn addresses_sockets_and_names_are_told_apart() {
        for (conninfo, place) in [
            ("host=::1", Place::Address(Ipv6Addr::LOCALHOST.into())),
            ("host=fe80::1%lo", Place::Name("fe80::1%lo".into())),
            ("hostaddr=fe80::1%lo", Place::Name("fe80::1%lo".into())),
            (
                "host=/run/pg",
                Place::Socket("/run/pg/.s.PGSQL.5432".into()),
            ),
            ("host=@pg port=1", Place::Socket("@pg/.s.PGSQL.1".into())),
            ("host=100%", Place::Name("100%".into())),
        ] {
            assert_eq!(read(conninfo)[0].place, place, "{conninfo}");
        }
    }

    #[test]
    fn connection_strings_are_no_hosts_and_passwords_no_ports() {
        for conninfo in [
            "host=postgresql://u:secret@h/d",
            "host=h,secret@h",
            "hostaddr=secret@h",
            "port=secret",
            "host=a,b port=5432,secret",
            "port=12secret",
        ] {
            let params = ConnectParams::parse(conninfo).unwrap();
            let said = hosts(&params).unwrap_err().to_string();
            assert!(said.contains("%40") && !said.contains("secret"), "{said}");
        }
        let sockets = read("host=@pg,/tmp/a@b");
        assert_eq!(sockets.len(), 2);
    }

    #[test]
    fn the_password_file_knows_default_sockets_by_two_names() {
        assert_eq!(
            read("host=/tmp")[0].passfile_names(),
            ["/tmp", "localhost", "/tmp"]
        );
        assert!(read("")[0].passfile_names().contains(&"localhost"));
        assert_eq!(read("host=/run/pg")[0].passfile_names(), ["/run/pg"]);
        assert_eq!(read("host=a hostaddr=::1")[0].passfile_names(), ["a"]);
    }
}
