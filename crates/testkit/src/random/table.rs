//! Tables that are no partitions, and their rows.

use super::data_type::DataType;
use super::names::literal;
use super::world::{Column, Table, TableKind, World, list};

impl World {
    pub(super) fn create_table(&mut self) {
        if self.tables.is_empty() {
            return self.create_plain_table();
        }
        match self.rng.below(20) {
            0..=2 => self.create_child(),
            3 | 4 => self.create_typed_table(),
            5 => self.create_like(),
            6 => self.create_foreign_table(),
            _ => self.create_plain_table(),
        }
    }

    fn create_plain_table(&mut self) {
        let name = self.new_name();
        let most = if self.rng.chance(5) { 1 } else { 7 };
        let (columns, mut definitions) = self.columns(TableKind::Plain, most);
        let mut table = new_table(&name, TableKind::Plain, columns);
        if let Some(key) = self.primary_key(&table) {
            definitions.push(format!(
                "{}PRIMARY KEY ({})",
                self.constraint_prefix(),
                list(&key)
            ));
            table.keys.push(key.clone());
            table.primary_key = Some(key);
        }
        let unlogged = if self.rng.chance(8) { "UNLOGGED " } else { "" };
        let how = self.rng.clause(15, &["USING heap"]) + &self.storage_options(25);
        self.define(format!(
            "CREATE {unlogged}TABLE {name} ({}){how}",
            definitions.join(", ")
        ));
        self.tables.push(table);
    }

    /// New columns, some of them shared with other tables, and their definitions.
    pub(super) fn columns(&mut self, kind: TableKind, most: usize) -> (Vec<Column>, Vec<String>) {
        let mut wanted: Vec<Column> = Vec::new();
        if self.rng.chance(60) {
            wanted = self.rng.some(&self.common, 2);
        }
        if most > 0 {
            for number in 0..self.rng.below(most) {
                wanted.push(self.new_column(10 + number));
            }
        }
        self.rng.shuffle(&mut wanted);
        let mut columns: Vec<Column> = Vec::new();
        let mut definitions = Vec::new();
        for column in wanted {
            let (column, definition) = self.column_definition(kind, column, &columns);
            columns.push(column);
            definitions.push(definition);
        }
        (columns, definitions)
    }

    /// Columns for a primary key, if there shall be one.
    fn primary_key(&mut self, table: &Table) -> Option<Vec<Column>> {
        let fitting = table.key_candidates();
        (!fitting.is_empty() && self.rng.chance(55)).then(|| self.rng.some(&fitting, 2))
    }

    /// An optional `CONSTRAINT name` for what makes an index, with a space after it.
    pub(super) fn constraint_prefix(&mut self) -> String {
        if self.rng.chance(50) {
            format!("CONSTRAINT {} ", self.names.fresh(&mut self.rng))
        } else {
            String::new()
        }
    }

    /// An optional `WITH (…)`, with a space before it.
    pub(super) fn storage_options(&mut self, percent: usize) -> String {
        if !self.rng.chance(percent) {
            return String::new();
        }
        let options = self.rng.some(
            &[
                "fillfactor = 40",
                "autovacuum_enabled = off",
                "toast.autovacuum_enabled = false",
                "parallel_workers = 3",
                "autovacuum_vacuum_scale_factor = 0.25",
                "toast_tuple_target = 200",
            ],
            3,
        );
        format!(" WITH ({})", options.join(", "))
    }

    /// A table with one parent or several.
    fn create_child(&mut self) {
        let parents: Vec<Table> = self
            .tables
            .iter()
            .filter(|table| matches!(table.kind, TableKind::Plain | TableKind::Child))
            .cloned()
            .collect();
        if parents.is_empty() {
            return self.create_plain_table();
        }
        let parents = self.rng.some(&parents, 3);
        let name = self.new_name();
        let mut columns: Vec<Column> = Vec::new();
        for parent in &parents {
            for column in &parent.columns {
                if columns.iter().all(|other| other.name != column.name) {
                    columns.push(column.clone());
                }
            }
        }
        let mut definitions: Vec<String> = Vec::new();
        for column in columns.clone() {
            // Said again, with its own default: where the parents' defaults differ, the server insists on one.
            if !column.is_generated && self.rng.chance(35) {
                let default = self.default_for(&column);
                definitions.push(format!(
                    "{} {} DEFAULT {default}",
                    column.name, column.data_type.sql
                ));
            }
        }
        for number in 0..self.rng.below(3) {
            let column = self.new_column(30 + number);
            let (column, definition) = self.column_definition(TableKind::Child, column, &[]);
            columns.push(column);
            definitions.push(definition);
        }
        let names: Vec<&str> = parents.iter().map(|parent| parent.name.as_str()).collect();
        let options = self.storage_options(10);
        self.define(format!(
            "CREATE TABLE {name} ({}) INHERITS ({}){options}",
            definitions.join(", "),
            names.join(", ")
        ));
        // Stricter than its parents, which most often allow NULL.
        for column in self.rng.some(&columns, 3) {
            if self.rng.chance(40) {
                let only = if self.rng.chance(50) { "ONLY " } else { "" };
                self.define(format!(
                    "ALTER TABLE {only}{name} ALTER COLUMN {} SET NOT NULL",
                    column.name
                ));
            }
        }
        self.tables
            .push(new_table(&name, TableKind::Child, columns));
    }

