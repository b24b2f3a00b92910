//! Where a connection goes and as whom.

use std::fmt;
use std::net::IpAddr;

use crate::parameters::shown::shown;

/// Where a connection goes and as whom.
///
/// Names of a user or a database that may be a connection string in the wrong place do not show in messages.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The host's name, its address, or the path of the Unix socket.
    pub host: String,
    /// The TCP port; `None` for a Unix socket.
    pub port: Option<u16>,
    /// The address of the host that was tried, once it is known.
    pub address: Option<IpAddr>,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => {
                write!(f, "server at {:?}", self.host)?;
                // Of several servers behind one name, this tells which.
                let address = self.address.map(|address| address.to_string());
                if let Some(address) = address.filter(|address| *address != self.host) {
                    write!(f, " ({address})")?;
                }
                write!(f, ", port {port}")?;
            }
            None => write!(f, "server on socket {:?}", self.host)?,
        }
        let (user, database) = (shown(&self.user), shown(&self.database));
        write!(f, ", user {user:?}, database {database:?}")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("address", &self.address)
            .field("user", &shown(&self.user))
            .field("database", &shown(&self.database))
            .finish()
    }
}
