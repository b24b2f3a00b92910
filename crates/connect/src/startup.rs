//! From a transport to a session: the startup message and authentication.

use std::io;

use bstr::ByteSlice;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::frontend;

use crate::error::{Error, Target};
use crate::passfile::{self, Lookup, Wanted};
use crate::plan::{ChannelBindingMode, Host, Plan};
use crate::secret::Secret;
use crate::server_error::ServerError;
use crate::session::ServerState;
use crate::wire::Wire;

/// The kinds of authentication request, by the number in the message.
mod request {
    pub(super) const OK: u32 = 0;
    pub(super) const CLEARTEXT: u32 = 3;
    pub(super) const MD5: u32 = 5;
    pub(super) const GSS: u32 = 7;
    pub(super) const SSPI: u32 = 9;
    pub(super) const SASL: u32 = 10;
    pub(super) const SASL_CONTINUE: u32 = 11;
    pub(super) const SASL_FINAL: u32 = 12;
}

/// What a server tells a client that it has let in.
pub(crate) struct Started {
    pub(crate) state: ServerState,
    /// What cancels statements of this session: the process and its key.
    pub(crate) key: (i32, i32),
}

/// A startup in progress.
struct Startup<'a> {
    wire: &'a mut Wire,
    plan: &'a Plan,
    host: &'a Host,
    target: &'a Target,
    /// The hash of the server's certificate, under TLS.
    end_point: Option<Vec<u8>>,
    encrypted: bool,
    state: ServerState,
}

/// Starts a session on `wire`: introduces the client, authenticates it and waits until the server
/// is ready.
pub(crate) async fn start(
    wire: &mut Wire,
    plan: &Plan,
    host: &Host,
    target: &Target,
    encrypted: bool,
    end_point: Option<Vec<u8>>,
) -> Result<Started, Error> {
    let state = ServerState::default();
    let mut startup = Startup {
        wire,
        plan,
        host,
        target,
        end_point,
        encrypted,
        state,
    };
    startup.introduce()?;
    startup.authenticate().await?;
    startup.wire.lift_limit();
    let key = startup.finish().await?;
    Ok(Started {
        state: startup.state,
        key,
    })
}

