//! Indexes and extended statistics.

use super::data_type::Family;
use super::names::part;
use super::world::{Column, Table, TableKind, World, list};
use crate::Major;

impl World {
    pub(super) fn create_index(&mut self) {
        let Some((table, column)) = self.column_where(|table, _| table.kind != TableKind::Foreign)
        else {
            return;
        };
        let schema = schema_of(&table.name);
        let name = self.names.fresh(&mut self.rng);
        let only = if table.kind == TableKind::Partitioned && self.rng.chance(30) {
            "ONLY "
        } else {
            ""
        };
        let (unique, rest) = match column.data_type.family {
            Family::Words => (false, (*self.rng.pick(&["gin", "gist"])).to_owned()),
            Family::Json | Family::Integers if self.rng.chance(60) => (false, "gin".to_owned()),
            Family::Range if self.rng.chance(50) => {
                (false, (*self.rng.pick(&["gist", "spgist"])).to_owned())
            }
            Family::Unordered => (true, "btree".to_owned()),
            _ => match self.rng.below(8) {
                0 if column.data_type.family == Family::Integer => (false, "brin".to_owned()),
                1 if matches!(
                    column.data_type.family,
                    Family::Integer | Family::Text | Family::Date
                ) =>
                {
                    (false, "hash".to_owned())
                }
                _ => (true, "btree".to_owned()),
            },
        };
        let mut definition = format!("USING {rest} ({}", self.index_keys(&table, &column, &rest));
        definition += ")";
        let is_unique = unique && table.kind != TableKind::Partitioned && self.rng.chance(20);
        if rest == "btree" {
            if self.rng.chance(15) {
                definition += &format!(" INCLUDE ({})", self.rng.pick(&table.columns).name);
            }
            if is_unique && self.chance_since(Major::V15, 40) {
                definition += " NULLS NOT DISTINCT";
            }
        }
        definition += match rest.as_str() {
            "btree" | "hash" | "gist" | "spgist" if self.rng.chance(15) => {
                " WITH (fillfactor = 55)"
            }
            "gin" if self.rng.chance(30) => {
                " WITH (fastupdate = off, gin_pending_list_limit = 128)"
            }
            "brin" if self.rng.chance(50) => " WITH (pages_per_range = 4, autosummarize = on)",
            _ => "",
        };
        definition += &self.rng.clause(5, &["TABLESPACE pg_default"]);
        if self.rng.chance(20) {
            let other = self.rng.pick(&table.columns).clone();
            definition += &format!(" WHERE {}", self.condition(&other));
        }
        let unique = if is_unique { "UNIQUE " } else { "" };
        self.define(format!(
            "CREATE {unique}INDEX {name} ON {only}{} {definition}",
            table.name
        ));
        self.indexes.push((format!("{schema}.{name}"), table.name));
    }

    /// Columns and expressions of an index, the first of them over `column`.
    fn index_keys(&mut self, table: &Table, column: &Column, method: &str) -> String {
        let family = column.data_type.family;
        match (method, family) {
            ("gin", Family::Json) => format!(
                "{}{}",
                column.name,
                self.rng.clause(50, &["jsonb_path_ops"])
            ),
            ("gist", Family::Words) => format!(
                "{}{}",
                column.name,
                self.rng.clause(50, &["tsvector_ops (siglen = 100)"])
            ),
            ("btree", Family::Unordered) => self.expression(column),
            ("btree", _) => {
                let mut keys = vec![self.index_key(column)];
                for _ in 0..self.rng.below(3) {
                    let other = self.rng.pick(&table.columns).clone();
                    keys.push(if other.data_type.has_order() {
                        self.index_key(&other)
                    } else {
                        self.expression(&other)
                    });
                }
                keys.join(", ")
            }
            _ => column.name.clone(),
        }
    }

    fn index_key(&mut self, column: &Column) -> String {
        let mut key = if self.rng.chance(30) {
            self.expression(column)
        } else {
            column.name.clone()
        };
        if key == column.name && column.data_type.sql == "text" {
            key += &self.collation_of(column, 30);
            key += &self.rng.clause(30, &["text_pattern_ops", "text_ops"]);
        }
        key + &self
            .rng
            .clause(40, &["DESC", "NULLS FIRST", "DESC NULLS LAST", "ASC"])
    }

