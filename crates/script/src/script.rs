//! A script: an archive's entries with the steps that restore them.

use std::collections::HashMap;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::{Entry, Header};

use crate::drop;
use crate::error::{Error, Warning};
use crate::large_objects;
use crate::list::{self, List};
use crate::names::AllNames;
use crate::options::{Options, Parts};
use crate::owner;
use crate::selection::Selection;
use crate::session::Session;
use crate::setup::Setup;

/// What is restored of an archive, and in which order.
///
/// It holds the archive's entries and is cheap to clone. The statements of each [`Step`] are made when they are asked for, by a
/// [`Session`], because they depend on what a connection has been told before.
#[derive(Clone, Debug)]
pub struct Script {
    pub(crate) entries: Arc<[Entry]>,
    pub(crate) positions: Arc<HashMap<i32, usize>>,
    pub(crate) steps: Arc<[Step]>,
    /// The entries' positions in the order of the list, with what is restored of each.
    pub(crate) listed: Arc<[(usize, Parts)]>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) options: Options,
    pub(crate) setup: Setup,
    pub(crate) server_version: Option<BString>,
    pub(crate) dumper_version: Option<BString>,
    /// Whether there are no definitions, so that tables are filled which were there before.
    pub(crate) lacks_definitions: bool,
}

/// The restore of one entry in one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The entry's position in the archive's table of contents.
    pub entry: usize,
    /// When it is done.
    pub pass: Pass,
    /// What is restored of the entry. For [`Pass::Drop`], what will be later.
    pub parts: Parts,
}

/// The parts of a restore, one after the other. Within each, steps stand in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// Objects are dropped, the last ones first.
    Drop,
    /// Most objects, and data.
    Main,
    /// Privileges: until here the role that restores may do everything.
    Privileges,
    /// What needs privileges or must not act before: materialized views are filled, event triggers made.
    AfterPrivileges,
}

impl Script {
    /// Decides what of an archive is restored and in which order.
    ///
    /// # Errors
    /// [`Error`] where the options contradict each other or the archive, or the archive holds what no script can say. Then nothing
    /// of it should be restored: stock stops in the middle.
    pub fn new(
        header: &Header,
        entries: impl Into<Arc<[Entry]>>,
        options: &Options,
    ) -> Result<Script, Error> {
        options.check()?;
        let entries = entries.into();
        let positions: HashMap<_, _> = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.dump_id, at))
            .collect();
        let setup = Setup::of(&entries, options)?;
        let mut warnings = Vec::new();
        let list = match &options.list {
            Some(text) => list::read(text, &entries, &positions, &mut warnings)?,
            None => List {
                order: (0..entries.len()).collect(),
                wanted: vec![true; entries.len()],
            },
        };
        let names = AllNames::new(options);
        let wanted = Selection::new(&entries, &positions, options, &names, &list).decide();
        if options.strict_names {
            names.check()?;
        }
        let has_definitions = wanted.iter().any(|parts| parts.contains(Parts::SCHEMA));
        let wants_definitions = options.parts().contains(Parts::SCHEMA);
        if wants_definitions && !has_definitions {
            warnings.push(Warning::NoDefinitions);
        }
        let listed = list.order.iter().map(|&at| (at, wanted[at]));
        let mut script = Script {
            listed: listed.collect(),
            steps: steps(&entries, &list, &wanted, options).into(),
            entries,
            positions: Arc::new(positions),
            warnings,
            options: options.clone(),
            setup,
            server_version: header.server_version.clone(),
            dumper_version: header.dumper_version.clone(),
            lacks_definitions: !wants_definitions || !has_definitions,
        };
        script.check_steps()?;
        Ok(script)
    }

    /// The name of an entry's object as SQL, with its schema where it is in one.
    pub fn qualified_name(&self, entry: &Entry) -> BString {
        let name = entry
            .tag
            .as_ref()
            .map_or(BStr::new(""), |tag| tag.as_bstr());
        let name = self.setup.identifier(name);
        match entry.namespace.as_ref().filter(|schema| !schema.is_empty()) {
            Some(schema) => {
                let schema = self.setup.identifier(schema.as_bstr());
                bstr::join(".", [schema, name]).into()
            }
            None => name,
        }
    }

    /// The archive's entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is done, in this order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The archive's entries in the order of the list (`-L`), or else in their own, with what is restored of each.
    pub fn listed(&self) -> impl Iterator<Item = (&Entry, Parts)> {
        let listed = self.listed.iter();
        listed.map(|&(at, parts)| (&self.entries[at], parts))
    }

    /// The encoding of all that the script says, as PostgreSQL calls it.
    pub fn encoding_name(&self) -> &'static str {
        self.setup.encoding_name
    }

    /// What is odd about the script.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What the script was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The entry of a step.
    pub fn entry(&self, step: &Step) -> &Entry {
        &self.entries[step.entry]
    }

    /// Whether an entry's owner has a bearing on what is said to the server.
    pub fn sets_owner(&self, entry: &Entry) -> bool {
        let makes_it = self.options.use_set_session_authorization && !self.options.no_owner;
        makes_it || owner::is_set(entry, &self.options) && owner::has_statement(entry)
    }

    /// The entry of a dump id.
    pub fn entry_of(&self, dump_id: i32) -> Option<&Entry> {
        self.positions.get(&dump_id).map(|&at| &self.entries[at])
    }

    /// A connection that has not been told anything yet.
    pub fn session(&self) -> Session<'_> {
        Session::new(self)
    }

    /// Looks for what no script can say, and collects warnings.
    fn check_steps(&mut self) -> Result<(), Error> {
        let mut warnings = Vec::new();
        for step in self.steps.iter() {
            let entry = self.entry(step);
            let dump_id = entry.dump_id;
            if step.pass == Pass::Drop {
                let statement = entry.drop.as_ref().map_or(&b""[..], |text| text);
                if self.options.if_exists && !drop::can_be_conditional(entry) {
                    warnings.push(Warning::IfExists {
                        statement: statement.into(),
                    });
                }
                continue;
            }
            if entry.descriptor == "WARNING" {
                let text = if self.lacks_definitions {
                    &entry.copy
                } else {
                    &entry.definition
                };
                let text = text.iter().find(|text| !text.is_empty());
                warnings.extend(text.cloned().map(Warning::FromArchive));
            }
            if owner::is_set(entry, &self.options) && !owner::is_known(entry) {
                let descriptor = entry.descriptor.clone();
                return Err(Error::Owner {
                    dump_id,
                    descriptor,
                });
            }
            if large_objects::are_privileges(entry)
                && large_objects::group_of(self, entry).is_none()
            {
                return Err(Error::LargeObjectPrivileges { dump_id });
            }
            let name = entry
                .tag
                .as_ref()
                .map_or(BStr::new(""), |tag| tag.as_bstr());
            if is_database(entry) && name.find_byteset(b"\r\n").is_some() {
                return Err(Error::DatabaseName {
                    dump_id,
                    name: name.into(),
                });
            }
        }
        self.warnings.extend(warnings);
        Ok(())
    }
}

