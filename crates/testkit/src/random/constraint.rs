//! Constraints added to tables that are there.

use super::data_type::Family;
use super::names::part;
use super::table::new_table;
use super::world::{Column, Table, TableKind, World, list};
use crate::Major;

/// When a constraint is checked.
const DEFERRAL: &[&str] = &[
    "DEFERRABLE",
    "DEFERRABLE INITIALLY DEFERRED",
    "NOT DEFERRABLE",
];

impl World {
    pub(super) fn create_constraint(&mut self) {
        match self.rng.below(20) {
            0..=5 => self.add_check(),
            6..=10 => self.add_key(),
            11..=15 => self.add_foreign_key(),
            16 => self.add_exclusion(),
            17 if self.since(Major::V18) => self.add_temporal_keys(),
            17 | 18 => self.add_not_null(),
            _ => self.change_constraint(),
        }
    }

    fn add_constraint(&mut self, table: &Table, name: &str, definition: &str) {
        let only = if table.kind == TableKind::Partitioned && self.rng.chance(5) {
            "ONLY "
        } else {
            ""
        };
        self.define(format!(
            "ALTER TABLE {only}{} ADD CONSTRAINT {name} {definition}",
            table.name
        ));
        if self.rng.chance(30) {
            self.others
                .push((format!("CONSTRAINT {name} ON {}", table.name), false));
        }
    }

    fn add_check(&mut self) {
        let Some((table, column)) = self.column_where(|_, _| true) else {
            return;
        };
        let number = self.rng.between(1, 30);
        let name = part(&mut self.rng, number);
        let mut definition = format!("CHECK ({})", self.condition(&column));
        if self.rng.chance(25) {
            let other = self.rng.pick(&table.columns).clone();
            definition = format!(
                "CHECK (({}) OR ({}))",
                self.condition(&column),
                self.condition(&other)
            );
        }
        if table.kind != TableKind::Partitioned {
            definition += &self.rng.clause(15, &["NO INHERIT"]);
        }
        if table.kind != TableKind::Foreign && self.chance_since(Major::V18, 15) {
            definition += " NOT ENFORCED";
        } else {
            definition += &self.rng.clause(20, &["NOT VALID"]);
        }
        self.add_constraint(&table, &name, &definition);
    }

    fn add_not_null(&mut self) {
        let Some((table, column)) = self.column_where(|_, column| !column.is_generated) else {
            return;
        };
        if self.since(Major::V18) {
            let number = self.rng.between(1, 30);
            let name = part(&mut self.rng, number);
            let more = if table.kind == TableKind::Partitioned {
                String::new()
            } else {
                self.rng.clause(25, &["NO INHERIT"])
            };
            let late = self.rng.clause(60, &["NOT VALID"]);
            self.add_constraint(
                &table,
                &name,
                &format!("NOT NULL {}{more}{late}", column.name),
            );
        } else {
            self.define(format!(
                "ALTER TABLE {} ALTER {} SET NOT NULL",
                table.name, column.name
            ));
        }
    }

    /// A unique or primary key.
    fn add_key(&mut self) {
        let Some(table) = self.table_where(|table| {
            table.kind != TableKind::Foreign
                && table
                    .columns
                    .iter()
                    .any(|column| column.data_type.has_order())
        }) else {
            return;
        };
        let fitting = table.key_candidates();
        let mut key = self.rng.some(&fitting, 2);
        if key.is_empty() {
            return;
        }
        if table.kind == TableKind::Partitioned {
            key.clone_from(&table.partition_key);
        }
        let is_primary = table.primary_key.is_none() && self.rng.chance(35);
        let mut definition = if is_primary { "PRIMARY KEY" } else { "UNIQUE" }.to_owned();
        if !is_primary && self.chance_since(Major::V15, 25) {
            definition += " NULLS NOT DISTINCT";
        }
        definition += &format!(" ({})", list(&key));
        if self.rng.chance(15) {
            definition += &format!(" INCLUDE ({})", self.rng.pick(&table.columns).name);
        }
        definition += &self.rng.clause(
            15,
            &["WITH (fillfactor = 60)", "WITH (deduplicate_items = off)"],
        );
        let deferral = self.rng.clause(15, DEFERRAL);
        definition += &deferral;
        let name = self.names.fresh(&mut self.rng);
        self.add_constraint(&table, &name, &definition);
        if self.rng.chance(10) {
            self.define(format!("ALTER TABLE {} CLUSTER ON {name}", table.name));
        }
        if self.rng.chance(10) {
            self.define(format!(
                "ALTER TABLE {} REPLICA IDENTITY USING INDEX {name}",
                table.name
            ));
        }
        if let Some(table) = self.table_mut(&table.name) {
            if !deferral.starts_with(" DEFERRABLE") {
                table.keys.push(key.clone());
            }
            if is_primary {
                table.primary_key = Some(key);
            }
        }
    }

