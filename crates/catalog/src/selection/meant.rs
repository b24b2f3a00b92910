//! What a pattern that matches nothing may have meant, in words.

use bstr::{BString, ByteSlice};

use crate::reading::listing::Listing;
use crate::selection::likeness::{as_pattern, distance, first_of};
use crate::selection::pattern::Parsed;
use crate::selection::patterns::{Class, Pattern, Purpose};
use crate::{Oid, Table, relkind};

const CAPITALS: &str = "outside double quotes, capital letters stand for small ones";
const SEARCH_PATH: &str =
    "a pattern without a schema matches only in the schemas of the search path";

/// What there is in place of what a pattern matches not.
pub(crate) fn hint(pattern: &Pattern, parsed: &Parsed, listing: &Listing) -> String {
    let class = pattern.purpose.class();
    let (what, text) = (class.singular(), &pattern.text);
    let Some(name) = &parsed.name.literal else {
        return format!(
            "no {what} matches {text}{}",
            reasons(pattern, parsed, false)
        );
    };
    let found = Candidates::of(class, parsed, name, listing, true);
    match (found.same.as_slice(), found.alike.as_slice()) {
        ([], []) => match other_class(class, name, listing) {
            Some(other) => format!("there is no {what} {text}, but {other}"),
            None => format!(
                "there is no {what} {text}, nor one that is called alike, in database \"{}\"",
                listing.database.name
            ),
        },
        ([], alike) => format!("there is no {what} {text}, but {}", first_of(alike)),
        (same, _) => format!(
            "there is no {what} {text}, but {}{}",
            first_of(same),
            reasons(pattern, parsed, found.is_spelled_so)
        ),
    }
}

/// What is wrong with a pattern whose name is there, in other letter case or in another schema. A pattern that matches nothing may be meant
/// so, and this one hardly is.
pub(crate) fn mistake(pattern: &Pattern, parsed: &Parsed, listing: &Listing) -> Option<String> {
    let name = parsed.name.literal.as_ref()?;
    let class = pattern.purpose.class();
    let found = Candidates::of(class, parsed, name, listing, false);
    if found.same.is_empty() {
        return None;
    }
    let effect = match pattern.purpose {
        Purpose::IncludeSchema
        | Purpose::IncludeTable
        | Purpose::IncludeExtension
        | Purpose::IncludeForeignData => "adds nothing to the dump",
        Purpose::ChooseRows(_) => "chooses no rows",
        Purpose::ExcludeSchema
        | Purpose::ExcludeTable
        | Purpose::ExcludeTableData
        | Purpose::ExcludeExtension => "leaves nothing out",
    };
    Some(format!(
        "the pattern {} matches no {}, and {effect}; there is {}{}",
        pattern.text,
        class.singular(),
        first_of(&found.same),
        reasons(pattern, parsed, found.is_spelled_so)
    ))
}

/// Why a pattern does not match what it seems to name, as the end of a sentence. `is_spelled_so` says that what there is has the name's
/// very letters.
fn reasons(pattern: &Pattern, parsed: &Parsed, is_spelled_so: bool) -> String {
    let has_capitals = pattern.text.iter().any(u8::is_ascii_uppercase);
    let is_bare = pattern.purpose.class() == Class::Table && parsed.qualifiers.is_empty();
    let mut reasons = Vec::new();
    if has_capitals && !is_spelled_so {
        reasons.push(CAPITALS);
    }
    // With a wildcard in it, nobody knows what was meant.
    if is_bare && (is_spelled_so || parsed.name.literal.is_none()) {
        reasons.push(SEARCH_PATH);
    }
    match reasons.as_slice() {
        [] => String::new(),
        reasons => format!(": {}", reasons.join(", and ")),
    }
}

/// Names, as patterns for them are written.
#[derive(Default)]
struct Candidates {
    /// With the same letters, letter case apart.
    same: Vec<String>,
    /// Whether letter case is the same too, so that the schema alone is not.
    is_spelled_so: bool,
    /// With other letters, the most alike first.
    alike: Vec<String>,
}

impl Candidates {
    /// Names that are merely alike are looked for where `and_alike` says so: that takes long among many.
    fn of(
        class: Class,
        parsed: &Parsed,
        name: &BString,
        listing: &Listing,
        and_alike: bool,
    ) -> Self {
        let mut found = Self::default();
        let mut alike: Vec<(usize, String)> = Vec::new();
        let schema = parsed
            .qualifiers
            .last()
            .and_then(|part| part.literal.as_ref());
        // A schema may be another one where the name is right, and must be alike where it is not.
        let mut offer = |of: Option<&BString>, letters: &BString| {
            let shown = || {
                let parts: Vec<&BString> = of.into_iter().chain([letters]).collect();
                as_pattern(&parts)
            };
            if letters.eq_ignore_ascii_case(name) {
                found.is_spelled_so |= letters == name;
                found.same.push(shown());
            } else if and_alike {
                let schemas = schema.zip(of);
                let far = schemas.map_or(Some(0), |(wanted, of)| {
                    distance(wanted.as_bstr(), of.as_bstr())
                });
                let far =
                    far.and_then(|far| Some(far + distance(name.as_bstr(), letters.as_bstr())?));
                alike.extend(far.map(|far| (far, shown())));
            }
        };
        match class {
            Class::Table => {
                for (schema, table) in tables(listing) {
                    offer(Some(schema), &table.name);
                }
            }
            Class::Schema => {
                for schema in &listing.namespaces {
                    offer(None, &schema.name);
                }
            }
            Class::Extension => {
                for extension in &listing.extensions {
                    offer(None, &extension.name);
                }
            }
            Class::ForeignServer => {
                for server in &listing.foreign_servers {
                    offer(None, &server.name);
                }
            }
        }
        found.same.sort();
        alike.sort();
        found.alike = alike.into_iter().map(|(_, name)| name).collect();
        found
    }
}

/// Relations that a pattern for tables may mean, with their schemas: those of users.
fn tables(listing: &Listing) -> impl Iterator<Item = (&BString, &Table)> {
    let schema = |oid: Oid| {
        let schemas = &listing.namespaces;
        let at = schemas.binary_search_by_key(&oid, |row| row.oid).ok()?;
        Some(&schemas[at].name).filter(|name| is_of_users(name))
    };
    let relations = listing.tables.iter().filter(|table| {
        matches!(
            table.relkind,
            relkind::TABLE
                | relkind::SEQUENCE
                | relkind::VIEW
                | relkind::MATVIEW
                | relkind::FOREIGN_TABLE
                | relkind::PARTITIONED_TABLE
        )
    });
    relations.filter_map(move |table| Some((schema(table.namespace)?, table)))
}

fn is_of_users(schema: &BString) -> bool {
    !schema.starts_with(b"pg_") && schema != "information_schema"
}

/// What has the name and is of another kind.
fn other_class(class: Class, name: &BString, listing: &Listing) -> Option<String> {
    let is_called = |found: &BString| found.eq_ignore_ascii_case(name);
    match class {
        Class::Table => {
            let mut schemas = listing.namespaces.iter();
            let schema = schemas.find(|schema| is_called(&schema.name))?;
            let pattern = as_pattern(&[&schema.name]);
            Some(format!(
                "a schema, whose tables are dumped with -n {pattern}"
            ))
        }
        Class::Schema => {
            let (schema, table) = tables(listing).find(|(_, table)| is_called(&table.name))?;
            let pattern = as_pattern(&[schema, &table.name]);
            Some(format!("a table, which is dumped with -t {pattern}"))
        }
        Class::ForeignServer | Class::Extension => None,
    }
}