/// Whether an entry makes the database or sets what it has.
pub(crate) fn is_database(entry: &Entry) -> bool {
    matches!(
        entry.descriptor.as_slice(),
        b"DATABASE" | b"DATABASE PROPERTIES"
    )
}

/// The steps of all passes. `wanted` says by position what is restored of each entry.
fn steps(entries: &[Entry], list: &List, wanted: &[Parts], options: &Options) -> Vec<Step> {
    let mut steps = Vec::new();
    if options.clean {
        for &entry in list.order.iter().rev() {
            let parts = wanted[entry];
            let restored = parts.intersects(Parts::SCHEMA | Parts::DATA);
            // With a database of its own, that alone is dropped: the rest is in it, and there is no connection to it yet.
            let here = !options.create || is_database(&entries[entry]);
            if restored && here && entries[entry].drop.is_some() {
                steps.push(Step {
                    entry,
                    pass: Pass::Drop,
                    parts,
                });
            }
        }
    }
    for pass in [Pass::Main, Pass::Privileges, Pass::AfterPrivileges] {
        for &entry in &list.order {
            let parts = wanted[entry];
            if !parts.is_empty() && pass_of(&entries[entry]) == pass {
                steps.push(Step { entry, pass, parts });
            }
        }
    }
    steps
}

/// The pass in which an entry is restored.
fn pass_of(entry: &Entry) -> Pass {
    let is_about_event_trigger = || {
        entry
            .tag
            .as_ref()
            .is_some_and(|tag| tag.starts_with(b"EVENT TRIGGER "))
    };
    match entry.descriptor.as_slice() {
        b"ACL" | b"ACL LANGUAGE" | b"DEFAULT ACL" => Pass::Privileges,
        b"EVENT TRIGGER" | b"MATERIALIZED VIEW DATA" => Pass::AfterPrivileges,
        b"COMMENT" | b"SECURITY LABEL" if is_about_event_trigger() => Pass::AfterPrivileges,
        // Some are of materialized views, and all stay in their order.
        b"STATISTICS DATA" if entry.section == pgdumprs_archive::Section::PostData => {
            Pass::AfterPrivileges
        }
        _ => Pass::Main,
    }
}
