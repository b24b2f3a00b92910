//! What can keep a database from being rendered.

use bstr::BString;
use pgdumprs_catalog::likeness::some_of;

/// The most objects that an error names: there may be thousands.
const NAMED: usize = 10;

fn first_of(objects: &[String]) -> String {
    let first = some_of(objects, NAMED, ", ");
    match objects.len() {
        0..=NAMED => first,
        _ => format!("{first} (-v names them all)"),
    }
}

/// Why no plan could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An object refers to one that the catalogs do not show.
    #[error(
        "{object} refers to {target}, which the catalogs do not show; was it dropped while the dump was reading?"
    )]
    Missing {
        /// The object that holds the reference.
        object: String,
        /// What it refers to.
        target: String,
    },
    /// An object names a role that does not exist: the catalogs are damaged.
    #[error(
        "{object} names the role with OID {role}, which does not exist: have it name one that does (ALTER … OWNER TO, or ALTER POLICY … \
         TO), or drop it"
    )]
    NoRole {
        /// The object's kind and name.
        object: String,
        /// The role.
        role: u32,
    },
    /// A user mapping is of a role that does not exist: the catalogs are damaged. Not everybody may read the role's OID.
    #[error(
        "a user mapping for server \"{server}\" is of a role that does not exist: SELECT umid, umuser FROM pg_user_mappings WHERE \
         usename IS NULL shows it; drop the server and make it anew, or have a superuser delete the row from pg_user_mapping"
    )]
    NoMappedRole {
        /// Name of the foreign server.
        server: String,
    },
    /// Objects whose data is to be dumped but may not be read.
    #[error(
        "the role may not read {} object{} that {} to be dumped: {}; grant it what is missing, which stands in parentheses, or pg_read_all_data (since PostgreSQL 14, and for large objects since 19), or dump as their owner or as a superuser (where row security is in force, as a role with BYPASSRLS)",
        objects.len(),
        if objects.len() == 1 { "" } else { "s" },
        if objects.len() == 1 { "is" } else { "are" },
        first_of(objects)
    )]
    Forbidden {
        /// Each object's kind and name, with what the role lacks in parentheses.
        objects: Vec<String>,
    },
    /// Something that the role may not read.
    #[error("cannot read {what} of {object}: {hint}")]
    Unreadable {
        /// The object.
        object: String,
        /// What of it cannot be read.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// An object of a kind that cannot be rendered yet.
    #[error("cannot dump {object}: {reason}")]
    Unsupported {
        /// The object's kind and name.
        object: String,
        /// What is not supported.
        reason: String,
    },
    /// A condition was given for rows of tables that have none that are dumped.
    #[error(
        "no table that matches \"{pattern}\" has rows of its own that are dumped, and so its condition chooses none"
    )]
    NoRows {
        /// The pattern as it was given.
        pattern: BString,
    },
    /// Two conditions were given for the rows of one table.
    #[error("there are two conditions for the rows of table {table}: join them by AND or OR")]
    TwoConditions {
        /// Qualified, quoted name.
        table: BString,
    },
    /// Dependencies that contradict each other in a way that no rule resolves.
    #[error(
        "could not order the objects of the database: no dependency loop was found among those that are left"
    )]
    Unordered,
}
