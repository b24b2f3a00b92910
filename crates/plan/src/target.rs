//! What a server is and has, as far as a restore asks.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_connect::{Error, Row, Rows, Session};
use pgdumprs_script::Script;

use crate::concern::Lock;
use crate::made::{Name, Namespace};
use crate::profile::{Profile, ProfileChoice};

mod letters;
mod queries;

use letters::Letters;

/// What a server is and has, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The server's major version.
    pub(crate) major: u32,
    /// Letters of the script that the database's encoding does not have.
    pub(crate) letters: Letters,
    /// The role that restores.
    pub(crate) role: BString,
    /// Whether it is a superuser.
    pub(crate) superuser: bool,
    /// Whether the role that the session was opened by is one, which decides who it may become.
    pub(crate) session_superuser: bool,
    /// That role.
    pub(crate) session_role: BString,
    /// The host that the server is taken to be one of, whose administrators may do some of what only superusers may elsewhere.
    pub(crate) host: Option<Profile>,
    /// Whether it may make databases.
    pub(crate) may_create_databases: bool,
    /// Whether it may make roles.
    pub(crate) may_create_roles: bool,
    /// Whether it may make schemas in this database.
    pub(crate) may_create_schemas: bool,
    /// Whether it may make subscriptions.
    pub(crate) may_create_subscriptions: bool,
    /// All roles.
    pub(crate) roles: HashMap<BString, Role>,
    /// What the roles that the session may become have rights for, where the session is not a superuser's.
    pub(crate) rights: HashSet<(BString, Right)>,
    /// All extensions that are there or can be made.
    pub(crate) extensions: HashMap<BString, Extension>,
    /// Tablespaces that may be used.
    pub(crate) tablespaces: HashSet<BString>,
    /// Settings that are known, in small letters, and whether the role that restores may set them for routines and databases.
    pub(crate) settings: HashMap<BString, bool>,
    /// The schemas that the database has.
    pub(crate) schemas: HashMap<BString, Schema>,
    /// What there is of the names that the script's schemas have in them, and of those without a schema.
    pub(crate) objects: HashSet<Name>,
    /// Those of them whose owners the role that restores may act for.
    pub(crate) own_objects: HashSet<Name>,
    /// Locks that others have on relations of the script's schemas.
    pub(crate) locks: Vec<Lock>,
    /// How many locks the server has room for, about.
    pub(crate) lock_room: u64,
}

/// What is known of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    /// Whether the session may become it, and give it what is its own.
    pub(crate) may_become: bool,
    /// Whether the session has its rights without becoming it.
    pub(crate) is_inherited: bool,
    /// Whether the session may give it settings.
    pub(crate) may_alter: bool,
}

/// What a role may have a right for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Right {
    /// To make something in this schema.
    CreateIn(BString),
    /// To act for this role.
    ActFor(BString),
    /// To make schemas and publications.
    CreateInDatabase,
}

/// What is known of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extension {
    /// Whether the database has it.
    pub(crate) is_there: bool,
    /// Whether the role that restores may act for its owner.
    pub(crate) is_mine: bool,
    /// Whether that role may make it.
    pub(crate) may_be_made: bool,
    /// The schema that it has its objects in, if it is there.
    pub(crate) schema: BString,
}

/// What is known of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) owner: BString,
    /// Whether the role that restores may act for its owner.
    pub(crate) is_mine: bool,
    /// Whether that role may make something in it.
    pub(crate) may_create: bool,
    /// Whether everybody may use it and make something in it.
    pub(crate) is_open: bool,
}

/// SQLSTATE of a letter that an encoding does not have.
const UNTRANSLATABLE_CHARACTER: &str = "22P05";