impl Startup<'_> {
    fn introduce(&mut self) -> Result<(), Error> {
        let mut parameters = vec![
            ("user", self.plan.user.as_str()),
            ("database", &self.plan.database),
            ("application_name", &self.plan.application_name),
        ];
        if let Some(options) = &self.plan.options {
            parameters.push(("options", options));
        }
        frontend::startup_message(parameters, self.wire.outbox()).map_err(|error| self.lost(error))
    }

    async fn authenticate(&mut self) -> Result<(), Error> {
        let mut bound = false;
        loop {
            let (kind, data) = self.request().await?;
            match kind {
                request::OK => break,
                request::CLEARTEXT => {
                    let password = self.password()?;
                    frontend::password_message(password.reveal(), self.wire.outbox())
                        .map_err(|error| self.lost(error))?;
                }
                request::MD5 => {
                    let Some(&salt) = data.first_chunk::<4>() else {
                        return Err(self.refuse("its request for an MD5 password has no salt"));
                    };
                    let password = self.password()?;
                    let hash = md5_hash(self.plan.user.as_bytes(), password.reveal(), salt);
                    frontend::password_message(hash.as_bytes(), self.wire.outbox())
                        .map_err(|error| self.lost(error))?;
                }
                request::SASL => bound = self.scram(&data).await?,
                request::GSS | request::SSPI => {
                    return Err(self.refuse(
                        "it asks for Kerberos (GSSAPI or SSPI), which is not available here; \
                         let pg_hba.conf ask for scram-sha-256",
                    ));
                }
                other => {
                    return Err(self.refuse(&format!(
                        "it asks for authentication of kind {other}, which is not available here"
                    )));
                }
            }
        }
        if self.plan.channel_binding == ChannelBindingMode::Require && !bound {
            return Err(self.refuse(
                "channel_binding=require, and the server let us in without it; \
                 it needs TLS and pg_hba.conf's scram-sha-256",
            ));
        }
        Ok(())
    }

    /// SCRAM-SHA-256, bound to the TLS connection where both sides can. Returns whether it was
    /// bound.
    async fn scram(&mut self, mechanisms: &[u8]) -> Result<bool, Error> {
        let offered = |name: &str| mechanisms.split_str(b"\0").any(|m| m == name.as_bytes());
        let (with_binding, without) = (offered(SCRAM_SHA_256_PLUS), offered(SCRAM_SHA_256));
        let end_point = match self.plan.channel_binding {
            ChannelBindingMode::Disable => None,
            _ => self.end_point.take(),
        };
        let (mechanism, binding, bound) = match end_point {
            Some(hash) if with_binding => (
                SCRAM_SHA_256_PLUS,
                ChannelBinding::tls_server_end_point(hash),
                true,
            ),
            _ if self.plan.channel_binding == ChannelBindingMode::Require => {
                return Err(self.refuse(if self.encrypted {
                    "channel_binding=require, and the server or its certificate does not allow it"
                } else {
                    "channel_binding=require needs TLS, and this connection has none"
                }));
            }
            // Telling the server that we could have used it uncovers someone between who took the
            // offer out.
            Some(_) if without => (SCRAM_SHA_256, ChannelBinding::unrequested(), false),
            None if without => (SCRAM_SHA_256, ChannelBinding::unsupported(), false),
            _ => {
                let names = mechanisms.split_str(b"\0").filter(|name| !name.is_empty());
                let names: Vec<_> = names.map(|name| name.to_str_lossy()).collect();
                return Err(self.refuse(&format!(
                    "it offers {}, none of which is available here",
                    names.join(", ")
                )));
            }
        };
        let password = self.password()?;
        let mut scram = ScramSha256::new(password.reveal(), binding);
        frontend::sasl_initial_response(mechanism, scram.message(), self.wire.outbox())
            .map_err(|error| self.lost(error))?;
        let challenge = self.expect(request::SASL_CONTINUE).await?;
        scram
            .update(&challenge)
            .map_err(|error| self.refuse(&error.to_string()))?;
        frontend::sasl_response(scram.message(), self.wire.outbox())
            .map_err(|error| self.lost(error))?;
        let verdict = self.expect(request::SASL_FINAL).await?;
        scram.finish(&verdict).map_err(|error| {
            self.refuse(&format!(
                "the server could not prove that it knows the password: {error}"
            ))
        })?;
        Ok(bound)
    }

    async fn expect(&mut self, wanted: u32) -> Result<Vec<u8>, Error> {
        let (kind, data) = self.request().await?;
        if kind == wanted {
            Ok(data)
        } else {
            Err(self.refuse(&format!("SCRAM was cut short by a request of kind {kind}")))
        }
    }

    /// Waits for an authentication request; returns its kind and what comes with it.
    async fn request(&mut self) -> Result<(u32, Vec<u8>), Error> {
        match self.next().await? {
            b'R' => match self.wire.body().split_first_chunk::<4>() {
                Some((kind, data)) => Ok((u32::from_be_bytes(*kind), data.to_vec())),
                None => Err(self.protocol("an authentication request has no kind")),
            },
            tag => Err(self.unexpected(tag)),
        }
    }

    /// Reads what follows the server's consent; returns the key for cancelling.
    async fn finish(&mut self) -> Result<(i32, i32), Error> {
        let mut key = (0, 0);
        loop {
            match self.next().await? {
                b'K' => {
                    let body = self.wire.body();
                    let number = |at: usize| {
                        let bytes = body.get(at..)?.first_chunk::<4>()?;
                        Some(i32::from_be_bytes(*bytes))
                    };
                    key = (number(0).unwrap_or(0), number(4).unwrap_or(0));
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
    async fn next(&mut self) -> Result<u8, Error> {
        loop {
            match self.wire.advance().await {
                Ok(b'E') => {
                    let error = Box::new(ServerError::parse(self.wire.body()));
                    return Err(Error::Refused {
                        target: self.boxed_target(),
                        error,
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

    fn password(&self) -> Result<Secret, Error> {
        if let Some(password) = &self.plan.password {
            return Ok(password.clone());
        }
        let found = self.plan.passfile.as_ref().map(|path| {
            let wanted = Wanted {
                host: &self.host.name,
                port: self.host.port,
                database: &self.plan.database,
                user: &self.plan.user,
            };
            passfile::look_up(path, wanted)
        });
        let note = match found {
            Some(Lookup::Found(password)) => return Ok(password),
            Some(Lookup::Ignored(reason)) => Some(reason),
            Some(Lookup::NotFound) | None => None,
        };
        Err(Error::PasswordMissing {
            target: self.boxed_target(),
            note,
        })
    }

    fn boxed_target(&self) -> Box<Target> {
        Box::new(self.target.clone())
    }

    fn refuse(&self, reason: &str) -> Error {
        Error::Authentication {
            target: self.boxed_target(),
            reason: reason.to_owned(),
        }
    }

    fn unexpected(&self, tag: u8) -> Error {
        self.protocol(&format!(
            "a message of type {:?} came unasked",
            char::from(tag)
        ))
    }

    fn protocol(&self, reason: &str) -> Error {
        Error::Protocol {
            target: self.boxed_target(),
            statement: String::new(),
            reason: reason.to_owned(),
        }
    }

    fn lost(&self, source: io::Error) -> Error {
        if source.kind() == io::ErrorKind::InvalidData {
            return self.protocol(&format!("{source}; is this a PostgreSQL server?"));
        }
        Error::ConnectionLost {
            target: self.boxed_target(),
            statement: String::new(),
            error: None,
            source,
        }
    }
}
