//! Finds a table's data in an archive by the table's name.

use bstr::{BStr, BString, ByteSlice, ByteVec};
use pgdumprs_archive::Entry;
use pgdumprs_catalog::likeness::{distance, first_of, some_of, written};

/// The most partitions, or tables of one name, that an error names.
const NAMED: usize = 10;

/// Why an archive has no data for a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableDataError {
    /// It is not the name of a table.
    #[error(
        "\"{name}\" is no table's name: write table, schema.table or \"Odd Schema\".\"Odd Table\", in single quotes for a shell{}",
        mean(.similar)
    )]
    Malformed {
        /// What was given.
        name: BString,
        /// Names of tables that have data and are called so, were there quotes.
        similar: Vec<String>,
    },
    /// Several tables have it.
    #[error("{} tables are called {name}: name one of {}", .candidates.len(), some_of(.candidates, NAMED, ", "))]
    Ambiguous {
        /// What was given.
        name: BString,
        /// Their names with their schemas.
        candidates: Vec<String>,
    },
    /// Nothing in the archive has it.
    #[error("there is no table {name} in the archive{}", suggest(.similar))]
    Unknown {
        /// What was given.
        name: BString,
        /// Names of tables that have data and are like it.
        similar: Vec<String>,
    },
    /// The table has no rows of its own: they are in its partitions.
    #[error("table {name} is partitioned: its rows are those of its partitions{}", list(.partitions))]
    Partitioned {
        /// The table.
        name: String,
        /// The partitions that the archive knows.
        partitions: Vec<String>,
    },
    /// It is the name of something else.
    #[error("{name} is a {kind}, which has no rows in an archive")]
    NoTable {
        /// The object.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// The archive holds the table's definition alone.
    #[error("the archive holds the definition of table {name} and not its rows")]
    DefinitionOnly {
        /// The table.
        name: String,
    },
}

fn suggest(similar: &[String]) -> String {
    match similar {
        [] => "; pgdumprs list shows what is".into(),
        names => mean(names),
    }
}

fn mean(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        names => format!("; is it {}?", first_of(names)),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!(" {}", some_of(names, NAMED, ", ")),
    }
}

/// The entry that holds the data of the table of this name, which is written as in SQL: `table`, `schema.table` or
/// `"Odd Schema"."Odd Table"`. Without quotes, upper case is lower case. A table's name alone is enough where one table has it.
///
/// # Errors
///
/// Every kind of [`TableDataError`].
pub fn find_table_data<'a>(entries: &'a [Entry], name: &BStr) -> Result<&'a Entry, TableDataError> {
    let Some(wanted) = Name::parse(name) else {
        let name = name.into();
        let similar = unquoted(entries, &name);
        return Err(TableDataError::Malformed { name, similar });
    };
    let data: Vec<&Entry> = entries
        .iter()
        .filter(|entry| is_data(entry) && wanted.is_of(entry))
        .collect();
    match data[..] {
        [entry] => Ok(entry),
        [] => Err(why_none(entries, &wanted, name)),
        _ => Err(TableDataError::Ambiguous {
            name: name.into(),
            candidates: data.into_iter().map(shown).collect(),
        }),
    }
}

fn is_data(entry: &Entry) -> bool {
    entry.had_dumper && entry.descriptor == "TABLE DATA"
}

fn why_none(entries: &[Entry], wanted: &Name, name: &BStr) -> TableDataError {
    for entry in entries.iter().filter(|entry| wanted.is_of(entry)) {
        let name = shown(entry);
        let kind = match entry.descriptor.as_slice() {
            b"TABLE" if is_partitioned(entry) => {
                let partitions = partitions(entries, entry);
                return TableDataError::Partitioned { name, partitions };
            }
            b"TABLE" => return TableDataError::DefinitionOnly { name },
            b"FOREIGN TABLE" => "foreign table",
            b"MATERIALIZED VIEW" => "materialized view",
            b"SEQUENCE" => "sequence",
            b"VIEW" => "view",
            _ => continue,
        };
        return TableDataError::NoTable { name, kind };
    }
    TableDataError::Unknown {
        name: name.into(),
        similar: similar(entries, wanted),
    }
}

/// Archives before 1.16 do not say what kind of relation an entry is.
fn is_partitioned(table: &Entry) -> bool {
    let definition = table.definition.as_ref();
    table.relkind == b'p' || definition.is_some_and(|text| text.contains_str("\nPARTITION BY "))
}

/// The partitions of a table. Each is attached to it by a statement, which stands in an entry of its own, or in that of the partition in
/// archives of PostgreSQL 13 and older.
fn partitions(entries: &[Entry], parent: &Entry) -> Vec<String> {
    let attached = entries.iter().filter(|entry| {
        let definition = entry.definition.as_ref();
        definition.is_some_and(|text| attaches_to(text.as_bstr(), parent))
    });
    attached.map(shown).collect()
}

fn attaches_to(definition: &BStr, parent: &Entry) -> bool {
    const ALTER: &str = "ALTER TABLE ONLY ";
    definition.find_iter(ALTER).any(|at| {
        let statement = definition[at + ALTER.len()..].as_bstr();
        Name::begin(statement).is_some_and(|(name, rest)| {
            rest.starts_with(b" ATTACH PARTITION ") && name.is_of(parent)
        })
    })
}

