//! The first flight: every object in the database, with little about each.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pgdumprs_connect::Session;

use crate::cells::Cells;
use crate::flight::{Flight, Listed};
use crate::{Error, Inherits, Namespace, Oid, Table};

/// The server and the database as a whole.
#[derive(Debug, Clone, Default)]
pub struct ServerInfo {
    /// Version as a number: 170011 for 17.11.
    pub version: u32,
    /// Version as the server prints it, with whatever its packager added.
    pub version_text: BString,
}

/// Every object in the database that could be dumped, with what is cheap and safe to read before tables are locked.
#[derive(Debug, Default)]
pub struct Listing {
    /// The server that answered.
    pub server: ServerInfo,
    /// Names of all roles by OID.
    pub roles: HashMap<Oid, BString>,
    /// Schemas, in OID order.
    pub namespaces: Vec<Namespace>,
    /// Relations other than indexes, in OID order.
    pub tables: Vec<Table>,
    /// Which relation inherits from which, in the catalog's own order.
    pub inherits: Vec<Inherits>,
}

struct Role {
    oid: Oid,
    name: BString,
}

impl Listed for Role {
    const WHAT: &'static str = "roles";

    fn query(_version: u32) -> String {
        "SELECT oid, rolname FROM pg_catalog.pg_roles".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self { oid: cells.oid()?, name: cells.text()? })
    }
}

impl Listing {
    /// Reads the listing in one round trip, in the session's open transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Query`] where the server refuses a query, [`Error::Decode`] where it answers what no server should.
    pub async fn read(session: &mut Session) -> Result<Self, Error> {
        let server = ServerInfo {
            version: session.server_version().num,
            version_text: session.server_version().text.clone(),
        };
        let mut flight = Flight::new(server.version);
        let roles = flight.list::<Role>();
        let namespaces = flight.list::<Namespace>();
        let tables = flight.list::<Table>();
        let inherits = flight.list::<Inherits>();
        let landed = flight.run(session).await?;
        Ok(Self {
            server,
            roles: landed.take(roles)?.into_iter().map(|role| (role.oid, role.name)).collect(),
            namespaces: landed.take(namespaces)?,
            tables: landed.take(tables)?,
            inherits: landed.take(inherits)?,
        })
    }

    /// Name of a role; a role that was dropped while objects still name it has none, and counts as the empty name.
    pub fn role(&self, oid: Oid) -> &BStr {
        self.roles.get(&oid).map_or(BStr::new(""), |name| name.as_ref())
    }
}
