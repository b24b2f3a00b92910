//! What one connection is told, step by step.

use std::borrow::Cow;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;

use crate::command::{Command, Content, Purpose};
use crate::drop;
use crate::large_objects;
use crate::options::Parts;
use crate::owner;
use crate::script::{Pass, Script, Step, is_database};

/// `pg_class.relkind` of partitioned tables.
const PARTITIONED: u8 = b'p';

/// One connection's course through a script: it knows what has been set, so that it is not set again.
///
/// A restore over several connections has a session for each, and may give each step to any of them in an order that the entries'
/// dependencies allow.
#[derive(Clone, Debug)]
pub struct Session<'a> {
    script: &'a Script,
    /// The role that makes what follows; empty for the one that has connected. `None` where that is not known.
    user: Option<BString>,
    /// The schema in the search path, where there is no search path for the whole archive.
    schema: Option<BString>,
    tablespace: Option<BString>,
    access_method: Option<BString>,
    /// The last step was one of dropping.
    dropping: bool,
    /// What has been done since the transaction began, where transactions have a size.
    done: u32,
    commands: Vec<Command<'a>>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(script: &'a Script) -> Self {
        Session {
            script,
            user: None,
            schema: None,
            tablespace: None,
            access_method: None,
            dropping: false,
            done: 0,
            commands: Vec::new(),
        }
    }

    /// What comes before the first step: settings, and the transaction if there is one.
    pub fn begin(&mut self) -> Vec<Command<'a>> {
        if self.script.options.single_transaction {
            self.sql(Purpose::Begin, BStr::new("BEGIN;"), "\n\n");
        }
        self.set_up();
        std::mem::take(&mut self.commands)
    }

    /// What a step does.
    pub fn perform(&mut self, step: &Step) -> Vec<Command<'a>> {
        let script = self.script;
        let entry = script.entry(step);
        if step.pass == Pass::Drop {
            self.dropping = true;
            self.drop_entry(entry);
        } else {
            if std::mem::take(&mut self.dropping) {
                // The schema may be gone, or may not have been there.
                self.schema = None;
            }
            self.restore_entry(entry, step.parts);
        }
        std::mem::take(&mut self.commands)
    }

    /// What comes after the last step: the end of the transaction if there is one.
    pub fn end(&mut self) -> Vec<Command<'a>> {
        let options = &self.script.options;
        if options.single_transaction || options.transaction_size.is_some() {
            self.sql(Purpose::Commit, BStr::new("COMMIT;"), "\n\n");
        }
        std::mem::take(&mut self.commands)
    }

    /// Settings that hold for the whole session.
    fn set_up(&mut self) {
        let script = self.script;
        let setup = &script.setup;
        let switch = |on| if on { "on" } else { "off" };
        self.set("statement_timeout", "0");
        self.set("lock_timeout", "0");
        self.set("idle_in_transaction_session_timeout", "0");
        self.set("transaction_timeout", "0");
        self.set("client_encoding", &format!("'{}'", setup.encoding_name));
        self.set(
            "standard_conforming_strings",
            switch(setup.standard_strings),
        );
        if let Some(role) = &script.options.role {
            let role = self.identifier(role.as_bstr());
            self.sql(Purpose::Setting, join(&[b"SET ROLE ", &role, b";"]), "\n");
        }
        if let Some(statement) = &setup.search_path {
            self.sql(Purpose::Setting, statement.as_bstr(), "");
        }
        self.set("check_function_bodies", "false");
        self.set("xmloption", "content");
        self.set("client_min_messages", "warning");
        self.set("row_security", switch(script.options.enable_row_security));
        if script.options.transaction_size.is_some() {
            self.commands.push(Command::EmptyLine);
            self.sql(Purpose::Begin, BStr::new("BEGIN;"), "\n");
            self.done = 0;
        }
        self.commands.push(Command::EmptyLine);
    }

    fn set(&mut self, name: &str, value: &str) {
        let text = BString::from(format!("SET {name} = {value};"));
        self.sql(Purpose::Setting, text, "\n");
    }

    fn drop_entry(&mut self, entry: &'a Entry) {
        let options = &self.script.options;
        // A database cannot be dropped within a transaction.
        let outside = options.transaction_size.is_some() && is_database(entry);
        if outside {
            self.sql(Purpose::Commit, BStr::new("COMMIT;"), "\n");
        }
        self.become_owner(entry);
        self.select_schema(entry.namespace.as_ref());
        if large_objects::is_group(entry) {
            let (before, behind) = if options.if_exists {
                (
                    "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '",
                    "'",
                )
            } else {
                ("SELECT pg_catalog.lo_unlink('", "')")
            };
            self.each_of_group(Purpose::Drop, entry, before.as_bytes(), behind.as_bytes());
        } else {
            let statement = if options.if_exists {
                drop::conditional(entry)
            } else {
                entry
                    .drop
                    .as_ref()
                    .map_or(BStr::new(""), |text| text.as_bstr())
                    .into()
            };
            if entry.drop.as_ref().is_some_and(|text| !text.is_empty()) {
                self.commands
                    .push(Command::sql(Purpose::Drop, statement, ""));
            }
        }
        if outside {
            self.sql(Purpose::Begin, BStr::new("BEGIN;"), "\n");
            self.done = 0;
        } else {
            self.count("\n");
        }
    }

    fn restore_entry(&mut self, entry: &'a Entry, parts: Parts) {
        if parts.contains(Parts::SCHEMA) {
            let database = is_database(entry);
            if database && self.script.options.transaction_size.is_some() {
                self.sql(Purpose::Commit, BStr::new("COMMIT;"), "\n\n");
            }
            self.define(entry, Content::Definition);
            if database {
                self.reconnect(entry);
            }
        }
        if parts.contains(Parts::DATA) {
            if entry.had_dumper {
                self.define(entry, Content::Data);
                self.fill(entry);
            } else if !parts.contains(Parts::SCHEMA) {
                self.define(entry, Content::Definition);
            }
        }
        if parts.contains(Parts::STATISTICS) {
            self.define(entry, Content::Statistics);
        }
        self.count("\n\n");
    }

    /// Goes into the database that an entry has made or changed, as a session of which nothing is known.
    fn reconnect(&mut self, entry: &'a Entry) {
        let database = entry
            .tag
            .as_ref()
            .map_or(BStr::new(""), |tag| tag.as_bstr());
        self.commands.push(Command::Connect { database });
        self.user = None;
        self.schema = None;
        self.tablespace = None;
        self.access_method = None;
        self.set_up();
    }

    /// An entry's heading, its definition, and its owner.
    fn define(&mut self, entry: &'a Entry, content: Content) {
        let options = &self.script.options;
        self.become_owner(entry);
        self.select_schema(entry.namespace.as_ref());
        self.select_tablespace(entry.tablespace.as_ref());
        if entry.relkind != PARTITIONED {
            self.select_access_method(entry.table_am.as_ref());
        }
        self.commands.push(Command::Heading { entry, content });
        self.print_definition(entry);
        if owner::is_set(entry, options) {
            let owner = entry
                .owner
                .as_ref()
                .map_or(BStr::new(""), |name| name.as_bstr());
            if large_objects::is_group(entry) {
                let behind = join(&[b" OWNER TO ", &self.identifier(owner)]);
                self.each_of_group(Purpose::Owner, entry, b"ALTER LARGE OBJECT ", &behind);
            } else if let Some(text) = owner::statement(entry, &self.script.setup) {
                self.sql(Purpose::Owner, text, "\n\n");
            }
        }
        if entry.relkind == PARTITIONED {
            self.set_access_method(entry);
        }
        if matches!(
            entry.descriptor.as_slice(),
            b"ACL" | b"ACL LANGUAGE" | b"DEFAULT ACL"
        ) {
            // They may set the session's user themselves.
            self.user = None;
        }
    }

    fn print_definition(&mut self, entry: &'a Entry) {
        let script = self.script;
        let definition = entry
            .definition
            .as_ref()
            .map_or(BStr::new(""), |text| text.as_bstr());
        if script.options.no_owner
            && entry.descriptor == "SCHEMA"
            && !owner::is_schema_that_exists(entry)
        {
            let name = entry
                .tag
                .as_ref()
                .map_or(BStr::new(""), |tag| tag.as_bstr());
            let text = join(&[b"CREATE SCHEMA ", &self.identifier(name), b";"]);
            self.sql(Purpose::Definition, text, "\n\n\n");
        } else if large_objects::is_group(entry) {
            self.each_of_group(
                Purpose::Definition,
                entry,
                b"SELECT pg_catalog.lo_create('",
                b"')",
            );
        } else if large_objects::are_privileges(entry) {
            if let Some(group) = large_objects::group_of(script, entry) {
                for (before, behind) in large_objects::privilege_statements(entry) {
                    self.each_of_group(Purpose::Definition, group, &before, &behind);
                }
            }
        } else if !definition.is_empty() {
            self.sql(Purpose::Definition, definition, "\n\n");
            // Each statement counts, going by the semicolons. A function has many in its body, and is one.
            let is_routine = matches!(entry.descriptor.as_slice(), b"FUNCTION" | b"PROCEDURE");
            if script.options.transaction_size.is_some() && !is_routine {
                let semicolons = memchr::memchr_iter(b';', definition).count();
                let more = u32::try_from(semicolons.saturating_sub(1)).unwrap_or(u32::MAX);
                self.done = self.done.saturating_add(more);
            }
        }
    }

    /// An entry's data.
    fn fill(&mut self, entry: &'a Entry) {
        let dump_id = entry.dump_id;
        match entry.descriptor.as_slice() {
            b"BLOBS" => {
                self.select_schema(Some(&"pg_catalog".into()));
                let options = &self.script.options;
                let transaction = !options.single_transaction && options.transaction_size.is_none();
                self.commands.push(Command::LargeObjects {
                    dump_id,
                    transaction,
                });
            }
            b"BLOB COMMENTS" => {
                self.select_schema(Some(&"pg_catalog".into()));
                self.commands.push(Command::Statements { dump_id });
            }
            _ => {
                self.switch_triggers(entry, Purpose::DisableTriggers, b" DISABLE TRIGGER ALL;");
                self.become_owner(entry);
                self.select_schema(entry.namespace.as_ref());
                let copy = entry.copy.as_ref().filter(|text| !text.is_empty());
                self.commands.push(match copy {
                    Some(statement) => Command::Copy {
                        statement: statement.as_bstr(),
                        dump_id,
                    },
                    None => Command::Statements { dump_id },
                });
                self.switch_triggers(entry, Purpose::EnableTriggers, b" ENABLE TRIGGER ALL;");
            }
        }
    }

    /// Switches a table's triggers, where rows go into tables that were there before.
    fn switch_triggers(&mut self, entry: &'a Entry, purpose: Purpose, how: &[u8]) {
        let script = self.script;
        if !script.options.disable_triggers || !script.lacks_definitions {
            return;
        }
        self.become_user(
            script
                .options
                .superuser
                .as_ref()
                .map_or(BStr::new(""), |name| name.as_bstr()),
        );
        let text = join(&[b"ALTER TABLE ", &self.script.qualified_name(entry), how]);
        self.sql(purpose, text, "\n\n");
    }

    fn set_access_method(&mut self, entry: &Entry) {
        let Some(method) = &entry.table_am else {
            return;
        };
        if self.script.options.no_table_access_method {
            return;
        }
        let method = self.identifier(method.as_bstr());
        let name = self.script.qualified_name(entry);
        let text = join(&[
            b"ALTER TABLE ",
            &name,
            b" SET ACCESS METHOD ",
            &method,
            b";",
        ]);
        self.sql(Purpose::PartitionedAccessMethod, text, "\n\n");
    }

    fn become_owner(&mut self, entry: &Entry) {
        let options = &self.script.options;
        if options.use_set_session_authorization && !options.no_owner {
            self.become_user(
                entry
                    .owner
                    .as_ref()
                    .map_or(BStr::new(""), |name| name.as_bstr()),
            );
        }
    }

    /// Becomes a role, or with an empty name the one that has connected.
    fn become_user(&mut self, user: &BStr) {
        if self.user.as_ref().is_some_and(|current| current == user) {
            return;
        }
        let setup = &self.script.setup;
        let name = match user.is_empty() {
            true => "DEFAULT".into(),
            false => setup.literal(user),
        };
        let text = join(&[b"SET SESSION AUTHORIZATION ", &name, b";"]);
        self.sql(Purpose::Authorization, text, "\n\n");
        self.user = Some(user.into());
    }

    /// Puts a schema into the search path, where there is no path for the whole archive.
    fn select_schema(&mut self, schema: Option<&BString>) {
        let Some(schema) = schema.filter(|name| !name.is_empty()) else {
            return;
        };
        if self.script.setup.search_path.is_some() || self.schema.as_ref() == Some(schema) {
            return;
        }
        let behind: &[u8] = if schema == "pg_catalog" {
            b";"
        } else {
            b", pg_catalog;"
        };
        let text = join(&[
            b"SET search_path = ",
            &self.identifier(schema.as_bstr()),
            behind,
        ]);
        self.sql(Purpose::SearchPath, text, "\n\n");
        self.schema = Some(schema.clone());
    }

    fn select_tablespace(&mut self, tablespace: Option<&BString>) {
        let Some(tablespace) = tablespace else { return };
        if self.script.options.no_tablespaces || self.tablespace.as_ref() == Some(tablespace) {
            return;
        }
        let name = match tablespace.is_empty() {
            true => "''".into(),
            false => self.identifier(tablespace.as_bstr()),
        };
        let text = join(&[b"SET default_tablespace = ", &name, b";"]);
        self.sql(Purpose::Tablespace, text, "\n\n");
        self.tablespace = Some(tablespace.clone());
    }

    fn select_access_method(&mut self, method: Option<&BString>) {
        let Some(method) = method else { return };
        if self.script.options.no_table_access_method || self.access_method.as_ref() == Some(method)
        {
            return;
        }
        let name = self.identifier(method.as_bstr());
        let text = join(&[b"SET default_table_access_method = ", &name, b";"]);
        self.sql(Purpose::AccessMethod, text, "\n\n");
        self.access_method = Some(method.clone());
    }

    /// A statement for each large object of a group. Each counts, and they may go into several transactions.
    fn each_of_group(&mut self, purpose: Purpose, group: &Entry, before: &[u8], behind: &[u8]) {
        for oid in large_objects::oids(group) {
            self.sql(purpose, join(&[before, oid, behind, b";"]), "\n");
            self.count("\n\n");
        }
        self.commands.push(Command::EmptyLine);
    }

    /// Counts something as done, and goes on in another transaction where that was enough for one. `breaks` follow in a script.
    fn count(&mut self, breaks: &'static str) {
        let Some(size) = self.script.options.transaction_size else {
            return;
        };
        self.done = self.done.saturating_add(1);
        if self.done >= size {
            self.sql(Purpose::Commit, BStr::new("COMMIT;"), "\n");
            self.sql(Purpose::Begin, BStr::new("BEGIN;"), breaks);
            self.done = 0;
        }
    }

    fn sql(&mut self, purpose: Purpose, text: impl Into<Cow<'a, BStr>>, breaks: &'static str) {
        self.commands.push(Command::sql(purpose, text, breaks));
    }

    fn identifier(&self, name: &BStr) -> BString {
        self.script.setup.identifier(name)
    }
}

/// Parts of a statement, one behind the other.
fn join(parts: &[&[u8]]) -> BString {
    parts.concat().into()
}
