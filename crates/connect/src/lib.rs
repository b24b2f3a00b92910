#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! [`ConnectParams`] are read from connection strings and completed from the environment;
//! [`Session::connect`] opens a [`Session`] with them. A session runs statements by the simple
//! query protocol, one after the other or pipelined, hands over the output of COPY in large
//! pieces, and takes its input.
//!
//! The session stands on the message codecs of `postgres-protocol` rather than on a complete
//! client. A dump needs little of what a client offers, and needs it fast and exact: COPY bytes
//! without a wake-up a row, texts that need not be UTF-8, nothing prepared on the server,
//! statements and results that overlap.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod authentication;
mod error;
mod parameters;
mod session;
mod tls;
mod values;
mod wire;

pub use authentication::password::PasswordRequest;
pub use error::server_error::ServerError;
pub use error::{Attempt, Error};
pub use parameters::ConnectParams;
pub use parameters::conninfo::ConnInfoError;
pub use parameters::shown::without_passwords;
pub use pgdumprs_sql::Encoding;
pub use session::abandon::wait_for_cancels;
pub use session::cancel::CancelToken;
pub use session::copy_in::CopyIn;
pub use session::copy_out::CopyOut;
pub use session::pipeline::{Ended, Pipeline};
pub use session::row_stream::RowStream;
pub use session::target::Target;
pub use session::version::ServerVersion;
pub use session::{Notices, Session, TransactionStatus};
pub use values::array::parse_array;
pub use values::decode::{Bytea, DecodeError, FromCell};
pub use values::rows::{Column, Iter, Row, Rows};