impl Target {
    /// Asks a server for what a script needs, in one flight of queries within a transaction that changes nothing. Where the database has another
    /// encoding than the script, it is asked for the script's letters before.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`]; a role that may not read the catalogs, or an encoding of the archive that the server does not convert
    /// into the database's.
    pub async fn read(session: &mut Session, script: &Script) -> Result<Target, Error> {
        let major = session.server_version().major();
        let letters = Letters::ask(session, script).await?;
        let mut schemas = schemas(script);
        schemas.retain(|name| !letters.lack(name));
        // Where one fails, the transaction's end takes it back.
        let asked = queries::all(major, script, &schemas, false);
        let results = match session.pipeline(&asked).await {
            Err(error) if error.sqlstate() == Some(UNTRANSLATABLE_CHARACTER) => {
                let asked = queries::all(major, script, &schemas, true);
                session.pipeline(&asked).await
            }
            results => results,
        }?;
        let mut target = Target {
            major,
            letters,
            ..Target::default()
        };
        let [
            _,
            role,
            roles,
            rights,
            extensions,
            tablespaces,
            settings,
            database_schemas,
            objects,
            locks,
            lock_room,
            _,
        ] = results.as_slice()
        else {
            unreachable!("there is a result for each statement");
        };
        let role = role.one()?;
        target.role = role.get(0)?;
        target.superuser = role.get(1)?;
        target.may_create_databases = role.get(2)?;
        target.may_create_roles = role.get(3)?;
        target.may_create_schemas = role.get(4)?;
        target.may_create_subscriptions = role.get(5)?;
        target.session_superuser = role.get(6)?;
        target.session_role = role.get(7)?;
        target.roles = collected(roles, |row| {
            let role = Role {
                may_become: row.get(1)?,
                is_inherited: row.get(2)?,
                may_alter: row.get(3)?,
            };
            Ok((row.get(0)?, role))
        })?;
        target.rights = collected(rights, |row| {
            let right = match row.get::<&BStr>(1)?.as_bytes() {
                b"schema" => Right::CreateIn(row.get(2)?),
                b"role" => Right::ActFor(row.get(2)?),
                _ => Right::CreateInDatabase,
            };
            Ok((row.get(0)?, right))
        })?;
        target.extensions = collected(extensions, |row| {
            let extension = Extension {
                is_there: row.get(1)?,
                is_mine: row.get(2)?,
                may_be_made: row.get(3)?,
                schema: row.get(4)?,
            };
            Ok((row.get(0)?, extension))
        })?;
        target.tablespaces = collected(tablespaces, |row| row.get(0).map_err(Error::from))?;
        target.settings = collected(settings, |row| Ok((row.get(0)?, row.get(1)?)))?;
        target.schemas = collected(database_schemas, |row| {
            let schema = Schema {
                owner: row.get(1)?,
                is_mine: row.get(2)?,
                may_create: row.get(3)?,
                is_open: row.get(4)?,
            };
            Ok((row.get(0)?, schema))
        })?;
        let objects: Vec<Option<(Name, bool)>> = collected(objects, |row| {
            let namespace = Namespace::named(row.get::<&BStr>(0)?);
            let (schema, name, is_mine) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(namespace.map(|namespace| {
                let name = Name {
                    namespace,
                    schema,
                    name,
                };
                (name, is_mine)
            }))
        })?;
        for (name, is_mine) in objects.into_iter().flatten() {
            if is_mine {
                target.own_objects.insert(name.clone());
            }
            target.objects.insert(name);
        }
        target.locks = collected(locks, |row| {
            Ok(Lock {
                schema: row.get(0)?,
                name: row.get(1)?,
                mode: row.get(2)?,
                pid: row.get(3)?,
            })
        })?;
        target.lock_room = lock_room.one()?.get(0)?;
        target.host = Profile::of_target(&target, &ProfileChoice::Detect);
        Ok(target)
    }

    /// Takes the server to be one of a host by choice, rather than by what it has.
    #[must_use]
    pub fn on_host(mut self, choice: &ProfileChoice) -> Self {
        self.host = Profile::of_target(&self, choice);
        self
    }

    /// The host that the server is taken to be one of, by its name for people.
    pub fn host(&self) -> Option<&str> {
        self.host.as_ref().map(|host| host.title.as_str())
    }

    /// Whether the role that restores may do something, as the end of "only superusers …".
    pub(crate) fn allows(&self, what: &str) -> bool {
        self.superuser
            || self
                .host
                .as_ref()
                .is_some_and(|host| host.allows(self, what))
    }
}

/// The schemas that the script has something in.
fn schemas(script: &Script) -> Vec<BString> {
    let entries = script.entries().iter();
    let mut schemas: Vec<_> = entries
        .filter_map(|entry| entry.namespace.clone())
        .collect();
    schemas.retain(|name| !name.is_empty());
    schemas.sort();
    schemas.dedup();
    schemas
}

fn collected<T, C: FromIterator<T>>(
    rows: &Rows,
    read: impl Fn(Row<'_>) -> Result<T, Error>,
) -> Result<C, Error> {
    rows.iter().map(read).collect()
}
