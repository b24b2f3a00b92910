//! Indexes (`pg_index`) of tables and materialized views.

use std::collections::HashMap;

use bstr::BString;

use crate::kinds::column::Column;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// An index, on its own or inside a constraint.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// OID in `pg_class`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the table.
    pub table: Oid,
    /// CREATE INDEX as the server's `pg_get_indexdef` says it, without semicolon; empty where the index belongs to a constraint,
    /// which creates it. (It is the costliest thing to ask of a large schema.)
    pub definition: BString,
    /// OID of the constraint that it belongs to: a primary key, a unique or an exclusion constraint.
    pub constraint: Option<Oid>,
    /// Names of its key columns, unquoted, where it belongs to a constraint.
    pub key_columns: Vec<BString>,
    /// Names of the columns it only includes, unquoted, where it belongs to a constraint.
    pub included_columns: Vec<BString>,
    /// Whether NULLs count as equal to each other (since 15).
    pub nulls_not_distinct: bool,
    /// OID of the index on the partitioned table that it is a partition of.
    pub parent: Option<Oid>,
    /// Name of the tablespace, where it is not the database's default.
    pub tablespace: Option<BString>,
    /// Storage parameters, `name=value`.
    pub options: Vec<BString>,
    /// Whether CLUSTER orders the table by it.
    pub is_clustered: bool,
    /// Whether it is the table's replica identity.
    pub is_replica_identity: bool,
    /// Statistics targets of its columns that have one: column number, from 1, and target.
    pub statistics_targets: Vec<(i16, i32)>,
    /// Size in pages, as the last VACUUM or ANALYZE left it.
    pub pages: i32,
    /// Number of entries as the catalog's estimate prints it (a float4; -1 for never analyzed).
    pub tuples: BString,
    /// Pages marked all-visible.
    pub all_visible: i32,
    /// Pages marked all-frozen; 0 before 18.
    pub all_frozen: i32,
}

/// An index, and its columns as numbers.
pub(crate) struct IndexRow {
    index: Index,
    /// Numbers of the table's columns, of keys first; 0 for an expression. Empty where the index belongs to no constraint.
    columns: Vec<i16>,
    /// How many of them are keys.
    keys: usize,
}

impl IndexRow {
    /// The index, with the names of its columns, given the columns of each table.
    ///
    /// They are in the same flight already. The server would take longer to look each up than for all the rest of the query.
    pub(crate) fn named(mut self, tables: &HashMap<Oid, Vec<Column>>) -> Index {
        let table = tables.get(&self.index.table).map_or(&[][..], Vec::as_slice);
        let names = |numbers: &[i16]| {
            let name = |&number: &i16| {
                let position = usize::try_from(number).ok()?.checked_sub(1)?;
                Some(table.get(position)?.name.clone())
            };
            numbers.iter().filter_map(name).collect()
        };
        let (keys, included) = self.columns.split_at(self.keys.min(self.columns.len()));
        self.index.key_columns = names(keys);
        self.index.included_columns = names(included);
        self.index
    }
}

impl Detailed for IndexRow {
    const WHAT: &'static str = "indexes";

    /// Indexes that a failed or unfinished CREATE INDEX CONCURRENTLY left behind are not asked for. One on a partitioned table
    /// is invalid as long as a partition lacks it, and that is a state that a dump keeps.
    fn query(version: u32, oids: &[Oid]) -> String {
        let nulls_not_distinct = if version >= 150000 {
            "i.indnullsnotdistinct"
        } else {
            "false"
        };
        let all_frozen = if version >= 180000 {
            "c.relallfrozen"
        } else {
            "0"
        };
        // The statistics targets come as two arrays in the same order. Only a column that is an expression can have one; an index
        // without any is not worth a look at its columns.
        let targets = |column: &str| {
            format!(
                "CASE WHEN i.indexprs IS NOT NULL THEN
                     (SELECT pg_catalog.array_agg({column} ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a
                       WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0) END"
            )
        };
        format!(
            "SELECT i.indexrelid, c.relname, i.indrelid,
                    CASE WHEN con.oid IS NULL THEN pg_catalog.pg_get_indexdef(i.indexrelid) END, con.oid,
                    CASE WHEN con.oid IS NOT NULL THEN i.indkey END, i.indnkeyatts,
                    {nulls_not_distinct}, inh.inhparent, ts.spcname, c.reloptions, i.indisclustered,
                    i.indisreplident, {target_columns}, {target_values},
                    c.relpages, c.reltuples, c.relallvisible, {all_frozen} AS relallfrozen
             FROM {list} AS wanted(oid)
                  JOIN pg_catalog.pg_index AS i ON i.indrelid = wanted.oid
                  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                  JOIN pg_catalog.pg_class AS owner ON owner.oid = i.indrelid
                  LEFT JOIN pg_catalog.pg_constraint AS con
                      ON con.conrelid = i.indrelid AND con.conindid = i.indexrelid
                     AND con.contype IN ('p', 'u', 'x')
                  LEFT JOIN pg_catalog.pg_inherits AS inh ON inh.inhrelid = i.indexrelid
                  LEFT JOIN pg_catalog.pg_tablespace AS ts ON ts.oid = c.reltablespace
             WHERE i.indisready AND (i.indisvalid OR owner.relkind = 'p')
             ORDER BY i.indrelid, c.relname",
            target_columns = targets("a.attnum"),
            target_values = targets("a.attstattarget"),
            list = oid_list(oids),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        let mut row = Self {
            index: Index {
                oid: cells.oid()?,
                name: cells.text()?,
                table: cells.oid()?,
                definition: cells.opt_text()?.unwrap_or_default(),
                constraint: cells.opt_oid()?,
                ..Index::default()
            },
            columns: cells.get::<Option<Vec<i16>>>()?.unwrap_or_default(),
            keys: usize::from(cells.get::<i16>()?.unsigned_abs()),
        };
        row.index = Index {
            nulls_not_distinct: cells.bool()?,
            parent: cells.opt_oid()?,
            tablespace: cells.opt_text()?,
            options: cells.array()?,
            is_clustered: cells.bool()?,
            is_replica_identity: cells.bool()?,
            statistics_targets: decode_targets(cells)?,
            pages: cells.get()?,
            tuples: cells.text()?,
            all_visible: cells.get()?,
            all_frozen: cells.get()?,
            ..row.index
        };
        Ok(row)
    }
}

fn decode_targets(cells: &mut Cells<'_>) -> Result<Vec<(i16, i32)>, Error> {
    let columns: Option<Vec<i16>> = cells.get()?;
    let targets: Option<Vec<i32>> = cells.get()?;
    Ok(columns
        .unwrap_or_default()
        .into_iter()
        .zip(targets.unwrap_or_default())
        .collect())
}
