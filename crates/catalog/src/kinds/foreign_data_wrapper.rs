//! Foreign-data wrappers (`pg_foreign_data_wrapper`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error, Oid};

/// A foreign-data wrapper.
#[derive(Debug, Clone)]
pub struct ForeignDataWrapper {
    /// OID in `pg_foreign_data_wrapper`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the owning role.
    pub owner: Oid,
    /// The handler function as SQL names it, where there is one.
    pub handler: Option<BString>,
    /// The validator function as SQL names it, where there is one.
    pub validator: Option<BString>,
    /// The function that makes connection strings for subscriptions, as SQL names it, where there is one (since 19).
    pub connection: Option<BString>,
    /// The options as `options_sql` renders them.
    pub options: Option<BString>,
    /// Privileges on the wrapper.
    pub acl: Acl,
}

/// SQL that renders the options in the column `column` as `name 'value'`, one a line, by name; NULL where there are none.
///
/// The server quotes them: it knows its own key words, and writes backslashes in a form that no setting changes.
pub(crate) fn options_sql(column: &str) -> String {
    format!(
        "(SELECT pg_catalog.string_agg(
                     pg_catalog.quote_ident(o.option_name) || ' ' || pg_catalog.quote_literal(o.option_value),
                     E',\\n    ' ORDER BY o.option_name)
          FROM pg_catalog.pg_options_to_table({column}) AS o)"
    )
}

impl Listed for ForeignDataWrapper {
    const WHAT: &'static str = "foreign-data wrappers";

    fn query(version: u32) -> String {
        let connection = if version >= 190000 {
            "NULLIF(fdwconnection, 0)::pg_catalog.regproc"
        } else {
            "NULL"
        };
        format!(
            "SELECT oid, fdwname, fdwowner,
                    NULLIF(fdwhandler, 0)::pg_catalog.regproc, NULLIF(fdwvalidator, 0)::pg_catalog.regproc,
                    {connection}, {options}, fdwacl, pg_catalog.acldefault('F', fdwowner)
             FROM pg_catalog.pg_foreign_data_wrapper
             ORDER BY oid",
            options = options_sql("fdwoptions")
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            owner: cells.oid()?,
            handler: cells.opt_text()?,
            validator: cells.opt_text()?,
            connection: cells.opt_text()?,
            options: cells.opt_text()?,
            acl: Acl::decode(cells)?,
        })
    }
}
