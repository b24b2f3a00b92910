//! What happens to tables after they were made: their history.

use super::column::is_whole;
use super::data_type::built_in;
use super::index::schema_of;
use super::names::part;
use super::world::{Column, Table, TableKind, World};
use crate::Major;

impl World {
    pub(super) fn alter_table(&mut self) {
        let table = self.table();
        let has_own_columns = matches!(
            table.kind,
            TableKind::Plain | TableKind::Child | TableKind::Partitioned
        );
        match self.rng.below(24) {
            0..=2 if has_own_columns => self.add_column(&table),
            3 | 4 if has_own_columns => self.drop_column(&table),
            5 if has_own_columns => self.rename_column(&table),
            6 => self.rename_table(&table),
            7 => self.move_table(&table),
            8 | 9 => self.detach_or_attach(&table),
            10 => self.change_inheritance(&table),
            11 if table.kind != TableKind::Foreign => self.change_table(&table),
            12 if self.rng.chance(25) => self.drop_table(&table),
            _ => {
                if let Some((table, column)) =
                    self.column_where(|table, _| table.kind != TableKind::Foreign)
                {
                    self.alter_column(&table, &column);
                }
            }
        }
    }

    fn add_column(&mut self, table: &Table) {
        let number = self.rng.between(100, 199);
        let column = self.new_column(number);
        let (column, definition) = self.column_definition(table.kind, column, &table.columns);
        self.define(format!(
            "ALTER TABLE {} ADD COLUMN {definition}",
            table.name
        ));
        if let Some(table) = self.table_mut(&table.name) {
            table.columns.push(column);
        }
    }

    fn drop_column(&mut self, table: &Table) {
        let free = free_columns(table);
        if free.is_empty() {
            return;
        }
        let column = self.rng.pick(&free).name.clone();
        let only = if table.kind == TableKind::Plain && self.rng.chance(20) {
            "ONLY "
        } else {
            ""
        };
        // Mostly without what depends on it, which later statements count on.
        let cascade = self.rng.clause(20, &["CASCADE"]);
        self.define(format!(
            "ALTER TABLE {only}{} DROP COLUMN {column}{cascade}",
            table.name
        ));
        self.forget_column(&table.name, &column);
    }

    /// The column is gone, or has another name, below as well.
    fn forget_column(&mut self, table: &str, column: &str) {
        // Names come again, so that a parent may stand below itself here: each is looked at once.
        let mut gone = vec![table.to_owned()];
        let mut next = 0;
        while let Some(name) = gone.get(next).cloned() {
            next += 1;
            for table in &mut self.tables {
                if table.name == name {
                    table.columns.retain(|kept| kept.name != column);
                }
                if table
                    .bound
                    .as_ref()
                    .is_some_and(|(parent, _)| *parent == name)
                    && !gone.contains(&table.name)
                {
                    gone.push(table.name.clone());
                }
            }
        }
    }

