//! Functions, procedures and aggregates, and what calls them.

use super::data_type::Family;
use super::names::part;
use super::world::{Function, TableKind, World};
use crate::Major;

/// Properties of a function that are not how it computes.
const PROPERTIES: &[&str] = &[
    "STRICT",
    "SECURITY DEFINER",
    "LEAKPROOF",
    "PARALLEL SAFE",
    "PARALLEL RESTRICTED",
    "COST 7",
    "SET work_mem = '1MB'",
    "SET search_path = pg_catalog, \"odd Path\"",
    "SET \"DateStyle\" TO 'ISO, DMY'",
    "SET search_path TO ''",
];

impl World {
    /// An immutable function of one argument, for checks, indexes, defaults and generated columns.
    pub(super) fn create_column_function(&mut self) {
        let (family, argument, result, sql, plpgsql) = *self.rng.pick(&[
            (
                Family::Integer,
                "bigint",
                "bigint",
                "SELECT $1 % 7",
                "RETURN $1 % 7;",
            ),
            (
                Family::Integer,
                "bigint",
                "integer",
                "SELECT ($1 % 9)::integer",
                "RETURN ($1 % 9)::integer;",
            ),
            (
                Family::Text,
                "text",
                "text",
                "SELECT lower($1)",
                "RETURN lower($1);",
            ),
            (
                Family::Text,
                "text",
                "integer",
                "SELECT length($1)",
                "RETURN length($1);",
            ),
            (
                Family::Date,
                "date",
                "integer",
                "SELECT date_part('day', $1)::integer",
                "RETURN date_part('day', $1);",
            ),
            (
                Family::Boolean,
                "boolean",
                "boolean",
                "SELECT NOT $1",
                "RETURN NOT $1;",
            ),
            (
                Family::Json,
                "jsonb",
                "text",
                "SELECT $1 ->> 'a'",
                "RETURN $1 ->> 'a';",
            ),
        ]);
        let name = self.new_name();
        let language = if self.rng.chance(60) {
            format!("LANGUAGE sql IMMUTABLE AS $fn${sql}$fn$")
        } else if self.chance_since(Major::V14, 30) {
            format!("LANGUAGE sql IMMUTABLE RETURN {}", &sql["SELECT ".len()..])
        } else {
            format!("LANGUAGE plpgsql IMMUTABLE AS $fn$BEGIN {plpgsql} END$fn$")
        };
        self.define(format!(
            "CREATE FUNCTION {name}({argument}) RETURNS {result} {language}"
        ));
        let signature = format!("FUNCTION {name}({argument})");
        self.functions.push(Function {
            name,
            signature,
            takes: Some(family),
        });
    }

    pub(super) fn create_function(&mut self) {
        match self.rng.below(10) {
            0..=2 => self.create_row_function(),
            3 | 4 if self.since(Major::V14) => self.create_parsed_function(),
            5 => self.create_procedure(),
            6 => self.create_aggregate(),
            7 => self.create_counting_default(),
            _ => self.create_any_function(),
        }
    }

    fn keep_function(&mut self, kind: &str, name: &str, arguments: &str) {
        self.functions.push(Function {
            name: name.to_owned(),
            signature: format!("{kind} {name}({arguments})"),
            takes: None,
        });
    }

    /// A function of a table's rows, and something of that table that calls it.
    fn create_row_function(&mut self) {
        let table = self.table();
        let name = self.new_name();
        let row = &table.name;
        self.define(format!("CREATE FUNCTION {name}({row}) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 IS NOT NULL OR true'"));
        self.keep_function("FUNCTION", &name, row);
        if !matches!(table.kind, TableKind::Plain | TableKind::Child) {
            return;
        }
        let part = self.part_name();
        let alias = row.rsplit_once("\".\"").map_or_else(
            || {
                row.split_once('.')
                    .map_or(row.clone(), |(_, local)| local.to_owned())
            },
            |(_, local)| format!("\"{local}"),
        );
        match self.rng.below(5) {
            0 => self.define(format!(
                "ALTER TABLE {row} ADD CONSTRAINT {part} CHECK ({name}({alias}.*)) NOT VALID"
            )),
            1 => self.define(format!(
                "ALTER TABLE {row} ADD COLUMN {part} boolean DEFAULT {name}(NULL)"
            )),
            2 => {
                let index = self.names.fresh(&mut self.rng);
                self.define(format!("CREATE INDEX {index} ON {row} ({name}({alias}.*))"));
            }
            3 => self.define(format!(
                "CREATE POLICY {part} ON {row} USING ({name}({alias}.*))"
            )),
            _ => {
                let holder = self.new_name();
                self.define(format!(
                    "CREATE TABLE {holder} (r {row}, rs {row}[] DEFAULT '{{}}')"
                ));
                self.others.push((format!("TABLE {holder}"), true));
            }
        }
    }

