//! What is asked of the server before it is restored.

use bstr::BString;
use pgdumprs_connect::Session;

use super::ServerRestoreError;

/// The names of the databases that the server has.
pub(super) async fn databases(session: &mut Session) -> Result<Vec<BString>, ServerRestoreError> {
    let asked = session
        .query("SELECT datname FROM pg_catalog.pg_database ORDER BY 1")
        .await;
    let rows = asked.map_err(ServerRestoreError::Ask)?;
    rows.iter()
        .map(|row| {
            let name = row.get(0);
            name.map_err(|error| ServerRestoreError::Ask(error.into()))
        })
        .collect()
}
