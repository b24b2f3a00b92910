//! Which objects patterns match: the server compares, in the flight of the listing.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString};
use pgdumprs_connect::Encoding;

use crate::query::cells::Cells;
use crate::query::flight::{Flight, Landed, Ticket};
use crate::reading::listing::Listing;
use crate::selection::meant;
use crate::selection::pattern::{Parsed, Part};
use crate::selection::patterns::{Class, Pattern, Patterns, Purpose};
use crate::{Error, Inherits, Oid};

/// Kinds of relations that a pattern for tables is for.
const RELKINDS: &str = "c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'S', 'v', 'm', 'f', 'p']::pg_catalog.\"char\"[])";

/// The most patterns without a match that an error explains.
const HINTS: usize = 5;

/// Objects that patterns match, by what becomes of them.
#[derive(Debug, Clone, Default)]
pub struct Matched {
    by_purpose: HashMap<Purpose, HashSet<Oid>>,
    mistakes: Vec<String>,
}

impl Matched {
    /// Whether an object matches a pattern for this purpose.
    pub fn contains(&self, purpose: Purpose, oid: Oid) -> bool {
        self.by_purpose
            .get(&purpose)
            .is_some_and(|oids| oids.contains(&oid))
    }

    /// What users should hear of patterns that match nothing, need not, and seem to be meant otherwise.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    /// Counts an object as matching.
    pub fn insert(&mut self, purpose: Purpose, oid: Oid) {
        self.by_purpose.entry(purpose).or_default().insert(oid);
    }
}

/// A pattern, by its number in the list of all, and an object that it matches.
struct Match {
    pattern: usize,
    oid: Oid,
}

impl Match {
    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        let pattern: i32 = cells.get()?;
        Ok(Self {
            // The numbers come back as they were sent.
            pattern: usize::try_from(pattern).unwrap_or(usize::MAX),
            oid: cells.oid()?,
        })
    }
}

/// Where the answers will be found.
pub(crate) struct Asked {
    patterns: Vec<(Pattern, Parsed)>,
    strict: bool,
    tickets: Vec<Ticket<Match>>,
}

impl Asked {
    /// Asks what the patterns match. Names without wildcards are asked for together, and everything else by itself.
    ///
    /// # Errors
    ///
    /// Where a pattern has too many parts or names another database than `database`.
    pub(crate) fn new(
        flight: &mut Flight,
        patterns: &Patterns,
        database: &BStr,
        encoding: Encoding,
    ) -> Result<Self, Error> {
        let parsed = patterns.parse(database, encoding)?;
        let mut tickets = Vec::new();
        let mut names: HashMap<Class, Vec<(usize, &Parsed)>> = HashMap::new();
        let mut expressions = Vec::new();
        for (number, (pattern, parts)) in parsed.iter().enumerate() {
            let class = pattern.purpose.class();
            let schema = schema(class, parts);
            if parts.name.literal.is_some() && schema.is_none_or(|part| part.literal.is_some()) {
                names.entry(class).or_default().push((number, parts));
            } else {
                expressions.push((number, class, pattern, parts));
            }
        }
        // A table without a schema is looked for where the user's sessions would look for it.
        let by_path = parsed
            .iter()
            .any(|(pattern, _)| pattern.purpose.class() == Class::Table);
        if by_path {
            set_path(flight, "DEFAULT");
        }
        for (class, names) in names {
            let statement = names_query(class, &names);
            tickets.push(flight.push("names to match", statement, Match::decode));
        }
        for (number, class, pattern, parts) in expressions {
            let statement = expression_query(number, class, parts);
            tickets.push(flight.push_for(pattern.text.clone(), statement, Match::decode));
        }
        if by_path {
            set_path(flight, "''");
        }
        Ok(Self {
            patterns: parsed,
            strict: patterns.strict,
            tickets,
        })
    }

