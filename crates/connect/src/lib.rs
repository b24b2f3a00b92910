//! Opens sessions with PostgreSQL servers from libpq's connection parameters.
//!
//! [`ConnectParams`] are read from connection strings and completed from the environment;
//! [`Session::connect`] opens a [`Session`] with them. A session runs statements by the simple
//! query protocol, one after the other or pipelined, and hands over the output of COPY in large
//! pieces.
//!
//! The session stands on the message codecs of `postgres-protocol` rather than on a complete
//! client. A dump needs little of what a client offers, and needs it fast and exact: COPY bytes
//! without a wake-up a row, texts that need not be UTF-8, nothing prepared on the server,
//! statements and results that overlap.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod abandon;
mod advice;
mod array;
mod attempt;
mod auth_methods;
mod authenticate;
mod cancel;
mod certificate;
mod connect;
mod conninfo;
mod copy_out;
mod decode;
mod encoding;
mod environment;
mod error;
mod exchange;
#[cfg(test)]
mod fake_server;
mod hosts;
mod key_log;
mod keywords;
mod params;
mod passfile;
mod password;
mod plan;
mod protocol;
mod row_stream;
mod rows;
mod secret;
mod server_error;
mod server_kind;
mod service;
mod session;
mod startup;
mod target;
mod tls;
mod tls_files;
mod transport;
mod uri;
mod verify;
mod version;
mod wire;

pub use abandon::wait_for_cancels;
pub use array::parse_array;
pub use cancel::CancelToken;
pub use conninfo::ConnInfoError;
pub use copy_out::CopyOut;
pub use decode::{Bytea, DecodeError, FromCell};
pub use encoding::Encoding;
pub use error::{Attempt, Error};
pub use params::ConnectParams;
pub use password::PasswordRequest;
pub use row_stream::RowStream;
pub use rows::{Column, Iter, Row, Rows};
pub use server_error::ServerError;
pub use session::{Session, TransactionStatus};
pub use target::Target;
pub use version::ServerVersion;
