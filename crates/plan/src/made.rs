//! What entries make, by name, and what of that a database has.

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;

/// Names that exclude each other: two objects of one namespace cannot have the same name in a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Namespace {
    Relation,
    Type,
    Routine,
    Schema,
    Collation,
    Conversion,
    Statistics,
    Configuration,
    Dictionary,
    Parser,
    Template,
    AccessMethod,
    EventTrigger,
    ForeignDataWrapper,
    ForeignServer,
    Language,
    Publication,
    Subscription,
    Cast,
    UserMapping,
    Database,
}

/// A named object. Objects without a schema have an empty one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) namespace: Namespace,
    pub(crate) schema: BString,
    /// As the table of contents has it: of routines with the types of their arguments, of casts and user mappings with all that they are for.
    pub(crate) name: BString,
}

/// Namespaces by the word that the query for what there is says, and whether their objects are in schemas.
const NAMESPACES: [(Namespace, &str, bool); 21] = [
    (Namespace::Relation, "relation", true),
    (Namespace::Type, "type", true),
    (Namespace::Routine, "routine", true),
    (Namespace::Schema, "schema", false),
    (Namespace::Collation, "collation", true),
    (Namespace::Conversion, "conversion", true),
    (Namespace::Statistics, "statistics", true),
    (Namespace::Configuration, "configuration", true),
    (Namespace::Dictionary, "dictionary", true),
    (Namespace::Parser, "parser", true),
    (Namespace::Template, "template", true),
    (Namespace::AccessMethod, "access method", false),
    (Namespace::EventTrigger, "event trigger", false),
    (Namespace::ForeignDataWrapper, "foreign-data wrapper", false),
    (Namespace::ForeignServer, "foreign server", false),
    (Namespace::Language, "language", false),
    (Namespace::Publication, "publication", false),
    (Namespace::Subscription, "subscription", false),
    (Namespace::Cast, "cast", false),
    (Namespace::UserMapping, "user mapping", false),
    (Namespace::Database, "database", false),
];

impl Namespace {
    /// The namespace of that word.
    pub(crate) fn named(word: &[u8]) -> Option<Self> {
        let row = NAMESPACES
            .iter()
            .find(|(_, name, _)| name.as_bytes() == word);
        row.map(|row| row.0)
    }

    fn is_in_schema(self) -> bool {
        NAMESPACES
            .iter()
            .any(|&(namespace, _, inside)| namespace == self && inside)
    }
}

/// What an entry's definition makes, if it fails where that is there already.
pub(crate) fn by(entry: &Entry) -> Option<Name> {
    let definition = entry.definition.as_ref()?;
    let statement = definition.trim_start();
    if !statement.starts_with(b"CREATE ") || statement.starts_with(b"CREATE OR REPLACE ") {
        return None;
    }
    let namespace = match entry.descriptor.as_slice() {
        b"TABLE" | b"VIEW" | b"MATERIALIZED VIEW" | b"SEQUENCE" | b"FOREIGN TABLE" | b"INDEX" => {
            Namespace::Relation
        }
        b"TYPE" | b"SHELL TYPE" | b"DOMAIN" => Namespace::Type,
        b"FUNCTION" | b"PROCEDURE" | b"AGGREGATE" => Namespace::Routine,
        b"SCHEMA" => Namespace::Schema,
        b"COLLATION" => Namespace::Collation,
        b"CONVERSION" => Namespace::Conversion,
        b"STATISTICS" => Namespace::Statistics,
        b"TEXT SEARCH CONFIGURATION" => Namespace::Configuration,
        b"TEXT SEARCH DICTIONARY" => Namespace::Dictionary,
        b"TEXT SEARCH PARSER" => Namespace::Parser,
        b"TEXT SEARCH TEMPLATE" => Namespace::Template,
        b"ACCESS METHOD" => Namespace::AccessMethod,
        b"EVENT TRIGGER" => Namespace::EventTrigger,
        b"FOREIGN DATA WRAPPER" => Namespace::ForeignDataWrapper,
        b"SERVER" => Namespace::ForeignServer,
        b"PROCEDURAL LANGUAGE" => Namespace::Language,
        b"PUBLICATION" => Namespace::Publication,
        b"SUBSCRIPTION" => Namespace::Subscription,
        b"CAST" => Namespace::Cast,
        b"USER MAPPING" => Namespace::UserMapping,
        b"DATABASE" => Namespace::Database,
        _ => return None,
    };
    let schema = entry.namespace.clone().filter(|_| namespace.is_in_schema());
    Some(Name {
        namespace,
        schema: schema.unwrap_or_default(),
        name: entry.tag.clone()?,
    })
}
