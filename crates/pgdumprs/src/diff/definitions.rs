//! Definitions, held against each other.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_script::has_owner;
use pgdumprs_sql::{Encoding, identifier};

use super::internal_options::without_internal_options;
use super::pairs::pairs;
use super::report::{Definition, DefinitionDifference};

/// What of the definitions is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    pub(super) owners: bool,
    pub(super) privileges: bool,
    pub(super) comments: bool,
    pub(super) statistics: bool,
    /// Large objects and what belongs to them, and which materialized views have rows: no part of an archive of definitions.
    pub(super) data: bool,
}

/// An entry that can be compared.
#[derive(Debug)]
pub(super) struct Item {
    kind: String,
    name: String,
    definition: Definition,
}

/// What of a side is compared, in its order. Its database counts as called `name`.
pub(super) fn items(
    entries: &[Entry],
    database: Option<&BString>,
    name: Option<&BString>,
    scope: Scope,
) -> Vec<Item> {
    let of_id: HashMap<i32, &Entry> = entries.iter().map(|entry| (entry.dump_id, entry)).collect();
    let mut items = Vec::new();
    for entry in entries.iter().filter(|entry| is_compared(entry, scope)) {
        match (entry.descriptor.as_slice(), tag(entry)) {
            (b"BLOB", oid) => items.push(large_object(entry, oid, scope)),
            (b"BLOB METADATA", _) => {
                let oids = oids(entry).map(|oid| large_object(entry, oid, scope));
                items.extend(oids);
            }
            (b"ACL", tag) if tag.starts_with(b"LARGE OBJECTS ") => {
                let mut depends = entry.dependencies.iter();
                let group = depends.find_map(|id| of_id.get(id));
                items.extend(group.into_iter().flat_map(|group| privileges(entry, group)));
            }
            _ => items.push(item(entry, database, name, scope)),
        }
    }
    items
}

/// What is different, and how many were compared.
pub(super) fn compare(left: &[Item], right: &[Item]) -> (Vec<DefinitionDifference>, usize) {
    let key = |item: &Item| (item.kind.clone(), item.name.clone());
    let pairs = pairs(left, right, key, |one, other| {
        one.definition == other.definition
    });
    let count = pairs.len();
    let different = pairs.into_iter().filter_map(|(here, there)| {
        let (here, there) = (here.map(|at| &left[at]), there.map(|at| &right[at]));
        let shown = here.or(there)?;
        let (left, right) = (
            here.map(|item| item.definition.clone()),
            there.map(|item| item.definition.clone()),
        );
        (left != right).then(|| DefinitionDifference {
            kind: shown.kind.clone(),
            name: shown.name.clone(),
            left,
            right,
        })
    });
    (different.collect(), count)
}

fn tag(entry: &Entry) -> &BStr {
    entry
        .tag
        .as_ref()
        .map_or(BStr::new(""), |tag| tag.as_bstr())
}

/// Whether an entry is a definition of this scope. Data is compared elsewhere; which settings a restore begins with says nothing of the database.
fn is_compared(entry: &Entry, scope: Scope) -> bool {
    let is_of_large_object = tag(entry).starts_with(b"LARGE OBJECT");
    match entry.descriptor.as_slice() {
        b"TABLE DATA" | b"BLOBS" | b"SEQUENCE SET" | b"STDSTRINGS" | b"SEARCHPATH" => false,
        b"STATISTICS DATA" | b"EXTENDED STATISTICS DATA" => scope.statistics,
        b"BLOB" | b"BLOB METADATA" | b"MATERIALIZED VIEW DATA" => scope.data,
        b"ACL" | b"DEFAULT ACL" => scope.privileges && (scope.data || !is_of_large_object),
        b"COMMENT" => scope.comments && (scope.data || !is_of_large_object),
        b"SECURITY LABEL" => scope.data || !is_of_large_object,
        _ => true,
    }
}

