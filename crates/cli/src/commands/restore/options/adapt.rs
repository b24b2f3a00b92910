//! Options that say what may be restored otherwise than the archive has it.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::bail;
use bstr::{BString, ByteSlice};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use pgdumprs::{Adapt, AdaptKinds, MissingRoles, ProfileChoice, profile_names};

use crate::names::bytes;

/// The name for a server that is no host's.
const NO_PROFILE: &str = "none";

/// Takes the names of profiles.
fn profile_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(profile_names().chain([NO_PROFILE]))
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Adaptations")]
pub(crate) struct AdaptArgs {
    /// Restore otherwise, or leave out, what the server would refuse: everything that can be adapted, or only some of it
    ///
    /// What is adapted is told before the first change, and by --plan. Rows are never left out. Without --missing-roles, --adapt alone skips
    /// roles that the server does not have.
    #[arg(long, value_name = "WHAT,...", num_args = 0.., require_equals = true, value_delimiter = ',')]
    adapt: Option<Vec<Kind>>,

    /// Write a role as another, wherever the archive names it
    ///
    /// May be given several times. In owners, privileges, default privileges, policies, user mappings and settings of roles, but not in what
    /// functions and views hold.
    #[arg(long = "map-role", value_name = "NAME=NEW")]
    map_roles: Vec<OsString>,

    /// Write the schema of extensions as another
    ///
    /// May be given several times. Extensions that were in the one are in the other, or come into it; what the archive itself has in the one stays
    /// there. Bodies of functions in quotes stay as they are, and are told.
    #[arg(long = "map-extension-schema", value_name = "NAME=NEW")]
    map_extension_schemas: Vec<OsString>,

    /// What becomes of roles that the server does not have: fail before the first change (the default), skip them, or create them
    ///
    /// To skip a role: what it owns belongs to the role that restores, privileges and policies for it are left out. A policy that is for others
    /// as well stays theirs; one that is for nobody else is not made, and the table's row security stays on.
    #[arg(long, value_name = "HOW")]
    missing_roles: Option<Missing>,

    /// Take the server to be one of this host, or of none: azure, cloud-sql, heroku, neon, rds, supabase
    ///
    /// What the host's administrators may do without being superusers is not in the way then. Without the option the host is told by the
    /// roles and schemas that it makes.
    #[arg(long, value_name = "NAME", value_parser = profile_parser())]
    profile: Option<String>,
}

/// What may be adapted.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// What belongs to a role that you may not act for becomes yours, with its privileges
    Owners,
    /// Default privileges of roles that you may not act for are left out
    Privileges,
    /// What only superusers may do is left out, with what needs it
    Superuser,
    /// Extensions that are there are taken, those that cannot be are left out
    Extensions,
    /// Schemas that are there are taken as they are
    Schemas,
    /// Tablespaces and table access methods that are not there give way to the usual ones
    Storage,
    /// What the server is too old for is left out
    Version,
    /// What the host manages that the archive comes from is left out, its rows as well: these only where this is named
    Host,
}

/// What becomes of roles that are missing.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Missing {
    Fail,
    Skip,
    Create,
}

impl AdaptArgs {
    /// Whether something was asked for that needs a server.
    pub(super) fn needs_server(&self) -> Option<&'static str> {
        if self.adapt.is_some() {
            Some("--adapt")
        } else {
            let missing_roles = self.missing_roles.map(|_| "--missing-roles");
            missing_roles.or(self.profile.as_ref().map(|_| "--profile"))
        }
    }

    /// Whether any of it was said.
    pub(crate) fn is_given(&self) -> bool {
        self.needs_server().is_some()
            || !self.map_roles.is_empty()
            || !self.map_extension_schemas.is_empty()
    }

    /// What may be adapted.
    pub(crate) fn adapt(&self) -> anyhow::Result<Adapt> {
        let mut adapt = match self.adapt.as_deref() {
            None => Adapt::default(),
            Some([]) => Adapt::everything(),
            Some(kinds) => Adapt {
                kinds: kinds.iter().map(|kind| kind.of()).collect(),
                ..Adapt::default()
            },
        };
        if let Some(missing) = self.missing_roles {
            adapt.missing_roles = match missing {
                Missing::Fail => MissingRoles::Fail,
                Missing::Skip => MissingRoles::Skip,
                Missing::Create => MissingRoles::Create,
            };
        }
        adapt.profile = match self.profile.as_deref() {
            None => ProfileChoice::Detect,
            Some(NO_PROFILE) => ProfileChoice::None,
            Some(name) => ProfileChoice::Named(name.to_owned()),
        };
        map(
            "--map-role",
            &self.map_roles,
            Adapt::is_role_name,
            &mut adapt.roles,
        )?;
        let is_schema = |name: &[u8]| !name.is_empty() && !name.starts_with(b"pg_");
        let schemas = &mut adapt.extension_schemas;
        map(
            "--map-extension-schema",
            &self.map_extension_schemas,
            is_schema,
            schemas,
        )?;
        Ok(adapt)
    }
}

impl Kind {
    fn of(self) -> AdaptKinds {
        match self {
            Kind::Owners => AdaptKinds::OWNERS,
            Kind::Privileges => AdaptKinds::PRIVILEGES,
            Kind::Superuser => AdaptKinds::SUPERUSER,
            Kind::Extensions => AdaptKinds::EXTENSIONS,
            Kind::Schemas => AdaptKinds::SCHEMAS,
            Kind::Storage => AdaptKinds::STORAGE,
            Kind::Version => AdaptKinds::VERSION,
            Kind::Host => AdaptKinds::HOST | AdaptKinds::HOST_ROWS,
        }
    }
}

/// Puts the names that an option was given with their new ones.
fn map(
    option: &str,
    pairs: &[OsString],
    is_name: impl Fn(&[u8]) -> bool,
    names: &mut BTreeMap<BString, BString>,
) -> anyhow::Result<()> {
    for pair in pairs {
        let pair = bytes(pair);
        let Some((from, to)) = pair.split_once_str("=") else {
            bail!("option {option} takes NAME=NEW, and \"{pair}\" is not of that form");
        };
        for name in [from, to] {
            if !is_name(name) {
                bail!("option {option} takes no name like \"{}\"", name.as_bstr());
            }
        }
        let before = names.insert(from.into(), to.into());
        if before.is_some_and(|before| before != to) {
            bail!(
                "option {option} has two new names for \"{}\"",
                from.as_bstr()
            );
        }
    }
    Ok(())
}
