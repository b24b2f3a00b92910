//! What can be in a restore's way.

mod display;

use bstr::BString;

/// What is in the way of an entry, or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// The server has no such role.
    MissingRole {
        /// Its name.
        role: BString,
        /// What it is named for.
        used: RoleUse,
    },
    /// The session's role may not act for that role: `SET ROLE` to it is refused.
    ForeignRole {
        /// Its name.
        role: BString,
        /// What it is named for.
        used: RoleUse,
    },
    /// The role has no right to make such an object where it is, and so cannot become its owner.
    OwnerLacksPrivilege {
        /// Its name.
        role: BString,
        /// Which right, as the end of "may not …".
        privilege: BString,
    },
    /// What it is about belongs to a role that the session may act for by `SET ROLE` alone: its own role does not inherit that one's rights.
    NotInherited {
        /// The owner's name.
        role: BString,
    },
    /// There is one of that name already.
    Exists {
        /// What there is, as the table of contents calls it.
        descriptor: BString,
        /// Its name, with its schema.
        name: BString,
    },
    /// There is none of that name, and it is to be dropped.
    NotThere {
        /// What is not there, as the table of contents calls it.
        descriptor: BString,
        /// Its name or that of its table, with the schema.
        name: BString,
    },
    /// The schema is there, and belongs to somebody for whom the session's role may not act.
    ForeignSchema {
        /// Its name.
        schema: BString,
    },
    /// What privileges are on belongs to somebody for whom the session's role may not act, as the objects of extensions mostly do.
    ForeignObject {
        /// Its kind and name.
        name: BString,
    },
    /// The schema is neither in the database nor made before.
    MissingSchema {
        /// Its name.
        schema: BString,
    },
    /// The server's machine does not have the extension's files.
    MissingExtension {
        /// Its name.
        extension: BString,
    },
    /// The extension is there, and belongs to somebody for whom the session's role may not act.
    ForeignExtension {
        /// Its name.
        extension: BString,
    },
    /// The extension is there in another schema, in which the archive does not look for what it makes.
    ExtensionElsewhere {
        /// Its name.
        extension: BString,
        /// The schema in the archive.
        schema: BString,
        /// The schema that it is in.
        found: BString,
    },
    /// Only superusers may do that.
    NeedsSuperuser {
        /// What it is, as the end of "only superusers …".
        what: &'static str,
    },
    /// The session's role lacks a privilege.
    NeedsPrivilege {
        /// Which, as the end of "the role lacks …".
        privilege: &'static str,
    },
    /// The server has no such tablespace, or the session's role may not use it.
    Tablespace {
        /// Its name.
        tablespace: BString,
    },
    /// The server has no such table access method.
    TableAccessMethod {
        /// Its name.
        access_method: BString,
    },
    /// The table whose rows come is neither in the database nor made before.
    MissingTable {
        /// Its name, with its schema.
        table: BString,
    },
    /// The server is older than the major that brought something which the entry has.
    TooOld {
        /// What that is.
        what: &'static str,
        /// The major that brought it.
        since: u32,
        /// Whether the entry can be restored without it, or left out without loss of content.
        is_adaptable: bool,
    },
    /// Something is written with letters that the database's encoding does not have.
    Encoding {
        /// The encoding's name.
        encoding: BString,
    },
    /// A routine, a database or a role has a setting that the server does not know.
    LacksSetting {
        /// Its name.
        setting: BString,
    },
    /// A routine, a database or a role has a setting that the session's role may not give it.
    MayNotSet {
        /// Its name.
        setting: BString,
    },
    /// The server does not know that setting: it is older than the writer of the script.
    UnknownSetting {
        /// Its name.
        setting: BString,
    },
}

/// What a role is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RoleUse {
    /// It owns the object.
    Owner,
    /// It gets privileges, or loses them.
    Grantee,
    /// It gave the privileges.
    Grantor,
    /// Its new objects get the privileges.
    DefaultPrivileges,
    /// A policy is for it.
    Policy,
    /// It is mapped to a user of a foreign server.
    UserMapping,
    /// It has settings of its own in the database.
    Settings,
}

/// What is missing afterwards if the restore goes on all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Nothing that belongs to the database's content: a setting of the session.
    Nothing,
    /// The object is there, but belongs to the role that restores.
    Owner,
    /// Privileges, a comment, or where and how a table is stored.
    Detail,
    /// The object, and with it what hangs on it.
    Object,
}

