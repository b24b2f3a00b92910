//! Opening a session: hosts, addresses, and whether to encrypt, tried in turn.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::cancel::CancelToken;
use crate::error::{Attempt, Error, Target};
use crate::params::ConnectParams;
use crate::plan::{Host, Place, Plan};
use crate::session::Session;
use crate::startup;
use crate::tls::{Secured, SslMode, secure};
use crate::transport::{self, Address};
use crate::wire::{Transport, Wire};

/// A way to a server that has worked: what a cancel request takes again.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) plan: Arc<Plan>,
    pub(crate) host: Host,
    pub(crate) address: Address,
    /// Whether, and with what, the connection is encrypted.
    pub(crate) connector: Option<TlsConnector>,
}

/// Opens a session with the first host that lets us in.
pub(crate) async fn connect(params: &ConnectParams) -> Result<Session, Error> {
    let plan = Arc::new(Plan::new(params)?);
    let mut last = None;
    for host in &plan.hosts {
        match connect_host(&plan, host).await {
            Ok(session) => return Ok(session),
            // A host that cannot be reached leaves it to the next one; one that answers has the
            // word.
            Err(
                error @ (Error::Unreachable { .. } | Error::Resolve { .. } | Error::Timeout { .. }),
            ) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.expect("a plan has at least one host"))
}

async fn connect_host(plan: &Arc<Plan>, host: &Host) -> Result<Session, Error> {
    let target = plan.target(host);
    let mode = match host.place {
        // A Unix socket does not leave the machine, and servers do not offer TLS there.
        Place::Socket(_) => SslMode::Disable,
        _ => plan.tls.mode,
    };
    let connector = if mode == SslMode::Disable {
        None
    } else {
        Some(plan.tls.connector()?)
    };
    let addresses = within(plan, &target, async {
        transport::resolve(&host.place, host.port)
            .await
            .map_err(|source| Error::Resolve {
                target: Box::new(target.clone()),
                source,
            })
    })
    .await?;
    let mut attempts = Vec::new();
    let mut timeout = None;
    for address in addresses {
        let route = Route {
            plan: plan.clone(),
            host: host.clone(),
            address,
            connector: connector.clone(),
        };
        match connect_address(&route, mode, &target).await {
            Err(Error::Unreachable {
                attempts: failed, ..
            }) => attempts.extend(failed),
            Err(error @ Error::Timeout { .. }) => timeout = Some(error),
            done => return done,
        }
    }
    Err(match timeout {
        Some(error) if attempts.is_empty() => error,
        _ => Error::Unreachable {
            target: Box::new(target),
            attempts,
        },
    })
}

/// Tries an address with and without TLS, in the order and under the conditions of the mode.
async fn connect_address(route: &Route, mode: SslMode, target: &Target) -> Result<Session, Error> {
    let plain = Route {
        connector: None,
        ..route.clone()
    };
    let (first, second) = match mode {
        SslMode::Disable => (&plain, None),
        SslMode::Allow => (&plain, Some(route)),
        SslMode::Prefer => (route, Some(&plain)),
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (route, None),
    };
    let plan = &route.plan;
    let error = match within(plan, target, connect_route(first, target)).await {
        Err(error) if worth_another_way(&error) => error,
        done => return done,
    };
    let Some(second) = second else {
        return Err(error);
    };
    match within(plan, target, connect_route(second, target)).await {
        // The second way is not the one that was asked for: its failure tells less than the first
        // one's.
        Err(Error::TlsRefused { .. }) => Err(error),
        done => done,
    }
}

/// Whether the other kind of connection, encrypted or not, may succeed where this one failed.
///
/// libpq tries again after any refusal. A wrong password stays wrong, and sending it once more
/// unencrypted helps nobody.
fn worth_another_way(error: &Error) -> bool {
    match error {
        Error::Tls { .. } | Error::TlsRefused { .. } => true,
        // What pg_hba.conf says about encrypted and unencrypted connections may differ.
        Error::Refused { error, .. } => error.code == "28000",
        _ => false,
    }
}

/// Opens a session in the way that has worked for another.
pub(crate) async fn connect_again(route: Route) -> Result<Session, Error> {
    let target = route.plan.target(&route.host);
    within(&route.plan, &target, connect_route(&route, &target)).await
}

async fn connect_route(route: &Route, target: &Target) -> Result<Session, Error> {
    let (stream, end_point) = open(route, target).await?;
    let mut wire = Wire::new(stream);
    let encrypted = route.connector.is_some();
    let started = startup::start(
        &mut wire,
        &route.plan,
        &route.host,
        target,
        encrypted,
        end_point,
    )
    .await?;
    let cancel = CancelToken::new(route.clone(), started.key);
    Session::new(wire, target.clone(), started.state, cancel)
}

/// Opens the socket and, where the route says so, encrypts it.
pub(crate) async fn open(
    route: &Route,
    target: &Target,
) -> Result<(Box<dyn Transport>, Option<Vec<u8>>), Error> {
    let opened = transport::open(&route.address, &route.plan.keepalive).await;
    let mut stream = opened.map_err(|error| Error::Unreachable {
        target: Box::new(target.clone()),
        attempts: vec![Attempt {
            address: route.address.to_string(),
            error,
        }],
    })?;
    let Some(connector) = &route.connector else {
        return Ok((stream, None));
    };
    let failed = |source| Error::Tls {
        target: Box::new(target.clone()),
        source,
    };
    if !ask_for_tls(&mut stream).await.map_err(failed)? {
        return Err(Error::TlsRefused {
            target: Box::new(target.clone()),
            sslmode: route.plan.tls.mode.name(),
        });
    }
    let Secured { stream, end_point } = secure(stream, &route.host.name, connector)
        .await
        .map_err(failed)?;
    Ok((stream, end_point))
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
    attempt: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(limit) = plan.timeout else {
        return attempt.await;
    };
    let seconds = Duration::as_secs(&limit);
    tokio::time::timeout(limit, attempt)
        .await
        .unwrap_or_else(|_| {
            Err(Error::Timeout {
                target: Box::new(target.clone()),
                seconds,
            })
        })
}