    /// The matches.
    ///
    /// # Errors
    ///
    /// [`Error::NoMatch`] where patterns that must match something do not.
    pub(crate) fn take(self, landed: &Landed, listing: &Listing) -> Result<Matched, Error> {
        let mut found: Vec<Vec<Oid>> = vec![Vec::new(); self.patterns.len()];
        for ticket in self.tickets {
            for row in landed.take(ticket)? {
                if let Some(oids) = found.get_mut(row.pattern) {
                    oids.push(row.oid);
                }
            }
        }
        let mut matched = Matched::default();
        let mut unmatched = Vec::new();
        for ((pattern, parsed), oids) in self.patterns.iter().zip(found) {
            let purpose = pattern.purpose;
            let each =
                purpose == Purpose::IncludeForeignData || self.strict && purpose.must_match();
            if each && oids.is_empty() {
                return Err(Error::NoMatch {
                    what: purpose.class().plural(),
                    pattern: Some(pattern.text.clone()),
                    hint: meant::hint(pattern, parsed, listing),
                });
            }
            if oids.is_empty() {
                unmatched.push((pattern, parsed));
            }
            let all = matched.by_purpose.entry(purpose).or_default();
            if pattern.and_children {
                add_descendants(all, oids, &listing.inherits);
            } else {
                all.extend(oids);
            }
        }
        let mut purposes: Vec<_> = matched.by_purpose.iter().collect();
        purposes.sort_by_key(|(purpose, _)| **purpose);
        let missing = purposes
            .iter()
            .find(|(purpose, oids)| purpose.must_match() && oids.is_empty());
        if let Some((purpose, _)) = missing {
            let (what, purpose) = (purpose.class().plural(), **purpose);
            unmatched.retain(|(pattern, _)| pattern.purpose == purpose);
            let first = unmatched.iter().take(HINTS);
            let mut hints: Vec<String> = first
                .map(|(pattern, parsed)| meant::hint(pattern, parsed, listing))
                .collect();
            if let Some(more @ 1..) = unmatched.len().checked_sub(HINTS) {
                hints.push(format!("{more} more patterns match nothing"));
            }
            return Err(Error::NoMatch {
                what,
                pattern: None,
                hint: hints.join("; "),
            });
        }
        let mistakes = unmatched.iter();
        matched.mistakes = mistakes
            .filter_map(|(pattern, parsed)| meant::mistake(pattern, parsed, listing))
            .collect();
        Ok(matched)
    }
}

/// Adds relations and all that inherit from them.
fn add_descendants(all: &mut HashSet<Oid>, oids: Vec<Oid>, inherits: &[Inherits]) {
    let mut children: HashMap<Oid, Vec<Oid>> = HashMap::new();
    for link in inherits {
        children.entry(link.parent).or_default().push(link.child);
    }
    let mut seen = HashSet::new();
    let mut rest = oids;
    while let Some(oid) = rest.pop() {
        if seen.insert(oid) {
            rest.extend(children.get(&oid).into_iter().flatten());
        }
    }
    all.extend(seen);
}

/// Sets the search path; nobody looks at the answer.
fn set_path(flight: &mut Flight, path: &str) {
    let statement = format!("SET LOCAL search_path TO {path}");
    flight.push("the search path", statement.into(), Match::decode);
}

/// The part that stands for a schema, of a pattern for tables. A database before it has been looked at already.
fn schema(class: Class, parsed: &Parsed) -> Option<&Part> {
    match class {
        Class::Table => parsed.qualifiers.last(),
        Class::Schema | Class::ForeignServer | Class::Extension => None,
    }
}

/// The catalog of a class, under the name `o`, and the column with the name.
fn catalog(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::Schema => ("pg_catalog.pg_namespace", "o.nspname"),
        Class::ForeignServer => ("pg_catalog.pg_foreign_server", "o.srvname"),
        Class::Extension => ("pg_catalog.pg_extension", "o.extname"),
        Class::Table => ("pg_catalog.pg_class", "c.relname"),
    }
}

