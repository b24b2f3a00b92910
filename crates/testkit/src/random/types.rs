//! Types: enum, composite, domain, range and base.

use super::data_type::{DataType, Family, built_in};
use super::names::{self, literal};
use super::world::{Column, World};
use crate::Major;

impl World {
    pub(super) fn create_type(&mut self) {
        match self.rng.below(20) {
            0..=4 => self.create_enum(),
            5..=8 => self.create_composite(),
            9..=14 => self.create_domain(),
            15..=17 => self.create_range(),
            18 => self.create_base_type(),
            _ => {
                let name = self.new_name();
                self.define(format!("CREATE TYPE {name}"));
                self.type_names.push(("TYPE", name));
            }
        }
    }

    fn keep_type(&mut self, kind: &'static str, name: String, family: Family, values: Vec<String>) {
        self.types.push(DataType {
            sql: name.clone(),
            family,
            values,
        });
        self.type_names.push((kind, name));
    }

    fn create_enum(&mut self) {
        let name = self.new_name();
        let mut labels: Vec<String> = vec!["ok".to_owned(), "it's".to_owned()];
        labels.extend(["", "UPPER", "two words", "é\\", "\n"].map(str::to_owned));
        let labels: Vec<String> = self
            .rng
            .some(&labels, 5)
            .iter()
            .map(|label| literal(label))
            .collect();
        self.define(format!(
            "CREATE TYPE {name} AS ENUM ({})",
            labels.join(", ")
        ));
        self.keep_type("TYPE", name, Family::Ordered, labels);
    }

    fn create_composite(&mut self) {
        let name = self.new_name();
        let columns: Vec<Column> = (0..self.rng.below(5))
            .map(|number| self.new_column(number))
            .collect();
        let attributes: Vec<String> = columns
            .iter()
            .map(|column| {
                let collation = self.collation_of(column, 30);
                format!("{} {}{collation}", column.name, column.data_type.sql)
            })
            .collect();
        self.define(format!("CREATE TYPE {name} AS ({})", attributes.join(", ")));
        let values: Vec<String> = columns
            .iter()
            .map(|column| column.data_type.value(&mut self.rng))
            .collect();
        let value = format!("ROW({})", values.join(", "));
        self.row_types.push((name.clone(), columns));
        self.keep_type("TYPE", name, Family::Unordered, vec![value]);
    }

    fn create_domain(&mut self) {
        let name = self.new_name();
        let base = self.data_type();
        let itself = Column {
            name: "VALUE".to_owned(),
            data_type: base.clone(),
            is_generated: false,
        };
        let mut clauses = self.collation_of(&itself, 30);
        if self.rng.chance(40) {
            clauses += &format!(" DEFAULT {}", self.default_for(&itself));
        }
        if self.rng.chance(15) {
            let constraint = if self.since(Major::V17) {
                self.constraint_name()
            } else {
                String::new()
            };
            clauses += &format!("{constraint} NOT NULL");
        }
        for _ in 0..self.rng.below(3) {
            clauses += &format!(
                "{} CHECK ({})",
                self.constraint_name(),
                self.condition(&itself)
            );
        }
        self.define(format!("CREATE DOMAIN {name} AS {}{clauses}", base.sql));
        if self.rng.chance(30) {
            let constraint = names::part(&mut self.rng, 9);
            let condition = self.condition(&itself);
            let late = self.rng.clause(50, &["NOT VALID"]);
            self.define(format!(
                "ALTER DOMAIN {name} ADD CONSTRAINT {constraint} CHECK ({condition}){late}"
            ));
            self.others
                .push((format!("CONSTRAINT {constraint} ON DOMAIN {name}"), false));
        }
        self.keep_type("DOMAIN", name, base.family, base.values);
    }

    fn create_range(&mut self) {
        let name = self.new_name();
        let (subtype, value, more) = *self.rng.pick(&[
            ("integer", "'[1,5)'", ""),
            ("text", "'[\"a b\",c]'", ", collation = \"C\""),
            ("date", "'[2020-01-01,)'", ""),
            (
                "double precision",
                "'(-Infinity,1.5]'",
                ", subtype_diff = float8mi",
            ),
            ("numeric", "'empty'", ", subtype_opclass = numeric_ops"),
        ]);
        let mut options = format!("subtype = {subtype}{more}");
        if self.chance_since(Major::V14, 50) {
            options += &format!(", multirange_type_name = {}", self.new_name());
        }
        self.define(format!("CREATE TYPE {name} AS RANGE ({options})"));
        self.keep_type(
            "TYPE",
            name,
            Family::Range,
            vec![value.to_owned(), "'empty'".to_owned()],
        );
    }

