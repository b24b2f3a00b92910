//! What the planner knows of the values in columns and in the expressions of indexes (`pg_stats`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// The statistics of one column, or of one expression of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeStatistics {
    /// OID of the table, materialized view or index.
    pub relation: Oid,
    /// Name of the column, unquoted; of an expression, the name that the server made up for it.
    pub name: BString,
    /// Place of the column in the index, from 1, where the index has expressions: the names of its columns are not stable.
    pub index_column: Option<i16>,
    /// Columns of `pg_stats` and what they hold as the server prints it, in the view's order. NULLs are left out.
    pub values: Vec<(&'static str, BString)>,
}

/// Columns of `pg_stats` that say something of a column, in the view's order.
const COLUMNS: [&str; 11] = [
    "inherited",
    "null_frac",
    "avg_width",
    "n_distinct",
    "most_common_vals",
    "most_common_freqs",
    "histogram_bounds",
    "correlation",
    "most_common_elems",
    "most_common_elem_freqs",
    "elem_count_histogram",
];

/// Those that came with PostgreSQL 17, which follow.
const RANGE_COLUMNS: [&str; 3] = [
    "range_length_histogram",
    "range_empty_frac",
    "range_bounds_histogram",
];

impl Detailed for AttributeStatistics {
    const WHAT: &'static str = "statistics of columns";

    /// The OIDs are those of tables; their indexes come with them. The view shows what the role may see, and it names
    /// relations, for want of a column with their OIDs.
    fn query(version: u32, oids: &[Oid]) -> String {
        let values = COLUMNS.map(|column| format!("s.{column}")).join(", ");
        let range_values = RANGE_COLUMNS
            .map(|column| {
                if version >= 170000 {
                    format!("s.{column}")
                } else {
                    format!("NULL AS {column}")
                }
            })
            .join(", ");
        format!(
            "WITH wanted AS MATERIALIZED (
                 SELECT oid, false AS by_number FROM {list} AS listed(oid)
                 UNION ALL
                 SELECT i.indexrelid, true
                 FROM {list} AS listed(oid) JOIN pg_catalog.pg_index AS i ON i.indrelid = listed.oid
                 WHERE i.indexprs IS NOT NULL)
             SELECT wanted.oid, s.attname, CASE WHEN wanted.by_number THEN a.attnum END, {values}, {range_values}
             FROM wanted
                  JOIN pg_catalog.pg_class AS c ON c.oid = wanted.oid
                  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                  JOIN pg_catalog.pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname
                  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
             ORDER BY wanted.oid, s.attname, s.inherited",
            list = oid_list(oids),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        let (relation, name, index_column) = (cells.oid()?, cells.text()?, cells.get()?);
        let mut values = Vec::with_capacity(COLUMNS.len());
        for column in COLUMNS.iter().chain(&RANGE_COLUMNS) {
            if let Some(value) = cells.opt_text()? {
                values.push((*column, value));
            }
        }
        Ok(Self {
            relation,
            name,
            index_column,
            values,
        })
    }
}
