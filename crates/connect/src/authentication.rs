//! Proving who we are, by the means that the server asks for and the parameters allow.

pub(crate) mod methods;
pub(crate) mod passfile;
pub(crate) mod password;
pub(crate) mod secret;

use bstr::ByteSlice;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::frontend;

use crate::authentication::methods::AuthMethod;
use crate::authentication::passfile::{Lookup, Wanted};
use crate::authentication::secret::Secret;
use crate::error::Error;
use crate::parameters::plan::ChannelBindingMode;
use crate::session::startup::Startup;

/// What OAuth calls itself among the mechanisms of SASL.
const OAUTHBEARER: &str = "OAUTHBEARER";

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

impl Startup<'_> {
    /// Answers the server's requests until it lets us in.
    pub(crate) async fn authenticate(&mut self) -> Result<(), Error> {
        let (mut asked, mut bound) = (false, false);
        loop {
            let (kind, data) = self.request().await?;
            match kind {
                request::OK => break,
                request::CLEARTEXT => {
                    self.allow(AuthMethod::Password)?;
                    let password = self.password()?;
                    frontend::password_message(password.reveal(), self.wire.outbox())
                        .map_err(|error| self.lost(error))?;
                }
                request::MD5 => {
                    self.allow(AuthMethod::Md5)?;
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
            asked = true;
        }
        let plan = self.plan;
        plan.tls
            .check_shown(self.security.as_ref())
            .map_err(|reason| self.refuse(reason))?;
        let required = plan.require_auth.as_ref();
        if let Some(required) = required.filter(|required| !asked && !required.allows_unasked()) {
            return Err(self.refuse(&format!(
                "require_auth={}, and the server let us in without asking for anything",
                required.text
            )));
        }
        if plan.channel_binding == ChannelBindingMode::Require && !bound {
            return Err(self.refuse(
                "channel_binding=require, and the server let us in without it; \
                 it needs TLS and pg_hba.conf's scram-sha-256",
            ));
        }
        Ok(())
    }

    /// Refuses to use a method that the parameters do not allow, before anything is given away.
    fn allow(&self, method: AuthMethod) -> Result<(), Error> {
        let required = self.plan.require_auth.as_ref();
        if let Some(required) = required.filter(|required| !required.allows(method)) {
            return Err(self.refuse(&format!(
                "require_auth={}, and the server asks for {}",
                required.text,
                method.name()
            )));
        }
        let binds = method == AuthMethod::ScramSha256;
        if self.plan.channel_binding == ChannelBindingMode::Require && !binds {
            return Err(self.refuse(&format!(
                "channel_binding=require, and the server asks for {}, which cannot do it; \
                 it needs TLS and pg_hba.conf's scram-sha-256",
                method.name()
            )));
        }
        Ok(())
    }

    /// SCRAM-SHA-256, bound to the TLS connection where both sides can. Returns whether it was
    /// bound.
    async fn scram(&mut self, mechanisms: &[u8]) -> Result<bool, Error> {
        let offered = |name: &str| mechanisms.split_str(b"\0").any(|m| m == name.as_bytes());
        let (with_binding, without) = (offered(SCRAM_SHA_256_PLUS), offered(SCRAM_SHA_256));
        if !with_binding && !without && offered(OAUTHBEARER) {
            self.allow(AuthMethod::OAuth)?;
            return Err(self.refuse(
                "it asks for a token (OAuth), which is not available here; \
                 let pg_hba.conf ask for scram-sha-256",
            ));
        }
        self.allow(AuthMethod::ScramSha256)?;
        let encrypted = self.security.is_some();
        let end_point = match self.plan.channel_binding {
            ChannelBindingMode::Disable => None,
            _ => self
                .security
                .as_mut()
                .and_then(|security| security.end_point.take()),
        };
        let (mechanism, binding, bound) = match end_point {
            Some(hash) if with_binding => (
                SCRAM_SHA_256_PLUS,
                ChannelBinding::tls_server_end_point(hash),
                true,
            ),
            _ if self.plan.channel_binding == ChannelBindingMode::Require => {
                return Err(self.refuse(if encrypted {
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
        loop {
            match self.next().await? {
                b'R' => {
                    return match self.wire.body().split_first_chunk::<4>() {
                        Some((kind, data)) => Ok((u32::from_be_bytes(*kind), data.to_vec())),
                        None => Err(self.protocol("an authentication request has no kind")),
                    };
                }
                // The server does not speak the version that was asked for, and offers another.
                b'v' => self
                    .plan
                    .protocol
                    .accept(self.wire.body())
                    .map_err(|reason| self.protocol(&reason))?,
                tag => return Err(self.unexpected(tag)),
            }
        }
    }

    /// The password from the parameters, or else from the password file.
    fn password(&mut self) -> Result<Secret, Error> {
        if let Some(password) = &self.plan.password {
            return Ok(password.clone());
        }
        let mut note = None;
        if let Some(path) = &self.plan.passfile {
            let wanted = Wanted {
                hosts: &self.host.passfile_names(),
                port: self.host.port,
                database: &self.plan.database,
                user: &self.plan.user,
            };
            match passfile::look_up(path, wanted) {
                Lookup::Found(password) => {
                    self.passfile = Some(path.clone());
                    return Ok(password);
                }
                Lookup::Ignored(reason) => note = Some(reason),
                Lookup::NotFound => {}
            }
        }
        Err(Error::PasswordMissing {
            target: self.boxed_target(),
            note,
        })
    }

    fn refuse(&self, reason: &str) -> Error {
        Error::Authentication {
            target: self.boxed_target(),
            reason: reason.to_owned(),
        }
    }
}