    fn add_foreign_key(&mut self) {
        let Some(target) = self.table_where(|table| !table.keys.is_empty()) else {
            return;
        };
        let key = self.rng.pick(&target.keys).clone();
        // Columns of the same types, or new ones.
        let Some(source) = self.table_where(|table| table.kind != TableKind::Foreign) else {
            return;
        };
        let mut columns: Vec<Column> = Vec::new();
        for (number, wanted) in key.iter().enumerate() {
            let found = source.columns.iter().find(|column| {
                column.data_type.sql == wanted.data_type.sql
                    && columns.iter().all(|taken| taken.name != column.name)
            });
            match found {
                Some(column) if self.rng.chance(60) => columns.push(column.clone()),
                _ => match self.add_column_like(&source, wanted, number) {
                    Some(column) => columns.push(column),
                    None => return,
                },
            }
        }
        let mut definition = format!(
            "FOREIGN KEY ({}) REFERENCES {}",
            list(&columns),
            target.name
        );
        definition += &format!(" ({})", list(&key));
        definition += &self.rng.clause(20, &["MATCH FULL", "MATCH SIMPLE"]);
        let is_generated = columns.iter().any(|column| column.is_generated);
        if !is_generated {
            definition += &self.rng.clause(
                40,
                &[
                    "ON DELETE CASCADE",
                    "ON DELETE SET NULL",
                    "ON DELETE RESTRICT",
                    "ON DELETE SET DEFAULT",
                ],
            );
            if definition.ends_with("SET NULL") && self.chance_since(Major::V15, 50) {
                definition += &format!(" ({})", self.rng.pick(&columns).name);
            }
            definition += &self
                .rng
                .clause(25, &["ON UPDATE CASCADE", "ON UPDATE SET NULL"]);
        }
        definition += &self.rng.clause(25, DEFERRAL);
        if self.chance_since(Major::V18, 15) {
            definition += " NOT ENFORCED";
        } else if source.kind != TableKind::Partitioned || self.since(Major::V18) {
            definition += &self.rng.clause(45, &["NOT VALID"]);
        }
        let number = self.rng.between(1, 30);
        let name = part(&mut self.rng, number);
        self.add_constraint(&source, &name, &definition);
    }

    /// Gives a table a new column of another column's type; `None` where its columns come from elsewhere.
    fn add_column_like(&mut self, table: &Table, like: &Column, number: usize) -> Option<Column> {
        if !matches!(
            table.kind,
            TableKind::Plain | TableKind::Partitioned | TableKind::Child
        ) {
            return None;
        }
        let number = 200 + 10 * self.rng.below(90) + number;
        let column = Column {
            name: part(&mut self.rng, number),
            is_generated: false,
            ..like.clone()
        };
        self.define(format!(
            "ALTER TABLE {} ADD COLUMN {} {}",
            table.name, column.name, column.data_type.sql
        ));
        if let Some(table) = self.table_mut(&table.name) {
            table.columns.push(column.clone());
        }
        Some(column)
    }

    fn add_exclusion(&mut self) {
        let Some((table, column)) = self.column_where(|table, column| {
            matches!(table.kind, TableKind::Plain | TableKind::Child)
                && !column.is_generated
                && (column.data_type.family == Family::Range
                    || column.data_type.family == Family::Integer)
        }) else {
            return;
        };
        let name = self.names.fresh(&mut self.rng);
        let mut definition = if column.data_type.family == Family::Range {
            format!("EXCLUDE USING gist ({} WITH &&)", column.name)
        } else {
            let expression = self.expression(&column);
            format!(
                "EXCLUDE USING btree ({expression} WITH =, {} DESC WITH =)",
                column.name
            )
        };
        definition += &self.rng.clause(20, &["WITH (fillfactor = 80)"]);
        if self.rng.chance(40) {
            definition += &format!(" WHERE ({})", self.condition(&column));
        }
        definition += &self.rng.clause(30, DEFERRAL);
        self.add_constraint(&table, &name, &definition);
    }

    /// Two tables with keys that hold for a time.
    fn add_temporal_keys(&mut self) {
        let (rooms, stays) = (self.new_name(), self.new_name());
        let kind = *self.rng.pick(&["PRIMARY KEY", "UNIQUE"]);
        let (primary, foreign) = (self.constraint_prefix(), self.constraint_prefix());
        self.define(format!(
            "CREATE TABLE {rooms} (\"Id\" int4range, during daterange, {primary}{kind} (\"Id\", during WITHOUT OVERLAPS))"
        ));
        self.define(format!(
            "CREATE TABLE {stays} (room int4range, \"when\" daterange, {foreign}FOREIGN KEY (room, PERIOD \"when\") \
             REFERENCES {rooms} (\"Id\", PERIOD during))"
        ));
        let range = |name: &str, sql: &str, value: &str| {
            super::table::column(
                name,
                super::data_type::DataType::new(sql, Family::Range, &[value]),
            )
        };
        let columns = |id: &str, during: &str| {
            vec![
                range(id, "int4range", "'[1,2)'"),
                range(during, "daterange", "'[2020-01-01,2021-01-01)'"),
            ]
        };
        self.tables.push(new_table(
            &rooms,
            TableKind::Plain,
            columns("\"Id\"", "during"),
        ));
        self.tables.push(new_table(
            &stays,
            TableKind::Plain,
            columns("room", "\"when\""),
        ));
    }

    /// Validates, renames or drops a constraint that may have a comment.
    fn change_constraint(&mut self) {
        let constraints: Vec<(String, String)> = self
            .others
            .iter()
            .filter_map(|(what, _)| {
                let (name, table) = what.strip_prefix("CONSTRAINT ")?.split_once(" ON ")?;
                (!table.starts_with("DOMAIN ")).then(|| (name.to_owned(), table.to_owned()))
            })
            .collect();
        if constraints.is_empty() {
            return;
        }
        let (name, table) = self.rng.pick(&constraints).clone();
        if self.rng.chance(50) {
            return self.define(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"));
        }
        let gone = format!("CONSTRAINT {name} ON {table}");
        self.others.retain(|(what, _)| *what != gone);
        if self.rng.chance(60) {
            let number = self.rng.between(40, 60);
            let new = part(&mut self.rng, number);
            self.define(format!(
                "ALTER TABLE {table} RENAME CONSTRAINT {name} TO {new}"
            ));
            self.others
                .push((format!("CONSTRAINT {new} ON {table}"), false));
        } else {
            self.define(format!("ALTER TABLE {table} DROP CONSTRAINT {name}"));
        }
    }
}
