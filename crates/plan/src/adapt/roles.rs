//! Roles that have other names on the server, or are not there.

use bstr::{BString, ByteSlice};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_sql::{Encoding, identifier};

use super::{Adapter, Changed};
use crate::adaptation::Adaptation;
use crate::obstacle::{Obstacle, RoleUse};
use crate::roles::{Instead, rewritten};
use crate::target::Role;

impl Adapter<'_> {
    /// Writes roles by the names that they have on the server.
    pub(super) fn rename_roles(&mut self) {
        let (script, adapt) = (self.script, self.adapt);
        if adapt.roles.is_empty() {
            return;
        }
        for (at, entry) in script.entries().iter().enumerate() {
            let owner = entry.owner.as_ref();
            let new_owner = owner.and_then(|owner| Some((owner, adapt.new_name(owner)?)));
            let mut written = Vec::new();
            let definition = self.in_definition(entry.definition.as_ref(), entry, |role, _| {
                let Some(to) = adapt.new_name(role) else {
                    return Instead::Itself;
                };
                written.push((role.clone(), to.clone()));
                Instead::Written(self.name(to))
            });
            let drop = self.in_definition(entry.drop.as_ref(), entry, |role, _| {
                adapt
                    .new_name(role)
                    .map_or(Instead::Itself, |to| Instead::Written(self.name(to)))
            });
            if new_owner.is_none() && definition.is_none() && drop.is_none() {
                continue;
            }
            let sets_owner = script.sets_owner(entry);
            self.change(at, |changed| {
                if let Some((from, to)) = new_owner {
                    changed.entry.owner = Some(to.clone());
                    if sets_owner {
                        written.insert(0, (from.clone(), to.clone()));
                    }
                }
                if definition.is_some() {
                    changed.entry.definition = definition;
                    changed.rename_mapping(&written);
                }
                if drop.is_some() {
                    changed.entry.drop = drop;
                }
                for (from, to) in written {
                    changed.note(Adaptation::Role { from, to });
                }
            });
        }
    }

    /// Leaves an object to the role that restores, which then has and gives the privileges that its owner had and gave.
    pub(super) fn disown(&mut self, at: usize, owner: &BString) -> bool {
        let has_changed = self.change(at, |changed| {
            changed.entry.owner = None;
            changed.note(Adaptation::Owner {
                owner: owner.clone(),
            });
        });
        let entries = self.script.entries();
        for at in self.needing_it(at) {
            if entries[at].descriptor != "ACL" {
                continue;
            }
            let definition = self.definition(at);
            let me = self.name(&self.target.role);
            let definition = self.in_definition(definition.as_ref(), &entries[at], |role, _| {
                match role == owner {
                    true => Instead::Written(me.clone()),
                    false => Instead::Itself,
                }
            });
            let me = self.target.role.clone();
            self.change(at, |changed| {
                changed.entry.owner = None;
                if definition.is_some() {
                    changed.entry.definition = definition;
                    changed.note(Adaptation::Role {
                        from: owner.clone(),
                        to: me,
                    });
                }
            });
        }
        has_changed
    }

    /// Leaves all objects of an owner to the role that restores.
    pub(super) fn disown_all(&mut self, owner: &BString) -> bool {
        let script = self.script;
        let mut has_changed = false;
        for (at, entry) in script.entries().iter().enumerate() {
            let is_it = self.entry(at).owner.as_ref() == Some(owner) && script.sets_owner(entry);
            has_changed |= is_it && self.disown(at, owner);
        }
        has_changed
    }

    /// Leaves out of an entry what names a role for a purpose, and the entry where nothing else is in it.
    pub(super) fn without_role(
        &mut self,
        at: usize,
        role: &BString,
        used: RoleUse,
        because: &Obstacle,
    ) -> bool {
        let entry = &self.script.entries()[at];
        let definition = self.definition(at);
        let is_it = |named: &BString, for_what| named == role && for_what == used;
        let definition = self.in_definition(definition.as_ref(), entry, |named, for_what| {
            match is_it(named, for_what) {
                true => Instead::Nothing,
                false => Instead::Itself,
            }
        });
        let Some(definition) = definition else {
            return false;
        };
        if definition.is_empty() {
            return self.leave_out_since(at, because);
        }
        let role = role.clone();
        self.change(at, |changed| {
            changed.entry.definition = Some(definition);
            changed.note(match used {
                RoleUse::Grantor => Adaptation::Grantor { grantor: role },
                RoleUse::Policy => Adaptation::PolicyRole { role },
                RoleUse::Settings => Adaptation::Settings { role },
                _ => Adaptation::Privileges { role },
            });
        })
    }

    /// Has a role created before all else, if the role that restores may.
    pub(super) fn create_role(&mut self, role: &BString) -> bool {
        let may_create = self.target.superuser || self.target.may_create_roles;
        // The server keeps such names to itself.
        if !may_create || role.starts_with(b"pg_") {
            return false;
        }
        let new = Role {
            may_become: self.target.superuser,
            is_inherited: self.target.superuser,
            may_alter: true,
        };
        if self.target.roles.insert(role.clone(), new).is_some() {
            return false;
        }
        self.new_roles.push(role.clone());
        true
    }

    /// The entries that create roles.
    pub(super) fn role_entries(&self) -> Vec<Entry> {
        let ids = self.script.entries().iter().map(|entry| entry.dump_id);
        let first_free = ids.max().unwrap_or(0).saturating_add(1);
        let entries = (first_free..).zip(&self.new_roles);
        let entries = entries.map(|(dump_id, role)| Entry {
            dump_id,
            tag: Some(role.clone()),
            descriptor: "ROLE".into(),
            section: Section::PreData,
            definition: Some(
                [b"CREATE ROLE ", &self.name(role)[..], b" NOLOGIN;\n"]
                    .concat()
                    .into(),
            ),
            ..Entry::default()
        });
        entries.collect()
    }

    fn in_definition(
        &self,
        definition: Option<&BString>,
        entry: &Entry,
        instead: impl FnMut(&BString, RoleUse) -> Instead,
    ) -> Option<BString> {
        rewritten(&entry.descriptor, definition?, instead)
    }

    /// A name in a statement.
    pub(super) fn name(&self, name: &BString) -> BString {
        let encoding = Encoding::named(self.script.encoding_name().as_bytes());
        identifier(name.as_bstr(), false, encoding)
    }
}

impl Changed {
    /// A user mapping has its role in its name.
    fn rename_mapping(&mut self, roles: &[(BString, BString)]) {
        if self.entry.descriptor != "USER MAPPING" {
            return;
        }
        const BEFORE: &[u8] = b"USER MAPPING ";
        let tag = self.entry.tag.as_ref().and_then(|tag| {
            let rest = tag.strip_prefix(BEFORE)?;
            let renamed = roles.iter().find_map(|(from, to)| {
                let rest = rest.strip_prefix(from.as_slice())?;
                rest.starts_with(b" SERVER ")
                    .then(|| [BEFORE, to, rest].concat())
            });
            renamed.map(BString::from)
        });
        if tag.is_some() {
            self.entry.tag = tag;
        }
    }
}
