//! Triggers, rules and policies.

use super::names::literal;
use super::world::{TableKind, World};
use crate::Major;

impl World {
    /// A function that any trigger can call.
    fn trigger_function(&mut self) -> String {
        if self.trigger_functions.is_empty() || self.rng.chance(15) {
            let name = self.new_name();
            self.define(format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS \
                 $fn$BEGIN IF TG_LEVEL = 'ROW' AND TG_OP <> 'DELETE' THEN RETURN NEW; END IF; RETURN OLD; END$fn$"
            ));
            self.trigger_functions.push(name);
        }
        self.rng.pick(&self.trigger_functions).clone()
    }

    pub(super) fn create_trigger(&mut self) {
        let function = self.trigger_function();
        let name = self.part_name();
        let arguments = if self.rng.chance(40) {
            format!("{}, {}", self.text(), literal("a\\b"))
        } else {
            String::new()
        };
        let call = format!("EXECUTE FUNCTION {function}({arguments})");
        if !self.views.is_empty() && self.rng.chance(12) {
            let view = self.rng.pick(&self.views).clone();
            if !view.is_materialized {
                let events = *self
                    .rng
                    .pick(&["INSERT", "INSERT OR UPDATE OR DELETE", "DELETE"]);
                return self.define(format!(
                    "CREATE TRIGGER {name} INSTEAD OF {events} ON {} FOR EACH ROW {call}",
                    view.name
                ));
            }
        }
        let Some((table, column)) = self
            .column_where(|table, column| table.kind != TableKind::Foreign && !column.is_generated)
        else {
            return;
        };
        let on = &table.name;
        let is_partitioned = table.kind == TableKind::Partitioned;
        let column_name = &column.name;
        match self.rng.below(6) {
            0 => self.define(format!("CREATE TRIGGER {name} AFTER TRUNCATE ON {on} {call}")),
            1 => {
                let deferral = self.rng.clause(60, &["DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE"]);
                self.define(format!(
                    "CREATE CONSTRAINT TRIGGER {name} AFTER INSERT OR UPDATE OF {column_name} ON {on}{deferral} FOR EACH ROW {call}"
                ));
            }
            2 => self.define(format!(
                "CREATE TRIGGER {name} AFTER UPDATE ON {on} REFERENCING OLD TABLE AS \"Old rows\" NEW TABLE AS n \
                 FOR EACH STATEMENT {call}"
            )),
            3 => {
                let values = format!("OLD.{column_name} IS NOT NULL AND NEW.{column_name} IS NULL");
                self.define(format!(
                    "CREATE TRIGGER {name} AFTER UPDATE OF {column_name} ON {on} FOR EACH ROW WHEN ({values}) {call}"
                ));
            }
            _ => {
                let when = *self.rng.pick(if is_partitioned { &["AFTER"] } else { &["BEFORE", "AFTER"] });
                let events = *self.rng.pick(&["INSERT", "UPDATE", "INSERT OR DELETE", "DELETE OR UPDATE"]);
                let level = *self.rng.pick(&["ROW", "STATEMENT"]);
                self.define(format!("CREATE TRIGGER {name} {when} {events} ON {on} FOR EACH {level} {call}"));
            }
        }
        self.others.push((format!("TRIGGER {name} ON {on}"), false));
        if self.rng.chance(35) {
            // On a partition it differs from its parent's then.
            let partition = self
                .table_where(|child| child.bound.as_ref().is_some_and(|(parent, _)| parent == on));
            let where_ = if self.rng.chance(60) {
                partition.map(|child| child.name)
            } else {
                None
            };
            let where_ = where_.unwrap_or_else(|| on.clone());
            let how = *self
                .rng
                .pick(&["DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"]);
            self.define(format!("ALTER TABLE {where_} {how} TRIGGER {name}"));
        }
    }

    pub(super) fn create_rule(&mut self) {
        let name = self.part_name();
        let is_view = !self.views.is_empty() && self.rng.chance(50);
        let on = if is_view {
            let view = self.rng.pick(&self.views).clone();
            if view.is_materialized {
                return;
            }
            view.name
        } else {
            match self
                .table_where(|table| matches!(table.kind, TableKind::Plain | TableKind::Child))
            {
                Some(table) => table.name,
                None => return,
            }
        };
        let other = self.table().name;
        let (event, action) = match self.rng.below(5) {
            0 => ("DELETE", "WHERE false DO INSTEAD NOTHING".to_owned()),
            1 => ("UPDATE", "DO ALSO NOTIFY \"Some channel\"".to_owned()),
            2 => (
                "DELETE",
                format!("DO ALSO (SELECT count(*) FROM {other}; NOTIFY x, 'it''s')"),
            ),
            3 => (
                "UPDATE",
                format!("WHERE EXISTS (SELECT FROM {other}) DO INSTEAD NOTHING"),
            ),
            _ => ("DELETE", "DO INSTEAD SELECT old.* AS all_of_it".to_owned()),
        };
        self.define(format!("CREATE RULE {name} AS ON {event} TO {on} {action}"));
        self.others.push((format!("RULE {name} ON {on}"), false));
        if !is_view && self.rng.chance(30) {
            let how = *self
                .rng
                .pick(&["DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"]);
            self.define(format!("ALTER TABLE {on} {how} RULE {name}"));
        }
    }

    pub(super) fn create_policy(&mut self) {
        let Some((table, column)) = self.column_where(|table, _| table.kind != TableKind::Foreign)
        else {
            return;
        };
        let name = self.part_name();
        let on = &table.name;
        let kind = self.rng.clause(30, &["AS RESTRICTIVE", "AS PERMISSIVE"]);
        let command = *self.rng.pick(&[
            "",
            " FOR ALL",
            " FOR SELECT",
            " FOR INSERT",
            " FOR UPDATE",
            " FOR DELETE",
        ]);
        let mut to = String::new();
        if self.rng.chance(50) {
            to = format!(
                " TO {}, {}",
                self.grantee(),
                self.rng.pick(&["CURRENT_USER", "SESSION_USER"])
            );
        }
        let mut conditions = String::new();
        if command != " FOR INSERT" {
            let condition = self.condition(&column);
            let other = self.table().name;
            conditions = match self.rng.below(3) {
                0 => format!(" USING (EXISTS (SELECT FROM {other}))"),
                _ => format!(" USING ({condition})"),
            };
        }
        if !matches!(command, " FOR SELECT" | " FOR DELETE") && self.rng.chance(50) {
            conditions += &format!(" WITH CHECK ({})", self.condition(&column));
        }
        self.define(format!(
            "CREATE POLICY {name} ON {on}{kind}{command}{to}{conditions}"
        ));
        self.others.push((format!("POLICY {name} ON {on}"), false));
        if self.rng.chance(60) {
            let how = *self.rng.pick(&["ENABLE", "FORCE", "ENABLE"]);
            self.define(format!("ALTER TABLE {on} {how} ROW LEVEL SECURITY"));
        }
    }

    /// All tables or most, all sequences, or both.
    fn all_tables(&mut self) -> String {
        if !self.since(Major::V19) {
            return " FOR ALL TABLES".to_owned();
        }
        if self.rng.chance(20) {
            return " FOR ALL SEQUENCES".to_owned();
        }
        let mut text = " FOR ALL TABLES".to_owned();
        let mut except = Vec::new();
        for _ in 0..self.rng.below(4) {
            // A partition is left out with its root, and one name may stand there once.
            let table = self.table_where(|table| {
                matches!(
                    table.kind,
                    TableKind::Plain | TableKind::Partitioned | TableKind::Child
                )
            });
            except.extend(table.map(|table| format!("TABLE {}", table.name)));
        }
        except.sort();
        except.dedup();
        self.rng.shuffle(&mut except);
        if !except.is_empty() {
            text += &format!(" EXCEPT ({})", except.join(", "));
        }
        text + *self.rng.pick(&["", ", ALL SEQUENCES"])
    }

    pub(super) fn create_publication(&mut self) {
        let name = self.names.fresh(&mut self.rng);
        let options = self.rng.clause(
            50,
            &[
                "WITH (publish = 'insert, delete')",
                "WITH (publish_via_partition_root = true)",
                "WITH (publish = '')",
            ],
        );
        let with_lists = self.since(Major::V15);
        let what = match self.rng.below(6) {
            0 => self.all_tables(),
            1 => String::new(),
            2 if with_lists => format!(" FOR TABLES IN SCHEMA {}", self.schema()),
            3 if with_lists => {
                let Some((table, column)) = self.column_where(|table, column| {
                    matches!(table.kind, TableKind::Plain | TableKind::Child)
                        && !column.is_generated
                }) else {
                    return;
                };
                let rows = match column.data_type.family {
                    super::data_type::Family::Integer => format!(" WHERE ({} > 1)", column.name),
                    _ => String::new(),
                };
                format!(" FOR TABLE {} ({}){rows}", table.name, column.name)
            }
            _ => {
                let Some(table) = self.table_where(|table| table.kind != TableKind::Foreign) else {
                    return;
                };
                let only = if table.kind == TableKind::Partitioned {
                    ""
                } else {
                    *self.rng.pick(&["", "ONLY "])
                };
                format!(" FOR TABLE {only}{}", table.name)
            }
        };
        self.define(format!("CREATE PUBLICATION {name}{what}{options}"));
        self.others.push((format!("PUBLICATION {name}"), true));
        if what.starts_with(" FOR TABLE ") && self.rng.chance(50) {
            let table = self.table().name;
            self.define(format!("ALTER PUBLICATION {name} ADD TABLE {table}"));
        }
    }
}
