//! What to do about errors: the end of their messages.

use std::io;
use std::path::PathBuf;

use bstr::{BString, ByteSlice};

use crate::error::Attempt;
use crate::error::server_error::ServerError;
use crate::session::target::Target;

pub(crate) fn unreachable(target: &Target, attempts: &[Attempt]) -> &'static str {
    let kind = attempts.last().map(|attempt| attempt.error.kind());
    match (kind, target.port) {
        (Some(io::ErrorKind::ConnectionRefused), Some(_)) => {
            "; is the server running there and listening on that port?"
        }
        (Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused), None) => {
            "; is the server running on this machine, with its socket in that folder?"
        }
        (Some(io::ErrorKind::PermissionDenied), None) => {
            "; this user may not use that socket (unix_socket_permissions)"
        }
        _ => "; check host, port, network and firewall",
    }
}

pub(crate) fn tls(error: &io::Error) -> &'static str {
    use rustls::CertificateError as Certificate;
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let reason = match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => reason,
        Some(rustls::Error::AlertReceived(alert)) => return alert_advice(*alert),
        _ => return "",
    };
    match reason {
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            "; the certificate is for another host name: \
             connect by the name it holds, or use sslmode=verify-ca"
        }
        Certificate::UnknownIssuer | Certificate::BadSignature => {
            "; set sslrootcert to the file of the authority that signed it, or to system"
        }
        Certificate::Expired | Certificate::ExpiredContext { .. } => {
            "; renew the server's certificate, or check this machine's clock"
        }
        Certificate::Revoked => {
            "; the authority that signed the server's certificate has taken it back"
        }
        Certificate::UnknownRevocationStatus
        | Certificate::ExpiredRevocationList
        | Certificate::ExpiredRevocationListContext { .. } => {
            "; sslcrl and sslcrldir need a current list of each authority in the certificate's chain"
        }
        // rustls has no variant for it.
        Certificate::Other(other) if other.to_string().contains("UnsupportedCertVersion") => {
            "; the certificate is of X.509 version 1, which cannot be verified: \
             make one with a subjectAltName"
        }
        _ => "",
    }
}

/// What a server says when it breaks the handshake off.
fn alert_advice(alert: rustls::AlertDescription) -> &'static str {
    use rustls::AlertDescription as Alert;
    match alert {
        Alert::BadCertificate
        | Alert::CertificateExpired
        | Alert::CertificateRequired
        | Alert::CertificateRevoked
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::UnsupportedCertificate => {
            "; the server does not take the client's certificate (sslcert, sslkey)"
        }
        Alert::ProtocolVersion => {
            "; the server speaks no version of TLS that is allowed here (ssl_min_protocol_version)"
        }
        _ => "",
    }
}

