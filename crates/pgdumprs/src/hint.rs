//! What to do about a failure, where its cause tells.

use std::io;

use bstr::ByteSlice;
use pgdumprs_connect::{Error as Cause, ServerError};

use crate::Error;

impl Error {
    /// What may help, where the cause tells: what to change on the server, the pooler or the command line. The message itself says what
    /// failed and why.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Lock { source, .. } if source.sqlstate() == Some("57014") => Some(
                "let the session that is in the way end first, or wait longer for it (--lock-wait-timeout; in the library, \
                 Dump::lock_wait_timeout)"
                    .into(),
            ),
            Error::Choice { choice, source } => advice(source).or_else(|| {
                let sqlstate = source.sqlstate().unwrap_or_default();
                Some(choice.advice(sqlstate).into())
            }),
            Error::Condition { source, .. } => advice(source).or_else(|| Some(OF_CONDITIONS.into())),
            Error::Catalog(pgdumprs_catalog::Error::NoMatch { hint, .. }) => Some(hint.clone()),
            Error::Catalog(pgdumprs_catalog::Error::Query { what, source })
                if what.ends_with("passwords") && source.sqlstate() == Some("42501") =>
            {
                Some(OF_PASSWORDS.into())
            }
            Error::OfDatabase { source, .. } => source.hint(),
            Error::StandbySnapshot { .. } => {
                Some("leave out --snapshot, or dump from the primary".into())
            }
            _ => self.cause().and_then(advice),
        }
    }

    /// What the server or the connection had to do with it.
    pub(crate) fn cause(&self) -> Option<&Cause> {
        if let Error::Connect(cause) = self {
            return Some(cause);
        }
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            if let Some(cause) = error.downcast_ref() {
                return Some(cause);
            }
            source = error.source();
        }
        None
    }
}

/// Who may read passwords of roles.
const OF_PASSWORDS: &str = "passwords of roles stand in pg_authid, which superusers may read, roles with pg_read_all_data (since PostgreSQL 14), and whoever was granted it: leave them out (--no-role-passwords; in the library, ServerDump::role_passwords), and \
     everybody may read the rest";

/// How a condition is written.
const OF_CONDITIONS: &str = "it is an expression as behind WHERE: columns of the table by their names, and what is not PostgreSQL's own (functions, types, other \
     tables) with its schema";

/// What to do about a failure of a server or a connection, and about the pooler that its host's name tells of.
pub(crate) fn advice(cause: &Cause) -> Option<String> {
    let poolers = cause.server_error().and_then(of_pooler);
    let first = poolers.or_else(|| match (cause.server_error(), cause) {
        (Some(error), _) => of_server(error),
        (None, Cause::ConnectionLost { io: source, .. }) => Some(of_silence(source)),
        (None, _) => None,
    });
    // With what the server has against a statement, the pooler in between has nothing to do.
    let target = match cause {
        Cause::Statement { .. } if poolers.is_none() => None,
        cause => cause.target(),
    };
    let second = target.and_then(|target| hosted_pooler(&target.host));
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}; {second}")),
        (first, second) => first.map(str::to_owned).or(second),
    }
}

/// What to do about a failure, with what failed before it: for one line.
pub(crate) fn advised(cause: &Cause) -> String {
    let said = cause.with_causes();
    match advice(cause) {
        Some(advice) => format!("{said}; {advice}"),
        None => said,
    }
}

/// What to do about a connection that ended without a word.
fn of_silence(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::TimedOut {
        "the network, or the server's machine, has fallen silent"
    } else {
        "the log of the server, or of what is between, may say why"
    }
}

/// What a pooler's own word asks for. PgBouncer has no translations, and one SQLSTATE for most of what it says.
fn of_pooler(error: &ServerError) -> Option<&'static str> {
    if !error.code.starts_with(b"08") {
        return None;
    }
    let says = |text: &str| error.message.contains_str(text);
    Some(if says("statement pooling") {
        "the pooler is in statement mode, and a dump needs a transaction: connect to the server itself, or to a pool in transaction or \
         session mode"
    } else if says("query_wait_timeout") {
        "all server connections of the pool were taken for as long as the pooler lets clients wait: dump over one connection (-j 1) or \
         when the pool is less busy, let the pool be larger, or connect to the server itself"
    } else if says("timeout") {
        "this timeout is the pooler's own, which no client can lift: connect to the server itself, or raise it in the pooler's configuration"
    } else if says("unsupported startup parameter") {
        "the pooler does not pass this parameter on: leave it out of the connection string and the environment (PGOPTIONS), let the \
         pooler ignore it (ignore_startup_parameters), or connect to the server itself"
    } else if says("no more connections") || says("client connections exceeded") {
        "the pooler lets no more clients in: dump over one connection (-j 1), raise its limit, or connect to the server itself"
    } else if says("shutting down")
        || says("admin forced")
        || says("server conn")
        || says("connection closed")
    {
        "the pooler or the server behind it was stopped or restarted: their logs say why; dump again when both are up"
    } else {
        return None;
    })
}