fn item(entry: &Entry, database: Option<&BString>, name: Option<&BString>, scope: Scope) -> Item {
    let sql = entry.definition.as_ref().map_or(&b""[..], |text| text);
    let mut sql = readable(sql.trim_end());
    let kind = entry.descriptor.to_string();
    let mut found = readable(tag(entry));
    let is_of_database =
        kind == "DATABASE" || kind == "DATABASE PROPERTIES" || found.starts_with(b"DATABASE ");
    if let (true, Some(database), Some(name)) = (is_of_database, database, name) {
        if database != name {
            sql = renamed(&sql, database, name);
            found = found.replace(database, name).into();
        }
    }
    if kind == "DATABASE" {
        // Servers before 15 know no other provider, and only stock's newer programs name it.
        sql = sql.replace(" LOCALE_PROVIDER = libc", "").into();
    }
    let readable_name = |name: Option<&BString>| name.map(|name| readable(name));
    let schema = readable_name(entry.namespace.as_ref()).filter(|schema| !schema.is_empty());
    let role = readable_name(entry.owner.as_ref());
    Item {
        name: object_name(&kind, schema.as_ref(), found.as_bstr(), role.as_ref()),
        definition: Definition {
            owner: owner(entry, scope),
            tablespace: filled(entry.tablespace.as_ref()),
            access_method: filled(entry.table_am.as_ref()).filter(|method| method != "heap"),
            sql: without_internal_options(&sql.to_str_lossy())
                .trim_end()
                .to_owned(),
        },
        kind,
    }
}

/// What an entry is called: with its schema before its name, also where its tag says before that what it is about.
fn object_name(
    kind: &str,
    schema: Option<&BString>,
    tag: &BStr,
    owner: Option<&BString>,
) -> String {
    match (kind, schema) {
        // There is one for each role that has made them.
        ("DEFAULT ACL", schema) => {
            let schema = schema.map(|schema| format!(" in schema {schema}"));
            let owner = owner.map(|owner| format!(" of {owner}"));
            format!(
                "{tag}{}{}",
                owner.unwrap_or_default(),
                schema.unwrap_or_default()
            )
        }
        ("ACL" | "COMMENT" | "SECURITY LABEL", Some(schema)) => {
            let is_word = |word: &[u8]| word.iter().all(u8::is_ascii_uppercase);
            let mut begin = 0;
            for word in tag.split_str(" ") {
                if word.is_empty() || !is_word(word) || begin + word.len() >= tag.len() {
                    break;
                }
                begin += word.len() + 1;
            }
            let (what, name) = tag.split_at(begin);
            format!("{}{schema}.{}", what.as_bstr(), name.as_bstr())
        }
        (_, Some(schema)) => format!("{schema}.{tag}"),
        (_, None) => tag.to_string(),
    }
}

fn filled(text: Option<&BString>) -> Option<String> {
    text.filter(|text| !text.is_empty())
        .map(|text| readable(text).to_string())
}

/// A text in which what is not UTF-8 stands as `\x` and two digits: so it can be shown, and what differs in it is not the same.
fn readable(text: &[u8]) -> BString {
    let mut found = BString::default();
    for chunk in text.utf8_chunks() {
        found.extend_from_slice(chunk.valid().as_bytes());
        for byte in chunk.invalid() {
            found.extend_from_slice(format!("\\x{byte:02X}").as_bytes());
        }
    }
    found
}

/// The owner, of what has one of its own.
fn owner(entry: &Entry, scope: Scope) -> Option<String> {
    let owner = filled(entry.owner.as_ref());
    owner.filter(|_| scope.owners && has_owner(entry))
}

