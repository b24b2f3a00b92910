//! Trying one host: its addresses, each with the kinds of encryption that the mode allows.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use postgres_protocol::message::frontend;
use rand::seq::SliceRandom;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::error::{Attempt, Error};
use crate::parameters::environment;
use crate::parameters::hosts::{Host, Place};
use crate::parameters::plan::Plan;
use crate::session::Session;
use crate::session::cancel::CancelToken;
use crate::session::server_kind::ServerKind;
use crate::session::startup;
use crate::session::target::Target;
use crate::tls::{Security, SslMode, secure};
use crate::wire::transport::{self, Address};
use crate::wire::{Transport, Wire};

/// A way to a server that has worked: what cancel requests and further sessions take again.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) plan: Arc<Plan>,
    pub(crate) host: Host,
    pub(crate) address: Address,
    /// Whether, and with what, the connection is encrypted.
    pub(crate) connector: Option<TlsConnector>,
}

/// What may still be tried after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The same address with the other kind of encryption, if the mode allows it.
    Encryption,
    Address,
    Host,
    /// Nothing: the server has answered, and its answer stands.
    Nothing,
}

/// A failed attempt.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) next: Next,
}

impl Failure {
    pub(crate) fn new(error: Error, next: Next) -> Self {
        Failure { error, next }
    }
}

/// Why a host's addresses led nowhere.
#[derive(Debug)]
pub(crate) struct HostFailure {
    pub(crate) errors: Vec<Error>,
    /// Whether no other host may be tried.
    pub(crate) last: bool,
}

/// Whether to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    No,
    IfOffered,
    Yes,
}

/// Opens a session with a host, at the first of its addresses where a server of the right kind lets us in.
pub(crate) async fn connect_host(
    plan: &Arc<Plan>,
    host: &Host,
    kind: ServerKind,
) -> Result<Session, HostFailure> {
    let target = plan.target(host);
    let resolved = within(plan, &target, async {
        transport::resolve(&host.place, host.port)
            .await
            .map_err(|source| {
                let target = Box::new(target.clone());
                Failure::new(Error::Resolve { target, source }, Next::Host)
            })
    });
    let mut addresses = resolved.await.map_err(|failure| HostFailure {
        errors: vec![failure.error],
        last: false,
    })?;
    if plan.shuffle {
        addresses.shuffle(&mut rand::rng());
    }
    connect_first(plan, host, addresses, kind).await
}

/// Opens a session at the first of these addresses of a host where a server of the right kind lets us in.
async fn connect_first(
    plan: &Arc<Plan>,
    host: &Host,
    addresses: Vec<Address>,
    kind: ServerKind,
) -> Result<Session, HostFailure> {
    let target = plan.target(host);
    let mut attempts = Vec::new();
    let mut errors = Vec::new();
    let mut last = false;
    for address in addresses {
        let address_target = Target {
            address: address.ip(),
            ..target.clone()
        };
        let attempt = connect_address(plan, host, address, kind, &address_target);
        match within(plan, &address_target, attempt).await {
            Ok(session) => return Ok(session),
            Err(Failure {
                error:
                    Error::Unreachable {
                        attempts: failed, ..
                    },
                ..
            }) => attempts.extend(failed),
            Err(Failure { error, next }) => {
                errors.push(error);
                last = next == Next::Nothing;
                if matches!(next, Next::Host | Next::Nothing) {
                    break;
                }
            }
        }
    }
    if !attempts.is_empty() {
        let target = Box::new(target);
        errors.insert(0, Error::Unreachable { target, attempts });
    }
    Err(HostFailure { errors, last })
}