/// What the server's reason asks for, by its SQLSTATE and, where one stands for several causes, by the function of the server that says
/// so: messages are translated.
fn of_server(error: &ServerError) -> Option<&'static str> {
    let routine = error
        .routine
        .as_ref()
        .map_or(&b""[..], |name| name.as_slice());
    let asks_for = |setting: &str| {
        let hint = error.hint.as_ref();
        hint.is_some_and(|hint| hint.contains_str(setting))
    };
    Some(match error.code.as_slice() {
        // undefined_file: of a library, or of a relation
        b"58P01" if routine.contains_str("library") => {
            "a library is not where the server looks for it: install the package of its extension on the server's machine, for its version \
             of PostgreSQL, or take it out of session_preload_libraries of the server, the database or the role"
        }
        b"58P01" => {
            "a file of the server is missing, and with it the data in it: keep the backups there are, see the server's log, and consider a \
             copy of its data directory before any repair"
        }
        b"53200"
            if asks_for("max_locks_per_transaction")
                || asks_for("max_pred_locks_per_transaction") =>
        {
            "the server's table of locks, which all sessions share, is full, and a dump locks all its tables at once, over one connection or \
             many: raise that setting there (mostly max_locks_per_transaction, with a restart), dump when other sessions hold fewer locks, or dump \
             schemas one at a time (-n)"
        }
        // query_canceled
        b"57014" => {
            "somebody cancelled the statement, as pg_cancel_backend does: dump again. Timeouts of the server, the database and the role \
             are lifted for a dump"
        }
        // admin_shutdown
        b"57P01" => {
            "the server was shut down, or an administrator ended the session (pg_terminate_backend): dump again when the server is up"
        }
        // crash_shutdown
        b"57P02" => {
            "the server was stopped at once, or one of its processes crashed, which ends all sessions: its log says why; dump again when it \
             is up"
        }
        // idle_in_transaction_session_timeout, transaction_timeout, idle_session_timeout
        b"25P03" | b"25P04" | b"57P05" => {
            "the timeout ended the session before the dump could lift it: raise it for this role (ALTER ROLE … SET …)"
        }
        // serialization_failure: what only reads meets it where a standby cannot keep what it sees
        b"40001" => {
            "the standby had to remove what the dump still has to read, to keep up with its primary: set hot_standby_feedback = on there, or \
             raise max_standby_streaming_delay (-1 waits for ever), or dump from the primary"
        }
        // deadlock_detected
        b"40P01" => {
            "dump again; on a standby, raising max_standby_streaming_delay (-1 waits for ever) helps"
        }
        // out_of_memory, disk_full, io_error
        b"53200" | b"53100" | b"58030" => {
            "the server is short of something, or cannot read a file: its log says more"
        }
        // untranslatable_character
        b"22P05" => {
            "the encoding that was asked for (-E/--encoding, PGCLIENTENCODING, client_encoding) lacks a letter that the database holds: ask for \
             UTF8, or for none, and the archive is in the database's own"
        }
        // data_corrupted, index_corrupted
        b"XX001" | b"XX002" => {
            "the server found damaged data: keep the backups there are, see the server's log, and consider a copy of its data directory before \
             any repair; -T or --exclude-table-data leaves a table out"
        }
        _ => return None,
    })
}

/// What a host's name tells of a provider's pooler, and how its server is reached itself.
pub(crate) fn hosted_pooler(host: &str) -> Option<String> {
    // Not the path of a socket.
    let (first, domain) = host.split_once('.').filter(|_| !host.contains('/'))?;
    if let Some(endpoint) = first.strip_suffix("-pooler") {
        return Some(format!(
            "\"{host}\" is a pooler, and the server itself is at \"{endpoint}.{domain}\""
        ));
    }
    host.ends_with(".pooler.supabase.com").then(|| {
        format!("\"{host}\" is a pooler, and the server itself is at \"db.<project>.supabase.co\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooler_is_known_by_its_host() {
        let said = hosted_pooler("ep-cool-darkness-123456-pooler.us-east-2.aws.neon.tech").unwrap();
        assert!(
            said.ends_with("at \"ep-cool-darkness-123456.us-east-2.aws.neon.tech\""),
            "{said}"
        );
        assert!(hosted_pooler("aws-0-eu-west-1.pooler.supabase.com").is_some());
        for other in [
            "ep-cool-darkness-123456.us-east-2.aws.neon.tech",
            "localhost",
            "/tmp/a-pooler.d",
            "127.0.0.1",
        ] {
            assert_eq!(hosted_pooler(other), None, "{other}");
        }
    }
}