    fn rename_column(&mut self, table: &Table) {
        let free = free_columns(table);
        if free.is_empty() {
            return;
        }
        let number = self.rng.between(1000, 1099);
        let new = part(&mut self.rng, number);
        let old = self.rng.pick(&free).clone();
        self.define(format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {new}",
            table.name, old.name
        ));
        self.forget_column(&table.name, &old.name);
        if let Some(table) = self.table_mut(&table.name) {
            table.columns.push(Column { name: new, ..old });
        }
    }

    /// Everybody else who knows the table must know its new name.
    fn renamed(&mut self, old: &str, new: &str) {
        for table in &mut self.tables {
            if table.name == old {
                table.name = new.to_owned();
            }
            if let Some((parent, _)) = &mut table.bound
                && parent == old
            {
                *parent = new.to_owned();
            }
        }
        let (old_schema, new_schema) = (schema_of(old).to_owned(), schema_of(new).to_owned());
        for (index, table) in &mut self.indexes {
            if table == old {
                *table = new.to_owned();
                if let Some(local) = index.strip_prefix(&format!("{old_schema}.")) {
                    *index = format!("{new_schema}.{local}");
                }
            }
        }
        let suffix = format!(" ON {old}");
        for (what, _) in &mut self.others {
            if let Some(start) = what.strip_suffix(&suffix) {
                *what = format!("{start} ON {new}");
            }
        }
    }

    fn rename_table(&mut self, table: &Table) {
        let local = self.names.fresh(&mut self.rng);
        self.define(format!("ALTER TABLE {} RENAME TO {local}", table.name));
        let new = format!("{}.{local}", schema_of(&table.name));
        self.renamed(&table.name, &new);
    }

    fn move_table(&mut self, table: &Table) {
        let (old, schema) = (schema_of(&table.name).to_owned(), self.schema());
        if old == schema {
            return;
        }
        self.define(format!("ALTER TABLE {} SET SCHEMA {schema}", table.name));
        let new = format!("{schema}{}", &table.name[old.len()..]);
        self.renamed(&table.name, &new);
    }

    fn detach_or_attach(&mut self, table: &Table) {
        let Some((parent, bound)) = &table.bound else {
            return;
        };
        self.define(format!(
            "ALTER TABLE {parent} DETACH PARTITION {}",
            table.name
        ));
        if self.rng.chance(60) {
            self.define(format!(
                "ALTER TABLE {parent} ATTACH PARTITION {} {bound}",
                table.name
            ));
        } else if let Some(table) = self.table_mut(&table.name) {
            table.bound = None;
        }
    }

    fn change_inheritance(&mut self, table: &Table) {
        if !matches!(table.kind, TableKind::Plain | TableKind::Child) {
            return;
        }
        // A child that has all its parent has, columns in the same order or not.
        let child = self.new_name();
        self.define(format!(
            "CREATE TABLE {child} (\"own\" integer, LIKE {} INCLUDING ALL)",
            table.name
        ));
        self.define(format!("ALTER TABLE {child} INHERIT {}", table.name));
        self.others.push((format!("TABLE {child}"), true));
        if self.rng.chance(30) {
            self.define(format!("ALTER TABLE {child} NO INHERIT {}", table.name));
        }
    }

    fn change_table(&mut self, table: &Table) {
        let is_partitioned = table.kind == TableKind::Partitioned;
        let change = match self.rng.below(8) {
            0 => "REPLICA IDENTITY FULL",
            1 => "REPLICA IDENTITY NOTHING",
            2 => "ENABLE ROW LEVEL SECURITY",
            3 => "FORCE ROW LEVEL SECURITY",
            4 if !is_partitioned => "SET (fillfactor = 33, user_catalog_table = false)",
            5 if !is_partitioned => "RESET (fillfactor)",
            6 if !is_partitioned => "SET LOGGED",
            7 => "DISABLE TRIGGER ALL",
            _ => "SET TABLESPACE pg_default",
        };
        self.define(format!("ALTER TABLE {} {change}", table.name));
    }

    fn drop_table(&mut self, table: &Table) {
        if matches!(table.kind, TableKind::Partitioned) || self.tables.len() < 6 {
            return;
        }
        let cascade = self.rng.clause(30, &["CASCADE"]);
        self.define(format!("DROP TABLE {}{cascade}", table.name));
        let gone = table.name.clone();
        self.tables.retain(|kept| {
            kept.name != gone
                && kept
                    .bound
                    .as_ref()
                    .is_none_or(|(parent, _)| *parent != gone)
        });
        self.indexes.retain(|(_, table)| *table != gone);
        let suffix = format!(" ON {gone}");
        self.others.retain(|(what, _)| !what.ends_with(&suffix));
    }

    fn alter_column(&mut self, table: &Table, column: &Column) {
        let only = if table.kind == TableKind::Child && self.rng.chance(20) {
            "ONLY "
        } else {
            ""
        };
        let start = format!(
            "ALTER TABLE {only}{} ALTER COLUMN {}",
            table.name, column.name
        );
        let change = match self.rng.below(13) {
            0 | 1 if !column.is_generated => format!("SET DEFAULT {}", self.default_for(column)),
            2 if !column.is_generated => "DROP DEFAULT".to_owned(),
            3 if !column.is_generated => {
                (*self.rng.pick(&["SET NOT NULL", "DROP NOT NULL"])).to_owned()
            }
            4 | 5 => format!("SET STATISTICS {}", self.rng.between(0, 10_000)),
            6 => (*self.rng.pick(&[
                "SET (n_distinct = -0.5)",
                "SET (n_distinct = 7, n_distinct_inherited = 3)",
                "RESET (n_distinct)",
            ]))
            .to_owned(),
            7 | 8 if column.data_type.is_long() => {
                format!(
                    "SET STORAGE {}",
                    self.rng.pick(&["PLAIN", "EXTERNAL", "EXTENDED", "MAIN"])
                )
            }
            9 if column.data_type.is_long() && self.since(Major::V14) => {
                format!("SET COMPRESSION {}", self.rng.pick(&["pglz", "default"]))
            }
            10 if is_whole(&column.data_type)
                && !column.is_generated
                && table.kind == TableKind::Plain =>
            {
                self.define(format!("{start} DROP DEFAULT"));
                self.define(format!("{start} SET NOT NULL"));
                format!("ADD{}", self.identity())
            }
            11 if column.is_generated => "DROP EXPRESSION IF EXISTS".to_owned(),
            12 if !column.is_generated => {
                let to = built_in(&mut self.rng, self.major);
                if table.kind != TableKind::Plain || self.rng.chance(50) {
                    return;
                }
                // Nothing else may look at it; a new name would do too.
                let number = self.rng.between(1100, 1199);
                let new = part(&mut self.rng, number);
                let name = &table.name;
                self.define(format!(
                    "ALTER TABLE {name} ADD COLUMN {new} integer DEFAULT 1"
                ));
                self.define(format!(
                    "ALTER TABLE {name} ALTER {new} DROP DEFAULT, ALTER {new} TYPE {} USING NULL",
                    to.sql
                ));
                return;
            }
            _ => return,
        };
        self.define(format!("{start} {change}"));
    }
}

/// Columns that nothing is known to need: dropping or renaming others would be refused.
fn free_columns(table: &Table) -> Vec<Column> {
    let keys: Vec<&Column> = table
        .keys
        .iter()
        .flatten()
        .chain(&table.partition_key)
        .collect();
    table
        .columns
        .iter()
        .filter(|column| keys.iter().all(|key| key.name != column.name))
        .cloned()
        .collect()
}
