//! Indexes (`pg_index`) of tables and materialized views.

use bstr::BString;

use crate::cells::Cells;
use crate::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// An index, on its own or inside a constraint.
#[derive(Debug, Clone)]
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

impl Detailed for Index {
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
        let columns = |places: &str| {
            format!(
                "CASE WHEN con.oid IS NOT NULL THEN
                     ARRAY(SELECT a.attname
                             FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
                                  JOIN pg_catalog.pg_attribute AS a
                                      ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                            WHERE k.place {places} i.indnkeyatts
                            ORDER BY k.place) END"
            )
        };
        // The statistics targets come as two arrays in the same order.
        let targets = |column: &str| {
            format!(
                "(SELECT pg_catalog.array_agg({column} ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a
                   WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0)"
            )
        };
        format!(
            "SELECT i.indexrelid, c.relname, i.indrelid,
                    CASE WHEN con.oid IS NULL THEN pg_catalog.pg_get_indexdef(i.indexrelid) END, con.oid,
                    {keys}, {included},
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
            keys = columns("<="),
            included = columns(">"),
            target_columns = targets("a.attnum"),
            target_values = targets("a.attstattarget"),
            list = oid_list(oids),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            table: cells.oid()?,
            definition: cells.opt_text()?.unwrap_or_default(),
            constraint: cells.opt_oid()?,
            key_columns: cells.array()?,
            included_columns: cells.array()?,
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
        })
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
