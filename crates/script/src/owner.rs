//! Who owns what is restored.

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;

use crate::Options;
use crate::setup::Setup;

/// Whether an entry's owner is set by a statement behind its definition. What cannot be dropped alone has no owner of its own.
pub(crate) fn is_set(entry: &Entry, options: &Options) -> bool {
    let is_filled = |text: &Option<BString>| text.as_ref().is_some_and(|text| !text.is_empty());
    !options.no_owner
        && (!options.use_set_session_authorization || is_schema_that_exists(entry))
        && is_filled(&entry.owner)
        && is_filled(&entry.drop)
}

/// Whether an entry is that of a schema which every database has: a comment stands for its definition.
pub(crate) fn is_schema_that_exists(entry: &Entry) -> bool {
    let definition = entry.definition.as_ref();
    entry.descriptor == "SCHEMA" && definition.is_some_and(|text| text.starts_with(b"--"))
}

/// How objects of a kind are named when they get an owner.
enum Naming {
    /// By kind, schema and name.
    ByName,
    /// As large objects.
    LargeObject,
    /// As they are named when they are dropped: a function is not named by its name alone.
    AsDropped,
    /// Not at all: they have no owner of their own.
    NotAtAll,
}

fn naming(descriptor: &[u8]) -> Option<Naming> {
    Some(match descriptor {
        b"COLLATION"
        | b"CONVERSION"
        | b"DATABASE"
        | b"DOMAIN"
        | b"EVENT TRIGGER"
        | b"FOREIGN DATA WRAPPER"
        | b"FOREIGN TABLE"
        | b"MATERIALIZED VIEW"
        | b"PROCEDURAL LANGUAGE"
        | b"PUBLICATION"
        | b"SCHEMA"
        | b"SEQUENCE"
        | b"SERVER"
        | b"STATISTICS"
        | b"SUBSCRIPTION"
        | b"TABLE"
        | b"TEXT SEARCH CONFIGURATION"
        | b"TEXT SEARCH DICTIONARY"
        | b"TYPE"
        | b"VIEW" => Naming::ByName,
        b"BLOB" | b"BLOB METADATA" => Naming::LargeObject,
        b"AGGREGATE" | b"FUNCTION" | b"OPERATOR" | b"OPERATOR CLASS" | b"OPERATOR FAMILY"
        | b"PROCEDURE" => Naming::AsDropped,
        b"CAST"
        | b"CHECK CONSTRAINT"
        | b"CONSTRAINT"
        | b"DATABASE PROPERTIES"
        | b"DEFAULT"
        | b"FK CONSTRAINT"
        | b"INDEX"
        | b"POLICY"
        | b"ROW SECURITY"
        | b"RULE"
        | b"TRIGGER"
        | b"USER MAPPING" => Naming::NotAtAll,
        _ => return None,
    })
}

/// Whether it is known how an entry gets its owner, or that it needs none.
pub(crate) fn is_known(entry: &Entry) -> bool {
    naming(&entry.descriptor).is_some()
}

/// Whether objects of an entry's kind have owners of their own.
pub fn has_statement(entry: &Entry) -> bool {
    !matches!(naming(&entry.descriptor), None | Some(Naming::NotAtAll))
}

/// `ALTER … OWNER TO …;` for an entry that has an owner.
pub(crate) fn statement(entry: &Entry, setup: &Setup) -> Option<BString> {
    let ident = |name: &BString| setup.identifier(name.as_bstr());
    let mut text = BString::from("ALTER ");
    match naming(&entry.descriptor)? {
        Naming::ByName => {
            text.extend_from_slice(&entry.descriptor);
            text.push(b' ');
            if let Some(schema) = entry.namespace.as_ref().filter(|name| !name.is_empty()) {
                text.extend_from_slice(&ident(schema));
                text.push(b'.');
            }
            text.extend_from_slice(&ident(entry.tag.as_ref()?));
        }
        Naming::LargeObject => {
            text.extend_from_slice(b"LARGE OBJECT ");
            text.extend_from_slice(entry.tag.as_ref()?);
        }
        Naming::AsDropped => {
            let named = entry.drop.as_ref()?.get(b"DROP ".len()..)?;
            let named = named.trim_end_with(|c| matches!(c, '\n' | ';'));
            if named.is_empty() {
                return None;
            }
            text.extend_from_slice(named);
        }
        Naming::NotAtAll => return None,
    }
    text.extend_from_slice(b" OWNER TO ");
    text.extend_from_slice(&ident(entry.owner.as_ref()?));
    text.push(b';');
    Some(text)
}
