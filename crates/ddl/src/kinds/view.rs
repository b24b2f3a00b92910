//! Views: what follows their names in CREATE VIEW.

use bstr::{BStr, BString, ByteSlice};

use crate::Error;
use crate::families::type_system;
use crate::state::dump::Dump;
use crate::state::object::Object;
use crate::text::reloptions;

/// The options, query and check option of a view, ` AS` and all, without the final semicolon.
pub(crate) fn body(dump: &Dump, object: &Object, table: usize) -> Result<BString, Error> {
    let row = &dump.listing.tables[table];
    let mut text = BString::default();
    if !row.options.is_empty() {
        push!(
            text,
            " WITH (",
            reloptions::list(dump, &row.options, ""),
            ")"
        );
    }
    push!(text, " AS\n", query(dump, object, table)?);
    if let Some(check) = &row.check_option {
        push!(text, "\n  WITH ", check, " CHECK OPTION");
    }
    Ok(text)
}

/// The query of a view or materialized view, without its semicolon.
pub(crate) fn query<'a>(dump: &'a Dump, object: &Object, table: usize) -> Result<&'a BStr, Error> {
    let oid = dump.listing.tables[table].oid;
    let query = dump.details.relations.views.get(&oid);
    query
        .and_then(|query| query.strip_suffix(b";"))
        .filter(|query| !query.is_empty())
        .map(ByteSlice::as_bstr)
        .ok_or_else(|| dump.missing(object, "its definition"))
}

/// What stands in for the body of a view whose query has to wait: the same columns without rows. Column types and collations
/// must be right from the start, since CREATE OR REPLACE VIEW cannot change them.
pub(crate) fn dummy_body(dump: &Dump, table: usize) -> BString {
    let mut text = sql![" AS\nSELECT"];
    for (i, column) in dump.columns(table).iter().enumerate() {
        if i > 0 {
            push!(text, ",");
        }
        push!(text, "\n    NULL::", column.type_name);
        push!(text, type_system::collate(dump, column.collation.as_ref()));
        push!(text, " AS ", dump.ident(&column.name));
    }
    text
}