/// What a refused connection asks for. One SQLSTATE stands for several causes: which one it is, is told by when the refusal came, by the
/// function of the server that says so, and by the context. Messages are translated.
pub(crate) fn refusal(error: &ServerError, logged_in: bool, passfile: &Option<PathBuf>) -> String {
    if logged_in {
        return login_trigger(error);
    }
    let routine = error
        .routine
        .as_ref()
        .map_or(&b""[..], |name| name.as_slice());
    let advice = match error.code.as_slice() {
        b"28P01" => {
            if let Some(path) = passfile {
                return format!("; the password came from the file {path:?}: check its lines");
            }
            "; check user and password (PGPASSWORD, the password file, the connection string)"
        }
        b"28000" if routine == b"InitializeSessionUserId" => {
            "; check the user's name (-U, PGUSER): the role must be there, and have the attribute LOGIN"
        }
        b"28000" if routine == b"ClientAuthentication" => {
            "; pg_hba.conf must let this user reach this database from here (with or without TLS: sslmode)"
        }
        b"28000" if routine == b"auth_failed" => {
            "; pg_hba.conf asks for a certificate, or for the user of the operating system (peer): connect as the role that belongs to \
             it (-U), or with a password through TCP (-h localhost)"
        }
        b"28000" => {
            "; check the user's name, and that pg_hba.conf lets this user reach this database \
             from here (with or without TLS: sslmode)"
        }
        b"3D000" => "; check the database's name",
        b"42501" if routine == b"CheckMyDatabase" => {
            "; the role needs the privilege CONNECT on the database"
        }
        // invalid_parameter_value, undefined_object: where settings are read, or a setting that the role may not change
        b"22023" | b"42704" => {
            "; check what the connection sets: options (PGOPTIONS), PGTZ, PGDATESTYLE"
        }
        b"42501" if is_about_settings(routine) => {
            "; the role may not set what the connection asks for: check options (PGOPTIONS)"
        }
        b"53300" if routine == b"InitializeSessionUserId" => {
            "; free a connection, use fewer jobs, or raise the role's limit (ALTER ROLE … CONNECTION LIMIT)"
        }
        b"53300" if routine == b"CheckMyDatabase" => {
            "; free a connection, use fewer jobs, or raise the database's limit (ALTER DATABASE … CONNECTION LIMIT)"
        }
        b"53300" => {
            "; free a connection, use fewer jobs, or raise max_connections or the limit of the role or the database"
        }
        b"55000" if routine == b"CheckMyDatabase" => {
            "; a superuser can let connections in: ALTER DATABASE … ALLOW_CONNECTIONS true"
        }
        b"57P03" => {
            "; the server is starting up or shutting down, or is a standby that cannot be read yet: try again shortly"
        }
        _ => "",
    };
    advice.to_owned()
}

/// Whether a function of the server is one of those that set a setting.
fn is_about_settings(routine: &[u8]) -> bool {
    routine.contains_str("set_config") || routine.contains_str("check_hook")
}

/// What lets one in past an event trigger that fails. By its own function, or by one that function calls, it may fail with any SQLSTATE.
fn login_trigger(error: &ServerError) -> String {
    let function = error.context.as_ref().and_then(outermost);
    let function = function
        .map(|name| format!(" whose function is {name}"))
        .unwrap_or_default();
    format!(
        "; the server had let us in: this comes from a login event trigger{function} (psql's \\dy lists them). A superuser gets past it with \
         PGOPTIONS='-c event_triggers=off', and can switch it off (ALTER EVENT TRIGGER … DISABLE) or mend its function"
    )
}

/// The function that a context begins in. Its last line tells, in any language: functions of event triggers take no arguments, and
/// PL/pgSQL writes them with brackets; SQL's name stands in quotes.
fn outermost(context: &BString) -> Option<String> {
    let line = context.lines().next_back()?.to_str_lossy().into_owned();
    let (before, name) = match line.find("()") {
        Some(end) => (&line[..end], "()"),
        None => {
            let start = line.find('"')? + 1;
            let length = line[start..].find('"')?;
            return Some(line[start..start + length].to_owned());
        }
    };
    // A name in quotes may hold blanks.
    let start = match before.strip_suffix('"') {
        Some(quoted) => quoted.rfind(" \"").map_or(0, |at| at + 1),
        None => before.rfind(' ').map_or(0, |at| at + 1),
    };
    Some(format!("{}{name}", &before[start..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_tell_the_function_that_they_begin_in() {
        for (context, function) in [
            (
                "SQL statement \"SET x = y\"\nPL/pgSQL function app.guard() line 1 at SQL statement",
                "app.guard()",
            ),
            (
                "PL/pgSQL-Funktion \"my guard\"() Zeile 2 bei RAISE",
                "\"my guard\"()",
            ),
            ("SQL function \"guard\" statement 1", "guard"),
        ] {
            let found = outermost(&context.into());
            assert_eq!(found.as_deref(), Some(function), "{context}");
        }
        for context in ["", "()", "\"", "\"()", "nothing"] {
            outermost(&context.into());
        }
    }
}
