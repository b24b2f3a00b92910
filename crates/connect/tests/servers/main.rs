//! Sessions with real servers.

mod authentication;
mod reaching;
mod secured;
mod session;
mod tls;
