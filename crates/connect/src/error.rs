//! What can go wrong with a connection, and what to do about it.

pub(crate) mod advice;
pub(crate) mod server_error;

use std::io;
use std::path::PathBuf;

use bstr::ByteSlice;

use crate::error::server_error::ServerError;
use crate::parameters::ConnectParams;
use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::shown::without_passwords;
use crate::session::target::Target;
use crate::values::decode::DecodeError;

/// Longest piece of a statement that an error repeats, in bytes.
const STATEMENT_SHOWN: usize = 200;

/// An attempt to reach one address of a host.
#[derive(Debug)]
pub struct Attempt {
    /// The address with its port, or the socket's path.
    pub address: String,
    /// What the operating system said.
    pub error: io::Error,
}

/// Why a session could not be opened, or what happened to it.
///
/// No message ever holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A connection parameter is wrong.
    #[error(transparent)]
    Parameters(#[from] ConnInfoError),

    /// The host's name has no address.
    #[error("could not find the address of {target}: {source}; check the host name")]
    Resolve {
        /// What was to be reached.
        target: Box<Target>,
        /// What the resolver said.
        source: io::Error,
    },

    /// No address of the host answered.
    #[error(
        "could not reach {target}: {}{}",
        attempts_text(.attempts),
        advice::unreachable(.target, .attempts)
    )]
    Unreachable {
        /// What was to be reached.
        target: Box<Target>,
        /// Each address that was tried, in order.
        attempts: Vec<Attempt>,
    },

    /// The server did not finish its part of the connection in time.
    #[error(
        "no connection to {target} within {seconds} s; check the network, or raise connect_timeout"
    )]
    Timeout {
        /// What was to be reached.
        target: Box<Target>,
        /// The limit that `connect_timeout` set.
        seconds: u64,
    },

    /// Encryption is required and the server does not offer it.
    #[error(
        "{target} does not support TLS, and sslmode={sslmode} requires it; \
         switch ssl on in the server, or use sslmode=prefer if the network is trusted"
    )]
    TlsRefused {
        /// The server.
        target: Box<Target>,
        /// The mode in force.
        sslmode: &'static str,
    },

    /// The TLS handshake failed. Where the server's certificate is the reason, the message says so.
    #[error("TLS with {target} failed: {source}{}", advice::tls(.source))]
    Tls {
        /// The server.
        target: Box<Target>,
        /// What rustls or the socket said.
        source: io::Error,
    },

    /// TLS cannot be set up with what the parameters name.
    #[error("{}", without_passwords(.0))]
    TlsSetup(String),

    /// The server asks for a password and there is none.
    #[error(
        "{target} asks for a password and none was given; \
         set PGPASSWORD, or add a line to the password file ({}){}", ConnectParams::USUAL_PASSFILE, note_text(.note)
    )]
    PasswordMissing {
        /// The server.
        target: Box<Target>,
        /// Why a password file that is there was not used.
        note: Option<String>,
    },

    /// The server wants a kind of authentication that is not available here, or breaks the rules of
    /// the one in use.
    #[error("authentication with {target} failed: {reason}")]
    Authentication {
        /// The server.
        target: Box<Target>,
        /// What it wants or did.
        reason: String,
    },

    /// The server refused the connection.
    #[error(
        "{target} refused the connection: {error}{}",
        advice::refusal(.error, *.logged_in, .passfile)
    )]
    Refused {
        /// The server.
        target: Box<Target>,
        /// Its reason.
        error: Box<ServerError>,
        /// Whether the server had let us in already, which leaves a login event trigger to refuse.
        logged_in: bool,
        /// The file that the password came from, where it came from one.
        passfile: Option<PathBuf>,
    },

    /// The server is not of the kind that `target_session_attrs` asks for.
    #[error("{target} {found}, and target_session_attrs={wanted} asks for another kind of server")]
    WrongServer {
        /// The server.
        target: Box<Target>,
        /// What is wrong with it.
        found: &'static str,
        /// The parameter's value.
        wanted: &'static str,
    },

    /// None of several hosts would do.
    #[error("none of the hosts can be used: {}", list(.failures))]
    NoServer {
        /// Why not, for each attempt, in the order of the attempts; at least two.
        failures: Vec<Error>,
    },

    /// A statement failed. The session can go on (within a transaction: after a rollback).
    #[error("{error}; statement: {statement}")]
    Statement {
        /// The server.
        target: Box<Target>,
        /// The statement, shortened.
        statement: String,
        /// Its position in the pipeline, counted from 0; `None` outside a pipeline.
        index: Option<usize>,
        /// What the server said.
        error: Box<ServerError>,
    },

    /// The connection ended while a result was awaited. The session is of no more use.
    #[error(
        "the connection to {target} was lost: {}{}",
        lost_reason(.error, .io),
        while_running(.statement)
    )]
    ConnectionLost {
        /// The server.
        target: Box<Target>,
        /// The statement in hand, shortened; empty where there was none.
        statement: String,
        /// The server's last words, if it had any (`57P01`: shut down by its administrator).
        error: Option<Box<ServerError>>,
        /// What the socket said.
        io: io::Error,
    },

    /// The server sent what the protocol does not allow at that point. The session is of no more
    /// use.
    #[error("{target} broke the protocol: {reason}{}", while_running(.statement))]
    Protocol {
        /// The server.
        target: Box<Target>,
        /// The statement in hand, shortened.
        statement: String,
        /// What it sent.
        reason: String,
    },

    /// The statement cannot be sent, or is not of the kind that the call is for.
    #[error("{reason}; statement: {statement}")]
    Misuse {
        /// The statement, shortened.
        statement: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The session was left in the middle of a result, or has lost its connection before.
    #[error("the session with {target} cannot go on: {reason}")]
    Broken {
        /// The server.
        target: Box<Target>,
        /// What ended it.
        reason: String,
    },

    /// A result does not hold what was asked of it.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl Error {
    /// Names the statement in hand, where the error leaves room for it.
    pub(crate) fn while_running(mut self, sql: &[u8]) -> Self {
        if let Error::ConnectionLost { statement, .. } | Error::Protocol { statement, .. } =
            &mut self
        {
            *statement = shorten(sql);
        }
        self
    }

    /// One error for the failures of all hosts; there is at least one.
    pub(crate) fn of_all(mut failures: Vec<Error>) -> Self {
        match failures.pop() {
            Some(only) if failures.is_empty() => only,
            last => {
                failures.extend(last);
                Error::NoServer { failures }
            }
        }
    }

    /// Whether the session that it happened to can do nothing more.
    pub fn ends_session(&self) -> bool {
        matches!(
            self,
            Error::ConnectionLost { .. } | Error::Protocol { .. } | Error::Broken { .. }
        )
    }

    /// What it says and what its causes say, in one line, each once.
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.contains(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
            cause = error.source();
        }
        text
    }

    /// Where the connection goes, where the error has to do with a connection at all.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Error::Resolve { target, .. }
            | Error::Unreachable { target, .. }
            | Error::Timeout { target, .. }
            | Error::TlsRefused { target, .. }
            | Error::Tls { target, .. }
            | Error::PasswordMissing { target, .. }
            | Error::Authentication { target, .. }
            | Error::Refused { target, .. }
            | Error::WrongServer { target, .. }
            | Error::Statement { target, .. }
            | Error::ConnectionLost { target, .. }
            | Error::Protocol { target, .. }
            | Error::Broken { target, .. } => Some(target),
            Error::NoServer { failures } => failures.last().and_then(Error::target),
            Error::Parameters(_) | Error::TlsSetup(_) | Error::Misuse { .. } | Error::Decode(_) => {
                None
            }
        }
    }

    /// The server's error, where the server reported one.
    pub fn server_error(&self) -> Option<&ServerError> {
        match self {
            Error::Refused { error, .. } | Error::Statement { error, .. } => Some(error),
            Error::ConnectionLost { error, .. } => error.as_deref(),
            // The last server to say something is the one that ended the search.
            Error::NoServer { failures } => failures.iter().rev().find_map(Error::server_error),
            _ => None,
        }
    }

    /// The SQLSTATE, where the server reported one.
    pub fn sqlstate(&self) -> Option<&str> {
        self.server_error()
            .and_then(|error| error.code.to_str().ok())
    }
}

