//! What each statement needs of the target.

mod dependencies;
mod drops;
pub(crate) mod extensions;
mod names;
mod others;
mod owners;
mod settings;

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_script::{Command, Parts, Pass, Purpose, Script, Sql, Step};

use crate::made::{self, Name, Namespace};
use crate::novelty::{self, Instead};
use crate::obstacle::{Loss, Obstacle, RoleUse};
use crate::roles;
use crate::superuser;
use crate::target::Target;
use crate::words::{Word, words};

/// What only superusers may do for whole restores.
pub(crate) const BECOME_OTHERS: &str = "become other roles by SET SESSION AUTHORIZATION";

/// Holds statements against a target, in the order of the script.
pub(crate) struct Check<'a> {
    script: &'a Script,
    target: &'a Target,
    /// What the script has dropped and made by now, which the target tells nothing about any more.
    gone: HashSet<Name>,
    made: HashSet<Name>,
    /// Entries that are not made, by their dump ids, and by the names that they would have made. With each the position of the entry that
    /// is the reason.
    lost: HashMap<i32, usize>,
    lost_names: HashMap<Name, usize>,
    /// The positions of entries that are left out.
    left_out: HashSet<usize>,
    /// The reason why the entry that is looked at hangs, by the names that it needs.
    reason: Option<usize>,
    /// Extensions that the script has dropped.
    gone_extensions: HashSet<BString>,
    /// The script has made an extension that was not there, with objects that it does not name.
    has_new_extension: bool,
    /// Owners of what the script has given away, by the dump ids of entries, and of the schemas among that by their names.
    given: HashMap<i32, BString>,
    schema_owners: HashMap<BString, BString>,
    /// The script makes a database of its own: what the one that is asked has in it does not matter.
    own_database: bool,
}

impl<'a> Check<'a> {
    /// A check of a script from which entries at some positions are left out.
    pub(crate) fn new(script: &'a Script, target: &'a Target, left_out: &[usize]) -> Self {
        let mut check = Check {
            script,
            target,
            gone: HashSet::new(),
            made: HashSet::new(),
            lost: HashMap::new(),
            lost_names: HashMap::new(),
            left_out: left_out.iter().copied().collect(),
            reason: None,
            gone_extensions: HashSet::new(),
            has_new_extension: false,
            given: HashMap::new(),
            schema_owners: HashMap::new(),
            own_database: script.options().create,
        };
        for &at in left_out {
            let entry = &script.entries()[at];
            check.lost.insert(entry.dump_id, at);
            check
                .lost_names
                .extend(made::by(entry).map(|name| (name, at)));
        }
        check
    }

