//! Comments.

use super::world::World;

impl World {
    /// Comments on something, at times only to take the comment back.
    pub(super) fn comment(&mut self) {
        let text = if self.rng.chance(5) {
            "NULL".to_owned()
        } else {
            self.text()
        };
        let table = self.table();
        let what = match self.rng.below(12) {
            0 => format!("TABLE {}", table.name),
            1 | 2 if !table.columns.is_empty() => {
                format!(
                    "COLUMN {}.{}",
                    table.name,
                    self.rng.pick(&table.columns).name
                )
            }
            3 if !self.views.is_empty() => {
                let view = self.rng.pick(&self.views).clone();
                match view.columns.first() {
                    Some(column) if self.rng.chance(40) => {
                        format!("COLUMN {}.{}", view.name, column.name)
                    }
                    _ if view.is_materialized => format!("MATERIALIZED VIEW {}", view.name),
                    _ => format!("VIEW {}", view.name),
                }
            }
            4 if !self.indexes.is_empty() => format!("INDEX {}", self.rng.pick(&self.indexes).0),
            5 if !self.functions.is_empty() => self.rng.pick(&self.functions).signature.clone(),
            6 if !self.type_names.is_empty() => {
                let (kind, name) = self.rng.pick(&self.type_names).clone();
                format!("{kind} {name}")
            }
            7 if !self.sequences.is_empty() => {
                format!("SEQUENCE {}", self.rng.pick(&self.sequences))
            }
            8 => format!("SCHEMA {}", self.schema()),
            9 if !self.large_objects.is_empty() => {
                format!("LARGE OBJECT {}", self.rng.pick(&self.large_objects))
            }
            10 => "EXTENSION plpgsql".to_owned(),
            _ if !self.others.is_empty() => self.rng.pick(&self.others).0.clone(),
            _ => format!("TABLE {}", table.name),
        };
        self.define(format!("COMMENT ON {what} IS {text}"));
    }
}
