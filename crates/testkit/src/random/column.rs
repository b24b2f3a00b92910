//! The columns of new tables, with all that can be said of them.

use super::data_type::{DataType, Family};
use super::world::{Column, TableKind, World};
use crate::Major;

impl World {
    /// A column of a table of some kind and its definition. `others` are the columns before it, which it may be generated from.
    pub(super) fn column_definition(
        &mut self,
        kind: TableKind,
        mut column: Column,
        others: &[Column],
    ) -> (Column, String) {
        // What partitioned tables do not take.
        let is_partitioned = kind == TableKind::Partitioned;
        let mut sql = format!("{} {}", column.name, column.data_type.sql);
        if column.data_type.is_long() && self.chance_since(Major::V16, 20) {
            sql += &self.rng.clause(
                100,
                &[
                    "STORAGE EXTERNAL",
                    "STORAGE MAIN",
                    "STORAGE PLAIN",
                    "STORAGE DEFAULT",
                ],
            );
        }
        if column.data_type.is_long() && self.chance_since(Major::V14, 20) {
            sql += " COMPRESSION pglz";
        }
        sql += &self.collation_of(&column, 25);
        match self.rng.below(20) {
            0..=4 => sql += &format!(" DEFAULT {}", self.default_for(&column)),
            5..=7 => {
                if let Some(generated) = self.generated(&column, others) {
                    sql += &generated;
                    column.is_generated = true;
                }
            }
            8 | 9 if is_whole(&column.data_type) => sql += &self.identity(),
            _ => {}
        }
        match self.rng.below(20) {
            0 | 1 => sql += " NOT NULL",
            2 if self.since(Major::V18) => {
                let alone = if is_partitioned {
                    String::new()
                } else {
                    self.rng.clause(40, &["NO INHERIT"])
                };
                sql += &format!("{} NOT NULL{alone}", self.constraint_name());
            }
            3 | 4 => {
                let condition = self.condition(&column);
                let alone = if is_partitioned {
                    String::new()
                } else {
                    self.rng.clause(25, &["NO INHERIT"])
                };
                sql += &format!("{} CHECK ({condition}){alone}", self.constraint_name());
            }
            5 if column.data_type.has_order() && !column.is_generated && !is_partitioned => {
                let name = self.names.fresh(&mut self.rng);
                sql += &format!(
                    " CONSTRAINT {name} UNIQUE{}",
                    self.rng
                        .clause(30, &["DEFERRABLE", "WITH (fillfactor = 70)"])
                );
            }
            _ => {}
        }
        (column, sql)
    }

    /// `GENERATED ALWAYS AS IDENTITY` with options.
    pub(super) fn identity(&mut self) -> String {
        let when = *self.rng.pick(&["ALWAYS", "BY DEFAULT"]);
        let mut options = String::new();
        if self.rng.chance(40) {
            options = format!(" ({})", self.sequence_options().trim_start());
            if options == " ()" {
                options = format!(" (SEQUENCE NAME {})", self.new_name());
            }
        }
        format!(" GENERATED {when} AS IDENTITY{options}")
    }

    /// Options of a sequence that go together, each with a space before it.
    pub(super) fn sequence_options(&mut self) -> String {
        let mut options = String::new();
        match self.rng.below(4) {
            0 => options += " START WITH 5 MINVALUE -3 MAXVALUE 900",
            1 => options += " INCREMENT BY -2 MAXVALUE 10 MINVALUE -20000 START WITH 7",
            2 => options += " INCREMENT BY 7",
            _ => {}
        }
        options + &self.rng.clause(30, &["CACHE 20"]) + &self.rng.clause(30, &["CYCLE", "NO CYCLE"])
    }

    /// `GENERATED ALWAYS AS (…)` from a column before, where one gives the right type.
    fn generated(&mut self, column: &Column, others: &[Column]) -> Option<String> {
        let usable: Vec<&Column> = others
            .iter()
            .filter(|other| {
                !other.is_generated
                    && (other.data_type.family == Family::Integer
                        || other.data_type.family == Family::Text)
            })
            .collect();
        if usable.is_empty() {
            return None;
        }
        let from = (*self.rng.pick(&usable)).clone();
        let expression = match (column.data_type.family, from.data_type.family) {
            (Family::Integer, Family::Text) => format!("length({}::text)", from.name),
            (Family::Text, Family::Text) => self.expression(&from),
            (Family::Boolean, _) => self.condition(&from),
            (Family::Integer | Family::Number, Family::Integer) => self.expression(&from),
            (Family::Integers, Family::Integer) => format!("ARRAY[({} % 10)::integer]", from.name),
            _ => return None,
        };
        let kept = if self.chance_since(Major::V18, 40) {
            *self.rng.pick(&["", " VIRTUAL"])
        } else {
            " STORED"
        };
        Some(format!(" GENERATED ALWAYS AS ({expression}){kept}"))
    }
}

/// Whether identity columns can have the type itself, and not only one that turns into it.
pub(super) fn is_whole(data_type: &DataType) -> bool {
    matches!(data_type.sql.as_str(), "integer" | "bigint" | "smallint")
}
