//! What servers know only from some major on.
//!
//! One table has it all, a line each: since when, what, in which kinds of entries, how it is found there, and what is restored instead on a
//! server that is older. Each line was seen refused by the majors before and taken by that one, with archives of servers 14 to 19 restored
//! into every older one; what is said about its meaning is from the manual's pages of the command.
//!
//! Nothing here widens what a constraint, a policy, a view or a publication restricts: what would is not restored instead, but impossible.

use std::ops::Range;

use bstr::{BString, ByteSlice};

mod find;
mod network;
mod not_null;
mod settings;
mod statement;

pub(crate) use network::{GIST_DEFAULT, gist_defaults};
pub(crate) use settings::{settings, tablespace};

use statement::Statement;

use crate::words;

/// Something that servers know from a major on.
pub(crate) struct Novelty {
    /// The major that brought it.
    pub(crate) since: u32,
    /// What it is, as the end of "which brought …".
    pub(crate) what: &'static str,
    kinds: &'static [&'static str],
    find: Find,
    pub(crate) instead: Instead,
}

/// How it is found in a definition.
enum Find {
    /// Every entry of these kinds is one.
    Always,
    /// Words that stand one after the other.
    Words(&'static [&'static str]),
    /// An element of a list in parentheses: `name = value`.
    Element(&'static str),
    /// Such an element with one value.
    Value(&'static str, &'static str),
    /// Places that a function finds.
    By(fn(&Statement<'_>) -> Vec<Place>),
}

/// What is restored instead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    /// Nothing can be: the content would be another.
    Nothing,
    /// The definition without it, or with something else in its place.
    Text,
    /// The entry is left out: it restricts nothing and holds nothing.
    WithoutEntry,
}

/// A place in a definition that says something new.
pub(crate) struct Place {
    /// The clause, for people.
    pub(crate) clause: Range<usize>,
    /// What comes in its place: ranges of the definition, in order, each with another text.
    pub(crate) edits: Vec<(Range<usize>, BString)>,
}

impl Place {
    /// A clause with nothing in its place.
    fn cut(clause: Range<usize>, cut: Range<usize>) -> Place {
        Place {
            clause,
            edits: vec![(cut, BString::default())],
        }
    }

    /// A clause that is to be in its place.
    fn at(clause: Range<usize>) -> Place {
        Place {
            clause,
            edits: Vec::new(),
        }
    }
}

impl Novelty {
    /// Where a definition says it.
    pub(crate) fn places(&self, text: &[u8]) -> Vec<Place> {
        self.places_in(&Statement::new(text))
    }

    fn places_in(&self, statement: &Statement<'_>) -> Vec<Place> {
        match self.find {
            Find::Always => vec![Place::at(0..statement.end())],
            Find::Words(words) => {
                let found = statement.all(words).into_iter();
                found
                    .map(|at| Place::at(statement.range(at..at + words.len())))
                    .collect()
            }
            Find::Element(name) => find::elements(statement, name, None),
            Find::Value(name, value) => find::elements(statement, name, Some(value)),
            Find::By(find) => find(statement),
        }
    }
}

/// What an entry has that a server of some major does not know.
pub(crate) fn unknown(descriptor: &[u8], text: &[u8], major: u32) -> Vec<&'static Novelty> {
    let is_asked = |novelty: &&Novelty| {
        novelty.since > major
            && novelty
                .kinds
                .iter()
                .any(|kind| descriptor == kind.as_bytes())
    };
    let asked: Vec<_> = NOVELTIES.iter().filter(is_asked).collect();
    let needs_words = |novelty: &&Novelty| !matches!(novelty.find, Find::Always);
    if !asked.iter().any(needs_words) {
        return asked;
    }
    let statement = Statement::new(text);
    let is_found = |novelty: &&Novelty| !novelty.places_in(&statement).is_empty();
    asked.into_iter().filter(is_found).collect()
}

