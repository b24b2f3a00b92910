//! Reading all that belongs to the whole server.

use pgdumprs_connect::Session;

use crate::globals::label::GlobalLabel;
use crate::globals::membership::{self, Membership};
use crate::globals::parameter::ParameterAcl;
use crate::globals::role::{self, Role};
use crate::globals::setting::{self, RoleSetting};
use crate::globals::tablespace::Tablespace;
use crate::query::flight::{Flight, Ticket};
use crate::{Encoding, Error};

/// What of a server's globals is read.
#[derive(Debug, Clone, Copy)]
pub struct GlobalScope {
    /// Roles, their memberships and settings, and privileges on parameters.
    pub roles: bool,
    /// Tablespaces.
    pub tablespaces: bool,
    /// Passwords of roles, which not everybody may read.
    pub passwords: bool,
    /// Security labels of either.
    pub security_labels: bool,
}

/// What belongs to the whole server, each kind in the order in which pg_dumpall writes it.
#[derive(Debug, Clone, Default)]
pub struct Globals {
    /// Version number of the server.
    pub version: u32,
    /// What all texts are in.
    pub encoding: Encoding,
    /// Name of that encoding.
    pub encoding_name: bstr::BString,
    /// Roles by name, but for those that every server has.
    pub roles: Vec<Role>,
    /// Settings of roles in all databases.
    pub settings: Vec<RoleSetting>,
    /// Which role is a member of which, by the names of both and of the grantor.
    pub memberships: Vec<Membership>,
    /// Privileges on configuration parameters, by name. None before 15.
    pub parameters: Vec<ParameterAcl>,
    /// Tablespaces by OID. Of those that every server has, only what was changed of them counts.
    pub tablespaces: Vec<Tablespace>,
    /// Security labels of roles and tablespaces.
    pub labels: Vec<GlobalLabel>,
}

impl Globals {
    /// Reads the globals in one round trip, in the session's open transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Query`] where the server refuses a query, as it does where passwords are asked for by a role that may not read them.
    /// [`Error::Decode`] where it answers what no server should.
    pub async fn read(session: &mut Session, scope: GlobalScope) -> Result<Self, Error> {
        let version = session.server_version().num;
        let mut flight = Flight::new(version);
        // The view has the same columns, and asterisks for passwords.
        let (authid, what) = if scope.passwords {
            ("pg_authid", "roles with their passwords")
        } else {
            ("pg_roles", "roles")
        };
        let encoding_name = flight.push(
            "the encoding",
            "SELECT pg_catalog.current_setting('client_encoding')".into(),
            |cells| cells.text(),
        );
        let (roles, settings, memberships) = if scope.roles {
            (
                flight.push(what, role::query(authid).into(), Role::decode),
                flight.push(
                    "settings of roles",
                    setting::query(authid).into(),
                    RoleSetting::decode,
                ),
                flight.push(
                    "role memberships",
                    membership::query(version, authid).into(),
                    Membership::decode,
                ),
            )
        } else {
            (Ticket::empty(), Ticket::empty(), Ticket::empty())
        };
        let parameters = flight.list_if::<ParameterAcl>(scope.roles && version >= 150000);
        let tablespaces = flight.list_if::<Tablespace>(scope.tablespaces);
        let labels = flight.list_if::<GlobalLabel>(scope.security_labels);
        let landed = flight.run(session).await?;
        Ok(Self {
            version,
            encoding: session.client_encoding(),
            encoding_name: landed.take(encoding_name)?.pop().unwrap_or_default(),
            roles: landed.take(roles)?,
            settings: landed.take(settings)?,
            memberships: landed.take(memberships)?,
            parameters: landed.take(parameters)?,
            tablespaces: landed.take(tablespaces)?,
            labels: landed.take(labels)?,
        })
    }
}
