//! Partitioned tables, in several levels.

use super::data_type::{DataType, Family};
use super::names::part;
use super::table::{column, new_table};
use super::world::{Column, Table, TableKind, World, list};

/// By what a table is partitioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    Hash,
    List,
    Range,
    /// Of dates, with more than one column.
    Dates,
    /// Of an expression.
    Expression,
}

/// Levels of partitions below the root.
const DEEPEST: usize = 3;

impl World {
    pub(super) fn create_partitioned_table(&mut self) {
        let name = self.new_name();
        let (mut columns, mut definitions) = self.columns(TableKind::Partitioned, 4);
        // The columns that all levels are partitioned by.
        let keys = [
            column(
                &part(&mut self.rng, 1),
                DataType::new("integer", Family::Integer, &["1", "25", "59"]),
            ),
            column(
                &part(&mut self.rng, 2),
                DataType::new("text", Family::Text, &["'a'", "'z'"]),
            ),
            column(
                &part(&mut self.rng, 3),
                DataType::new("date", Family::Date, &["'2020-05-11'"]),
            ),
        ];
        for key in &keys {
            let at = self.rng.below(columns.len() + 1);
            columns.insert(at, key.clone());
            let collation = if key.data_type.sql == "text" {
                " COLLATE \"C\""
            } else {
                ""
            };
            definitions.insert(at, format!("{} {}{collation}", key.name, key.data_type.sql));
        }
        // A generated column may only follow what it is made of, and what is inserted before it does no harm.
        let mut table = new_table(&name, TableKind::Partitioned, columns);
        table.partition_key = keys.to_vec();
        let strategy = self.strategy();
        let by = strategy.clause(&keys);
        if self.rng.chance(35) && strategy != Strategy::Expression {
            let key: Vec<Column> = keys.to_vec();
            definitions.push(format!(
                "{}PRIMARY KEY ({})",
                self.constraint_prefix(),
                list(&key)
            ));
            table.keys.push(key.clone());
            table.primary_key = Some(key);
        }
        self.define(format!(
            "CREATE TABLE {name} ({}) PARTITION BY {by}",
            definitions.join(", ")
        ));
        self.tables.push(table.clone());
        self.create_partitions(&table, strategy, 1);
    }

    fn strategy(&mut self) -> Strategy {
        *self.rng.pick(&[
            Strategy::Hash,
            Strategy::List,
            Strategy::Range,
            Strategy::Dates,
            Strategy::Expression,
        ])
    }

    /// Partitions of `parent`, itself partitioned by `strategy`.
    fn create_partitions(&mut self, parent: &Table, strategy: Strategy, level: usize) {
        let mut bounds = strategy.bounds();
        self.rng.shuffle(&mut bounds);
        bounds.truncate(self.rng.between(1, 3));
        for bound in bounds {
            let name = self.new_name();
            let mut partition = parent.clone();
            partition.name = name.clone();
            partition.kind = TableKind::Partition;
            partition.bound = Some((parent.name.clone(), bound.clone()));
            let below = (level < DEEPEST && self.rng.chance(20)).then(|| self.strategy());
            // A key of the root must hold the columns of every level, and an expression is none.
            let below = below
                .filter(|below| *below != Strategy::Expression || parent.primary_key.is_none());
            let by = below.map_or(String::new(), |below| {
                format!(" PARTITION BY {}", below.clause(&parent.partition_key))
            });
            if self.rng.chance(60) {
                let overrides = self.overrides(parent);
                let how = if below.is_none() {
                    self.storage_options(15)
                } else {
                    String::new()
                };
                self.define(format!(
                    "CREATE TABLE {name} PARTITION OF {}{overrides} {bound}{by}{how}",
                    parent.name
                ));
            } else {
                self.create_and_attach(&mut partition, parent, &bound, &by);
            }
            self.tables.push(partition.clone());
            if let Some(below) = below {
                self.create_partitions(&partition, below, level + 1);
            }
        }
    }

