//! The first flight: every object in the database, with little about each.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pgdumprs_connect::Session;

use crate::kinds::database::{Database, DatabaseLabel, DatabaseSetting};
use crate::privileges::readable::{Closed, ClosedLargeObject};
use crate::query::cells::Cells;
use crate::query::flight::{Flight, Listed, aside};
use crate::reading::type_system::{self, TypeSystem};
use crate::selection::matching::{self, Matched};
use crate::{
    DefaultAcl, Extension, ExtensionForeignKey, ExtensionMember, ForeignDataWrapper, ForeignServer,
    LargeObjectGroup,
};
use crate::{Error, EventTrigger, Inherits, Namespace, Oid, Scope, Table};

/// The server and the database as a whole.
#[derive(Debug, Clone, Default)]
pub struct ServerInfo {
    /// Version as a number: 170011 for 17.11.
    pub version: u32,
    /// Version as the server prints it, with whatever its packager added.
    pub version_text: BString,
    /// Whether the role that reads is a superuser.
    pub is_superuser: bool,
    /// Whether the server is a standby, or otherwise in recovery.
    pub in_recovery: bool,
    /// Whether the role may ask what [`crate::replaced_files`] asks.
    pub shows_files: bool,
}

/// Every object in the database that could be dumped, with what is cheap and safe to read before tables are locked.
#[derive(Debug, Default)]
pub struct Listing {
    /// The server that answered.
    pub server: ServerInfo,
    /// The database that is dumped.
    pub database: Database,
    /// Settings that its sessions start with.
    pub database_settings: Vec<DatabaseSetting>,
    /// Security labels on it.
    pub database_labels: Vec<DatabaseLabel>,
    /// Names of all roles by OID.
    pub roles: HashMap<Oid, BString>,
    /// Tables and sequences for which the role lacks something, in OID order.
    pub closed: Vec<Closed>,
    /// Large objects that the role may not read, ascending.
    pub closed_large_objects: Vec<Oid>,
    /// Extensions, in OID order.
    pub extensions: Vec<Extension>,
    /// What belongs to which extension.
    pub extension_members: Vec<ExtensionMember>,
    /// Foreign keys that the order of loading configuration tables has to respect.
    pub extension_foreign_keys: Vec<ExtensionForeignKey>,
    /// Foreign-data wrappers, in OID order.
    pub foreign_data_wrappers: Vec<ForeignDataWrapper>,
    /// Foreign servers, in OID order.
    pub foreign_servers: Vec<ForeignServer>,
    /// Default privileges, in OID order.
    pub default_acls: Vec<DefaultAcl>,
    /// Large objects in groups, by owner and privileges.
    pub large_objects: Vec<LargeObjectGroup>,
    /// Event triggers, in OID order.
    pub event_triggers: Vec<EventTrigger>,
    /// Schemas, in OID order.
    pub namespaces: Vec<Namespace>,
    /// Relations other than indexes, in OID order.
    pub tables: Vec<Table>,
    /// Types and what works on them.
    pub type_system: TypeSystem,
    /// Which relation inherits from which, in the catalog's own order.
    pub inherits: Vec<Inherits>,
    /// Objects that the patterns of the scope match.
    pub matched: Matched,
}

/// What is asked of the session, and its server's state.
struct State {
    is_superuser: bool,
    in_recovery: bool,
    shows_files: bool,
}

impl Listed for State {
    const WHAT: &'static str = "the state of the server";

    fn query(_version: u32) -> String {
        "SELECT pg_catalog.current_setting('is_superuser')::pg_catalog.bool, pg_catalog.pg_is_in_recovery(),
                pg_catalog.has_column_privilege('pg_catalog.pg_class', 'relfilenode', 'SELECT')
                AND pg_catalog.has_function_privilege('pg_catalog.pg_relation_filenode(pg_catalog.regclass)', 'EXECUTE')"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            is_superuser: cells.bool()?,
            in_recovery: cells.bool()?,
            shows_files: cells.bool()?,
        })
    }
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
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
        })
    }
}

impl Listing {
    /// Reads the listing in one round trip, in the session's open transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Query`] where the server refuses a query, [`Error::Decode`] where it answers what no server should.
    pub async fn read(session: &mut Session, scope: &Scope) -> Result<Self, Error> {
        let mut server = ServerInfo {
            version: session.server_version().num,
            version_text: session.server_version().text.clone(),
            is_superuser: false,
            in_recovery: false,
            shows_files: false,
        };
        let mut flight = Flight::new(server.version);
        let database = flight.list::<Database>();
        let database_settings = flight.list::<DatabaseSetting>();
        let database_labels = flight.list_if::<DatabaseLabel>(scope.security_labels);
        let state = flight.list::<State>();
        let roles = flight.list::<Role>();
        let closed = flight.list::<Closed>();
        let closed_large_objects = flight.list_if::<ClosedLargeObject>(scope.large_objects);
        let extensions = flight.list::<Extension>();
        let extension_members = flight.list::<ExtensionMember>();
        let extension_foreign_keys = flight.list::<ExtensionForeignKey>();
        let foreign_data_wrappers = flight.list::<ForeignDataWrapper>();
        let foreign_servers = flight.list::<ForeignServer>();
        let default_acls = flight.list::<DefaultAcl>();
        let large_objects = flight.list_if::<LargeObjectGroup>(scope.large_objects);
        let event_triggers = flight.list::<EventTrigger>();
        let namespaces = flight.list::<Namespace>();
        let tables = flight.list::<Table>();
        let inherits = flight.list::<Inherits>();
        let type_system = type_system::ListingTickets::new(&mut flight, scope);
        let database_name = session.target().database.clone();
        let matching = matching::Asked::new(
            &mut flight,
            &scope.patterns,
            database_name.as_str().into(),
            session.client_encoding(),
        )?;
        let landed = flight.run(session).await?;
        aside(move || {
            for state in landed.take(state)? {
                server.is_superuser = state.is_superuser;
                server.in_recovery = state.in_recovery;
                server.shows_files = state.shows_files;
            }
            let mut listing = Self {
                server,
                database: landed.take(database)?.pop().ok_or(Error::NoDatabase)?,
                database_settings: landed.take(database_settings)?,
                database_labels: landed.take(database_labels)?,
                closed: landed.take(closed)?,
                closed_large_objects: landed
                    .take(closed_large_objects)?
                    .into_iter()
                    .map(|row| row.0)
                    .collect(),
                extensions: landed.take(extensions)?,
                extension_members: landed.take(extension_members)?,
                extension_foreign_keys: landed.take(extension_foreign_keys)?,
                foreign_data_wrappers: landed.take(foreign_data_wrappers)?,
                foreign_servers: landed.take(foreign_servers)?,
                default_acls: landed.take(default_acls)?,
                large_objects: landed.take(large_objects)?,
                roles: landed
                    .take(roles)?
                    .into_iter()
                    .map(|role| (role.oid, role.name))
                    .collect(),
                event_triggers: landed.take(event_triggers)?,
                namespaces: landed.take(namespaces)?,
                tables: landed.take(tables)?,
                type_system: type_system.take(&landed)?,
                inherits: landed.take(inherits)?,
                matched: Matched::default(),
            };
            listing.matched = matching.take(&landed, &listing)?;
            Ok(listing)
        })
        .await
    }

    /// Name of a role; `None` where objects name one that does not exist.
    pub fn role(&self, oid: Oid) -> Option<&BStr> {
        self.roles.get(&oid).map(|name| name.as_ref())
    }
}