/// Asks for objects by their names, so that the server can use an index, however many there are.
fn names_query(class: Class, names: &[(usize, &Parsed)]) -> BString {
    let mut values = BString::default();
    for (i, (number, parsed)) in names.iter().enumerate() {
        if i > 0 {
            values.extend_from_slice(b", ");
        }
        values.extend_from_slice(format!("({number}, ").as_bytes());
        let schema = schema(class, parsed).and_then(|part| part.literal.as_ref());
        match schema {
            Some(schema) => push_literal(&mut values, schema),
            None => values.extend_from_slice(b"NULL"),
        }
        values.extend_from_slice(b"::pg_catalog.text, ");
        push_literal(
            &mut values,
            parsed.name.literal.as_ref().unwrap_or(&BString::default()),
        );
        values.extend_from_slice(b"::pg_catalog.text)");
    }
    let (catalog, column) = catalog(class);
    let (head, tail) = if class == Class::Table {
        (
            "SELECT p.n, c.oid FROM (VALUES ".to_owned(),
            format!(
                ") AS p(n, nspname, name)
                 JOIN {catalog} AS c ON {column} OPERATOR(pg_catalog.=) p.name COLLATE pg_catalog.\"C\"
                 JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                 WHERE {RELKINDS}
                   AND CASE WHEN p.nspname IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
                            ELSE n.nspname OPERATOR(pg_catalog.=) p.nspname COLLATE pg_catalog.\"C\" END"
            ),
        )
    } else {
        (
            "SELECT p.n, o.oid FROM (VALUES ".to_owned(),
            format!(
                ") AS p(n, nspname, name)
                 JOIN {catalog} AS o ON {column} OPERATOR(pg_catalog.=) p.name COLLATE pg_catalog.\"C\""
            ),
        )
    };
    let mut statement = BString::from(head);
    statement.extend_from_slice(&values);
    statement.extend_from_slice(tail.as_bytes());
    statement
}

/// Asks for objects by a regular expression, in the database's own collation: names are of another one.
fn expression_query(number: usize, class: Class, parsed: &Parsed) -> BString {
    let (catalog, column) = catalog(class);
    let mut statement: BString = if class == Class::Table {
        format!(
            "SELECT {number}, c.oid FROM {catalog} AS c
             JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
             WHERE {RELKINDS}"
        )
    } else {
        format!("SELECT {number}, o.oid FROM {catalog} AS o WHERE true")
    }
    .into();
    push_comparison(&mut statement, column, &parsed.name);
    if class == Class::Table {
        match schema(class, parsed) {
            Some(part) => push_comparison(&mut statement, "n.nspname", part),
            None => statement.extend_from_slice(b" AND pg_catalog.pg_table_is_visible(c.oid)"),
        }
    }
    statement
}

fn push_comparison(statement: &mut BString, column: &str, part: &Part) {
    if part.is_anything() {
        return;
    }
    statement.extend_from_slice(format!(" AND {column} OPERATOR(pg_catalog.~) ").as_bytes());
    push_literal(statement, &part.regex);
    statement.extend_from_slice(b" COLLATE pg_catalog.\"default\"");
}

/// Appends a string constant; `standard_conforming_strings` is on.
pub(crate) fn push_literal(statement: &mut BString, text: &BString) {
    statement.push(b'\'');
    for &byte in text.iter() {
        if byte == b'\'' {
            statement.push(b'\'');
        }
        statement.push(byte);
    }
    statement.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_children_match() {
        let link = |child, parent| Inherits { child, parent };
        let inherits = [link(2, 1), link(3, 2), link(3, 1), link(5, 4)];
        let mut all = HashSet::from([9]);
        add_descendants(&mut all, vec![1], &inherits);
        assert_eq!(all, HashSet::from([1, 2, 3, 9]));
    }

    #[test]
    fn quotes_in_patterns_stay_within_the_constant() {
        let mut statement = BString::default();
        push_literal(&mut statement, &"^(it's\\$)$".into());
        assert_eq!(statement, "'^(it''s\\$)$'");
    }
}