/// Tries an address with and without TLS, in the order and under the conditions of the mode.
async fn connect_address(
    plan: &Arc<Plan>,
    host: &Host,
    address: Address,
    kind: ServerKind,
    target: &Target,
) -> Result<Session, Failure> {
    let (first, second) = match (&host.place, plan.tls.mode) {
        // A Unix socket does not leave the machine, and servers do not offer TLS there.
        (Place::Socket(_), _) | (_, SslMode::Disable) => (Encryption::No, None),
        (_, SslMode::Allow) => (Encryption::No, Some(Encryption::Yes)),
        (_, SslMode::Prefer) => (Encryption::IfOffered, Some(Encryption::No)),
        (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => (Encryption::Yes, None),
    };
    let route = Route {
        plan: plan.clone(),
        host: host.clone(),
        address,
        connector: None,
    };
    let mut outcome = connect_route(route.clone(), first, target).await;
    let refused = matches!(&outcome, Err(failure) if failure.next == Next::Encryption);
    if let Some(second) = second.filter(|_| refused) {
        outcome = match (outcome, connect_route(route, second, target).await) {
            (Err(failure), Err(again)) => Err(more_telling(failure, again)),
            (_, session) => session,
        };
    }
    let mut session = outcome.map_err(|failure| match failure.next {
        // A server that turns us away for good has the word; so has one whose TLS does not work.
        Next::Encryption => Failure::new(failure.error, Next::Nothing),
        _ => failure,
    })?;
    match kind.mismatch(&mut session).await {
        Ok(None) => Ok(session),
        Ok(Some(found)) => {
            session.close().await;
            let error = Error::WrongServer {
                target: Box::new(target.clone()),
                found,
                wanted: plan.server_kind.name(),
            };
            Err(Failure::new(error, Next::Host))
        }
        Err(error) => Err(Failure::new(error, Next::Host)),
    }
}

/// Of the failures with both kinds of encryption, the one to report.
fn more_telling(first: Failure, second: Failure) -> Failure {
    let no_rule = |failure: &Failure| failure.error.sqlstate() == Some("28000");
    let second_tells = match &second.error {
        // There is somebody to ask, or something to tell, and then it may work.
        Error::PasswordMissing { .. } => true,
        // The second way is not the one that was asked for, unless pg_hba.conf had no rule for the first.
        Error::Refused { .. } => no_rule(&first) && !no_rule(&second),
        _ => false,
    };
    if second_tells || second.next == Next::Host {
        second
    } else {
        first
    }
}

/// Opens a session in the way that has worked for another.
pub(crate) async fn connect_again(route: Route) -> Result<Session, Error> {
    let target = Target {
        address: route.address.ip(),
        ..route.plan.target(&route.host)
    };
    let plan = route.plan.clone();
    let encryption = route.encryption();
    let session = within(&plan, &target, connect_route(route, encryption, &target)).await;
    session.map_err(|failure| failure.error)
}

/// Opens a session over one socket.
async fn connect_route(
    mut route: Route,
    encryption: Encryption,
    target: &Target,
) -> Result<Session, Failure> {
    let opened = open_with(&route, encryption, target).await?;
    let in_plain = opened.security.is_none();
    route.connector = opened.connector;
    let mut wire = Wire::new(opened.stream);
    let started = startup::start(&mut wire, &route, target, opened.security).await;
    let started = started.map_err(|failure| match failure.next {
        // The server has declined TLS: there is no other kind of encryption left.
        Next::Encryption if encryption == Encryption::IfOffered && in_plain => {
            Failure::new(failure.error, Next::Nothing)
        }
        _ => failure,
    })?;
    let cancel = CancelToken::new(route, started.key);
    Session::new(wire, target.clone(), started.state, cancel)
        .map_err(|error| Failure::new(error, Next::Nothing))
}

/// A socket ready for messages.
struct Opened {
    stream: Box<dyn Transport>,
    /// What encrypts it, and what came of that.
    connector: Option<TlsConnector>,
    security: Option<Security>,
}

impl Route {
    fn encryption(&self) -> Encryption {
        match self.connector {
            Some(_) => Encryption::Yes,
            None => Encryption::No,
        }
    }
}

/// Opens a socket in the way that has worked before.
pub(crate) async fn open(route: &Route, target: &Target) -> Result<Box<dyn Transport>, Error> {
    match open_with(route, route.encryption(), target).await {
        Ok(opened) => Ok(opened.stream),
        Err(failure) => Err(failure.error),
    }
}

/// Opens a socket and, where it is to be, encrypts it.
async fn open_with(
    route: &Route,
    encryption: Encryption,
    target: &Target,
) -> Result<Opened, Failure> {
    let plan = &route.plan;
    let boxed = || Box::new(target.clone());
    let socket = transport::open(&route.address, &plan.keepalive)
        .await
        .map_err(|error| {
            let attempts = vec![Attempt {
                address: route.address.to_string(),
                error,
            }];
            let target = boxed();
            Failure::new(Error::Unreachable { target, attempts }, Next::Address)
        })?;
    if let (Some(wanted), Some(owner)) = (&plan.require_peer, socket.owner) {
        check_owner(wanted, owner).map_err(|reason| {
            let target = boxed();
            Failure::new(Error::Authentication { target, reason }, Next::Nothing)
        })?;
    }
    let mut stream = socket.stream;
    if encryption == Encryption::No {
        return Ok(Opened {
            stream,
            connector: None,
            security: None,
        });
    }
    let failed = |next| {
        move |source| {
            let target = boxed();
            Failure::new(Error::Tls { target, source }, next)
        }
    };
    let direct = plan.tls.direct;
    if !direct
        && !ask_for_tls(&mut stream)
            .await
            .map_err(failed(Next::Nothing))?
    {
        if encryption == Encryption::Yes {
            let error = Error::TlsRefused {
                target: boxed(),
                sslmode: plan.tls.mode.name(),
            };
            return Err(Failure::new(error, Next::Nothing));
        }
        // The server waits for the startup message on the same socket.
        return Ok(Opened {
            stream,
            connector: None,
            security: None,
        });
    }
    let connector = match &route.connector {
        Some(connector) => connector.clone(),
        None => plan
            .tls
            .connector()
            .map_err(|error| Failure::new(error, Next::Encryption))?,
    };
    let (stream, security) = secure(stream, &route.host.name, &connector, &plan.tls)
        .await
        .map_err(failed(Next::Encryption))?;
    Ok(Opened {
        stream,
        connector: Some(connector),
        security: Some(security),
    })
}

/// Checks that the user `wanted` owns the server's process.
fn check_owner(wanted: &str, owner: u32) -> Result<(), String> {
    let found = match environment::user_name(owner) {
        Some(name) if name == wanted => return Ok(()),
        Some(name) => format!("user {name:?}"),
        None => format!("a user without a name, number {owner}"),
    };
    Err(format!(
        "requirepeer={wanted}, and the server at the other end of the socket belongs to {found}"
    ))
}

/// Asks whether the server speaks TLS; the answer is one byte, outside of any message.
async fn ask_for_tls(stream: &mut Box<dyn Transport>) -> io::Result<bool> {
    let mut message = bytes::BytesMut::new();
    frontend::ssl_request(&mut message);
    stream.write_all(&message).await?;
    stream.flush().await?;
    // One byte and no more: what follows belongs to the handshake, and bytes that someone slipped
    // in before it must not be taken for the server's.
    match stream.read_u8().await? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        // Its text is not to be trusted: nothing is known about the other side yet.
        b'E' => Err(io::Error::other(
            "the server answered the request for TLS with an error; its log says which",
        )),
        other => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "the server answered the request for TLS with {:?}; is this a PostgreSQL server?",
                char::from(other)
            ),
        )),
    }
}

/// Gives up after `connect_timeout`, which counts anew for each address, as in libpq.
async fn within<T>(
    plan: &Plan,
    target: &Target,
    attempt: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Some(limit) = plan.timeout else {
        return attempt.await;
    };
    let seconds = Duration::as_secs(&limit);
    tokio::time::timeout(limit, attempt)
        .await
        .unwrap_or_else(|_| {
            let target = Box::new(target.clone());
            Err(Failure::new(
                Error::Timeout { target, seconds },
                Next::Address,
            ))
        })
}

#[cfg(test)]
mod tests;
