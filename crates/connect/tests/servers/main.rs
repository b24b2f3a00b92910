//! Sessions with real servers.

mod as_libpq;
mod authentication;
mod causes;
mod client_certificates;
mod clients;
mod copy_in;
mod empty_values;
mod hosts;
mod negotiation;
mod reaching;
mod requirements;
mod secured;
mod session;
mod speaker;
mod tls;
