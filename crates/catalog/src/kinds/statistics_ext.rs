//! Extended statistics (`pg_statistic_ext`) and what is in them (`pg_stats_ext`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// An object of CREATE STATISTICS.
#[derive(Debug, Clone)]
pub struct StatisticsExt {
    /// OID in `pg_statistic_ext`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// OID of the table.
    pub table: Oid,
    /// Statistics target, where it is not the default.
    pub target: Option<i32>,
    /// CREATE STATISTICS as the server's `pg_get_statisticsobjdef` says it, without semicolon.
    pub definition: BString,
}

impl Detailed for StatisticsExt {
    const WHAT: &'static str = "extended statistics";

    /// The statistics of the tables in `oids`. The default target is -1 before 17 and NULL since.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT s.oid, s.stxname, s.stxnamespace, s.stxowner, s.stxrelid,
                    CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END,
                    pg_catalog.pg_get_statisticsobjdef(s.oid)
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = wanted.oid
             ORDER BY s.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            table: cells.oid()?,
            target: cells.get()?,
            definition: cells.text()?,
        })
    }
}

/// What ANALYZE found out for a statistics object, of a table by itself or with its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsExtData {
    /// OID of the statistics object.
    pub statistics: Oid,
    /// What it is made of, as SQL: the table's columns by their names, in the order of their numbers, and then expressions.
    pub members: BString,
    /// Parameters of `pg_restore_extended_stats` and what they are, as the server prints it. NULLs are left out.
    pub values: Vec<(&'static str, BString)>,
}

/// Columns of `pg_stats_ext` that say something of values, in the view's order.
const COLUMNS: [&str; 6] = [
    "inherited",
    "n_distinct",
    "dependencies",
    "most_common_vals",
    "most_common_freqs",
    "most_common_base_freqs",
];

/// What is known of the values of the expressions, which follows.
const EXPRESSIONS: &str = "exprs";

/// Columns of `pg_stats_ext_exprs` that say something of an expression's values.
const EXPRESSION_COLUMNS: [&str; 13] = [
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
    "range_length_histogram",
    "range_empty_frac",
    "range_bounds_histogram",
];

impl StatisticsExtData {
    /// The first version that can restore them. What older servers print has another form.
    pub(crate) const SINCE: u32 = 190000;
}

impl Detailed for StatisticsExtData {
    const WHAT: &'static str = "data of extended statistics";

    /// The OIDs are those of tables. The views show what the role may see.
    ///
    /// Expressions have no number there, only the order in which the view returns those of one object, which a join would not keep.
    fn query(_version: u32, oids: &[Oid]) -> String {
        let values = COLUMNS.map(|column| format!("s.{column}")).join(", ");
        let members = EXPRESSION_COLUMNS
            .map(|column| format!("'{column}', e.{column}::text"))
            .join(", ");
        format!(
            "SELECT s.statistics_id, pg_catalog.pg_get_statisticsobjdef_columns(s.statistics_id), {values},
                    (SELECT pg_catalog.jsonb_pretty(pg_catalog.jsonb_agg(NULLIF(
                                pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object({members})), '{{}}'::jsonb)))
                       FROM pg_catalog.pg_stats_ext_exprs AS e
                      WHERE e.statistics_id = s.statistics_id AND e.inherited = s.inherited) AS {EXPRESSIONS}
             FROM {list} AS wanted(oid) JOIN pg_catalog.pg_stats_ext AS s ON s.tableid = wanted.oid
             ORDER BY s.statistics_id, s.inherited",
            list = oid_list(oids),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        let statistics = cells.oid()?;
        let members = cells.text()?;
        let mut values = Vec::with_capacity(COLUMNS.len() + 1);
        for column in COLUMNS.iter().chain(&[EXPRESSIONS]) {
            if let Some(value) = cells.opt_text()? {
                values.push((*column, value));
            }
        }
        Ok(Self {
            statistics,
            members,
            values,
        })
    }
}
