//! Kinds that take one statement or two: schemas, sequences, collations, large objects and what is rare.

use super::names::quoted;
use super::world::World;

impl World {
    pub(super) fn create_schema(&mut self) {
        if self.schemas.len() > 5 {
            return;
        }
        let name = self.names.fresh(&mut self.rng);
        let owner = if self.rng.chance(40) {
            format!(" AUTHORIZATION {}", self.role())
        } else {
            String::new()
        };
        self.define(format!("CREATE SCHEMA {name}{owner}"));
        self.schemas.push(name);
    }

    pub(super) fn create_sequence(&mut self) {
        let name = self.new_name();
        let of = self
            .rng
            .clause(40, &["AS integer", "AS bigint", "AS smallint"]);
        let options = self.sequence_options();
        self.define(format!("CREATE SEQUENCE {name}{of}{options}"));
        if self.rng.chance(40) {
            self.store(format!("SELECT nextval('{}')", name.replace('\'', "''")));
        }
        // Only a sequence of the table's schema and owner can be its column's.
        if self.rng.chance(60)
            && let Some((table, column)) = self
                .column_where(|_, column| column.data_type.sql == "integer" && !column.is_generated)
        {
            let owned = format!(
                "{}.{}",
                super::index::schema_of(&table.name),
                self.names.fresh(&mut self.rng)
            );
            self.define(format!(
                "CREATE SEQUENCE {owned} OWNED BY {}.{}",
                table.name, column.name
            ));
            self.sequences.push(owned);
        }
        self.sequences.push(name);
    }

    pub(super) fn create_collation(&mut self) {
        let name = self.new_name();
        let definition = *self.rng.pick(&[
            "FROM \"C\"",
            "FROM \"POSIX\"",
            "(LOCALE = 'C')",
            "(LC_COLLATE = 'C', LC_CTYPE = 'POSIX')",
        ]);
        self.define(format!("CREATE COLLATION {name} {definition}"));
        self.others.push((format!("COLLATION {name}"), true));
        self.collations.push(name);
    }

    pub(super) fn create_large_object(&mut self) {
        let oid = 20_000_000 + u32::try_from(self.large_objects.len()).unwrap_or(0) * 7;
        let content = *self.rng.pick(&["", "\\x00ff5c2e0a", "\\x41"]);
        self.define(format!("SELECT lo_from_bytea({oid}, '{content}')"));
        self.large_objects.push(oid);
        for _ in 0..self.rng.below(3) {
            let next = oid + 1 + u32::try_from(self.rng.below(6)).unwrap_or(0);
            if !self.large_objects.contains(&next) {
                self.define(format!("SELECT lo_create({next})"));
                self.large_objects.push(next);
            }
        }
    }

    /// One of the kinds that few databases have.
    pub(super) fn create_single(&mut self) {
        let (name, other) = (self.new_name(), self.new_name());
        match self.rng.below(9) {
            0 => {
                let symbol = *self.rng.pick(&["@@@", "<%>", "~=~?", "&&&!", "#+#"]);
                let schema = self.schema();
                self.define(format!(
                    "CREATE OPERATOR {schema}.{symbol} (FUNCTION = pg_catalog.int4eq, LEFTARG = integer, RIGHTARG = integer, \
                     COMMUTATOR = OPERATOR({schema}.{symbol}), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES)"
                ));
            }
            1 => {
                self.define(format!(
                    "CREATE TEXT SEARCH CONFIGURATION {name} (COPY = pg_catalog.english)"
                ));
                self.define(format!("CREATE TEXT SEARCH DICTIONARY {other} (TEMPLATE = simple, STOPWORDS = 'english', accept = false)"));
                self.define(format!("ALTER TEXT SEARCH CONFIGURATION {name} ALTER MAPPING FOR word, asciiword WITH {other}, simple"));
                self.others
                    .push((format!("TEXT SEARCH CONFIGURATION {name}"), true));
                self.others
                    .push((format!("TEXT SEARCH DICTIONARY {other}"), true));
            }
            2 => {
                self.define(format!("CREATE OPERATOR FAMILY {name} USING btree"));
                self.define(format!(
                    "CREATE OPERATOR CLASS {other} FOR TYPE integer USING btree FAMILY {name} AS OPERATOR 1 <, OPERATOR 2 <=, \
                     OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer)"
                ));
                self.others
                    .push((format!("OPERATOR CLASS {other} USING btree"), true));
            }
            3 => self.define(format!(
                "CREATE CONVERSION {name} FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"
            )),
            4 => {
                let trigger = self.names.fresh(&mut self.rng);
                self.define(format!(
                    "CREATE FUNCTION {name}() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
                ));
                let filter = self
                    .rng
                    .clause(60, &["WHEN TAG IN ('DROP FUNCTION', 'ALTER ROUTINE')"]);
                self.define(format!("CREATE EVENT TRIGGER {trigger} ON ddl_command_end{filter} EXECUTE FUNCTION {name}()"));
                let state =
                    *self
                        .rng
                        .pick(&["DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS", "ENABLE"]);
                self.define(format!("ALTER EVENT TRIGGER {trigger} {state}"));
                self.others
                    .push((format!("EVENT TRIGGER {trigger}"), false));
            }
            5 if !self.row_types.is_empty() => {
                let (row, _) = self.rng.pick(&self.row_types).clone();
                let context = self.rng.clause(60, &["AS ASSIGNMENT", "AS IMPLICIT"]);
                self.define(format!("CREATE FUNCTION {name}({row}) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'"));
                self.define(format!(
                    "CREATE CAST ({row} AS bigint) WITH FUNCTION {name}({row}){context}"
                ));
            }
            6 => {
                let language = self.names.fresh(&mut self.rng);
                let trusted = self.rng.clause(50, &["TRUSTED"]);
                self.define(format!(
                    "CREATE{trusted} LANGUAGE {language} HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler \
                     VALIDATOR plpgsql_validator"
                ));
                self.define(format!("CREATE FUNCTION {name}() RETURNS integer LANGUAGE {language} AS 'BEGIN RETURN 1; END'"));
                self.others.push((format!("LANGUAGE {language}"), true));
            }
            7 => {
                let method = quoted(&format!("method {}", self.rng.below(50)));
                self.define(format!(
                    "CREATE ACCESS METHOD {method} TYPE TABLE HANDLER heap_tableam_handler"
                ));
                self.define(format!(
                    "CREATE TABLE {name} (a integer, \"B\" text) USING {method}"
                ));
                self.others.push((format!("ACCESS METHOD {method}"), false));
            }
            _ => {
                let text = self.text();
                self.define(format!("CREATE TABLE {name} AS SELECT n, {text}::text AS \"T\" FROM generate_series(1, 50) AS n"));
                self.others.push((format!("TABLE {name}"), true));
            }
        }
    }
}