/// A definition that is about a database, as if that were called otherwise: what a database is called is no part of what is in it.
fn renamed(sql: &BString, database: &BString, name: &BString) -> BString {
    let encoding = Encoding::named(b"UTF8");
    let quoted = |name: &BString| {
        let name = identifier(name.as_bstr(), false, encoding);
        [b"DATABASE ", name.as_slice()].concat()
    };
    let mut text = BString::default();
    let mut rest = sql.as_bstr();
    let (from, to) = (quoted(database), quoted(name));
    while let Some(at) = rest.find(&from) {
        let (before, behind) = rest.split_at(at);
        let behind = &behind[from.len()..];
        let is_whole = !behind
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        text.extend_from_slice(before);
        text.extend_from_slice(if is_whole { &to } else { &from });
        rest = behind.as_bstr();
    }
    text.extend_from_slice(rest);
    text
}

/// A large object, whichever way an archive has it.
fn large_object(entry: &Entry, oid: &BStr, scope: Scope) -> Item {
    Item {
        kind: "LARGE OBJECT".to_owned(),
        name: oid.to_string(),
        definition: Definition {
            owner: owner(entry, scope),
            tablespace: None,
            access_method: None,
            sql: String::new(),
        },
    }
}

/// The numbers of a group of large objects, of which each stands in a line.
fn oids(group: &Entry) -> impl Iterator<Item = &BStr> {
    let lines = group.definition.as_ref().map_or(&b""[..], |text| text);
    lines.lines().map(ByteSlice::as_bstr)
}

/// The privileges on each of a group of large objects: they are written for the first.
fn privileges(entry: &Entry, group: &Entry) -> Vec<Item> {
    let mut all = oids(group);
    let Some(first) = all.next() else {
        return Vec::new();
    };
    let sql = entry.definition.as_ref().map_or(&b""[..], |text| text);
    let sql = sql.trim_end();
    let named = |oid: &BStr| [b"ON LARGE OBJECT ", oid.as_bytes(), b" "].concat();
    let of_one = |oid: &BStr| Item {
        kind: "ACL".to_owned(),
        name: format!("LARGE OBJECT {oid}"),
        definition: Definition {
            owner: None,
            tablespace: None,
            access_method: None,
            sql: readable(&sql.replace(named(first), named(oid))).to_string(),
        },
    };
    std::iter::once(first).chain(all).map(of_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf8_is_not_the_same() {
        assert_eq!(readable(b"a\xe4 \xc3\xa4"), "a\\xE4 \u{e4}");
        assert_ne!(readable(b"'\xe4'"), readable(b"'\xf6'"));
    }

    #[test]
    fn names_have_their_schemas() {
        let name = |kind: &str, schema: Option<&str>, tag: &str| {
            let schema = schema.map(BString::from);
            object_name(kind, schema.as_ref(), tag.into(), Some(&"app".into()))
        };
        let public = Some("public");
        assert_eq!(name("TABLE", public, "item"), "public.item");
        assert_eq!(
            name("COMMENT", public, "MATERIALIZED VIEW best"),
            "MATERIALIZED VIEW public.best"
        );
        assert_eq!(
            name("ACL", public, "FUNCTION f(text, text)"),
            "FUNCTION public.f(text, text)"
        );
        assert_eq!(name("ACL", public, "TABLE X"), "TABLE public.X");
        assert_eq!(name("COMMENT", None, "SCHEMA s"), "SCHEMA s");
        assert_eq!(
            name("DEFAULT ACL", public, "DEFAULT PRIVILEGES FOR TABLES"),
            "DEFAULT PRIVILEGES FOR TABLES of app in schema public"
        );
    }

    #[test]
    fn what_a_database_is_called_makes_no_difference() {
        let sql =
            "CREATE DATABASE shop WITH TEMPLATE = template0;\nALTER DATABASE shop_2 SET a = 1;";
        assert_eq!(
            renamed(&sql.into(), &"shop".into(), &"My".into()),
            "CREATE DATABASE \"My\" WITH TEMPLATE = template0;\nALTER DATABASE shop_2 SET a = 1;"
        );
    }
}
