//! Views and materialized views, on tables and on each other.

use super::data_type::{DataType, Family};
use super::names::part;
use super::table::column;
use super::world::{Column, TableKind, View, World};
use crate::Major;

impl World {
    /// A table's or view's name and columns; `deep` prefers views.
    fn relation(&mut self, deep: bool) -> (String, Vec<Column>) {
        let from_view = !self.views.is_empty() && self.rng.chance(if deep { 70 } else { 40 });
        let (name, columns) = if from_view {
            let view = self.rng.pick(&self.views);
            (view.name.clone(), view.columns.clone())
        } else {
            let fitting = self.table_where(|table| table.kind != TableKind::Foreign);
            let table = match fitting {
                Some(table) => table,
                None => self.table(),
            };
            (table.name, table.columns)
        };
        (name, columns)
    }

    /// A query and its columns.
    fn query(&mut self, deep: bool) -> (String, Vec<Column>) {
        if self.rng.chance(25)
            && let Some(made) = self.grouped_query()
        {
            return made;
        }
        let (name, columns) = self.relation(deep);
        let chosen = self.rng.some(&columns, 4);
        let mut made: Vec<Column> = Vec::new();
        let mut select: Vec<String> = Vec::new();
        for (number, from) in chosen.iter().enumerate() {
            let renamed = if self.rng.chance(40) {
                part(&mut self.rng, 300 + number)
            } else {
                from.name.clone()
            };
            if made.iter().any(|other| other.name == renamed) {
                continue;
            }
            select.push(format!("a.{} AS {renamed}", from.name));
            made.push(Column {
                name: renamed,
                data_type: from.data_type.clone(),
                is_generated: false,
            });
        }
        if self.rng.chance(20) {
            let count = part(&mut self.rng, 320);
            let (other, _) = self.relation(false);
            select.push(format!("(SELECT count(*) FROM {other} AS s) AS {count}"));
            made.push(column(
                &count,
                DataType::new("bigint", Family::Integer, &["1", "2"]),
            ));
        }
        if self.rng.chance(10) {
            let whole = part(&mut self.rng, 330);
            select.push(format!("a AS {whole}"));
            made.push(column(&whole, DataType::new(&name, Family::Unordered, &[])));
        }
        let mut sql = format!("SELECT {} FROM {name} AS a", select.join(", "));
        if self.rng.chance(25) {
            let (other, _) = self.relation(deep);
            sql += &format!(
                " {} {other} AS b ON {}",
                self.rng.pick(&["JOIN", "LEFT JOIN", "FULL JOIN"]),
                "true"
            );
        }
        if !columns.is_empty() && self.rng.chance(35) {
            let by = self.rng.pick(&columns).clone();
            let by = Column {
                name: format!("a.{}", by.name),
                ..by
            };
            sql += &format!(" WHERE {}", self.condition(&by));
        }
        sql += &self
            .rng
            .clause(10, &["LIMIT 5", "OFFSET 0", "FETCH FIRST 3 ROWS ONLY"]);
        (sql, made)
    }

