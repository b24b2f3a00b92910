//! What a schema in the making holds so far.

use super::data_type::{DataType, Family, built_in};
use super::names::{self, Names};
use super::rng::Rng;
use super::{Step, roles};
use crate::Major;

/// A column as far as later statements need to know.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Quoted.
    pub(super) name: String,
    pub(super) data_type: DataType,
    /// Whether rows cannot name a value for it.
    pub(super) is_generated: bool,
}

/// How a table came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableKind {
    Plain,
    Child,
    Typed,
    Partitioned,
    Partition,
    Foreign,
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Qualified and quoted.
    pub(super) name: String,
    pub(super) kind: TableKind,
    pub(super) columns: Vec<Column>,
    /// Columns of keys that foreign keys can refer to.
    pub(super) keys: Vec<Vec<Column>>,
    /// The columns of the primary key.
    pub(super) primary_key: Option<Vec<Column>>,
    /// Where it is a partition: of which table, and for which values.
    pub(super) bound: Option<(String, String)>,
    /// The columns that say to which partition a row belongs.
    pub(super) partition_key: Vec<Column>,
}

impl Table {
    /// Columns that a key or extended statistics can be made of.
    pub(super) fn key_candidates(&self) -> Vec<Column> {
        self.columns
            .iter()
            .filter(|column| column.data_type.has_order() && !column.is_generated)
            .cloned()
            .collect()
    }
}

#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) is_materialized: bool,
}

/// A function of one argument.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Qualified and quoted.
    pub(super) name: String,
    /// With arguments, as GRANT and COMMENT want it.
    pub(super) signature: String,
    /// The family of its only argument, where it is immutable.
    pub(super) takes: Option<Family>,
}

/// The schema in the making.
pub(super) struct World {
    pub(super) rng: Rng,
    pub(super) major: Major,
    pub(super) names: Names,
    pub(super) steps: Vec<Step>,
    pub(super) schemas: Vec<String>,
    /// Columns that many tables have, so that children can have several parents.
    pub(super) common: Vec<Column>,
    pub(super) types: Vec<DataType>,
    /// Kind, as in `COMMENT ON`, and name of types.
    pub(super) type_names: Vec<(&'static str, String)>,
    /// Composite types that tables can be of, with their columns.
    pub(super) row_types: Vec<(String, Vec<Column>)>,
    pub(super) tables: Vec<Table>,
    pub(super) views: Vec<View>,
    pub(super) functions: Vec<Function>,
    /// Trigger functions.
    pub(super) trigger_functions: Vec<String>,
    pub(super) sequences: Vec<String>,
    pub(super) collations: Vec<String>,
    /// Indexes and the tables that they are on.
    pub(super) indexes: Vec<(String, String)>,
    /// Other things that can have comments and owners: what follows `COMMENT ON`, and whether it can have an owner.
    pub(super) others: Vec<(String, bool)>,
    pub(super) large_objects: Vec<u32>,
}

impl World {
    pub(super) fn new(seed: u64, major: Major) -> World {
        World {
            rng: Rng::new(seed),
            major,
            names: Names::default(),
            steps: Vec::new(),
            schemas: vec!["public".to_owned()],
            common: Vec::new(),
            types: Vec::new(),
            type_names: Vec::new(),
            row_types: Vec::new(),
            tables: Vec::new(),
            views: Vec::new(),
            functions: Vec::new(),
            trigger_functions: Vec::new(),
            sequences: Vec::new(),
            collations: Vec::new(),
            indexes: Vec::new(),
            others: Vec::new(),
            large_objects: Vec::new(),
        }
    }

    /// Adds a statement that defines something.
    pub(super) fn define(&mut self, sql: impl Into<String>) {
        self.steps.push(Step::definition(sql.into()));
    }

    /// Adds a statement that stores rows, which constraints may well refuse.
    pub(super) fn store(&mut self, sql: impl Into<String>) {
        self.steps.push(Step::rows(sql.into()));
    }

    /// A schema, quoted.
    pub(super) fn schema(&mut self) -> String {
        self.rng.pick(&self.schemas).clone()
    }

    /// A new name in some schema, qualified and quoted.
    pub(super) fn new_name(&mut self) -> String {
        let schema = self.schema();
        format!("{schema}.{}", self.names.fresh_or_used(&mut self.rng))
    }

    /// A role, quoted.
    pub(super) fn role(&mut self) -> String {
        names::quoted(self.rng.pick::<&str>(roles(self.major)))
    }

    /// A role or PUBLIC.
    pub(super) fn grantee(&mut self) -> String {
        if self.rng.chance(20) {
            "PUBLIC".to_owned()
        } else {
            self.role()
        }
    }

    /// A text, quoted.
    pub(super) fn text(&mut self) -> String {
        names::text_literal(&mut self.rng)
    }

    /// A type: built in or one of this database, or an array.
    pub(super) fn data_type(&mut self) -> DataType {
        let data_type = if !self.types.is_empty() && self.rng.chance(25) {
            self.rng.pick(&self.types).clone()
        } else {
            built_in(&mut self.rng, self.major)
        };
        let can_be_element = !data_type.sql.contains(['[', '(']);
        if can_be_element && self.rng.chance(8) {
            data_type.array()
        } else {
            data_type
        }
    }

    /// A column that is new to every table.
    pub(super) fn new_column(&mut self, number: usize) -> Column {
        Column {
            name: names::part(&mut self.rng, number),
            data_type: self.data_type(),
            is_generated: false,
        }
    }

    /// Any table.
    pub(super) fn table(&mut self) -> Table {
        self.rng.pick(&self.tables).clone()
    }

    /// A table that `fits`, if there is one.
    pub(super) fn table_where(&mut self, fits: impl Fn(&Table) -> bool) -> Option<Table> {
        let fitting: Vec<&Table> = self.tables.iter().filter(|table| fits(table)).collect();
        (!fitting.is_empty()).then(|| (*self.rng.pick(&fitting)).clone())
    }

    /// A table and one of its columns that `fits`.
    pub(super) fn column_where(
        &mut self,
        fits: impl Fn(&Table, &Column) -> bool,
    ) -> Option<(Table, Column)> {
        let table =
            self.table_where(|table| table.columns.iter().any(|column| fits(table, column)))?;
        let columns: Vec<Column> = table
            .columns
            .iter()
            .filter(|column| fits(&table, column))
            .cloned()
            .collect();
        let column = self.rng.pick(&columns).clone();
        Some((table, column))
    }

    /// The table of a name, to be changed.
    pub(super) fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| table.name == name)
    }

    /// Whether the server is of this major or newer.
    pub(super) fn since(&self, major: Major) -> bool {
        self.major >= major
    }

    /// `true` in `percent` of 100 cases, and only where the server is new enough.
    pub(super) fn chance_since(&mut self, major: Major, percent: usize) -> bool {
        self.rng.chance(percent) && self.since(major)
    }
}

/// The columns' names, in parentheses.
pub(super) fn list(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.join(", ")
}
