//! The details of tables, views and sequences.

use std::collections::{HashMap, HashSet};

use bstr::BString;

use crate::kinds::attrdef::AttrDef;
use crate::kinds::check_constraint::CheckConstraint;
use crate::kinds::column::Column;
use crate::kinds::constraint::Constraint;
use crate::kinds::sequence::{self, Position, Sequence};
use crate::kinds::table_data::{ColumnType, RelationSize, UnstablePartitioning, ValueType};
use crate::kinds::table_definition::TableDefinition;
use crate::kinds::view::{View, ViewDependency};
use crate::query::flight::{Flight, Landed, Ticket};
use crate::{Error, Listing, Oid, Wanted};

/// What the details say of relations.
#[derive(Debug, Default)]
pub struct Relations {
    /// Columns of each table and view, dropped ones included, by attribute number.
    pub columns: HashMap<Oid, Vec<Column>>,
    /// Defaults and generation expressions, by table and column.
    pub attrdefs: Vec<AttrDef>,
    /// Queries of views and materialized views, with their semicolon.
    pub views: HashMap<Oid, BString>,
    /// Clauses that only some tables have.
    pub definitions: HashMap<Oid, TableDefinition>,
    /// Partitioned tables whose rows may belong to other partitions after a restore.
    pub unstable_partitioning: HashSet<Oid>,
    /// Which view or materialized view reads which other one, by reader.
    pub view_dependencies: Vec<ViewDependency>,
    /// How much the tables whose rows are dumped take on disk.
    pub sizes: HashMap<Oid, RelationSize>,
    /// Columns whose values are not written as strings in INSERT statements, by table and attribute number.
    pub value_types: HashMap<(Oid, i16), ValueType>,
    /// Parameters of sequences.
    pub sequences: HashMap<Oid, Sequence>,
    /// Where sequences stand. One that the role may not read is missing.
    pub positions: HashMap<Oid, Position>,
}

/// Where the answers will be found.
pub(crate) struct Asked {
    columns: Ticket<Column>,
    attrdefs: Ticket<AttrDef>,
    checks: Ticket<CheckConstraint>,
    views: Ticket<View>,
    definitions: Ticket<TableDefinition>,
    unstable_partitioning: Ticket<UnstablePartitioning>,
    view_dependencies: Ticket<ViewDependency>,
    sizes: Ticket<RelationSize>,
    value_types: Ticket<ColumnType>,
    sequences: Ticket<Sequence>,
    positions: Vec<Ticket<Option<Position>>>,
}

impl Asked {
    pub(crate) fn new(flight: &mut Flight, listing: &Listing, wanted: &Wanted) -> Self {
        let defined = if wanted.schema {
            &wanted.tables[..]
        } else {
            &[]
        };
        Self {
            columns: flight.detail(&wanted.tables),
            attrdefs: flight.detail(defined),
            checks: flight.detail(defined),
            views: flight.detail(&wanted.views),
            definitions: flight.detail(defined),
            unstable_partitioning: flight.list_if(wanted.partition_rows),
            view_dependencies: flight.list(),
            sizes: flight.detail(&wanted.rows),
            value_types: flight.detail(&wanted.value_types),
            sequences: flight.detail(&wanted.sequences),
            positions: sequence::positions(
                flight,
                &listing.namespaces,
                &listing.tables,
                &wanted.positions,
            ),
        }
    }

    /// The answers, the constraints apart: they have their place among other constraints.
    pub(crate) fn take(self, landed: &Landed) -> Result<(Relations, Vec<Constraint>), Error> {
        let mut relations = Relations {
            attrdefs: landed.take(self.attrdefs)?,
            view_dependencies: landed.take(self.view_dependencies)?,
            ..Relations::default()
        };
        for column in landed.take(self.columns)? {
            relations
                .columns
                .entry(column.table)
                .or_default()
                .push(column);
        }
        let checks = landed
            .take(self.checks)?
            .into_iter()
            .map(|check| check.0)
            .collect();
        relations.views = landed
            .take(self.views)?
            .into_iter()
            .map(|row| (row.oid, row.query))
            .collect();
        relations.definitions = landed
            .take(self.definitions)?
            .into_iter()
            .map(|row| (row.table, row))
            .collect();
        relations.unstable_partitioning = landed
            .take(self.unstable_partitioning)?
            .into_iter()
            .map(|row| row.table)
            .collect();
        relations.sizes = landed
            .take(self.sizes)?
            .into_iter()
            .map(|row| (row.oid, row))
            .collect();
        relations.value_types = landed
            .take(self.value_types)?
            .into_iter()
            .map(|row| ((row.table, row.column), row.value))
            .collect();
        relations.sequences = landed
            .take(self.sequences)?
            .into_iter()
            .map(|row| (row.oid, row))
            .collect();
        for ticket in self.positions {
            let positions = landed.take(ticket)?.into_iter().flatten();
            relations
                .positions
                .extend(positions.map(|position| (position.oid, position)));
        }
        Ok((relations, checks))
    }
}
