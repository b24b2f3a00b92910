//! What can go wrong while catalogs are read.

use bstr::BString;

/// Why reading the catalogs failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a query or the connection was lost.
    #[error("could not read {what} from the system catalogs{}", advice(.source))]
    Query {
        /// What was being read, in PostgreSQL's words: "schemas", "tables".
        what: &'static str,
        /// The server's or the connection's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// The server refused a pattern for names, mostly because its regular expression is none.
    #[error("could not look for what matches the pattern \"{pattern}\"")]
    Pattern {
        /// The pattern as it was given.
        pattern: BString,
        /// The server's or the connection's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// A pattern has more parts than objects of its kind have.
    #[error("improper {what} name (too many dotted names): {pattern}")]
    TooManyDots {
        /// `relation` or `qualified`.
        what: &'static str,
        /// The pattern as it was given.
        pattern: BString,
    },
    /// A pattern names a database that is not the one that is dumped.
    #[error("cross-database references are not implemented: {pattern}")]
    OtherDatabase {
        /// The pattern as it was given.
        pattern: BString,
    },
    /// Patterns match nothing.
    #[error("no matching {what} were found{}", for_pattern(.pattern.as_ref()))]
    NoMatch {
        /// What was looked for: `tables`, `schemas`.
        what: &'static str,
        /// The pattern as it was given, where each of them must match something.
        pattern: Option<BString>,
        /// What may have been meant, or what is wrong with the patterns.
        hint: String,
    },
    /// `pg_database` has no row for the database that the session is in.
    #[error(
        "the catalogs do not show the current database; was it renamed while the dump was starting? Try again"
    )]
    NoDatabase,
    /// A catalog row did not hold what the query asked for.
    #[error("could not read {what} from the system catalogs{CHANGING}")]
    Decode {
        /// What was being read.
        what: &'static str,
        /// Which column, and what was found there.
        #[source]
        source: pgdumprs_connect::DecodeError,
    },
}

fn for_pattern(pattern: Option<&BString>) -> String {
    pattern.map_or_else(String::new, |pattern| format!(" for pattern \"{pattern}\""))
}

/// What to do where something was there and then was not.
const CHANGING: &str = " (was one of them dropped while the dump was starting? try again)";

impl Error {
    /// Whether something was there when the dump began and gone a moment later, as far as can be told: views, functions and their like
    /// cannot be locked. The same again will do.
    pub fn saw_change(&self) -> bool {
        match self {
            Error::NoDatabase | Error::Decode { .. } => true,
            Error::Query { source, .. } => !advice(source).is_empty(),
            _ => false,
        }
    }
}

/// What to do about a query that failed, where the server's reason tells.
fn advice(error: &pgdumprs_connect::Error) -> &'static str {
    match error.sqlstate() {
        // internal_error, as of a function that looks for what is gone; undefined_table, undefined_object, undefined_function
        Some("XX000" | "42P01" | "42704" | "42883") => CHANGING,
        _ => "",
    }
}
