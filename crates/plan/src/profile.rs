//! Hosts of managed servers: what is theirs, and what their administrators may do without being superusers.

use bstr::{BString, ByteSlice};
use serde::Deserialize;

use crate::target::Target;

/// The data files, by the names that choose them.
const FILES: &[(&str, &str)] = &[
    ("azure", include_str!("../profiles/azure.toml")),
    ("cloud-sql", include_str!("../profiles/cloud-sql.toml")),
    ("heroku", include_str!("../profiles/heroku.toml")),
    ("neon", include_str!("../profiles/neon.toml")),
    ("rds", include_str!("../profiles/rds.toml")),
    ("supabase", include_str!("../profiles/supabase.toml")),
];

/// Which host the target is taken to be one of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProfileChoice {
    /// The one whose roles or schemas it has.
    #[default]
    Detect,
    /// None: what PostgreSQL keeps to superusers takes one.
    None,
    /// The one of this name, as in [`profile_names`].
    Named(String),
}

/// The names that a profile can be chosen by.
pub fn profile_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// A host of managed servers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The host's name, for people.
    pub(crate) title: String,
    detect: Signs,
    administrator: Administrator,
    #[serde(default)]
    managed: Managed,
}

/// What a server of the host is known by: all of it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Signs {
    roles: Vec<String>,
    schemas: Vec<String>,
}

/// Who administers a server in place of a superuser.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Administrator {
    /// The role, or one whose members do. Without it, whoever owns the database.
    role: Option<String>,
    /// What that role may do, as ends of "only superusers …".
    may: Vec<String>,
}

/// What is the host's own, and of no use elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Managed {
    roles: Vec<String>,
    schemas: Vec<String>,
    event_triggers: Vec<String>,
    publications: Vec<String>,
    extensions: Vec<String>,
}

impl Profile {
    /// The profile of that name.
    fn named(name: &str) -> Option<Profile> {
        let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
        // A test reads all of them.
        toml::from_str(text).ok()
    }

    fn all() -> impl Iterator<Item = Profile> {
        profile_names().filter_map(Profile::named)
    }

    /// The host that a target is taken to be one of.
    pub(crate) fn of_target(target: &Target, choice: &ProfileChoice) -> Option<Profile> {
        match choice {
            ProfileChoice::None => None,
            ProfileChoice::Named(name) => Profile::named(name),
            ProfileChoice::Detect => Profile::all().find(|profile| {
                let signs = &profile.detect;
                let has_role = |role: &String| target.roles.contains_key(role.as_bytes().as_bstr());
                let has_schema =
                    |schema: &String| target.schemas.contains_key(schema.as_bytes().as_bstr());
                signs.roles.iter().all(has_role) && signs.schemas.iter().all(has_schema)
            }),
        }
    }

    /// The host that an archive comes from, told by the owners of what is in it and by its schemas.
    pub(crate) fn of_archive<'a>(
        owners: impl Iterator<Item = &'a BString> + Clone,
        schemas: impl Iterator<Item = &'a BString> + Clone,
    ) -> Option<Profile> {
        Profile::all().find(|profile| {
            let signs = &profile.detect.schemas;
            owners.clone().any(|owner| profile.manages_role(owner))
                || schemas.clone().any(|schema| contains(signs, schema))
        })
    }

    /// Whether the role that restores may do what only superusers may elsewhere.
    pub(crate) fn allows(&self, target: &Target, what: &str) -> bool {
        let administers = match &self.administrator.role {
            Some(role) => {
                let role = target.roles.get(role.as_bytes().as_bstr());
                role.is_some_and(|role| role.may_become)
            }
            None => target.may_create_schemas,
        };
        administers && self.administrator.may.iter().any(|may| may == what)
    }

    /// Whether a role is the host's own.
    pub(crate) fn manages_role(&self, role: &BString) -> bool {
        contains(&self.managed.roles, role)
    }

    /// Whether a schema is the host's own.
    pub(crate) fn manages_schema(&self, schema: &BString) -> bool {
        contains(&self.managed.schemas, schema)
    }

    /// Whether an object without a schema is the host's own.
    pub(crate) fn manages(&self, descriptor: &[u8], name: &BString) -> bool {
        let names = match descriptor {
            b"SCHEMA" => &self.managed.schemas,
            b"EVENT TRIGGER" => &self.managed.event_triggers,
            b"PUBLICATION" => &self.managed.publications,
            b"EXTENSION" => &self.managed.extensions,
            _ => return false,
        };
        contains(names, name)
    }
}

fn contains(names: &[String], name: &BString) -> bool {
    names.iter().any(|known| name == known.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::superuser::KEPT;

    #[test]
    fn every_profile_is_read_and_says_what_is_known() {
        for (name, text) in FILES {
            let profile: Profile = toml::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(
                !profile.detect.roles.is_empty() || !profile.detect.schemas.is_empty(),
                "{name}: everything would be this host"
            );
            for may in &profile.administrator.may {
                assert!(
                    KEPT.contains(&may.as_str()),
                    "{name}: nobody is refused to {may:?}"
                );
            }
        }
    }

    #[test]
    fn an_archive_is_known_by_who_owns_what_is_in_it() {
        let of = |owners: &[&str], schemas: &[&str]| {
            let names = |names: &[&str]| names.iter().map(|&name| name.into()).collect();
            let (owners, schemas): (Vec<BString>, Vec<BString>) = (names(owners), names(schemas));
            let profile = Profile::of_archive(owners.iter(), schemas.iter());
            profile.map(|profile| profile.title)
        };
        assert_eq!(of(&["app", "postgres"], &["public", "auth"]), None);
        assert_eq!(
            of(&["app", "rds_superuser"], &[]).as_deref(),
            Some("Amazon RDS")
        );
        assert_eq!(of(&[], &["heroku_ext"]).as_deref(), Some("Heroku Postgres"));
    }
}