    /// A query that is right only as long as its table has its primary key.
    fn grouped_query(&mut self) -> Option<(String, Vec<Column>)> {
        let table = self.table_where(|table| table.primary_key.is_some())?;
        let key = table.primary_key.clone()?;
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|column| format!("t.{}", column.name))
            .collect();
        let keys: Vec<String> = key
            .iter()
            .map(|column| format!("t.{}", column.name))
            .collect();
        let count = part(&mut self.rng, 340);
        let sql = format!(
            "SELECT {}, count(*) AS {count} FROM {} AS t GROUP BY {}",
            names.join(", "),
            table.name,
            keys.join(", ")
        );
        let mut columns = table.columns;
        columns
            .iter_mut()
            .for_each(|column| column.is_generated = false);
        columns.push(column(
            &count,
            DataType::new("bigint", Family::Integer, &["1"]),
        ));
        Some((sql, columns))
    }

    pub(super) fn create_view(&mut self) {
        let name = self.new_name();
        if self.rng.chance(5) {
            self.define(format!("CREATE RECURSIVE VIEW {name} (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM {name} WHERE n < 5"));
            return;
        }
        let (mut query, columns) = self.query(true);
        if self.rng.chance(10) {
            query = format!("({query}) UNION ALL ({query})");
        }
        let options = if self.chance_since(Major::V15, 15) {
            " WITH (security_invoker = true)".to_owned()
        } else {
            self.rng.clause(
                20,
                &[
                    "WITH (security_barrier)",
                    "WITH (security_barrier = false, check_option = local)",
                ],
            )
        };
        let check = self.rng.clause(
            8,
            &["WITH CASCADED CHECK OPTION", "WITH LOCAL CHECK OPTION"],
        );
        let simple = !query.contains(" UNION ")
            && !query.contains("GROUP BY")
            && !query.contains(" JOIN ")
            && !query.contains("LIMIT");
        let check = if simple && !options.contains("check_option") {
            check
        } else {
            String::new()
        };
        self.define(format!("CREATE VIEW {name}{options} AS {query}{check}"));
        if self.rng.chance(15)
            && let Some(column) = columns.first().cloned()
        {
            let default = self.default_for(&column);
            self.define(format!(
                "ALTER VIEW {name} ALTER {} SET DEFAULT {default}",
                column.name
            ));
        }
        self.views.push(View {
            name,
            columns,
            is_materialized: false,
        });
    }

    /// Gives a view another query with the same columns, which may look at whatever was made since, itself included.
    pub(super) fn replace_view(&mut self) {
        let views: Vec<View> = self
            .views
            .iter()
            .filter(|view| !view.is_materialized && !view.columns.is_empty())
            .cloned()
            .collect();
        if views.is_empty() {
            return;
        }
        let view = self.rng.pick(&views).clone();
        let nulls: Vec<String> = view
            .columns
            .iter()
            .map(|column| format!("NULL::{} AS {}", column.data_type.sql, column.name))
            .collect();
        let condition = match self.rng.below(3) {
            0 => {
                let (other, _) = self.relation(true);
                format!("EXISTS (SELECT FROM {other})")
            }
            1 => {
                let function = self.names.fresh(&mut self.rng);
                let schema = self.schema();
                self.define(format!(
                    "CREATE FUNCTION {schema}.{function}({}) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
                    view.name
                ));
                format!("{schema}.{function}(NULL)")
            }
            _ => "false".to_owned(),
        };
        self.define(format!(
            "CREATE OR REPLACE VIEW {} AS SELECT {} WHERE {condition}",
            view.name,
            nulls.join(", ")
        ));
    }

    pub(super) fn create_materialized_view(&mut self) {
        let name = self.new_name();
        let (query, columns) = self.query(true);
        let using = self.rng.clause(
            15,
            &[
                "USING heap",
                "WITH (fillfactor = 30)",
                "WITH (autovacuum_enabled = off)",
            ],
        );
        let data = self.rng.clause(30, &["WITH NO DATA", "WITH DATA"]);
        self.define(format!(
            "CREATE MATERIALIZED VIEW {name}{using} AS {query}{data}"
        ));
        if let Some(column) = columns.iter().find(|column| column.data_type.has_order())
            && self.rng.chance(40)
        {
            let index = self.names.fresh(&mut self.rng);
            self.define(format!("CREATE INDEX {index} ON {name} ({})", column.name));
            if self.rng.chance(30) {
                self.define(format!("ALTER MATERIALIZED VIEW {name} CLUSTER ON {index}"));
            }
        }
        if let Some(column) = columns.first()
            && self.rng.chance(25)
        {
            self.define(format!(
                "ALTER MATERIALIZED VIEW {name} ALTER {} SET STATISTICS 7",
                column.name
            ));
        }
        // What is made from one without data has none either, or is refused.
        if data != " WITH NO DATA" || self.rng.chance(25) {
            self.views.push(View {
                name,
                columns,
                is_materialized: true,
            });
        }
    }
}
