//! Which parts of which entries are restored.

use std::collections::HashMap;

use bstr::{BStr, ByteSlice};
use pgdumprs_archive::{Entry, Section};

use crate::list::List;
use crate::names::{AllNames, Names};
use crate::options::{Options, Parts, Sections};

/// Decides about entries, one after the other in the order of the restore.
pub(crate) struct Selection<'a> {
    entries: &'a [Entry],
    positions: &'a HashMap<i32, usize>,
    options: &'a Options,
    names: &'a AllNames<'a>,
    list: &'a List,
    parts: Parts,
    selects_kinds: bool,
    /// By position: what was decided, and that it was at all.
    decided: Vec<Decided>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decided {
    /// Nothing yet, or that the entry is left out.
    Out,
    /// The entry is one that steers the restore: it counts as wanted, but makes no step.
    Steers,
    In(Parts),
}

impl<'a> Selection<'a> {
    pub(crate) fn new(
        entries: &'a [Entry],
        positions: &'a HashMap<i32, usize>,
        options: &'a Options,
        names: &'a AllNames<'a>,
        list: &'a List,
    ) -> Self {
        Selection {
            entries,
            positions,
            options,
            names,
            list,
            parts: options.parts(),
            selects_kinds: options.selects_kinds(),
            decided: vec![Decided::Out; entries.len()],
        }
    }

    /// By position, what is wanted of each entry.
    pub(crate) fn decide(mut self) -> Vec<Parts> {
        let mut section = Section::PreData;
        for &position in &self.list.order {
            let entry = &self.entries[position];
            if entry.section != Section::None {
                section = entry.section;
            }
            self.decided[position] = self.wanted(position, section);
        }
        let parts = self.decided.into_iter().map(|decided| match decided {
            Decided::In(parts) => parts,
            Decided::Out | Decided::Steers => Parts::empty(),
        });
        parts.collect()
    }

    /// What is wanted of an entry that stands in a section.
    fn wanted(&self, position: usize, section: Section) -> Decided {
        let entry = &self.entries[position];
        let tag = tag(entry);
        let parts = match entry.descriptor.as_slice() {
            b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH" => return Decided::Steers,
            b"DATABASE" | b"DATABASE PROPERTIES" if self.options.create => {
                return Decided::In(Parts::SCHEMA);
            }
            b"DATABASE" | b"DATABASE PROPERTIES" => return Decided::Out,
            b"STATISTICS DATA" | b"EXTENDED STATISTICS DATA" => self.parts & Parts::STATISTICS,
            _ => Parts::SCHEMA | Parts::DATA,
        };
        if parts.is_empty()
            || self.is_excluded(entry, tag)
            || !self.has_section(section)
            || !self.list.wanted[position]
            || !self.is_selected(entry, tag)
            || entry.descriptor == "<Init>" && tag == "Max OID"
        {
            return Decided::Out;
        }
        Decided::In(self.kept_parts(parts, entry))
    }

    /// Whether one of the options that leave out a whole class of objects leaves out an entry.
    fn is_excluded(&self, entry: &Entry, tag: &BStr) -> bool {
        let options = self.options;
        let about = |kind: &[u8]| tag.starts_with(kind);
        match entry.descriptor.as_slice() {
            b"ACL" | b"ACL LANGUAGE" | b"DEFAULT ACL" => options.no_privileges,
            b"COMMENT" => {
                options.no_comments
                    || options.no_policies && about(b"POLICY")
                    || options.no_publications && about(b"PUBLICATION")
                    || options.no_subscriptions && about(b"SUBSCRIPTION")
            }
            b"SECURITY LABEL" => {
                options.no_security_labels
                    || options.no_publications && about(b"PUBLICATION")
                    || options.no_subscriptions && about(b"SUBSCRIPTION")
            }
            b"POLICY" | b"ROW SECURITY" => options.no_policies,
            b"PUBLICATION" | b"PUBLICATION TABLE" | b"PUBLICATION TABLES IN SCHEMA" => {
                options.no_publications
            }
            b"SUBSCRIPTION" | b"SUBSCRIPTION TABLE" => options.no_subscriptions,
            _ => false,
        }
    }