    fn create_base_type(&mut self) {
        let name = self.new_name();
        let schema = self.schema();
        let input = format!("{schema}.{}", self.names.fresh(&mut self.rng));
        let output = format!("{schema}.{}", self.names.fresh(&mut self.rng));
        let more = self.rng.clause(
            50,
            &[
                ", DEFAULT = 'x'",
                ", CATEGORY = 'S', COLLATABLE = true",
                ", DELIMITER = ';'",
                ", STORAGE = main",
            ],
        );
        let language = "LANGUAGE internal IMMUTABLE STRICT AS";
        self.define(format!("CREATE TYPE {name}"));
        self.define(format!(
            "CREATE FUNCTION {input}(cstring) RETURNS {name} {language} 'textin'"
        ));
        self.define(format!(
            "CREATE FUNCTION {output}({name}) RETURNS cstring {language} 'textout'"
        ));
        self.define(format!(
            "CREATE TYPE {name} (INPUT = {input}, OUTPUT = {output}, LIKE = text{more})"
        ));
        self.keep_type(
            "TYPE",
            name,
            Family::Unordered,
            vec!["'of base type'".to_owned()],
        );
    }

    pub(super) fn alter_type(&mut self) {
        let (kind, name) = self.rng.pick(&self.type_names).clone();
        let number = self.rng.between(20, 40);
        let part = names::part(&mut self.rng, number);
        let data_type = built_in(&mut self.rng, self.major);
        let is_row = self.row_types.iter().any(|(row, _)| *row == name);
        if kind == "DOMAIN" {
            let itself = Column {
                name: "VALUE".to_owned(),
                data_type,
                is_generated: false,
            };
            match self.rng.below(3) {
                0 => self.define(format!("ALTER DOMAIN {name} DROP DEFAULT")),
                1 => self.define(format!("ALTER DOMAIN {name} ADD CONSTRAINT {part} CHECK (VALUE IS NOT NULL OR true) NOT VALID")),
                _ => {
                    let value = itself.data_type.value(&mut self.rng);
                    let domain = self.new_name();
                    self.define(format!("CREATE DOMAIN {domain} AS {name} DEFAULT {value}"));
                    self.type_names.push(("DOMAIN", domain));
                }
            }
        } else if is_row {
            let sql = &data_type.sql;
            let cascade = self.rng.clause(60, &["CASCADE"]);
            self.define(format!(
                "ALTER TYPE {name} ADD ATTRIBUTE {part} {sql}{cascade}"
            ));
            if self.rng.chance(50) {
                self.define(format!("ALTER TYPE {name} DROP ATTRIBUTE {part} CASCADE"));
            }
        } else if self
            .types
            .iter()
            .any(|of| of.sql == name && of.family == Family::Ordered && !of.values.is_empty())
        {
            let labels = self
                .types
                .iter()
                .find(|of| of.sql == name)
                .map(|of| of.values.clone())
                .unwrap_or_default();
            let label = literal(&format!("late {number}"));
            let place = self.rng.clause(50, &["BEFORE", "AFTER"]);
            let place = if place.is_empty() {
                place
            } else {
                format!("{place} {}", self.rng.pick(&labels))
            };
            self.define(format!(
                "ALTER TYPE {name} ADD VALUE IF NOT EXISTS {label}{place}"
            ));
        }
    }

    /// An optional `CONSTRAINT name`, with a space before it.
    pub(super) fn constraint_name(&mut self) -> String {
        if self.rng.chance(50) {
            return String::new();
        }
        let number = self.rng.between(1, 30);
        format!(" CONSTRAINT {}", names::part(&mut self.rng, number))
    }

    /// An optional `COLLATE` where a column can have one, with a space before it.
    pub(super) fn collation_of(&mut self, column: &Column, percent: usize) -> String {
        let collates = column.data_type.family == Family::Text && column.data_type.sql != "name";
        if !collates || !self.rng.chance(percent) {
            return String::new();
        }
        let mut all = vec![
            "\"C\"".to_owned(),
            "\"POSIX\"".to_owned(),
            "pg_catalog.\"default\"".to_owned(),
        ];
        all.extend(self.collations.iter().cloned());
        format!(" COLLATE {}", self.rng.pick(&all))
    }
}