/// Where a relation's definition sets options of columns that servers keep for themselves, whose names begin with `pg_`.
pub(crate) fn internal_options(descriptor: &[u8], text: &[u8]) -> Vec<Place> {
    let has_columns = VIEW.iter().chain(RELATIONS);
    let mut has_columns = has_columns.map(|kind| kind.as_bytes());
    // Most definitions are seen to have none without being looked at word by word.
    if has_columns.any(|kind| kind == descriptor)
        && text.contains_str("SET (")
        && text.contains_str("pg_")
    {
        find::internal_options(&Statement::new(text))
    } else {
        Vec::new()
    }
}

/// The novelty of that name.
pub(crate) fn named(what: &str) -> Option<&'static Novelty> {
    NOVELTIES.iter().find(|novelty| novelty.what == what)
}

/// A definition with other texts in some places, which do not overlap.
pub(crate) fn edited(text: &[u8], places: &[Place]) -> BString {
    let mut edits: Vec<_> = places.iter().flat_map(|place| &place.edits).collect();
    edits.sort_by_key(|(range, _)| range.start);
    words::edited(text, edits)
}

/// Constraints that may have a comment.
pub(crate) const NOT_NULL_NAMES: &str = "names of NOT NULL constraints";

/// Where a table's definition names `NOT NULL` constraints of its columns, which servers before 18 read and forget.
pub(crate) fn forgotten_names(descriptor: &[u8], text: &[u8]) -> Vec<Place> {
    let is_table = TABLES.iter().any(|kind| kind.as_bytes() == descriptor);
    match is_table && text.contains_str("NOT NULL") {
        true => not_null::names(&Statement::new(text)),
        false => Vec::new(),
    }
}

/// Tables of all sorts, whose definitions have columns.
const TABLES: &[&str] = &["TABLE", "FOREIGN TABLE"];
const RELATIONS: &[&str] = &["TABLE", "FOREIGN TABLE", "MATERIALIZED VIEW"];
const ROUTINES: &[&str] = &["FUNCTION", "PROCEDURE"];
/// What has columns or arguments of some type.
const VALUES: &[&str] = &[
    "TABLE",
    "FOREIGN TABLE",
    "FUNCTION",
    "PROCEDURE",
    "TYPE",
    "DOMAIN",
];
const PROCEDURE: &[&str] = &["PROCEDURE"];
/// What holds queries as the server writes them.
const QUERIES: &[&str] = &["VIEW", "MATERIALIZED VIEW", "RULE", "FUNCTION", "PROCEDURE"];
const CONSTRAINTS: &[&str] = &["CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT"];
const UNIQUE: &[&str] = &["CONSTRAINT", "INDEX"];
const FOREIGN_KEY: &[&str] = &["FK CONSTRAINT"];
const INDEX: &[&str] = &["INDEX"];
const SEQUENCE: &[&str] = &["SEQUENCE"];
const VIEW: &[&str] = &["VIEW"];
const TYPE: &[&str] = &["TYPE"];
const COLLATION: &[&str] = &["COLLATION"];
const DATABASE: &[&str] = &["DATABASE"];
const PRIVILEGES: &[&str] = &["ACL", "DEFAULT ACL"];
const DEFAULT_PRIVILEGES: &[&str] = &["DEFAULT ACL"];
const PUBLICATION: &[&str] = &["PUBLICATION"];
const PUBLISHED: &[&str] = &["PUBLICATION TABLE"];
const SUBSCRIPTION: &[&str] = &["SUBSCRIPTION"];

const fn novelty(
    since: u32,
    what: &'static str,
    kinds: &'static [&'static str],
    find: Find,
    instead: Instead,
) -> Novelty {
    Novelty {
        since,
        what,
        kinds,
        find,
        instead,
    }
}

use Find::{Always, By, Element, Value, Words};
use Instead::{Nothing, Text, WithoutEntry};

