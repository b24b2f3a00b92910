//! Sockets.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::parameters::hosts::Place;
use crate::parameters::plan::Keepalive;
use crate::wire::Transport;

/// An address that a host's name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Ip(SocketAddr),
    Socket(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip(address) => address.fmt(f),
            Address::Socket(path) => path.display().fmt(f),
        }
    }
}

impl Address {
    /// The IP address, of those that have one.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::Ip(address) => Some(address.ip()),
            Address::Socket(_) => None,
        }
    }
}

/// A connection, before anything has been said on it.
pub(crate) struct Socket {
    pub(crate) stream: Box<dyn Transport>,
    /// The number of the user who runs the process at the other end, of a Unix socket.
    pub(crate) owner: Option<u32>,
}

/// Finds the addresses of a host, in the order of the resolver.
pub(crate) async fn resolve(place: &Place, port: u16) -> io::Result<Vec<Address>> {
    let ip = |address: IpAddr| Address::Ip(SocketAddr::new(address, port));
    Ok(match place {
        Place::Address(address) => vec![ip(*address)],
        Place::Socket(path) => vec![Address::Socket(path.clone())],
        Place::Name(name) => {
            let found = tokio::net::lookup_host((name.as_str(), port)).await?;
            let addresses: Vec<_> = found.map(Address::Ip).collect();
            if addresses.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "the name has no address",
                ));
            }
            addresses
        }
    })
}

/// Opens a socket to an address.
pub(crate) async fn open(address: &Address, keepalive: &Keepalive) -> io::Result<Socket> {
    match address {
        Address::Ip(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            watch(&stream, keepalive)?;
            Ok(Socket {
                stream: Box::new(stream),
                owner: None,
            })
        }
        Address::Socket(path) => open_socket(path).await,
    }
}

/// Has the kernel find out when the other side is gone.
fn watch(stream: &TcpStream, keepalive: &Keepalive) -> io::Result<()> {
    let socket = SockRef::from(stream);
    if keepalive.on {
        let settings = TcpKeepalive::new()
            .with_time(keepalive.idle)
            .with_interval(keepalive.interval);
        #[cfg(unix)]
        let settings = settings.with_retries(keepalive.count);
        socket.set_tcp_keepalive(&settings)?;
    }
    #[cfg(target_os = "linux")]
    if keepalive.user_timeout.is_some() {
        socket.set_tcp_user_timeout(keepalive.user_timeout)?;
    }
    Ok(())
}

#[cfg(unix)]
async fn open_socket(path: &Path) -> io::Result<Socket> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    // Names in the abstract namespace begin with a zero byte, for which people write an at sign.
    let bytes = path.as_os_str().as_bytes();
    let name = match bytes.strip_prefix(b"@") {
        Some(name) => PathBuf::from(std::ffi::OsString::from_vec([b"\0", name].concat())),
        None => path.to_owned(),
    };
    let stream = tokio::net::UnixStream::connect(name).await?;
    let owner = stream.peer_cred()?.uid();
    Ok(Socket {
        stream: Box::new(stream),
        owner: Some(owner),
    })
}

#[cfg(not(unix))]
async fn open_socket(_: &Path) -> io::Result<Socket> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no Unix sockets",
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::parameters::ConnectParams;
    use crate::parameters::plan::Plan;

    /// A connection that is watched as the parameters say.
    async fn watched(more: &str) -> TcpStream {
        let params = ConnectParams::parse(&format!("host=127.0.0.1 user=ada {more}"));
        let plan = Plan::new(&params.unwrap()).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let address = listener.as_ref().unwrap().local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        watch(&stream, &plan.keepalive).unwrap();
        stream
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_kernel_watches_over_connections() {
        for (more, idle, interval, count, user_timeout) in [
            ("", 60, 10, 6, None),
            (
                "keepalives_idle=7 keepalives_interval=3 keepalives_count=2 tcp_user_timeout=5000",
                7,
                3,
                2,
                Some(Duration::from_secs(5)),
            ),
        ] {
            let stream = watched(more).await;
            let socket = SockRef::from(&stream);
            assert!(socket.keepalive().unwrap(), "{more}");
            let found = (
                socket.tcp_keepalive_time().unwrap(),
                socket.tcp_keepalive_interval().unwrap(),
                socket.tcp_keepalive_retries().unwrap(),
            );
            let seconds = Duration::from_secs;
            assert_eq!(found, (seconds(idle), seconds(interval), count), "{more}");
            assert_eq!(socket.tcp_user_timeout().unwrap(), user_timeout, "{more}");
        }
        let stream = watched("keepalives=0").await;
        assert!(!SockRef::from(&stream).keepalive().unwrap());
    }
}
