//! Sessions with real servers.

mod as_libpq;
mod authentication;
mod client_certificates;
mod hosts;
mod negotiation;
mod reaching;
mod requirements;
mod secured;
mod session;
mod speaker;
mod tls;
