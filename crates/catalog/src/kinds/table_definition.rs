//! What only some tables have: a type, a partition key, a partition bound, a foreign server.

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// Clauses of a table's definition, as SQL.
#[derive(Debug, Clone, Default)]
pub struct TableDefinition {
    /// OID of the table.
    pub table: Oid,
    /// The composite type that a typed table is `OF`.
    pub of_type: Option<BString>,
    /// What follows `PARTITION BY`.
    pub partition_key: Option<BString>,
    /// What follows the partition's name in `ATTACH PARTITION`.
    pub partition_bound: Option<BString>,
    /// Name of a foreign table's server, unquoted.
    pub server: Option<BString>,
    /// Options of a foreign table, each as SQL writes it: `name 'value'`.
    pub foreign_options: Vec<BString>,
}

impl Detailed for TableDefinition {
    const WHAT: &'static str = "table definitions";

    /// Only tables that have any of it.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT c.oid,
                    CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END,
                    CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
                    pg_catalog.pg_get_expr(c.relpartbound, c.oid), server.srvname,
                    ARRAY(SELECT pg_catalog.quote_ident(o.option_name) || ' '
                                 || pg_catalog.quote_literal(o.option_value)
                            FROM pg_catalog.pg_options_to_table(ft.ftoptions) AS o
                           ORDER BY o.option_name)
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_class AS c ON c.oid = wanted.oid
                  LEFT JOIN pg_catalog.pg_foreign_table AS ft ON ft.ftrelid = c.oid
                  LEFT JOIN pg_catalog.pg_foreign_server AS server ON server.oid = ft.ftserver
             WHERE c.reloftype <> 0 OR c.relkind IN ('p', 'f') OR c.relispartition",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            table: cells.oid()?,
            of_type: cells.opt_text()?,
            partition_key: cells.opt_text()?,
            partition_bound: cells.opt_text()?,
            server: cells.opt_text()?,
            foreign_options: cells.array()?,
        })
    }
}
