//! From a transport to a session: the startup message, and what the server tells a client that it has let in.

use std::io;
use std::path::PathBuf;

use crate::error::Error;
use crate::error::server_error::ServerError;
use crate::parameters::hosts::Host;
use crate::parameters::plan::Plan;
use crate::session::ServerState;
use crate::session::attempt::{Failure, Next, Route};
use crate::session::target::Target;
use crate::tls::Security;
use crate::wire::Wire;
use crate::wire::protocol::{CancelKey, startup_message};

/// The SQLSTATE of a server that lets nobody in for now, such as a standby that cannot be read yet.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// What a server tells a client that it has let in.
pub(crate) struct Started {
    pub(crate) state: ServerState,
    /// What cancels statements of this session.
    pub(crate) key: CancelKey,
}

/// A startup in progress.
pub(crate) struct Startup<'a> {
    pub(crate) wire: &'a mut Wire,
    pub(crate) plan: &'a Plan,
    pub(crate) host: &'a Host,
    target: &'a Target,
    /// What came of the TLS handshake, where there was one.
    pub(crate) security: Option<Security>,
    /// The file that the password came from, where it came from one.
    pub(crate) passfile: Option<PathBuf>,
    /// Whether the server has let us in: it then tells what cancels the session.
    logged_in: bool,
    state: ServerState,
}

/// Starts a session on `wire`: introduces the client, authenticates it and waits until the server
/// is ready.
pub(crate) async fn start(
    wire: &mut Wire,
    route: &Route,
    target: &Target,
    security: Option<Security>,
) -> Result<Started, Failure> {
    let mut startup = Startup {
        wire,
        plan: &route.plan,
        host: &route.host,
        target,
        security,
        passfile: None,
        logged_in: false,
        state: ServerState::default(),
    };
    startup.introduce();
    startup.authenticate().await.map_err(|error| {
        let next = match &error {
            Error::Refused { .. } if error.sqlstate() == Some(CANNOT_CONNECT_NOW) => Next::Host,
            // What pg_hba.conf says about encrypted and unencrypted connections may differ.
            Error::Refused { .. } => Next::Encryption,
            // Behind this address nobody is at home, as with a proxy whose server is down.
            Error::ConnectionLost { .. } => Next::Address,
            _ => Next::Nothing,
        };
        Failure::new(error, next)
    })?;
    startup.wire.lift_limit();
    let key = startup
        .finish()
        .await
        .map_err(|error| Failure::new(error, Next::Nothing))?;
    Ok(Started {
        state: startup.state,
        key,
    })
}

impl Startup<'_> {
    fn introduce(&mut self) {
        let plan = self.plan;
        let mut parameters = vec![("user", plan.user.as_str()), ("database", &plan.database)];
        if !plan.application_name.is_empty() {
            parameters.push(("application_name", &plan.application_name));
        }
        if let Some(options) = &plan.options {
            parameters.push(("options", options));
        }
        let settings = plan.settings.iter();
        parameters.extend(settings.map(|(name, value)| (*name, value.as_str())));
        startup_message(plan.protocol.max, &parameters, self.wire.outbox());
    }

    /// Reads what follows the server's consent; returns the key for cancelling.
    async fn finish(&mut self) -> Result<CancelKey, Error> {
        let mut key = CancelKey::default();
        loop {
            match self.next().await? {
                b'K' => {
                    key = CancelKey::parse(self.wire.body());
                    self.logged_in = true;
                }
                b'Z' => {
                    self.state.transaction = self.wire.body().first().copied().unwrap_or(b'I');
                    return Ok(key);
                }
                tag => return Err(self.unexpected(tag)),
            }
        }
    }

    /// Waits for the next message that is not for any time; an error of the server ends the
    /// startup.
    pub(crate) async fn next(&mut self) -> Result<u8, Error> {
        loop {
            match self.wire.advance().await {
                Ok(b'E') => {
                    let error = Box::new(ServerError::parse(self.wire.body()));
                    return Err(Error::Refused {
                        target: self.boxed_target(),
                        error,
                        logged_in: self.logged_in,
                        passfile: self.passfile.take(),
                    });
                }
                Ok(tag) => {
                    if !self.state.absorb(tag, self.wire.body()) {
                        return Ok(tag);
                    }
                }
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    pub(crate) fn boxed_target(&self) -> Box<Target> {
        Box::new(self.target.clone())
    }

    pub(crate) fn unexpected(&self, tag: u8) -> Error {
        self.protocol(&format!(
            "a message of type {:?} came unasked",
            char::from(tag)
        ))
    }

    pub(crate) fn protocol(&self, reason: &str) -> Error {
        Error::Protocol {
            target: self.boxed_target(),
            statement: String::new(),
            reason: reason.to_owned(),
        }
    }

    pub(crate) fn lost(&self, source: io::Error) -> Error {
        if source.kind() == io::ErrorKind::InvalidData {
            let inner = source.get_ref();
            // With TLS 1.3, the server looks at the client's certificate when the client's handshake is over.
            if inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
                let target = self.boxed_target();
                return Error::Tls { target, source };
            }
            return self.protocol(&format!("{source}; is this a PostgreSQL server?"));
        }
        Error::ConnectionLost {
            target: self.boxed_target(),
            statement: String::new(),
            error: None,
            io: source,
        }
    }
}
