//! What the server has of what belongs to no database, as the statements that would make it.

use std::collections::{HashMap, HashSet};

use bstr::{BString, ByteSlice};
use pgdumprs_catalog::{GlobalScope, Globals};
use pgdumprs_connect::Session;
use pgdumprs_ddl::{GlobalsOptions, GlobalsScript};

use super::ServerRestoreError;
use super::form::Form;
use super::statement::{object, statements};
use crate::settings::SessionSettings;
use crate::{Error, transaction};

/// What the server has.
pub(super) struct There {
    /// The statements that would make it, in the form in which statements are compared, by what they are known by.
    pub(super) says: HashMap<BString, BString>,
    /// Tablespaces, and what has privileges of its own of parameters and of the tablespaces that every server has.
    pub(super) objects: HashSet<BString>,
}

/// Who restores, and who the server was made by.
pub(super) struct Standing {
    pub(super) role: BString,
    pub(super) is_superuser: bool,
    /// Whether passwords of roles can be read.
    pub(super) reads_passwords: bool,
    /// The superuser that the server was made with.
    pub(super) bootstrap: BString,
}

impl Standing {
    /// Asks the server.
    pub(super) async fn of(session: &mut Session) -> Result<Self, ServerRestoreError> {
        let asked = session
            .query(
                "SELECT me.rolname, me.rolsuper, pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT'), first.rolname
                 FROM pg_catalog.pg_roles AS me CROSS JOIN pg_catalog.pg_roles AS first
                 WHERE me.rolname = current_user AND first.oid = 10",
            )
            .await;
        let rows = asked.map_err(ServerRestoreError::Ask)?;
        let unread = |error: pgdumprs_connect::DecodeError| ServerRestoreError::Ask(error.into());
        let row = rows.one().map_err(unread)?;
        Ok(Self {
            role: row.get(0).map_err(unread)?,
            is_superuser: row.get(1).map_err(unread)?,
            reads_passwords: row.get(2).map_err(unread)?,
            bootstrap: row.get(3).map_err(unread)?,
        })
    }
}

impl There {
    /// Asks the server what it has, in the encoding of the statements that it is compared with.
    pub(super) async fn of(
        session: &mut Session,
        encoding: Option<&str>,
        form: &Form,
    ) -> Result<Self, ServerRestoreError> {
        let settings = SessionSettings {
            encoding: encoding.map(str::to_owned),
            ..SessionSettings::default()
        };
        transaction::begin(session, false, &settings).await?;
        let scope = GlobalScope {
            roles: true,
            tablespaces: true,
            passwords: form.reads_passwords,
            security_labels: true,
        };
        let globals = Globals::read(session, scope).await.map_err(Error::from)?;
        transaction::end(session).await.map_err(Error::Ending)?;
        let script = GlobalsScript::render(&globals, &GlobalsOptions::default(), true, true, None);
        let says: HashMap<_, _> = statements(&script.text, form.encoding)
            .iter()
            .map(|statement| form.compared(&form.executed(statement)))
            .collect();
        let objects = says
            .values()
            .filter_map(|statement| object(statement.as_bytes(), form.encoding))
            .collect();
        Ok(There { says, objects })
    }
}