/// Names of tables with data that a misspelling may have meant, the most alike first.
fn similar(entries: &[Entry], wanted: &Name) -> Vec<String> {
    let mut found: Vec<(usize, String)> = entries
        .iter()
        .filter(|entry| is_data(entry))
        .filter_map(|entry| {
            let distance = distance(wanted.table.as_bstr(), entry.tag.as_ref()?.as_bstr())?;
            Some((distance, written(&shown(entry))))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

/// Names of tables with data that a text stands for once a shell has taken the quotes out of it.
fn unquoted(entries: &[Entry], text: &BString) -> Vec<String> {
    let is_meant = |entry: &Entry| {
        let whole = [&entry.namespace, &entry.tag].into_iter().flatten();
        entry.tag.as_ref() == Some(text) || *text == bstr::join(".", whole)
    };
    let found = entries
        .iter()
        .filter(|entry| is_data(entry) && is_meant(entry));
    found.map(|entry| written(&shown(entry))).collect()
}

/// An entry's schema and name as they are written in SQL.
fn shown(entry: &Entry) -> String {
    let parts = [&entry.namespace, &entry.tag].into_iter().flatten();
    let quoted: Vec<String> = parts.map(|part| quote(part.as_bstr())).collect();
    quoted.join(".")
}

fn quote(name: &BStr) -> String {
    let text = name.to_str_lossy();
    let bare = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$';
    if text.chars().all(bare)
        && !text.starts_with(|c: char| c.is_ascii_digit() || c == '$')
        && !text.is_empty()
    {
        text.into_owned()
    } else {
        format!("\"{}\"", text.replace('"', "\"\""))
    }
}

/// A table's name, perhaps with its schema's.
struct Name {
    schema: Option<BString>,
    table: BString,
}

impl Name {
    /// A name and nothing else.
    fn parse(text: &BStr) -> Option<Self> {
        let (name, rest) = Self::begin(text)?;
        rest.is_empty().then_some(name)
    }

    /// The name that a text begins with, and what follows it.
    fn begin(text: &BStr) -> Option<(Self, &BStr)> {
        let (first, rest) = part(text)?;
        let (schema, table, rest) = match rest.strip_prefix(b".") {
            Some(behind) => {
                let (second, rest) = part(behind.as_bstr())?;
                (Some(first), second, rest)
            }
            None => (None, first, rest),
        };
        Some((Name { schema, table }, rest))
    }

    fn is_of(&self, entry: &Entry) -> bool {
        entry.tag.as_ref() == Some(&self.table)
            && self
                .schema
                .as_ref()
                .is_none_or(|schema| entry.namespace.as_ref() == Some(schema))
    }
}

/// One part of a name, and what follows it.
fn part(text: &BStr) -> Option<(BString, &BStr)> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.find_byteset(b".\" ").unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (end > 0).then(|| (name.to_ascii_lowercase().into(), rest.as_bstr()));
    };
    let mut name = BString::default();
    let mut rest = quoted;
    loop {
        let (before, behind) = rest.split_once_str(b"\"")?;
        name.push_str(before);
        match behind.strip_prefix(b"\"") {
            Some(more) => {
                name.push_byte(b'"');
                rest = more;
            }
            None => return (!name.is_empty()).then(|| (name, behind.as_bstr())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dump_id: i32, descriptor: &str, namespace: &str, tag: &str) -> Entry {
        Entry {
            dump_id,
            had_dumper: descriptor == "TABLE DATA",
            descriptor: descriptor.into(),
            namespace: Some(namespace.into()),
            tag: Some(tag.into()),
            ..Entry::default()
        }
    }

    fn archive() -> Vec<Entry> {
        let mut parent = entry(5, "TABLE", "public", "event");
        parent.definition =
            Some("CREATE TABLE public.event (\n    k integer\n)\nPARTITION BY LIST (k);\n".into());
        let mut attach = entry(6, "TABLE ATTACH", "old", "event_1");
        attach.definition = Some(
            "ALTER TABLE ONLY public.event ATTACH PARTITION old.event_1 FOR VALUES IN (1);\n"
                .into(),
        );
        vec![
            parent,
            attach,
            entry(7, "VIEW", "public", "cheap"),
            entry(8, "TABLE", "public", "empty"),
            entry(10, "TABLE DATA", "public", "item"),
            entry(11, "TABLE DATA", "shop", "item"),
            entry(12, "TABLE DATA", "public", "orders"),
            entry(13, "TABLE DATA", "Odd Name", "x.y"),
            entry(14, "TABLE DATA", "public", "say \"hi\""),
        ]
    }

    fn found(name: &str) -> Result<i32, String> {
        let entries = archive();
        find_table_data(&entries, name.into())
            .map(|entry| entry.dump_id)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn names_are_written_as_in_sql() {
        for (name, dump_id) in [
            ("orders", 12),
            ("ORDERS", 12),
            ("Public.Orders", 12),
            ("\"public\".orders", 12),
            ("shop.item", 11),
            ("\"Odd Name\".\"x.y\"", 13),
            ("\"x.y\"", 13),
            ("\"say \"\"hi\"\"\"", 14),
        ] {
            assert_eq!(found(name), Ok(dump_id), "{name}");
        }
    }

    #[test]
    fn what_is_not_there_is_explained() {
        for (name, parts) in [
            ("item", &["2 tables", "public.item, shop.item"][..]),
            (
                "\"Orders\"",
                &["no table \"Orders\"", "is it public.orders?"],
            ),
            ("public.oders", &["is it public.orders?"]),
            ("zebra", &["pgdumprs list"]),
            ("cheap", &["public.cheap is a view"]),
            ("empty", &["definition of table public.empty"]),
            ("event", &["is partitioned", "partitions old.event_1"]),
            ("x.y", &["no table x.y"]),
        ] {
            let said = found(name).unwrap_err();
            assert!(
                parts.iter().all(|part| said.contains(part)),
                "{name}: {said}"
            );
        }
        for name in [
            "", ".", "a.", ".a", "a.b.c", "\"a", "\"\"", "a\"b\"", "\"a\"b",
        ] {
            assert!(
                found(name).unwrap_err().contains("no table's name"),
                "{name}"
            );
        }
    }
}
