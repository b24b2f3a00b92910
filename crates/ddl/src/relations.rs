//! What is known of relations beyond their rows: who inherits from whom, and which objects are part of which table.

use std::collections::{HashMap, HashSet};

use bstr::BString;
use pgdumprs_catalog::{AttrDef, Column, Table};

use crate::Error;
use crate::dump::Dump;
use crate::object::{DumpId, Kind, Object};

/// Links between relations and their parts. Relations are indexes into the listing.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// Direct parents of each relation, in the catalog's order; of a partition, the partitioned table.
    pub(crate) parents: Vec<Vec<usize>>,
    /// Rows, position or refresh of relations that have such and where it is dumped.
    pub(crate) data: HashMap<usize, DumpId>,
    /// Planner statistics of materialized views, where they are dumped.
    pub(crate) matview_statistics: HashMap<usize, DumpId>,
    /// WHERE clauses that choose the rows of extensions' configuration tables.
    pub(crate) conditions: HashMap<usize, BString>,
    /// Defaults and generation expressions, by relation and attribute number.
    pub(crate) attrdefs: HashMap<(usize, i16), DumpId>,
    /// CHECK constraints of each relation, by name.
    pub(crate) checks: HashMap<usize, Vec<DumpId>>,
    /// Materialized views that cannot be refreshed, because one that they read holds no data.
    pub(crate) unrefreshable: HashSet<usize>,
}

impl Dump {
    /// Columns of a relation, dropped ones included, by attribute number. None where they were not asked for.
    pub(crate) fn columns(&self, table: usize) -> &[Column] {
        let oid = self.listing.tables[table].oid;
        self.details
            .relations
            .columns
            .get(&oid)
            .map_or(&[], Vec::as_slice)
    }

    /// One column of a relation.
    pub(crate) fn column(&self, table: usize, number: i16) -> Result<&Column, Error> {
        usize::try_from(number - 1)
            .ok()
            .and_then(|position| self.columns(table).get(position))
            .ok_or_else(|| self.missing(self.table_object(table), format!("its column {number}")))
    }

    /// The default or generation expression of a column, as an object and as a row.
    pub(crate) fn attrdef(&self, table: usize, number: i16) -> Option<(&Object, &AttrDef)> {
        let object = self
            .objects
            .get(*self.relations.attrdefs.get(&(table, number))?);
        match object.kind {
            Kind::AttrDef(index) => Some((object, &self.details.relations.attrdefs[index])),
            _ => None,
        }
    }

    pub(crate) fn parents(&self, table: usize) -> &[usize] {
        self.relations.parents.get(table).map_or(&[], Vec::as_slice)
    }

    /// Whether a column is written in CREATE TABLE. One that is only inherited would count as declared if it were; a
    /// partition is created apart and attached later, so it needs them all.
    pub(crate) fn writes_column(&self, table: &Table, column: &Column) -> bool {
        !column.is_dropped && (column.is_local || table.is_partition)
    }

    /// The error for something that an object refers to and that is not there.
    pub(crate) fn missing(&self, object: &Object, target: impl Into<String>) -> Error {
        Error::Missing {
            object: object.to_string(),
            target: target.into(),
        }
    }
}
