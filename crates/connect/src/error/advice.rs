//! What to do about errors: the end of their messages.

use std::io;
use std::path::PathBuf;

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

pub(crate) fn refusal(error: &ServerError, passfile: &Option<PathBuf>) -> String {
    let advice = match error.code.as_slice() {
        b"28P01" => {
            if let Some(path) = passfile {
                return format!("; the password came from the file {path:?}: check its lines");
            }
            "; check user and password (PGPASSWORD, the password file, the connection string)"
        }
        b"28000" => {
            "; check the user's name, and that pg_hba.conf lets this user reach this database \
             from here (with or without TLS: sslmode)"
        }
        b"3D000" => "; check the database's name",
        b"42501" => "; the role needs the privilege CONNECT on the database",
        b"53300" => {
            "; free a connection, use fewer jobs, or raise max_connections or the role's limit"
        }
        b"57P03" => "; the server is starting up or shutting down: try again shortly",
        _ => "",
    };
    advice.to_owned()
}