    /// What a partition says of its own about its parent's columns, in parentheses.
    fn overrides(&mut self, parent: &Table) -> String {
        let mut said: Vec<String> = Vec::new();
        for column in &parent.columns {
            if !column.is_generated && self.rng.chance(15) {
                let default = self.default_for(column);
                said.push(format!("{} DEFAULT {default}", column.name));
            } else if self.rng.chance(5) {
                said.push(format!("{} NOT NULL", column.name));
            }
        }
        if self.rng.chance(20) {
            let own = parent.columns.clone();
            let column = self.rng.pick(&own).clone();
            let condition = self.condition(&column);
            said.push(format!(
                "{} CHECK ({condition})",
                self.constraint_name().trim_start()
            ));
        }
        if said.is_empty() {
            String::new()
        } else {
            format!(" ({})", said.join(", "))
        }
    }

    /// A partition that was a table first, with columns in another order, and some that came and went.
    fn create_and_attach(&mut self, partition: &mut Table, parent: &Table, bound: &str, by: &str) {
        let name = partition.name.clone();
        // What exactly the parent's columns are, generation and collation included, the server knows best.
        let order_differs =
            parent.columns.iter().all(|column| !column.is_generated) && self.rng.chance(60);
        if order_differs {
            self.rng.shuffle(&mut partition.columns);
            let mut definitions: Vec<String> = Vec::new();
            for column in &partition.columns {
                let is_key = parent
                    .partition_key
                    .iter()
                    .any(|key| key.name == column.name);
                let collation = if is_key && column.data_type.sql == "text" {
                    " COLLATE \"C\""
                } else {
                    ""
                };
                let default = if self.rng.chance(20) {
                    format!(" DEFAULT {}", self.default_for(column))
                } else {
                    String::new()
                };
                let needed = if parent.primary_key.is_some() && is_key {
                    " NOT NULL"
                } else {
                    ""
                };
                definitions.push(format!(
                    "{} {}{collation}{default}{needed}",
                    column.name, column.data_type.sql
                ));
            }
            let at = self.rng.below(definitions.len() + 1);
            definitions.insert(at, "\"Gone\" numeric DEFAULT 1".to_owned());
            self.define(format!(
                "CREATE TABLE {name} ({}){by}",
                definitions.join(", ")
            ));
            self.define(format!("ALTER TABLE {name} DROP COLUMN \"Gone\""));
        } else {
            self.define(format!(
                "CREATE TABLE {name} (LIKE {} INCLUDING ALL){by}",
                parent.name
            ));
        }
        self.define(format!(
            "ALTER TABLE {} ATTACH PARTITION {name} {bound}",
            parent.name
        ));
    }
}

impl Strategy {
    fn clause(self, keys: &[Column]) -> String {
        let [whole, text, date] = keys else {
            return "HASH (tableoid)".to_owned();
        };
        match self {
            Strategy::Hash => format!("HASH ({})", whole.name),
            Strategy::List => format!("LIST ({} COLLATE \"C\")", text.name),
            Strategy::Range => format!("RANGE ({} int4_ops)", whole.name),
            Strategy::Dates => format!("RANGE ({}, {})", date.name, text.name),
            Strategy::Expression => format!("LIST (({} % 3))", whole.name),
        }
    }

    /// `FOR VALUES …` of partitions that do not overlap.
    fn bounds(self) -> Vec<String> {
        let values: &[&str] = match self {
            Strategy::Hash => &[
                "WITH (MODULUS 4, REMAINDER 0)",
                "WITH (MODULUS 4, REMAINDER 1)",
                "WITH (MODULUS 8, REMAINDER 2)",
                "WITH (MODULUS 2, REMAINDER 1)",
            ],
            Strategy::List => &["IN ('a', NULL)", "IN ('it''s', 'é', E'\\\\')", "IN ('b')"],
            Strategy::Range => &[
                "FROM (MINVALUE) TO (10)",
                "FROM (10) TO (30)",
                "FROM (30) TO (MAXVALUE)",
            ],
            Strategy::Dates => &[
                "FROM (MINVALUE, MINVALUE) TO ('2020-03-01', 'b')",
                "FROM ('2020-03-01', 'b') TO ('2020-08-01', MINVALUE)",
                "FROM ('2020-09-01', MINVALUE) TO ('infinity', MAXVALUE)",
            ],
            Strategy::Expression => &["IN (0)", "IN (1, NULL)"],
        };
        let mut bounds: Vec<String> = values
            .iter()
            .map(|value| format!("FOR VALUES {value}"))
            .collect();
        if self != Strategy::Hash {
            bounds.push("DEFAULT".to_owned());
        }
        bounds
    }
}
