//! Databases that every server has, which are filled rather than made.

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_sql::Encoding;

use super::statement::{statements, without_needless_quotes};
use crate::{ArchiveSource, OpenError, RestoreOptions};

/// Their names.
pub(super) const BUILT_IN: [&str; 2] = ["postgres", "template1"];

pub(super) fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

/// What a new server says of them.
const OF_NEW_SERVERS: [&str; 5] = [
    "COMMENT ON DATABASE postgres IS 'default administrative connection database';",
    "COMMENT ON DATABASE template1 IS 'default template for new databases';",
    "ALTER DATABASE template1 IS_TEMPLATE = true;",
    "REVOKE CONNECT,TEMPORARY ON DATABASE template1 FROM PUBLIC;",
    "GRANT CONNECT ON DATABASE template1 TO PUBLIC;",
];

/// Entries of an archive that are about the database itself, rather than about what is in it, and say something else of it than a new server has. They are
/// restored where the database is made, and nowhere else.
pub(super) fn not_restored(
    archive: &ArchiveSource,
    options: &RestoreOptions,
) -> Result<Vec<BString>, OpenError> {
    let reader = archive.open()?;
    let entries = reader.entries().iter();
    let encoding = reader
        .encoding()
        .map_or(Encoding::Utf8, |name| Encoding::named(name));
    Ok(entries
        .filter(|entry| is_about_database(entry, options) && !is_of_new_servers(entry, encoding))
        .map(Entry::label)
        .collect())
}

fn is_about_database(entry: &Entry, options: &RestoreOptions) -> bool {
    let is_wanted = match entry.descriptor.as_slice() {
        b"DATABASE PROPERTIES" => return true,
        b"ACL" => !options.no_privileges,
        b"COMMENT" => !options.no_comments,
        b"SECURITY LABEL" => !options.no_security_labels,
        _ => false,
    };
    let tag = entry.tag.as_ref();
    is_wanted && tag.is_some_and(|tag| tag.starts_with_str("DATABASE "))
}

fn is_of_new_servers(entry: &Entry, encoding: Encoding) -> bool {
    let definition = entry.definition.as_ref();
    statements(
        definition.map_or(&b""[..], |text| text.as_slice()),
        encoding,
    )
    .iter()
    .map(|statement| without_needless_quotes(statement, encoding))
    .all(|statement| OF_NEW_SERVERS.iter().any(|known| statement == *known))
}
