//! Settings that sessions of roles start with, whatever their database (`ALTER ROLE … SET`).

use bstr::BString;

use crate::Error;
use crate::query::cells::Cells;

/// A setting of one role, or of all.
#[derive(Debug, Clone)]
pub struct RoleSetting {
    /// The role; `None` for all.
    pub role: Option<BString>,
    /// `name=value`. Values of settings that hold lists of names are quoted within.
    pub setting: BString,
}

/// Asks for settings in all databases, those for all roles first.
pub(super) fn query(authid: &str) -> String {
    format!(
        "SELECT r.rolname, c.setting
         FROM pg_catalog.pg_db_role_setting AS s
              LEFT JOIN pg_catalog.{authid} AS r ON r.oid = s.setrole
              CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) WITH ORDINALITY AS c(setting, place)
         WHERE s.setdatabase = 0 AND (s.setrole = 0 OR r.rolname !~ '^pg_')
         ORDER BY r.rolname NULLS FIRST, c.place"
    )
}

impl RoleSetting {
    pub(super) fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            role: cells.opt_text()?,
            setting: cells.text()?,
        })
    }
}
