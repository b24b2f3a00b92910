//! Which schemas and tables are compared.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, ByteSlice};
use pgdumprs_archive::Entry;

use super::DiffError;
use super::pattern::Pattern;

/// Patterns by which something is compared, or is not.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
    pub(super) schemas: Vec<String>,
    pub(super) exclude_schemas: Vec<String>,
    pub(super) tables: Vec<String>,
    pub(super) exclude_tables: Vec<String>,
}

/// A choice whose patterns were read.
struct Patterns {
    schemas: Vec<Pattern>,
    exclude_schemas: Vec<Pattern>,
    tables: Vec<Pattern>,
    exclude_tables: Vec<Pattern>,
}

impl Choice {
    /// Leaves what is chosen of both sides. Without patterns that include something, that is all.
    pub(super) fn apply(
        &self,
        left: &mut Vec<Entry>,
        right: &mut Vec<Entry>,
    ) -> Result<(), DiffError> {
        let read = |given: &[String]| {
            let patterns = given.iter().map(|given| {
                Pattern::parse(given).ok_or_else(|| DiffError::Pattern {
                    pattern: given.clone(),
                })
            });
            patterns.collect::<Result<Vec<_>, _>>()
        };
        let patterns = Patterns {
            schemas: read(&self.schemas)?,
            exclude_schemas: read(&self.exclude_schemas)?,
            tables: read(&self.tables)?,
            exclude_tables: read(&self.exclude_tables)?,
        };
        let mut met = HashSet::new();
        for entries in [left, right] {
            let wanted = patterns.wanted(entries, &mut met);
            let mut wanted = wanted.into_iter();
            entries.retain(|_| wanted.next().unwrap_or(true));
        }
        // What is misspelt would look as if there were no difference.
        let including = patterns.schemas.iter().chain(&patterns.tables);
        let mut including = including.map(Pattern::given);
        match including.find(|given| !met.contains(*given)) {
            Some(given) => Err(DiffError::NoMatch {
                pattern: given.to_owned(),
            }),
            None => Ok(()),
        }
    }
}

impl Patterns {
    /// Whether each entry is chosen. The patterns that are met are put to `met`.
    fn wanted<'a>(&'a self, entries: &[Entry], met: &mut HashSet<&'a str>) -> Vec<bool> {
        let included = Parts::of(entries, |schema, name| {
            let mut any = false;
            for pattern in &self.tables {
                if pattern.matches(schema, name) {
                    met.insert(pattern.given());
                    any = true;
                }
            }
            any
        });
        let excluded = Parts::of(entries, |schema, name| {
            let mut patterns = self.exclude_tables.iter();
            patterns.any(|pattern| pattern.matches(schema, name))
        });
        let includes_all = self.schemas.is_empty() && self.tables.is_empty();
        let mut wanted = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let schema = schema(entry);
            let mut in_schema = false;
            for pattern in &self.schemas {
                if schema.is_some_and(|schema| pattern.matches_schema(schema)) {
                    met.insert(pattern.given());
                    in_schema = true;
                }
            }
            let out_of_schema = schema.is_some_and(|schema| {
                let mut patterns = self.exclude_schemas.iter();
                patterns.any(|pattern| pattern.matches_schema(schema))
            });
            let is_in = includes_all || in_schema || included.has[at];
            wanted.push(is_in && !out_of_schema && !excluded.has[at]);
        }
        wanted
    }
}

/// The schema that an entry is, is about, or is in.
fn schema(entry: &Entry) -> Option<&BStr> {
    let tag = tag(entry);
    match entry.descriptor.as_slice() {
        b"SCHEMA" => Some(tag),
        b"ACL" | b"COMMENT" | b"SECURITY LABEL" if tag.starts_with(b"SCHEMA ") => {
            Some(tag[b"SCHEMA ".len()..].as_bstr())
        }
        _ => entry.namespace.as_ref().map(|schema| schema.as_bstr()),
    }
}

fn tag(entry: &Entry) -> &BStr {
    entry
        .tag
        .as_ref()
        .map_or(BStr::new(""), |tag| tag.as_bstr())
}

/// Which entries are some tables, their data and what belongs to them.
struct Parts {
    has: Vec<bool>,
}

impl Parts {
    fn of(entries: &[Entry], mut is_one: impl FnMut(&BStr, &BStr) -> bool) -> Self {
        let position: HashMap<i32, usize> = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.dump_id, at))
            .collect();
        let name = |entry: &Entry| {
            let schema = entry.namespace.clone().unwrap_or_default();
            (schema, tag(entry).to_owned())
        };
        let mut names = HashSet::new();
        for entry in entries.iter().filter(|entry| is_relation(entry)) {
            let (schema, relation) = name(entry);
            if is_one(schema.as_bstr(), relation.as_bstr()) {
                names.insert((schema, relation));
            }
        }
        let mut has = vec![false; entries.len()];
        if names.is_empty() {
            return Self { has };
        }
        // What an entry is about comes before it.
        for (at, entry) in entries.iter().enumerate() {
            let depends = || {
                let mut ids = entry.dependencies.iter();
                ids.any(|id| position.get(id).is_some_and(|&on| has[on]))
            };
            has[at] = match entry.descriptor.as_slice() {
                b"ACL"
                | b"COMMENT"
                | b"SECURITY LABEL"
                | b"INDEX"
                | b"INDEX ATTACH"
                | b"STATISTICS"
                | b"STATISTICS DATA"
                | b"EXTENDED STATISTICS DATA"
                | b"SEQUENCE OWNED BY"
                | b"PUBLICATION TABLE" => depends(),
                // These are called as their table, a blank, and as they are.
                b"CONSTRAINT" | b"FK CONSTRAINT" | b"CHECK CONSTRAINT" | b"TRIGGER" | b"RULE"
                | b"DEFAULT" | b"POLICY" => {
                    let (schema, own) = name(entry);
                    let ends = own.find_iter(" ");
                    let mut tables = ends.map(|end| own[..end].into());
                    tables.any(|table| names.contains(&(schema.clone(), table)))
                }
                _ if is_relation(entry) || is_of_relation(entry) => names.contains(&name(entry)),
                _ => false,
            };
        }
        Self { has }
    }
}

fn is_relation(entry: &Entry) -> bool {
    matches!(
        entry.descriptor.as_slice(),
        b"TABLE"
            | b"VIEW"
            | b"MATERIALIZED VIEW"
            | b"FOREIGN TABLE"
            | b"SEQUENCE"
            | b"TABLE DATA"
            | b"SEQUENCE SET"
    )
}

/// Whether an entry is called as the relation that it belongs to.
fn is_of_relation(entry: &Entry) -> bool {
    matches!(
        entry.descriptor.as_slice(),
        b"MATERIALIZED VIEW DATA" | b"TABLE ATTACH" | b"ROW SECURITY"
    )
}