    /// Changes an index, or makes it one of its table's properties.
    pub(super) fn alter_index(&mut self) {
        if self.indexes.is_empty() {
            return;
        }
        let at = self.rng.below(self.indexes.len());
        let (index, table) = self.indexes[at].clone();
        let schema = schema_of(&index);
        let local = index[schema.len() + 1..].to_owned();
        match self.rng.below(9) {
            0 => {
                let target = self.rng.between(0, 10_000);
                self.define(format!(
                    "ALTER INDEX {index} ALTER COLUMN 1 SET STATISTICS {target}"
                ));
            }
            1 => self.define(format!("ALTER TABLE {table} CLUSTER ON {local}")),
            2 => self.define(format!(
                "ALTER TABLE {table} REPLICA IDENTITY USING INDEX {local}"
            )),
            3 => {
                let new = self.names.fresh(&mut self.rng);
                self.define(format!("ALTER INDEX {index} RENAME TO {new}"));
                self.indexes[at].0 = format!("{schema}.{new}");
            }
            4 => {
                self.define(format!("DROP INDEX {index}"));
                self.indexes.remove(at);
            }
            5 => {
                let percent = self.rng.between(50, 99);
                self.define(format!("ALTER INDEX {index} SET (fillfactor = {percent})"));
            }
            6 => self.attach_index(&index, &table),
            _ => self.others.push((format!("INDEX {index}"), false)),
        }
    }

    /// Makes an index on a partition and attaches it to one of the partitioned table.
    fn attach_index(&mut self, index: &str, table: &str) {
        let child = self.table_where(|child| {
            child
                .bound
                .as_ref()
                .is_some_and(|(parent, _)| parent == table)
        });
        let Some(child) = child else {
            return;
        };
        let Some(column) = child.columns.first() else {
            return;
        };
        let (parents, own) = (
            self.names.fresh(&mut self.rng),
            self.names.fresh(&mut self.rng),
        );
        let schema = schema_of(table);
        self.define(format!(
            "CREATE INDEX {parents} ON ONLY {table} ({} NULLS FIRST)",
            column.name
        ));
        self.define(format!(
            "CREATE INDEX {own} ON {} ({} NULLS FIRST)",
            child.name, column.name
        ));
        self.define(format!(
            "ALTER INDEX {schema}.{parents} ATTACH PARTITION {}.{own}",
            schema_of(&child.name)
        ));
        if self.rng.chance(30) {
            self.define(format!(
                "COMMENT ON INDEX {index} IS 'beside an attached one'"
            ));
        }
    }

    pub(super) fn create_statistics(&mut self) {
        let Some(table) = self.table_where(|table| table.columns.len() > 1) else {
            return;
        };
        let fitting = table.key_candidates();
        if fitting.len() < 2 {
            return;
        }
        let name = self.new_name();
        let mut columns = fitting;
        self.rng.shuffle(&mut columns);
        columns.truncate(self.rng.between(2, 4));
        let mut what = list(&columns);
        if self.chance_since(Major::V14, 40) {
            what += &format!(", ({})", self.expression(&columns[0]));
        }
        let kinds = self
            .rng
            .clause(50, &["(ndistinct)", "(dependencies, mcv)", "(mcv)"]);
        self.define(format!(
            "CREATE STATISTICS {name}{kinds} ON {what} FROM {}",
            table.name
        ));
        if self.rng.chance(30) {
            let target = self.rng.between(0, 500);
            self.define(format!("ALTER STATISTICS {name} SET STATISTICS {target}"));
        }
        self.others.push((format!("STATISTICS {name}"), true));
    }

    /// A table's part of a kind that has names of its own in the table.
    pub(super) fn part_name(&mut self) -> String {
        let number = self.rng.between(1, 60);
        part(&mut self.rng, number)
    }
}

/// The schema of a qualified name, quoted as it is there.
pub(super) fn schema_of(name: &str) -> &str {
    if !name.starts_with('"') {
        return name.split_once('.').map_or(name, |(schema, _)| schema);
    }
    // Quotes within come in pairs, so the first odd one before a dot ends the name.
    let mut inside = false;
    for (at, character) in name.char_indices() {
        match character {
            '"' => inside = !inside,
            '.' if !inside => return &name[..at],
            _ => {}
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::super::names::quoted;
    use super::*;

    #[test]
    fn schemas_are_found_in_qualified_names() {
        assert_eq!(schema_of("public.\"a.b\""), "public");
        let schema = quoted("a\".b");
        assert_eq!(schema_of(&format!("{schema}.\"c\"")), schema);
    }
}