    fn create_typed_table(&mut self) {
        if self.row_types.is_empty() {
            return self.create_plain_table();
        }
        let (of, columns) = self.rng.pick(&self.row_types).clone();
        let name = self.new_name();
        let mut options: Vec<String> = Vec::new();
        for column in &columns {
            if self.rng.chance(30) {
                let default = self.default_for(column);
                options.push(format!("{} WITH OPTIONS DEFAULT {default}", column.name));
            } else if self.rng.chance(15) {
                options.push(format!("{} WITH OPTIONS NOT NULL", column.name));
            }
        }
        let options = if options.is_empty() {
            String::new()
        } else {
            format!(" ({})", options.join(", "))
        };
        self.define(format!("CREATE TABLE {name} OF {of}{options}"));
        self.tables
            .push(new_table(&name, TableKind::Typed, columns));
    }

    /// A copy of another table, with all that belongs to it or the values only.
    fn create_like(&mut self) {
        let other = self.table();
        let name = self.new_name();
        let mut columns = other.columns.clone();
        if self.rng.chance(60) {
            self.define(format!(
                "CREATE TABLE {name} (LIKE {} INCLUDING ALL)",
                other.name
            ));
        } else {
            self.define(format!("CREATE TABLE {name} AS TABLE {}", other.name));
            columns
                .iter_mut()
                .for_each(|column| column.is_generated = false);
        }
        self.tables
            .push(new_table(&name, TableKind::Plain, columns));
    }

    fn create_foreign_table(&mut self) {
        let wrapper = self.names.fresh(&mut self.rng);
        let server = self.names.fresh(&mut self.rng);
        let (text, role) = (self.text(), self.role());
        let name = self.new_name();
        self.define(format!(
            "CREATE FOREIGN DATA WRAPPER {wrapper} OPTIONS (\"a B\" {text})"
        ));
        self.define(format!("CREATE SERVER {server} TYPE {text} VERSION '1' FOREIGN DATA WRAPPER {wrapper} OPTIONS (host {text})"));
        self.define(format!(
            "CREATE USER MAPPING FOR {role} SERVER {server} OPTIONS (\"user\" {text})"
        ));
        self.others
            .push((format!("FOREIGN DATA WRAPPER {wrapper}"), false));
        self.others.push((format!("SERVER {server}"), true));
        let columns: Vec<Column> = (0..self.rng.between(1, 4))
            .map(|number| self.new_column(50 + number))
            .collect();
        let definitions: Vec<String> = columns
            .iter()
            .map(|column| {
                let options = if self.rng.chance(40) {
                    format!(" OPTIONS (column_name {text})")
                } else {
                    String::new()
                };
                format!("{} {}{options}", column.name, column.data_type.sql)
            })
            .collect();
        self.define(format!(
            "CREATE FOREIGN TABLE {name} ({}) SERVER {server} OPTIONS (\"Table\" {text})",
            definitions.join(", ")
        ));
        self.tables
            .push(new_table(&name, TableKind::Foreign, columns));
    }

    /// Stores a few rows.
    pub(super) fn insert_row(&mut self) {
        let Some(table) = self.table_where(|table| {
            !matches!(table.kind, TableKind::Foreign | TableKind::Partition)
                && !table.columns.is_empty()
        }) else {
            return;
        };
        let columns: Vec<Column> = table
            .columns
            .iter()
            .filter(|column| !column.is_generated)
            .cloned()
            .collect();
        if columns.is_empty() {
            return self.store(format!("INSERT INTO {} DEFAULT VALUES", table.name));
        }
        for _ in 0..self.rng.between(1, 4) {
            let values: Vec<String> = columns
                .iter()
                .map(|column| self.value_of(&table, column))
                .collect();
            self.store(format!(
                "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
                table.name,
                list(&columns),
                values.join(", ")
            ));
        }
    }

    fn value_of(&mut self, table: &Table, column: &Column) -> String {
        let is_key = table
            .partition_key
            .iter()
            .any(|key| key.name == column.name);
        if !is_key {
            return column.data_type.value(&mut self.rng);
        }
        // Within the bounds that partitions have.
        match column.data_type.sql.as_str() {
            "text" => literal(self.rng.pick::<&str>(&["a", "b", "it's", "é", "z"])),
            "date" => format!("'2020-0{}-11'", self.rng.between(1, 9)),
            _ => self.rng.below(60).to_string(),
        }
    }
}

/// A table without keys.
pub(super) fn new_table(name: &str, kind: TableKind, columns: Vec<Column>) -> Table {
    Table {
        name: name.to_owned(),
        kind,
        columns,
        keys: Vec::new(),
        primary_key: None,
        bound: None,
        partition_key: Vec::new(),
    }
}

/// A column of a given type.
pub(super) fn column(name: &str, data_type: DataType) -> Column {
    Column {
        name: name.to_owned(),
        data_type,
        is_generated: false,
    }
}
