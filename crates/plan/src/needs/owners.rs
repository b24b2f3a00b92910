//! Roles that the session acts for, and what belongs to them.

use bstr::BString;
use pgdumprs_archive::Entry;

use super::Check;
use crate::made::{self, Name, Namespace};
use crate::obstacle::{Obstacle, RoleUse};
use crate::target::Right;
use crate::words::words;

impl Check<'_> {
    /// What is in the way of an object's being given to its owner.
    pub(super) fn give(&mut self, entry: &Entry) -> Option<Obstacle> {
        // To give a schema to the owner that it has takes no right.
        if self.has_owner(entry) {
            return None;
        }
        if let Some(obstacle) = self.schema_of_others(entry) {
            return Some(obstacle);
        }
        let owner = entry.owner.as_ref()?;
        let obstacle = self.become_role(owner, RoleUse::Owner);
        let obstacle = obstacle.or_else(|| self.owner_lacks(entry, owner));
        if obstacle.is_none() {
            self.given.insert(entry.dump_id, owner.clone());
            if let Some(schema) = entry.tag.clone().filter(|_| entry.descriptor == "SCHEMA") {
                self.schema_owners.insert(schema, owner.clone());
            }
        }
        obstacle
    }

    /// What an owner would have to be allowed, which a server asks for where no superuser gives the object away.
    fn owner_lacks(&self, entry: &Entry, owner: &BString) -> Option<Obstacle> {
        let has = |right| self.target.rights.contains(&(owner.clone(), right));
        if self.target.superuser || *owner == self.target.role {
            return None;
        }
        if entry.descriptor == "PUBLICATION" && !self.own_database {
            let privilege = "make publications in the database";
            return (!has(Right::CreateInDatabase)).then(|| Obstacle::OwnerLacksPrivilege {
                role: owner.clone(),
                privilege: privilege.into(),
            });
        }
        let schema = entry.namespace.as_ref().filter(|name| !name.is_empty())?;
        let may_create = match self.made_schema(schema) {
            Some(of) => of == owner || has(Right::ActFor(of.clone())),
            None => self.own_database || has(Right::CreateIn(schema.clone())),
        };
        (!may_create).then(|| Obstacle::OwnerLacksPrivilege {
            role: owner.clone(),
            privilege: [b"make anything in the schema \"", &schema[..], b"\""]
                .concat()
                .into(),
        })
    }

    /// The owner of a schema that the script has made.
    fn made_schema(&self, schema: &BString) -> Option<&BString> {
        let name = Name {
            namespace: Namespace::Schema,
            schema: BString::default(),
            name: schema.clone(),
        };
        let owner = self.schema_owners.get(schema).unwrap_or(&self.target.role);
        self.made.contains(&name).then_some(owner)
    }

    /// That an entry is about something which the script has given to a role whose rights the session has by `SET ROLE` alone.
    pub(super) fn not_inherited(&self, entry: &Entry) -> Option<Obstacle> {
        let is_mine = |role: &BString| {
            let role = self.target.roles.get(role);
            self.target.superuser || role.is_none_or(|role| role.is_inherited)
        };
        let schema = entry.namespace.as_ref().filter(|name| !name.is_empty());
        let schema = schema.and_then(|schema| self.made_schema(schema));
        let needed = || {
            let given = |needed: &i32| {
                let owner = self.given.get(needed)?;
                let needed = self.script.entry_of(*needed)?;
                self.acts_on(entry, needed, owner).then_some(owner)
            };
            entry.dependencies.iter().filter_map(given)
        };
        let owner = schema
            .into_iter()
            .chain(needed())
            .find(|owner| !is_mine(owner))?;
        Some(Obstacle::NotInherited {
            role: owner.clone(),
        })
    }

    /// Whether an entry takes the rights of the owner of another that it needs.
    fn acts_on(&self, entry: &Entry, needed: &Entry, owner: &BString) -> bool {
        let is_relation = made::by(needed).is_some_and(|it| it.namespace == Namespace::Relation);
        let says = |keyword: &str| {
            let definition = entry.definition.as_ref();
            definition.is_some_and(|text| words(text).iter().any(|word| word.is(keyword)))
        };
        match entry.descriptor.as_slice() {
            b"TABLE" | b"FOREIGN TABLE" => is_relation && says("inherits"),
            b"STATISTICS" | b"TABLE ATTACH" | b"PUBLICATION TABLE" => is_relation,
            // That of an identity column.
            b"SEQUENCE" => is_relation && made::by(entry).is_none(),
            b"CAST" => matches!(needed.descriptor.as_slice(), b"TYPE" | b"DOMAIN"),
            _ => !self.script.sets_owner(entry) && entry.owner.as_ref() == Some(owner),
        }
    }

    pub(super) fn know_role(&self, role: &BString, used: RoleUse) -> Option<Obstacle> {
        let is_missing = !self.target.roles.contains_key(role);
        is_missing.then(|| Obstacle::MissingRole {
            role: role.clone(),
            used,
        })
    }

    /// `SET SESSION AUTHORIZATION` takes a superuser, but back to oneself.
    pub(super) fn act_as(&self, role: &BString, used: RoleUse) -> Option<Obstacle> {
        let missing = self.know_role(role, used);
        let may = self.target.session_superuser || *role == self.target.session_role;
        missing.or_else(|| {
            (!may).then(|| Obstacle::ForeignRole {
                role: role.clone(),
                used,
            })
        })
    }

    /// Whose default privileges are changed: since 16 that takes the role's rights, before it takes a member.
    pub(super) fn act_for(&self, role: &BString, used: RoleUse) -> Option<Obstacle> {
        let known = self.target.roles.get(role);
        let may = known.map(|known| match self.target.major {
            ..16 => known.may_become,
            _ => known.is_inherited,
        });
        self.refused(role, used, may)
    }

    /// Who gets settings in the database.
    pub(super) fn alter(&self, role: &BString, used: RoleUse) -> Option<Obstacle> {
        let known = self.target.roles.get(role);
        self.refused(role, used, known.map(|known| known.may_alter))
    }

    fn become_role(&self, role: &BString, used: RoleUse) -> Option<Obstacle> {
        let known = self.target.roles.get(role);
        self.refused(role, used, known.map(|known| known.may_become))
    }

    /// What is in the way, where it is known whether a role that is there may be acted for.
    fn refused(&self, role: &BString, used: RoleUse, may: Option<bool>) -> Option<Obstacle> {
        match may {
            None => self.know_role(role, used),
            Some(true) => None,
            Some(false) => Some(Obstacle::ForeignRole {
                role: role.clone(),
                used,
            }),
        }
    }
}