/// What leads past an obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cure {
    /// An option of the restore, or several of which one will do.
    Option(&'static str),
    /// Something that is to be done on the server, or another role to connect as.
    Server(&'static str),
}

impl Obstacle {
    /// What is missing afterwards if the restore goes on all the same.
    pub fn loss(&self) -> Loss {
        match self {
            Obstacle::MissingRole { used, .. } | Obstacle::ForeignRole { used, .. } => match used {
                RoleUse::Owner => Loss::Owner,
                RoleUse::Grantee
                | RoleUse::Grantor
                | RoleUse::DefaultPrivileges
                | RoleUse::Settings => Loss::Detail,
                RoleUse::Policy | RoleUse::UserMapping => Loss::Object,
            },
            Obstacle::OwnerLacksPrivilege { .. } => Loss::Owner,
            Obstacle::ForeignExtension { .. }
            | Obstacle::ForeignSchema { .. }
            | Obstacle::ForeignObject { .. }
            | Obstacle::Tablespace { .. }
            | Obstacle::TableAccessMethod { .. } => Loss::Detail,
            Obstacle::UnknownSetting { .. } | Obstacle::NotThere { .. } => Loss::Nothing,
            Obstacle::Exists { .. }
            | Obstacle::NotInherited { .. }
            | Obstacle::Encoding { .. }
            | Obstacle::LacksSetting { .. }
            | Obstacle::MayNotSet { .. }
            | Obstacle::MissingSchema { .. }
            | Obstacle::MissingExtension { .. }
            | Obstacle::ExtensionElsewhere { .. }
            | Obstacle::NeedsSuperuser { .. }
            | Obstacle::NeedsPrivilege { .. }
            | Obstacle::TooOld { .. }
            | Obstacle::MissingTable { .. } => Loss::Object,
        }
    }

    /// What leads past it.
    pub fn cure(&self) -> Cure {
        match self {
            Obstacle::MissingRole { used, .. } => match used {
                RoleUse::Owner => Cure::Option("--map-role, --missing-roles or --no-owner"),
                RoleUse::Grantee | RoleUse::Grantor | RoleUse::DefaultPrivileges => {
                    Cure::Option("--map-role, --missing-roles or --no-privileges")
                }
                RoleUse::Policy => Cure::Option("--map-role, --missing-roles or --no-policies"),
                RoleUse::UserMapping | RoleUse::Settings => {
                    Cure::Option("--map-role or --missing-roles")
                }
            },
            Obstacle::ForeignRole { used, .. } => match used {
                RoleUse::Owner => Cure::Option("--map-role, --adapt=owners or --no-owner"),
                RoleUse::Grantor => Cure::Option("--adapt=owners or --no-privileges"),
                RoleUse::Settings => Cure::Option("--adapt=privileges or --map-role"),
                _ => Cure::Option("--adapt=privileges or --no-privileges"),
            },
            Obstacle::OwnerLacksPrivilege { .. } => {
                Cure::Option("--adapt=owners or --no-owner, or let the role do that")
            }
            Obstacle::NotInherited { .. } => Cure::Option(
                "--adapt=owners, --no-owner or --role, or have your role inherit that one's rights",
            ),
            Obstacle::Exists { descriptor, .. } if descriptor == "SCHEMA" => {
                Cure::Option("--adapt=schemas, if the one that is there will do")
            }
            Obstacle::Exists { .. } => Cure::Option("--clean --if-exists"),
            Obstacle::NotThere { .. } => Cure::Option("--if-exists"),
            Obstacle::ForeignSchema { .. } => Cure::Option("--adapt=schemas"),
            Obstacle::ForeignObject { .. } => Cure::Option("--adapt=extensions or --no-privileges"),
            Obstacle::MissingSchema { .. } => Cure::Server("create the schema first"),
            Obstacle::MissingExtension { .. } => Cure::Server(
                "have the extension installed on the server's machine, or leave it out by --adapt=extensions",
            ),
            Obstacle::ForeignExtension { .. } => {
                Cure::Option("--adapt=extensions or --no-comments")
            }
            Obstacle::ExtensionElsewhere { .. } => {
                Cure::Option("--adapt=extensions or --map-extension-schema")
            }
            Obstacle::NeedsSuperuser { what } if what.contains("publication") => {
                Cure::Option("--no-publications")
            }
            Obstacle::NeedsSuperuser { what } if what.contains("subscription") => {
                Cure::Option("--no-subscriptions")
            }
            Obstacle::NeedsSuperuser { .. } => {
                Cure::Server("connect as a superuser, or leave it out by --adapt=superuser")
            }
            Obstacle::NeedsPrivilege { .. } => {
                Cure::Server("have it granted, or connect as another role")
            }
            Obstacle::Tablespace { .. } => Cure::Option("--adapt=storage or --no-tablespaces"),
            Obstacle::TableAccessMethod { .. } => {
                Cure::Option("--adapt=storage or --no-table-access-method")
            }
            Obstacle::MissingTable { .. } => {
                Cure::Server("make it first, or take its definition with the data")
            }
            Obstacle::TooOld {
                is_adaptable: true, ..
            } => Cure::Option("--adapt=version"),
            Obstacle::TooOld { .. } => Cure::Server(
                "take a newer server, or leave it out (by --use-list, or of what is dumped)",
            ),
            Obstacle::Encoding { .. } => Cure::Server(
                "take a database with the encoding of the one that was dumped, as --create makes it",
            ),
            Obstacle::LacksSetting { .. } => Cure::Option("--adapt=version"),
            Obstacle::MayNotSet { .. } => Cure::Option(
                "--adapt=superuser; or connect as a superuser, or since 15 have SET on it granted",
            ),
            Obstacle::UnknownSetting { .. } => Cure::Server("nothing needs to be done"),
        }
    }
}
