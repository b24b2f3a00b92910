//! That everything is on disk in the end, though no single commit waited for it.

use pgdumprs_connect::{Error, Session};

/// Whether the role may have the server flush its log by a transaction of its own: else each commit has to.
pub(crate) async fn can_be_asked_for(session: &mut Session) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_proc \
               WHERE proname = 'pg_logical_emit_message' AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace \
               AND pg_catalog.has_function_privilege(oid, 'EXECUTE'))";
    Ok(session.query(sql).await?.one()?.get(0)?)
}

/// Has the server flush all that was committed before, over whatever connection. A commit that waits for the log waits for all that stands
/// before it there; this one writes a message that nobody reads, since one that writes nothing does not wait.
pub(crate) async fn flush(session: &mut Session) -> Result<(), Error> {
    let statements = [
        "RESET synchronous_commit",
        "SELECT pg_catalog.pg_logical_emit_message(true, 'pgdumprs', 'restored')",
    ];
    session.pipeline(&statements).await.map(drop)
}
