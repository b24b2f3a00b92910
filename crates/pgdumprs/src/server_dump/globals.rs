//! Reading and rendering what belongs to no database.

use bstr::BString;
use pgdumprs_catalog::{GlobalScope, Globals};
use pgdumprs_connect::Session;
use pgdumprs_ddl::{GlobalsOptions, GlobalsScript};

use super::ServerDump;
use super::script::Frame;
use crate::settings::SessionSettings;
use crate::{Error, Event, Plain, transaction};

/// Databases that are connected to where none is named: every server has them, unless somebody has dropped one.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// SQLSTATE of a database that does not exist.
const INVALID_CATALOG_NAME: &str = "3D000";

impl ServerDump {
    /// The script of the globals alone.
    pub(super) async fn globals_script(&mut self, session: &mut Session) -> Result<BString, Error> {
        let globals = self.read_globals(session).await?;
        Ok(self.script_of(&globals))
    }

    /// As [`ServerDump::globals_script`], of globals that were read.
    pub(super) fn script_of(&mut self, globals: &Globals) -> BString {
        let plain = self.dump.product.script().cloned().unwrap_or_default();
        let frame = Frame::new(plain.restrict_key.clone(), plain.verbose);
        let mut text = frame.opening(&globals.encoding_name);
        text.extend_from_slice(&self.render_globals(globals, &plain, None));
        text.extend_from_slice(frame.closing().as_bytes());
        text.extend_from_slice(frame.ending().as_bytes());
        text
    }

    /// Opens a session in the database that was named, or in one that every server has.
    pub(super) async fn connect(&mut self) -> Result<Session, Error> {
        let named = self.dump.params.get("dbname");
        if named.is_some_and(|name| !name.is_empty()) {
            return self.dump.connect().await;
        }
        let [first, second] = MAINTENANCE;
        self.dump.params.set_dbname(first);
        match self.dump.connect().await {
            Err(error) if error.sqlstate() == Some(INVALID_CATALOG_NAME) => {
                self.dump.params.set_dbname(second);
                self.dump.connect().await
            }
            connected => connected,
        }
    }

    /// Reads the globals in a transaction of their own.
    pub(super) async fn read_globals(&mut self, session: &mut Session) -> Result<Globals, Error> {
        let settings = self.dump.settings.clone();
        self.begin(session, &settings).await?;
        self.dump.watch.tell(Event::ReadingCatalogs);
        let defines = self.dump.options.schema;
        let scope = GlobalScope {
            roles: self.roles && defines,
            tablespaces: self.tablespaces && defines,
            passwords: self.passwords,
            security_labels: self.dump.options.security_labels,
        };
        let globals = Globals::read(session, scope).await;
        self.dump.hear(session);
        let globals = globals?;
        self.end(session).await?;
        Ok(globals)
    }

    /// Opens a transaction that nobody joins, and tells what the server says of it.
    pub(super) async fn begin(
        &mut self,
        session: &mut Session,
        settings: &SessionSettings,
    ) -> Result<(), Error> {
        let begun = transaction::begin(session, false, settings).await;
        self.dump.hear(session);
        begun?;
        Ok(())
    }

    /// Ends it.
    pub(super) async fn end(&mut self, session: &mut Session) -> Result<(), Error> {
        let (_, notices) = transaction::end(session).await.map_err(Error::Ending)?;
        self.dump.watch.said(None, notices);
        Ok(())
    }

    /// The statements of globals. Databases are those that are dropped first, where the script drops.
    pub(super) fn render_globals(
        &mut self,
        globals: &Globals,
        plain: &Plain,
        databases: Option<&[BString]>,
    ) -> BString {
        let of_dump = &self.dump.options;
        if !of_dump.schema {
            return BString::default();
        }
        let mut options = GlobalsOptions::default();
        options.comments = of_dump.comments;
        options.privileges = of_dump.privileges;
        options.security_labels = of_dump.security_labels;
        options.quote_all_identifiers = of_dump.quote_all_identifiers;
        options.clean = plain.options.clean;
        options.if_exists = plain.options.if_exists;
        let script =
            GlobalsScript::render(globals, &options, self.roles, self.tablespaces, databases);
        for warning in script.warnings {
            self.dump.watch.tell(Event::Warning(warning));
        }
        script.text
    }
}
