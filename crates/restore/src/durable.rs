//! That everything is on disk in the end, though no single commit waited for it.

use pgdumprs_connect::{Error, Session};

/// Whether the role may have the server flush its log by a transaction of its own: else each commit has to.
pub(crate) async fn can_be_asked_for(session: &mut Session) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_proc \
               WHERE proname = 'pg_logical_emit_message' AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace \
               AND pg_catalog.has_function_privilege(oid, 'EXECUTE'))";
    Ok(session.query(sql).await?.one()?.get(0)?)
}

/// Lets commits wait for the disk, also where the server, the database or the role has it otherwise.
pub(crate) const WAIT: &str = "SELECT pg_catalog.set_config(name, CASE reset_val WHEN 'off' THEN 'on' ELSE reset_val END, false) \
                               FROM pg_catalog.pg_settings WHERE name = 'synchronous_commit'";

/// As [`WAIT`], for the transaction alone.
pub(crate) const WAIT_LOCALLY: &str = "SELECT pg_catalog.set_config(name, CASE reset_val WHEN 'off' THEN 'on' ELSE reset_val END, true) \
                                       FROM pg_catalog.pg_settings WHERE name = 'synchronous_commit'";

/// Has the server flush all that was committed before, over whatever connection. A commit that waits for the log waits for all that stands
/// before it there; this one writes a message that nobody reads, since one that writes nothing does not wait.
pub(crate) async fn flush(session: &mut Session) -> Result<(), Error> {
    let statements = [
        WAIT,
        "SELECT pg_catalog.pg_logical_emit_message(true, 'pgdumprs', 'restored')",
    ];
    session.pipeline(&statements).await.map(drop)
}

/// Has the server flush what was committed so far to its own disk, in the midst of a restore. It is one statement and so one transaction, for which
/// alone the setting holds.
pub(crate) const FLUSH: &str = "SELECT pg_catalog.set_config('synchronous_commit', 'local', true), \
                                pg_catalog.pg_logical_emit_message(true, 'pgdumprs', 'so far')";
