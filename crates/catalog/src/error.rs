//! What can go wrong while catalogs are read.

/// Why reading the catalogs failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a query or the connection was lost.
    #[error("could not read {what} from the system catalogs")]
    Query {
        /// What was being read, in PostgreSQL's words: "schemas", "tables".
        what: &'static str,
        /// The server's or the connection's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// `pg_database` has no row for the database that the session is in.
    #[error(
        "the catalogs do not show the current database; was it renamed while the dump was starting? Try again"
    )]
    NoDatabase,
    /// A catalog row did not hold what the query asked for.
    #[error("could not read {what} from the system catalogs")]
    Decode {
        /// What was being read.
        what: &'static str,
        /// Which column, and what was found there.
        #[source]
        source: pgdumprs_connect::DecodeError,
    },
}
