//! Partitioned tables (`pg_partitioned_table`).

use crate::cells::Cells;
use crate::flight::Listed;
use crate::{Error, Oid};

/// A table that is partitioned by the hash of an enum.
///
/// Such a hash is made from the OID of the enum's value, which is another one after a restore: rows may belong to other
/// partitions then.
pub(crate) struct UnstablePartitioning {
    /// OID of the partitioned table.
    pub(crate) table: Oid,
}

impl Listed for UnstablePartitioning {
    const WHAT: &'static str = "partitioning";

    fn query(_version: u32) -> String {
        "SELECT p.partrelid
         FROM pg_catalog.pg_partitioned_table AS p
         WHERE (SELECT opc.oid
                FROM pg_catalog.pg_opclass AS opc
                     JOIN pg_catalog.pg_am AS am ON am.oid = opc.opcmethod AND am.amname = 'hash'
                WHERE opc.opcname = 'enum_ops'
                  AND opc.opcnamespace = 'pg_catalog'::pg_catalog.regnamespace) = ANY (p.partclass)"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            table: cells.oid()?,
        })
    }
}