/// A statement as errors show it: on one line, of bounded length and without what a connection string in the wrong place holds.
pub(crate) fn shorten(sql: &[u8]) -> String {
    let end = sql.len().min(STATEMENT_SHOWN);
    let text = sql[..end].to_str_lossy();
    let mut shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if end < sql.len() {
        shown.push('…');
    }
    without_passwords(&shown).into_owned()
}

fn note_text(note: &Option<String>) -> String {
    note.as_ref()
        .map(|note| format!("; {note}"))
        .unwrap_or_default()
}

fn list(failures: &[Error]) -> String {
    let texts = failures.iter().enumerate();
    let texts = texts.map(|(index, failure)| format!("({}) {}", index + 1, failure.with_causes()));
    texts.collect::<Vec<_>>().join(" ")
}

fn attempts_text(attempts: &[Attempt]) -> String {
    let texts = attempts
        .iter()
        .map(|attempt| format!("{}: {}", attempt.address, attempt.error));
    texts.collect::<Vec<_>>().join("; ")
}

fn lost_reason(error: &Option<Box<ServerError>>, source: &io::Error) -> String {
    match error {
        Some(error) => error.to_string(),
        None => source.to_string(),
    }
}

fn while_running(statement: &str) -> String {
    if statement.is_empty() {
        String::new()
    } else {
        format!("; while running: {statement}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Box<Target> {
        Box::new(Target {
            host: "db.example.com".into(),
            port: Some(5432),
            address: None,
            user: "app".into(),
            database: "shop".into(),
        })
    }

    #[test]
    fn a_refusal_says_what_where_and_what_next() {
        let error = ServerError {
            severity: "FATAL".into(),
            code: "3D000".into(),
            message: "database \"shop\" does not exist".into(),
            ..ServerError::default()
        };
        let text = Error::Refused {
            target: target(),
            error: Box::new(error),
            logged_in: false,
            passfile: None,
        }
        .to_string();
        assert_eq!(
            text,
            "server at \"db.example.com\", port 5432, user \"app\", database \"shop\" refused the \
             connection: FATAL: database \"shop\" does not exist (SQLSTATE 3D000); check the \
             database's name"
        );
    }

    #[test]
    fn every_attempt_is_listed() {
        let attempts = ["[::1]:5432", "127.0.0.1:5432"].map(|address| Attempt {
            address: address.into(),
            error: io::ErrorKind::ConnectionRefused.into(),
        });
        let text = Error::Unreachable {
            target: target(),
            attempts: attempts.into(),
        }
        .to_string();
        assert!(
            text.contains("[::1]:5432: connection refused; 127.0.0.1:5432: "),
            "{text}"
        );
        assert!(
            text.ends_with("is the server running there and listening on that port?"),
            "{text}"
        );
    }

    #[test]
    fn every_host_has_its_say() {
        let timeout = |address: &str| Error::Timeout {
            target: Box::new(Target {
                address: Some(address.parse().unwrap()),
                ..*target()
            }),
            seconds: 2,
        };
        let text = Error::of_all(vec![timeout("::1"), timeout("10.0.0.1")]).to_string();
        assert!(
            text.contains("(1) no connection to server at \"db.example.com\" (::1), port"),
            "{text}"
        );
        assert!(
            text.contains(" (2) ") && text.contains("(10.0.0.1)"),
            "{text}"
        );
        let only = Error::of_all(vec![timeout("::1")]);
        assert!(matches!(only, Error::Timeout { .. }), "{only}");
    }

    #[test]
    fn statements_are_shown_short_and_on_one_line() {
        assert_eq!(shorten(b"SELECT\n  1"), "SELECT 1");
        let long = shorten("SELECT ä".repeat(1000).as_bytes());
        assert!(
            long.len() <= STATEMENT_SHOWN + 6 && long.ends_with('…'),
            "{long}"
        );
    }
}
