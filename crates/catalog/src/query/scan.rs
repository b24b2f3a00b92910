//! Rows in the order in which a catalog holds them.

/// A row source with some columns of a catalog and `place`, by which its rows can be sorted into the catalog's own order after a
/// join. `catalog` is its name, with a WHERE clause behind it where not all rows are wanted.
///
/// It is the order in which pg_dump meets rows that it does not sort, and in which a query of one catalog alone gives them. `ctid`
/// would say it too, but whoever was granted only the columns that pg_dump reads may not read that. The server has to scan the
/// catalog itself, from its first page to its last, where some column is in no index and the clause is about such columns alone.
pub(crate) fn scan(catalog: &str, columns: &str) -> String {
    format!(
        "(SELECT {columns}, pg_catalog.row_number() OVER () AS place FROM pg_catalog.{catalog})"
    )
}