    fn has_section(&self, section: Section) -> bool {
        let needed = match section {
            Section::None => return false,
            Section::PreData => Sections::PRE_DATA,
            Section::Data => Sections::DATA,
            Section::PostData => Sections::POST_DATA,
        };
        self.options.sections.is_empty() || self.options.sections.contains(needed)
    }

    /// Whether an entry is among those that are asked for by name.
    fn is_selected(&self, entry: &Entry, tag: &BStr) -> bool {
        let names = self.names;
        if matches!(
            entry.descriptor.as_slice(),
            b"ACL" | b"COMMENT" | b"SECURITY LABEL"
        ) {
            if tag.starts_with(b"DATABASE ") {
                return self.options.create;
            }
            let selects = !names.schemas.is_empty()
                || !names.exclude_schemas.is_empty()
                || self.selects_kinds;
            return !selects || self.is_about_selected(entry);
        }
        let namespace = entry.namespace.as_ref();
        let in_schema = || namespace.is_some() && names.schemas.contain(namespace);
        if !names.schemas.is_empty() && !in_schema() {
            return false;
        }
        if namespace.is_some() && names.exclude_schemas.contain(namespace) {
            return false;
        }
        !self.selects_kinds || self.is_kind_selected(entry)
    }

    /// Whether an entry is about another that is restored. That must have been decided before: what comes after it is not, and it
    /// would not be there yet. Privileges on a column wait for those on the table, which says nothing about the column.
    fn is_about_selected(&self, entry: &Entry) -> bool {
        self.dependencies(entry).any(|at| {
            self.entries[at].descriptor != "ACL"
                && match self.decided[at] {
                    Decided::Out => false,
                    Decided::Steers => true,
                    Decided::In(parts) => !parts.is_empty(),
                }
        })
    }

    /// Whether an entry is of a kind that is asked for by name, and has such a name.
    fn is_kind_selected(&self, entry: &Entry) -> bool {
        let names = self.names;
        let listed = |names: &Names<'_>, entry: &Entry| names.contain(entry.tag.as_ref());
        match entry.descriptor.as_slice() {
            b"STATISTICS DATA" => {
                let mut selected = false;
                // All of them, for each is met by its name.
                for at in self.dependencies(entry) {
                    let parent = &self.entries[at];
                    selected |= match parent.descriptor.as_slice() {
                        b"TABLE" | b"VIEW" | b"FOREIGN TABLE" | b"MATERIALIZED VIEW" => {
                            listed(&names.tables, parent)
                        }
                        b"INDEX" => listed(&names.indexes, parent),
                        _ => false,
                    };
                }
                selected
            }
            b"TABLE"
            | b"TABLE DATA"
            | b"VIEW"
            | b"FOREIGN TABLE"
            | b"MATERIALIZED VIEW"
            | b"MATERIALIZED VIEW DATA"
            | b"SEQUENCE"
            | b"SEQUENCE SET" => listed(&names.tables, entry),
            b"INDEX" => listed(&names.indexes, entry),
            b"FUNCTION" | b"AGGREGATE" | b"PROCEDURE" => listed(&names.functions, entry),
            b"TRIGGER" => listed(&names.triggers, entry),
            _ => false,
        }
    }

    /// The positions of what an entry depends on, as far as it is in the archive.
    fn dependencies(&self, entry: &Entry) -> impl Iterator<Item = usize> {
        entry
            .dependencies
            .iter()
            .filter_map(|id| self.positions.get(id).copied())
    }

    /// Of the parts that an entry of its kind may have, those that it has and that are wanted.
    fn kept_parts(&self, mut parts: Parts, entry: &Entry) -> Parts {
        if !entry.had_dumper {
            parts &= if entry.is_data_by_definition() {
                Parts::DATA
            } else {
                !Parts::DATA
            };
        }
        if !entry.has_definition() {
            parts -= Parts::SCHEMA;
        }
        let sequence = self.options.sequence_data && entry.descriptor == "SEQUENCE SET";
        if !self.parts.contains(Parts::DATA) && !sequence {
            parts -= Parts::DATA;
        }
        if !self.parts.contains(Parts::SCHEMA) {
            parts -= Parts::SCHEMA;
        }
        parts
    }
}

/// The entry's name, empty if it has none.
fn tag(entry: &Entry) -> &BStr {
    entry
        .tag
        .as_ref()
        .map_or(BStr::new(""), |tag| tag.as_bstr())
}
