//! What may be restored otherwise than the archive has it.

use std::collections::BTreeMap;

use bitflags::bitflags;
use bstr::BString;

use crate::profile::ProfileChoice;

/// What may be restored otherwise than the archive has it. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adapt {
    /// Roles by their names in the archive, each with its name on the server. Nothing is written as `public` or `none`, which are no roles.
    pub roles: BTreeMap<BString, BString>,
    /// Schemas in which extensions have their objects by their names in the archive, each with its name on the server.
    pub extension_schemas: BTreeMap<BString, BString>,
    /// What becomes of roles that the server does not have.
    pub missing_roles: MissingRoles,
    /// What else may be adapted.
    pub kinds: AdaptKinds,
    /// The host that the server is taken to be one of.
    pub profile: ProfileChoice,
}

/// What becomes of roles that the server does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingRoles {
    /// They are in the way.
    #[default]
    Fail,
    /// What they own belongs to the role that restores, and what they may do or others do for them is left out.
    Skip,
    /// They are created, without login.
    Create,
}

bitflags! {
    /// Kinds of adaptations.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct AdaptKinds: u16 {
        /// What belongs to a role that the session may not act for belongs to the role that restores.
        const OWNERS = 1;
        /// Default privileges of roles that the session may not act for are left out.
        const PRIVILEGES = 1 << 1;
        /// What only superusers may do is left out.
        const SUPERUSER = 1 << 2;
        /// Extensions that are there are taken, those that cannot be are left out.
        const EXTENSIONS = 1 << 3;
        /// Schemas that are there are taken as they are.
        const SCHEMAS = 1 << 4;
        /// Tablespaces and table access methods that are not there give way to those that all tables have.
        const STORAGE = 1 << 5;
        /// What the server is too old for is left out.
        const VERSION = 1 << 6;
        /// What the host of managed servers keeps for itself that the archive comes from is left out, but for rows and what they need.
        const HOST = 1 << 7;
        /// Rows of that as well: not among everything.
        const HOST_ROWS = 1 << 8;
    }
}

impl Adapt {
    /// Everything, but for roles that have other names. Roles that are missing are skipped.
    pub fn everything() -> Self {
        Adapt {
            missing_roles: MissingRoles::Skip,
            kinds: AdaptKinds::all() - AdaptKinds::HOST_ROWS,
            ..Adapt::default()
        }
    }

    /// Whether a role can have that name: a server takes `public` for everybody, with quotes too.
    pub fn is_role_name(name: &[u8]) -> bool {
        !matches!(name, b"" | b"public" | b"none")
    }

    /// The name that a role has on the server, if that is another.
    pub(super) fn new_name(&self, role: &BString) -> Option<&BString> {
        let name = self.roles.get(role);
        name.filter(|name| Adapt::is_role_name(name))
    }

    /// Whether nothing may be adapted.
    pub fn is_nothing(&self) -> bool {
        let renames = !self.roles.is_empty() || !self.extension_schemas.is_empty();
        !renames && self.missing_roles == MissingRoles::Fail && self.kinds.is_empty()
    }
}
