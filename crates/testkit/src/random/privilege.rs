//! Owners, privileges and default privileges.

use super::world::World;
use crate::Major;

/// Privileges on tables; the last one since 17.
const ON_TABLES: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "ALL",
    "MAINTAIN",
];

impl World {
    /// Privileges and what they are on, as GRANT and REVOKE take them.
    fn privileges(&mut self) -> String {
        let known = if self.since(Major::V17) {
            ON_TABLES.len()
        } else {
            ON_TABLES.len() - 1
        };
        let on_tables = self.rng.some(&ON_TABLES[..known], 3);
        let on_tables = if on_tables.contains(&"ALL") {
            "ALL".to_owned()
        } else {
            on_tables.join(", ")
        };
        let table = self.table();
        match self.rng.below(20) {
            0..=4 => format!("{on_tables} ON TABLE {}", table.name),
            5..=9 if !table.columns.is_empty() => {
                let column = self.rng.pick(&table.columns).name.clone();
                let what = *self
                    .rng
                    .pick(&["SELECT", "UPDATE", "INSERT", "REFERENCES", "ALL"]);
                let more = if self.rng.chance(30) {
                    format!("{what} ({column}), ")
                } else {
                    String::new()
                };
                let other = self.rng.pick(&table.columns).name.clone();
                let with_all = if what == "ALL" { String::new() } else { more };
                format!("{with_all}{what} ({other}) ON {}", table.name)
            }
            10 if !self.views.is_empty() => {
                format!("{on_tables} ON {}", self.rng.pick(&self.views).name)
            }
            11 if !self.sequences.is_empty() => {
                let what = *self.rng.pick(&["USAGE", "SELECT", "UPDATE", "ALL"]);
                format!("{what} ON SEQUENCE {}", self.rng.pick(&self.sequences))
            }
            12 | 13 if !self.functions.is_empty() => format!(
                "EXECUTE ON {}",
                grantable(&self.rng.pick(&self.functions).signature)
            ),
            14 if !self.type_names.is_empty() => {
                let (kind, name) = self.rng.pick(&self.type_names).clone();
                format!("USAGE ON {kind} {name}")
            }
            15 => {
                let what = *self.rng.pick(&["USAGE", "CREATE", "ALL"]);
                format!("{what} ON SCHEMA {}", self.schema())
            }
            16 if !self.large_objects.is_empty() => {
                let what = *self.rng.pick(&["SELECT", "UPDATE", "ALL"]);
                format!(
                    "{what} ON LARGE OBJECT {}",
                    self.rng.pick(&self.large_objects)
                )
            }
            17 => (*self.rng.pick(&[
                "EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir()",
                "SELECT ON pg_catalog.pg_authid",
                "SELECT (rolname) ON pg_catalog.pg_authid",
                "USAGE ON LANGUAGE plpgsql",
                "EXECUTE ON FUNCTION pg_catalog.upper(text)",
                "USAGE ON TYPE pg_catalog.int4",
            ]))
            .to_owned(),
            18 => format!("{} ON ALL TABLES IN SCHEMA {}", on_tables, self.schema()),
            _ => format!("{on_tables} ON TABLE {}", table.name),
        }
    }

    /// A role grants something; who is not the owner grants what it was given the right to, if it was.
    pub(super) fn grant(&mut self) {
        let privileges = self.privileges();
        let to = self.grantee();
        let option = if to != "PUBLIC" && self.rng.chance(35) {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        let grant = format!("GRANT {privileges} TO {to}{option}");
        self.define(grant.clone());
        if !option.is_empty() && self.rng.chance(70) {
            let again = self.grantee();
            let option = if again != "PUBLIC" && self.rng.chance(40) {
                " WITH GRANT OPTION"
            } else {
                ""
            };
            // Whether that role may name the object is a matter of other privileges.
            self.store(format!(
                "SET SESSION AUTHORIZATION {to}; GRANT {privileges} TO {again}{option}; RESET SESSION AUTHORIZATION"
            ));
        }
    }

    pub(super) fn revoke(&mut self) {
        let privileges = self.privileges();
        let from = self.grantee();
        let option = if from != "PUBLIC" && self.rng.chance(20) {
            "GRANT OPTION FOR "
        } else {
            ""
        };
        let cascade = self.rng.clause(80, &["CASCADE"]);
        let who = if self.rng.chance(25) {
            "CURRENT_USER".to_owned()
        } else {
            from
        };
        let option = if who == "PUBLIC" { "" } else { option };
        self.define(format!("REVOKE {option}{privileges} FROM {who}{cascade}"));
    }

    pub(super) fn default_privilege(&mut self) {
        let (role, grantee) = (self.role(), self.grantee());
        let role = if self.rng.chance(40) {
            "CURRENT_USER".to_owned()
        } else {
            role
        };
        let within = if self.rng.chance(45) {
            format!(" IN SCHEMA {}", self.schema())
        } else {
            String::new()
        };
        let (what, privileges) = *self.rng.pick(&[
            ("TABLES", "SELECT"),
            ("TABLES", "INSERT, UPDATE"),
            ("TABLES", "ALL"),
            ("SEQUENCES", "USAGE"),
            ("SEQUENCES", "ALL"),
            ("FUNCTIONS", "EXECUTE"),
            ("FUNCTIONS", "EXECUTE"),
            ("TYPES", "USAGE"),
        ]);
        let change = if self.rng.chance(65) {
            let option = if grantee != "PUBLIC" && self.rng.chance(25) {
                " WITH GRANT OPTION"
            } else {
                ""
            };
            format!("GRANT {privileges} ON {what} TO {grantee}{option}")
        } else {
            format!("REVOKE {privileges} ON {what} FROM {grantee}")
        };
        self.define(format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {role}{within} {change}"
        ));
    }

    /// Something gets another owner.
    pub(super) fn give_away(&mut self) {
        let role = self.role();
        let what = match self.rng.below(9) {
            0..=2 => format!("TABLE {}", self.table().name),
            3 if !self.views.is_empty() => {
                let view = self.rng.pick(&self.views);
                format!(
                    "{} {}",
                    if view.is_materialized {
                        "MATERIALIZED VIEW"
                    } else {
                        "VIEW"
                    },
                    view.name
                )
            }
            4 if !self.sequences.is_empty() => {
                format!("SEQUENCE {}", self.rng.pick(&self.sequences))
            }
            5 if !self.functions.is_empty() => self.rng.pick(&self.functions).signature.clone(),
            6 if !self.type_names.is_empty() => {
                let (kind, name) = self.rng.pick(&self.type_names).clone();
                format!("{kind} {name}")
            }
            7 if !self.large_objects.is_empty() => {
                format!("LARGE OBJECT {}", self.rng.pick(&self.large_objects))
            }
            8 => {
                let owned: Vec<String> = self
                    .others
                    .iter()
                    .filter(|(_, owned)| *owned)
                    .map(|(what, _)| what.clone())
                    .collect();
                match owned.is_empty() {
                    true => format!("SCHEMA {}", self.schema()),
                    false => self.rng.pick(&owned).clone(),
                }
            }
            _ => format!("SCHEMA {}", self.schema()),
        };
        self.define(format!("ALTER {what} OWNER TO {role}"));
    }
}

/// GRANT knows aggregates as functions.
fn grantable(signature: &str) -> String {
    match signature.strip_prefix("AGGREGATE ") {
        Some(rest) => format!("FUNCTION {rest}"),
        None => signature.to_owned(),
    }
}