    /// A function whose body was parsed when it was made, and so depends on what it names.
    fn create_parsed_function(&mut self) {
        let name = self.new_name();
        let relation = if !self.views.is_empty() && self.rng.chance(50) {
            self.rng.pick(&self.views).name.clone()
        } else {
            self.table().name
        };
        let body = match self.rng.below(3) {
            0 => format!("RETURN (SELECT count(*) FROM {relation})"),
            1 => format!(
                "BEGIN ATOMIC\n SELECT count(*) FROM {relation} AS x;\n SELECT count(*) + a FROM {relation};\nEND"
            ),
            _ => format!(
                "BEGIN ATOMIC SELECT CASE WHEN EXISTS (SELECT FROM {relation}) THEN a ELSE 0 END; END"
            ),
        };
        self.define(format!(
            "CREATE FUNCTION {name}(a integer DEFAULT 1) RETURNS bigint LANGUAGE sql STABLE {body}"
        ));
        self.keep_function("FUNCTION", &name, "integer");
        if self.rng.chance(50)
            && let Some(table) =
                self.table_where(|table| matches!(table.kind, TableKind::Plain | TableKind::Child))
        {
            let number = self.rng.between(400, 999);
            let column = part(&mut self.rng, number);
            self.define(format!(
                "ALTER TABLE {} ADD COLUMN {column} bigint",
                table.name
            ));
            self.define(format!(
                "ALTER TABLE {} ALTER {column} SET DEFAULT {name}(2)",
                table.name
            ));
        }
    }

    /// A default that reads its own table through a function.
    fn create_counting_default(&mut self) {
        let name = self.new_name();
        let Some(table) = self
            .table_where(|table| matches!(table.kind, TableKind::Plain | TableKind::Partitioned))
        else {
            return;
        };
        self.define(format!(
            "CREATE FUNCTION {name}() RETURNS bigint LANGUAGE plpgsql AS $fn$BEGIN RETURN (SELECT count(*) FROM {}); END$fn$",
            table.name
        ));
        let number = self.rng.between(400, 999);
        let column = part(&mut self.rng, number);
        self.define(format!(
            "ALTER TABLE {} ADD COLUMN {column} bigint DEFAULT {name}()",
            table.name
        ));
        self.keep_function("FUNCTION", &name, "");
    }

    fn create_procedure(&mut self) {
        let name = self.new_name();
        let data_type = self.data_type();
        let sql = &data_type.sql;
        self.define(format!("CREATE PROCEDURE {name}(INOUT x {sql} DEFAULT NULL) LANGUAGE plpgsql AS $fn$BEGIN\n\tx := NULL; -- \\ %s\nEND$fn$"));
        self.keep_function("PROCEDURE", &name, sql);
    }

    fn create_aggregate(&mut self) {
        let name = self.new_name();
        let definition = *self.rng.pick(&[
            "(bigint) (SFUNC = int8pl, STYPE = bigint, INITCOND = '0')",
            "(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE)",
            "(bigint) (SFUNC = int8larger, STYPE = bigint, SORTOP = OPERATOR(pg_catalog.>))",
        ]);
        let mut definition = definition.to_owned();
        if self.chance_since(Major::V19, 50) {
            let support = self.new_name();
            self.define(format!(
                "CREATE FUNCTION {support}(internal) RETURNS internal LANGUAGE internal AS 'generate_series_int4_support'"
            ));
            definition.truncate(definition.len() - 1);
            definition += &format!(", SUPPORT = {support})");
        }
        self.define(format!("CREATE AGGREGATE {name}{definition}"));
        self.keep_function("AGGREGATE", &name, "bigint");
    }

    /// A function of several arguments, with all that can be said of one.
    fn create_any_function(&mut self) {
        let mut name = self.new_name();
        // Another of the same name, for the arguments to decide the order.
        if !self.functions.is_empty() && self.rng.chance(30) {
            name = self.rng.pick(&self.functions).name.clone();
        }
        let mut arguments: Vec<String> = Vec::new();
        let mut types: Vec<String> = Vec::new();
        let mut has_default = false;
        for number in 0..self.rng.below(5) {
            let data_type = self.data_type();
            let argument = if self.rng.chance(60) {
                format!("{} ", part(&mut self.rng, number))
            } else {
                String::new()
            };
            has_default = has_default || self.rng.chance(25);
            let default = if has_default {
                format!(
                    " DEFAULT {}::{}",
                    data_type.value(&mut self.rng),
                    data_type.sql
                )
            } else {
                String::new()
            };
            arguments.push(format!("{argument}{}{default}", data_type.sql));
            types.push(data_type.sql);
        }
        let (result, body) = match self.rng.below(5) {
            0 => ("SETOF integer".to_owned(), "SELECT 1 LIMIT 0".to_owned()),
            1 => (
                "TABLE (\"Out\" integer, \"select\" text)".to_owned(),
                "SELECT 1, 'x'::text".to_owned(),
            ),
            2 => (
                format!("SETOF {}", self.table().name),
                format!("SELECT * FROM {} LIMIT 0", self.table().name),
            ),
            _ => {
                let sql = self.data_type().sql;
                (sql.clone(), format!("SELECT NULL::{sql}"))
            }
        };
        let mut properties = self.rng.clause(60, &["STABLE", "VOLATILE", "IMMUTABLE"]);
        for property in self.rng.some(PROPERTIES, 3) {
            properties += &format!(" {property}");
        }
        let arguments = arguments.join(", ");
        // What the body says is not looked at, so that it may say anything.
        let language = match self.rng.below(3) {
            0 => format!("LANGUAGE sql AS $fn${body}$fn$"),
            1 => {
                "LANGUAGE plpgsql AS $fn$\nBEGIN\n  -- it's \\ 100% $odd$ $$\n  RETURN;\nEND;\n$fn$"
                    .to_owned()
            }
            _ => format!(
                "LANGUAGE sql AS '{};\n-- $fn$ '''",
                body.replace('\'', "''")
            ),
        };
        self.define(format!(
            "SET check_function_bodies = off; CREATE FUNCTION {name}({arguments}) RETURNS {result}{properties} {language}; \
             RESET check_function_bodies"
        ));
        self.keep_function("FUNCTION", &name, &types.join(", "));
    }
}