/// Everything, by the major that brought it.
#[rustfmt::skip]
static NOVELTIES: &[Novelty] = &[
    novelty(14, "compression methods of columns", RELATIONS, By(find::compression), Text),
    novelty(14, "multirange types", TYPE, Element("multirange_type_name"), Text),
    novelty(14, "values of multirange types", VALUES, By(find::multiranges), Nothing),
    novelty(14, "function bodies in SQL", ROUTINES, By(find::sql_bodies), Nothing),
    novelty(14, "output arguments of procedures", PROCEDURE, By(find::output_arguments), Nothing),
    novelty(14, "statistics of expressions", &["STATISTICS"], By(find::statistics_of_expressions), Nothing),
    novelty(14, "further columns in SP-GiST indexes", INDEX, By(find::spgist_include), Nothing),
    novelty(14, "BRIN operator classes with Bloom filters or several ranges", INDEX, By(find::brin_classes), Nothing),
    novelty(14, "subscriptions in binary", SUBSCRIPTION, Element("binary"), Text),
    novelty(14, "streaming subscriptions", SUBSCRIPTION, Element("streaming"), Text),

    novelty(15, "providers of a database's locale", DATABASE, Value("locale_provider", "libc"), Text),
    novelty(15, "ICU locales of databases", DATABASE, Value("locale_provider", "icu"), Nothing),
    novelty(15, "NULLS NOT DISTINCT", UNIQUE, Words(&["nulls", "not", "distinct"]), Nothing),
    novelty(15, "lists of columns that a foreign key sets", FOREIGN_KEY, By(find::set_columns), Nothing),
    novelty(15, "unlogged sequences", SEQUENCE, By(find::unlogged_sequence), Text),
    novelty(15, "views with their callers' rights", VIEW, Element("security_invoker"), Nothing),
    novelty(15, "conditions of published rows", PUBLISHED, Words(&["where", "("]), Nothing),
    novelty(15, "lists of published columns", PUBLISHED, By(find::published_columns), Nothing),
    novelty(15, "publications of schemas", &["PUBLICATION TABLES IN SCHEMA"], Always, Nothing),
    novelty(15, "two-phase subscriptions", SUBSCRIPTION, Element("two_phase"), Text),
    novelty(15, "subscriptions that an error disables", SUBSCRIPTION, Element("disable_on_error"), Text),
    novelty(15, "MERGE", ROUTINES, Words(&["merge", "into"]), Nothing),

    novelty(16, "parallel streaming of subscriptions", SUBSCRIPTION, Value("streaming", "parallel"), Text),
    novelty(16, "subscriptions without passwords", SUBSCRIPTION, Element("password_required"), Text),
    // Before, changes were always applied by the owner.
    novelty(16, "subscriptions that run as their owners", SUBSCRIPTION, Element("run_as_owner"), Text),
    // Without it, what came from elsewhere would be applied again, and could go round in circles.
    novelty(16, "origins of subscriptions", SUBSCRIPTION, Element("origin"), Nothing),
    novelty(16, "rules of ICU collations", COLLATION, Element("rules"), Nothing),
    novelty(16, "rules of ICU locales", DATABASE, Element("icu_rules"), Nothing),
    novelty(16, "SYSTEM_USER", QUERIES, Words(&["system_user"]), Nothing),
    novelty(16, "IS JSON", QUERIES, Words(&["is", "json"]), Nothing),
    novelty(16, "JSON_ARRAYAGG", QUERIES, Words(&["json_arrayagg", "("]), Nothing),
    novelty(16, "JSON_OBJECTAGG", QUERIES, Words(&["json_objectagg", "("]), Nothing),

    novelty(17, "the privilege MAINTAIN", PRIVILEGES, By(find::maintain), Text),
    novelty(17, "the builtin provider of collations", COLLATION, Value("provider", "builtin"), Nothing),
    novelty(17, "the builtin provider of a database's locale", DATABASE, Value("locale_provider", "builtin"), Nothing),
    novelty(17, "event triggers on login", &["EVENT TRIGGER"], Words(&["on", "login"]), Nothing),
    novelty(17, "failover of subscriptions", SUBSCRIPTION, Element("failover"), Text),
    novelty(17, "JSON_TABLE", QUERIES, Words(&["json_table", "("]), Nothing),
    novelty(17, "JSON_EXISTS", QUERIES, Words(&["json_exists", "("]), Nothing),
    novelty(17, "JSON_QUERY", QUERIES, Words(&["json_query", "("]), Nothing),
    novelty(17, "JSON_VALUE", QUERIES, Words(&["json_value", "("]), Nothing),

    novelty(18, "virtual generated columns", TABLES, By(find::virtual_columns), Nothing),
    // The plan finds comments on them by the table's definition. The names themselves are read by all servers, and forgotten by those before.
    novelty(18, NOT_NULL_NAMES, &[], Always, WithoutEntry),
    novelty(18, "NOT NULL beside a table's columns", TABLES, By(not_null::elements), Text),
    novelty(18, "NOT NULL that is not inherited", TABLES, By(not_null::no_inherit), Text),
    novelty(18, "NOT NULL that is not validated", CONSTRAINTS, By(not_null::not_valid), Text),
    novelty(18, "constraints without overlaps", CONSTRAINTS, Words(&["without", "overlaps"]), Nothing),
    novelty(18, "foreign keys over periods", FOREIGN_KEY, By(find::periods), Nothing),
    novelty(18, "constraints that are not enforced", CONSTRAINTS, Words(&["not", "enforced"]), WithoutEntry),
    novelty(18, "foreign keys of partitioned tables that are not validated", FOREIGN_KEY, By(find::partitioned_not_valid), Nothing),
    novelty(18, "the locale PG_UNICODE_FAST", COLLATION, By(find::unicode_fast), Nothing),
    novelty(18, "default privileges of large objects", DEFAULT_PRIVILEGES, Words(&["on", "large", "objects"]), WithoutEntry),
    novelty(18, "generated columns in publications", PUBLICATION, Element("publish_generated_columns"), Text),
    novelty(18, "the storage parameter autovacuum_vacuum_max_threshold", RELATIONS, Element("autovacuum_vacuum_max_threshold"), Text),
    novelty(18, "the storage parameter vacuum_max_eager_freeze_failure_rate", RELATIONS, Element("vacuum_max_eager_freeze_failure_rate"), Text),
    novelty(18, "statistics in archives: run ANALYZE", &["STATISTICS DATA"], Always, WithoutEntry),

    novelty(19, "statistics of statistics objects in archives: run ANALYZE", &["EXTENDED STATISTICS DATA"], Always, WithoutEntry),
    novelty(19, "exceptions of publications", PUBLICATION, Words(&["all", "tables", "except", "("]), Nothing),
    novelty(19, "publications of all tables and all sequences", PUBLICATION, By(find::sequences_beside_tables), Text),
    novelty(19, "publications of all sequences", PUBLICATION, Words(&["for", "all", "sequences"]), WithoutEntry),
    novelty(19, "subscriptions to foreign servers", SUBSCRIPTION, By(find::subscription_server), Nothing),
    novelty(19, "subscriptions that keep dead rows", SUBSCRIPTION, Element("retain_dead_tuples"), Text),
    novelty(19, "limits of how long dead rows are kept", SUBSCRIPTION, Element("max_retention_duration"), Text),
    novelty(19, "timeouts of subscriptions", SUBSCRIPTION, Element("wal_receiver_timeout"), Text),
    novelty(19, "connection functions of foreign-data wrappers", &["FOREIGN DATA WRAPPER"], By(find::connection_function), Text),
    novelty(19, "empty lists as settings of functions", ROUTINES, By(find::empty_settings), Text),
    novelty(19, "ON CONFLICT DO SELECT", QUERIES, By(find::conflict_select), Nothing),
    novelty(19, "the type oid8", VALUES, By(find::oid8), Nothing),
    novelty(19, "IGNORE NULLS", QUERIES, Words(&["ignore", "nulls"]), Nothing),
    novelty(19, "the storage parameter autovacuum_parallel_workers", RELATIONS, Element("autovacuum_parallel_workers"), Text),
    novelty(19, "the storage parameter log_autoanalyze_min_duration", RELATIONS, Element("log_autoanalyze_min_duration"), Text),
];