    /// What is in the way of how a session begins.
    pub(crate) fn beginning(&self, commands: &[Command<'_>]) -> Vec<Obstacle> {
        let mut obstacles = Vec::new();
        for command in commands {
            let Command::Sql(Sql {
                purpose: Purpose::Setting,
                text,
                ..
            }) = command
            else {
                continue;
            };
            let words = words(text);
            let [Word::Plain(set), name, ..] = &words[..] else {
                continue;
            };
            if set != "set" {
                continue;
            }
            if let Some(name) = name.name().filter(|_| !name.is("role")) {
                if !self.target.settings.contains_key(name) {
                    obstacles.push(Obstacle::UnknownSetting {
                        setting: name.clone(),
                    });
                }
            }
        }
        obstacles
    }

    /// What is in the way of a step that comes to these commands, and the position of the entry that it hangs on, if it does.
    pub(crate) fn step(
        &mut self,
        step: &Step,
        commands: &[Command<'_>],
    ) -> (Vec<Obstacle>, Option<usize>) {
        let entry = self.script.entry(step);
        if step.pass == Pass::Drop {
            let obstacle = self.drop(entry);
            return (obstacle.into_iter().collect(), None);
        }
        let mut obstacles = Vec::new();
        self.reason = None;
        for command in commands {
            let text = match command {
                Command::Sql(sql) => sql.text.as_ref(),
                Command::Copy { statement, .. } => statement,
                _ => BStr::new(""),
            };
            // The server does not even read it.
            if self.target.letters.lack(text) {
                let obstacle = Obstacle::Encoding {
                    encoding: self.target.letters.encoding_name.clone(),
                };
                if !obstacles.contains(&obstacle) {
                    obstacles.push(obstacle);
                }
                continue;
            }
            match command {
                Command::Sql(sql) => self.statement(entry, sql, &mut obstacles),
                Command::Copy { .. } | Command::Statements { .. } => {
                    obstacles.extend(self.table_of_rows(entry));
                    obstacles.extend(self.not_inherited(entry));
                }
                Command::LargeObjects { .. } => obstacles.extend(self.not_inherited(entry)),
                _ => {}
            }
        }
        let lost = self.needed(entry).into_iter();
        let lost = lost.filter_map(|needed| Some((needed, *self.lost.get(&needed)?)));
        let lost = lost.filter(|(needed, reason)| !self.comes_without(entry, *needed, *reason));
        let lost = lost.map(|(_, reason)| reason);
        let reasons: Vec<usize> = lost.chain(self.reason).collect();
        // A table whose access method there is not is made with another.
        let entries = self.script.entries();
        let is_table = matches!(entry.descriptor.as_slice(), b"TABLE" | b"MATERIALIZED VIEW");
        let is_grave = |&reason: &usize| !is_table || entries[reason].descriptor != "ACCESS METHOD";
        let mut graver = reasons.iter().copied().filter(is_grave);
        let lost_with = graver.next();
        let hangs_on = lost_with.or(reasons.first().copied());
        let hangs_on = hangs_on.filter(|_| !self.is_comment_on_extension_there(entry));
        let has_schema = |obstacle: &Obstacle| matches!(obstacle, Obstacle::Exists { descriptor, .. } if descriptor == "SCHEMA");
        let is_lost = obstacles
            .iter()
            .any(|obstacle| obstacle.loss() == Loss::Object && !has_schema(obstacle));
        let reason = if is_lost { Some(step.entry) } else { lost_with };
        // Privileges on columns come for themselves, whatever becomes of those on the table.
        let reason = reason.filter(|_| entry.descriptor != "ACL");
        let name = made::by(entry).filter(|_| step.parts.contains(Parts::SCHEMA));
        match reason {
            Some(reason) => {
                self.lost.insert(entry.dump_id, reason);
                self.lost_names.extend(name.map(|name| (name, reason)));
            }
            None => self.made.extend(name),
        }
        (obstacles, hangs_on)
    }

    fn statement(&mut self, entry: &Entry, sql: &Sql<'_>, obstacles: &mut Vec<Obstacle>) {
        let target = self.target;
        match sql.purpose {
            Purpose::Owner => obstacles.extend(self.give(entry)),
            Purpose::Authorization
                if !target.session_superuser && !is_back_to_default(&sql.text) =>
            {
                obstacles.push(Obstacle::NeedsSuperuser {
                    what: BECOME_OTHERS,
                });
            }
            Purpose::Tablespace => {
                let tablespace = entry.tablespace.as_ref().filter(|name| !name.is_empty());
                let missing = tablespace.filter(|&name| !target.tablespaces.contains(name));
                obstacles.extend(missing.map(|name| Obstacle::Tablespace {
                    tablespace: name.clone(),
                }));
            }
            Purpose::AccessMethod | Purpose::PartitionedAccessMethod => {
                let method = entry.table_am.as_ref().filter(|name| !name.is_empty());
                let missing = method.filter(|name| self.lacks(Namespace::AccessMethod, b"", name));
                obstacles.extend(missing.map(|name| Obstacle::TableAccessMethod {
                    access_method: name.clone(),
                }));
            }
            Purpose::Definition => self.definition(entry, &sql.text, obstacles),
            _ => {}
        }
    }

    fn definition(&mut self, entry: &Entry, text: &BStr, obstacles: &mut Vec<Obstacle>) {
        let target = self.target;
        let descriptor = entry.descriptor.as_slice();
        let tag = entry
            .tag
            .as_ref()
            .map_or(BStr::new(""), |tag| tag.as_bstr());
        for (role, used) in roles::named(descriptor, text) {
            let obstacle = match used {
                RoleUse::DefaultPrivileges => self.act_for(&role, used),
                RoleUse::Grantor => self.act_as(&role, used),
                RoleUse::Settings => self.alter(&role, used),
                _ => self.know_role(&role, used),
            };
            if let Some(obstacle) = obstacle {
                if !obstacles.contains(&obstacle) {
                    obstacles.push(obstacle);
                }
            }
        }
        if let Some(name) = made::by(entry) {
            if self.is_in_the_way(&name) {
                obstacles.push(Obstacle::Exists {
                    descriptor: entry.descriptor.clone(),
                    name: shown(&name.schema, &name.name),
                });
            }
        }
        let schema = entry.namespace.as_ref().filter(|name| !name.is_empty());
        if let Some(schema) = schema {
            if self.lacks(Namespace::Schema, b"", schema) {
                obstacles.push(Obstacle::MissingSchema {
                    schema: schema.clone(),
                });
            } else if made::by(entry).is_some() && self.is_closed(schema) {
                obstacles.push(Obstacle::NeedsPrivilege {
                    privilege: "CREATE on the schema",
                });
            }
        }
        match descriptor {
            b"USER MAPPING" => {
                let words = words(text);
                let server = words.windows(2).find(|pair| pair[0].is("server"));
                if let Some(server) = server.and_then(|pair| pair[1].name()) {
                    // The archive does not say that a mapping needs its server.
                    self.lacks(Namespace::ForeignServer, b"", server);
                }
            }
            b"EXTENSION" => obstacles.extend(self.extension(entry, text)),
            b"COMMENT" if tag.starts_with(b"EXTENSION ") => obstacles.extend(self.comment(tag)),
            b"COMMENT" | b"ACL" | b"SECURITY LABEL" if !words(text).is_empty() => {
                obstacles.extend(self.comment_on_not_null(entry, text));
                obstacles.extend(self.schema_of_others(entry));
                obstacles.extend(self.object_of_others(entry));
            }
            b"SCHEMA"
                if made::by(entry).is_some()
                    && !target.may_create_schemas
                    && !self.own_database =>
            {
                obstacles.push(Obstacle::NeedsPrivilege {
                    privilege: "CREATE on the database",
                });
            }
            b"DATABASE" => {
                if !target.may_create_databases && !target.superuser {
                    obstacles.push(Obstacle::NeedsPrivilege {
                        privilege: "CREATEDB",
                    });
                }
                let tablespace = novelty::tablespace(text).map(|(name, _)| name);
                let missing = tablespace.filter(|name| !target.tablespaces.contains(name));
                obstacles.extend(missing.map(|tablespace| Obstacle::Tablespace { tablespace }));
            }
            b"SUBSCRIPTION" if target.major >= 16 && !target.may_create_subscriptions => {
                obstacles.push(Obstacle::NeedsPrivilege {
                    privilege: "what pg_create_subscription has, or CREATE on the database",
                });
            }
            _ => {}
        }
        obstacles.extend(self.not_inherited(entry));
        self.settings(descriptor, text, obstacles);
        let unknown = novelty::unknown(descriptor, text, target.major).into_iter();
        obstacles.extend(unknown.map(|novelty| Obstacle::TooOld {
            what: novelty.what,
            since: novelty.since,
            is_adaptable: novelty.instead != Instead::Nothing,
        }));
        let is_too_new = target.major < 19 && !gist_defaults(self.script, entry, text).is_empty();
        obstacles.extend(is_too_new.then_some(Obstacle::TooOld {
            what: novelty::GIST_DEFAULT,
            since: 19,
            is_adaptable: true,
        }));
        let schema = schema.map_or(&b""[..], |schema| schema);
        let needed = superuser::needed(descriptor, schema, text, target.major);
        let refused = needed.filter(|what| !target.allows(what));
        obstacles.extend(refused.map(|what| Obstacle::NeedsSuperuser { what }));
    }

    /// Comments on constraints that the server does not know to have names: a table, or a domain, whose `CHECK` the constraint is not.
    fn comment_on_not_null(&self, entry: &Entry, text: &BStr) -> Option<Obstacle> {
        if self.target.major >= 18 || !text.starts_with(b"COMMENT ON CONSTRAINT ") {
            return None;
        }
        let said = words(text);
        let is_domain = said.get(5).is_some_and(|word| word.is("domain"));
        let since = if is_domain { 17 } else { 18 };
        let name = said.get(3).filter(|_| self.target.major < since)?;
        let holds = |owner: &&Entry| {
            let kinds = ["TABLE", "FOREIGN TABLE", "DOMAIN"];
            entry.dependencies.contains(&owner.dump_id)
                && kinds.iter().any(|kind| owner.descriptor == *kind)
        };
        let owner = self.script.entries().iter().find(holds)?;
        let words = words(owner.definition.as_ref()?);
        let is_check = words.windows(3).any(|window| {
            window[0].is("constraint") && window[1].name() == name.name() && window[2].is("check")
        });
        (!is_check).then_some(Obstacle::TooOld {
            what: novelty::NOT_NULL_NAMES,
            since,
            is_adaptable: true,
        })
    }

    fn table_of_rows(&mut self, entry: &Entry) -> Option<Obstacle> {
        let schema = entry.namespace.as_ref().filter(|name| !name.is_empty())?;
        let table = entry.tag.as_ref()?;
        let lacks = self.lacks(Namespace::Relation, schema, table);
        lacks.then(|| Obstacle::MissingTable {
            table: shown(schema, table),
        })
    }
}

/// Where an entry leaves the operator class of network addresses to the server.
pub(crate) fn gist_defaults(script: &Script, entry: &Entry, text: &[u8]) -> Vec<novelty::Place> {
    let needed = entry.dependencies.iter();
    let mut needed = needed.filter_map(|&dump_id| script.entry_of(dump_id));
    let table = needed.find(|needed| needed.descriptor == "TABLE");
    let table = table.and_then(|table| table.definition.as_ref());
    table.map_or_else(Vec::new, |table| {
        novelty::gist_defaults(&entry.descriptor, text, table)
    })
}

/// Whether a statement takes a session back to the role that it was opened by, as everybody may.
fn is_back_to_default(sql: &[u8]) -> bool {
    words(sql).iter().any(|word| word.is("default"))
}

/// A name with its schema, for people.
fn shown(schema: &BString, name: &BString) -> BString {
    if schema.is_empty() {
        name.clone()
    } else {
        bstr::join(".", [schema, name]).into()
    }
}
