//! Obstacles, and what leads past them, for people.

use std::fmt;

use super::{Cure, Obstacle, RoleUse};

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::MissingRole { role, used } => {
                write!(f, "the server has no role \"{role}\", {used}")
            }
            Obstacle::ForeignRole { role, used } => {
                write!(f, "you may not act for the role \"{role}\", {used}")
            }
            Obstacle::OwnerLacksPrivilege { role, privilege } => write!(
                f,
                "the role \"{role}\", which is the owner, may not {privilege}"
            ),
            Obstacle::NotInherited { role } => write!(
                f,
                "what it is about belongs to \"{role}\", whose rights you do not inherit"
            ),
            Obstacle::Exists { descriptor, name } => {
                let kind = descriptor.to_string().to_lowercase();
                write!(f, "the database has a {kind} {name} already")
            }
            Obstacle::NotThere { descriptor, name } => {
                let kind = descriptor.to_string().to_lowercase();
                write!(f, "the database has no {kind} {name} that could be dropped")
            }
            Obstacle::ForeignSchema { schema } => write!(
                f,
                "the schema \"{schema}\" is there and belongs to somebody else"
            ),
            Obstacle::ForeignObject { name } => {
                write!(
                    f,
                    "{name} belongs to somebody else, as what extensions make does"
                )
            }
            Obstacle::MissingSchema { schema } => {
                write!(f, "the database has no schema \"{schema}\"")
            }
            Obstacle::MissingExtension { extension } => {
                write!(f, "the server does not have the extension \"{extension}\"")
            }
            Obstacle::ForeignExtension { extension } => {
                write!(
                    f,
                    "the extension \"{extension}\" is there and belongs to somebody else"
                )
            }
            Obstacle::ExtensionElsewhere {
                extension,
                schema,
                found,
            } => write!(
                f,
                "the extension \"{extension}\" is there in the schema \"{found}\", rather than in \"{schema}\""
            ),
            Obstacle::NeedsSuperuser { what } => write!(f, "only superusers {what}"),
            Obstacle::NeedsPrivilege { privilege } => write!(f, "your role lacks {privilege}"),
            Obstacle::Tablespace { tablespace } => {
                write!(
                    f,
                    "there is no tablespace \"{tablespace}\" that you may use"
                )
            }
            Obstacle::TableAccessMethod { access_method } => {
                write!(
                    f,
                    "the server has no table access method \"{access_method}\""
                )
            }
            Obstacle::MissingTable { table } => write!(f, "the database has no table {table}"),
            Obstacle::TooOld { what, since, .. } => {
                write!(
                    f,
                    "the server is older than PostgreSQL {since}, which brought {what}"
                )
            }
            Obstacle::Encoding { encoding } => write!(
                f,
                "it has letters which the database's encoding {encoding} does not have"
            ),
            Obstacle::LacksSetting { setting } => {
                write!(f, "the server does not know the setting \"{setting}\"")
            }
            Obstacle::MayNotSet { setting } => {
                write!(f, "you may not set \"{setting}\" for others")
            }
            Obstacle::UnknownSetting { setting } => {
                write!(
                    f,
                    "the server is too old to know \"{setting}\", which the script sets"
                )
            }
        }
    }
}

impl fmt::Display for RoleUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RoleUse::Owner => "which is the owner",
            RoleUse::Grantee => "which privileges are about",
            RoleUse::Grantor => "which gave privileges",
            RoleUse::DefaultPrivileges => "for which default privileges are set",
            RoleUse::Policy => "which a policy is for",
            RoleUse::UserMapping => "which a user mapping is for",
            RoleUse::Settings => "which has settings of its own in the database",
        })
    }
}

impl fmt::Display for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cure::Option(text) | Cure::Server(text) => text,
        })
    }
}
