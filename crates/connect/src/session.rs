//! An open session and the statements that run in it.

pub(crate) mod abandon;
pub(crate) mod attempt;
pub(crate) mod cancel;
pub(crate) mod connect;
pub(crate) mod copy_in;
pub(crate) mod copy_out;
pub(crate) mod exchange;
pub(crate) mod pipeline;
pub(crate) mod row_stream;
pub(crate) mod server_kind;
pub(crate) mod startup;
pub(crate) mod target;
pub(crate) mod version;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use bstr::{BStr, BString, ByteSlice};
use postgres_protocol::message::frontend;

use pgdumprs_sql::Encoding;

use crate::error::server_error::ServerError;
use crate::error::{Error, shorten};
use crate::parameters::ConnectParams;
use crate::session::abandon::abandon;
use crate::session::cancel::CancelToken;
use crate::session::copy_in::CopyIn;
use crate::session::copy_out::CopyOut;
use crate::session::exchange::check_sendable;
use crate::session::pipeline::Pipeline;
use crate::session::row_stream::RowStream;
use crate::session::target::Target;
use crate::session::version::ServerVersion;
use crate::values::rows::Rows;
use crate::wire::Wire;

/// Notices kept until they are taken; later ones push the oldest out, so that a chatty function
/// cannot fill memory.
const NOTICES_KEPT: usize = 1000;

/// What a server has said beside its answers: notices, warnings and the like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notices {
    /// The messages, oldest first.
    pub messages: VecDeque<ServerError>,
    /// How many older ones were too many to keep.
    pub lost: u64,
}

impl Notices {
    fn push(&mut self, message: ServerError) {
        if self.messages.len() == NOTICES_KEPT {
            self.messages.pop_front();
            self.lost += 1;
        }
        self.messages.push_back(message);
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.lost == 0
    }
}

/// What SQLSTATEs of a server that goes down begin with.
const OPERATOR_INTERVENTION: &[u8] = b"57P";

/// An open session with a server.
///
/// Everything runs by the simple query protocol, with results as text: nothing is prepared, so that
/// a transaction-mode pooler can carry it. One statement runs at a time; each call ends when the
/// server is ready for the next statement.
///
/// A call's future that is dropped before it is done leaves the session unusable
/// ([`Error::Broken`]), since the rest of its result is still on its way.
///
/// A session that is dropped while the server works for it has that cancelled, by a thread that ends within a second; see
/// [`wait_for_cancels`](crate::wait_for_cancels()).
pub struct Session {
    pub(crate) wire: Wire,
    pub(crate) target: Target,
    pub(crate) server: ServerState,
    version: ServerVersion,
    cancel: CancelToken,
    /// Statements sent whose results have not been read to the end.
    pub(crate) outstanding: usize,
    /// The COPYs among them that nobody has begun to read, shortened for errors.
    pub(crate) queued: VecDeque<String>,
    /// Why the session is of no more use.
    pub(crate) broken: Option<String>,
}

/// What the server reports about the session at any time.
#[derive(Debug, Default)]
pub(crate) struct ServerState {
    pub(crate) parameters: BTreeMap<BString, BString>,
    pub(crate) notices: Notices,
    pub(crate) transaction: u8,
}

impl ServerState {
    /// What the server said of its own end, where it said so in a warning: the process of this session is ended when another one
    /// crashes, and is not to blame.
    pub(crate) fn last_words(&self) -> Option<ServerError> {
        let last = self.notices.messages.back()?;
        last.code
            .starts_with(OPERATOR_INTERVENTION)
            .then(|| last.clone())
    }

    /// Takes in a message that may come at any time; `false` means that it is none of those.
    pub(crate) fn absorb(&mut self, tag: u8, body: &[u8]) -> bool {
        match tag {
            b'S' => {
                let mut parts = body.split_str(b"\0");
                if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                    self.parameters.insert(name.into(), value.into());
                }
            }
            b'N' => self.notices.push(ServerError::parse(body)),
            b'A' => {}
            _ => return false,
        }
        true
    }
}

/// Where a session stands with regard to transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// No transaction is open.
    Idle,
    /// A transaction is open.
    Open,
    /// A transaction is open and has failed: only a rollback is accepted.
    Failed,
}

impl Session {
    /// Opens a session.
    ///
    /// What `params` leaves open gets libpq's built-in defaults. The environment and service files
    /// are not looked at here: see [`ConnectParams::resolve`].
    ///
    /// # Errors
    ///
    /// Every kind that has to do with parameters, reaching the server, TLS and authentication; each
    /// says where the connection was to go and what to do next.
    pub async fn connect(params: &ConnectParams) -> Result<Session, Error> {
        crate::session::connect::connect(params).await
    }

    pub(crate) fn new(
        wire: Wire,
        target: Target,
        server: ServerState,
        cancel: CancelToken,
    ) -> Result<Session, Error> {
        let reported = server.parameters.get(b"server_version".as_bstr());
        let version = reported.and_then(|text| ServerVersion::parse(text.as_bstr()));
        let Some(version) = version else {
            return Err(Error::Protocol {
                target: Box::new(target),
                statement: String::new(),
                reason: format!("it reported the version {reported:?}"),
            });
        };
        Ok(Session {
            wire,
            target,
            server,
            version,
            cancel,
            outstanding: 0,
            queued: VecDeque::new(),
            broken: None,
        })
    }

    /// The server's version.
    pub fn server_version(&self) -> &ServerVersion {
        &self.version
    }

    /// Where the session is connected and as whom.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// A server parameter as last reported; servers report some by themselves (`server_encoding`,
    /// `client_encoding`, `standard_conforming_strings`, …).
    pub fn parameter(&self, name: &str) -> Option<&BStr> {
        self.server
            .parameters
            .get(name.as_bytes().as_bstr())
            .map(|value| value.as_bstr())
    }

    /// The encoding of what the session sends and receives, as last reported.
    pub fn client_encoding(&self) -> Encoding {
        self.parameter("client_encoding")
            .map_or(Encoding::default(), |name| Encoding::named(name))
    }

    /// Whether a transaction is open, as of the last statement's end.
    pub fn transaction_status(&self) -> TransactionStatus {
        match self.server.transaction {
            b'T' => TransactionStatus::Open,
            b'E' => TransactionStatus::Failed,
            _ => TransactionStatus::Idle,
        }
    }

    /// The notices and warnings received since the last call, those of the session's beginning included; at most the last 1000.
    pub fn take_notices(&mut self) -> Notices {
        std::mem::take(&mut self.server.notices)
    }

    /// Whether a pooler stands between here and the server, as far as that shows: the number of the process that works for the session
    /// is not the one that it was opened with.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`].
    pub async fn is_pooled(&mut self) -> Result<bool, Error> {
        let rows = self.query("SELECT pg_catalog.pg_backend_pid()").await?;
        Ok(rows.one()?.get::<u32>(0)? != self.cancel.process())
    }

    /// Opens another session as this one was opened: at the same address, with the same encryption, as the same user.
    ///
    /// Where several hosts or addresses were given, only this one may know what this session has exported.
    ///
    /// # Errors
    ///
    /// As for [`Session::connect`].
    pub fn another(&self) -> impl Future<Output = Result<Session, Error>> + Send + 'static {
        crate::session::attempt::connect_again(self.cancel.route())
    }

    /// The parameters with the server that this session is of as the only one, at the same address. For a session of another kind there, with
    /// another database for one.
    pub fn at_same_server(&self, params: &ConnectParams) -> ConnectParams {
        let mut there = params.clone();
        there.keep_to(&self.cancel.route().host, self.target.address);
        there
    }

    /// What cancels a statement of this session from elsewhere.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    /// Runs a statement, or several separated by semicolons, and returns the last result set.
    ///
    /// # Errors
    ///
    /// [`Error::Statement`] when the server reports an error (the session can go on),
    /// [`Error::ConnectionLost`], [`Error::Protocol`] and [`Error::Broken`] (it cannot),
    /// [`Error::Misuse`] for what cannot be sent and for COPY.
    pub async fn query(&mut self, sql: impl AsRef<[u8]>) -> Result<Rows, Error> {
        let sql = sql.as_ref();
        self.begin(sql)?;
        match self.outcome(sql).await? {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.failed(shorten(sql), None, error)),
        }
    }

    /// Sends all `statements` without waiting between them and returns their results in the same
    /// order: one round trip, whatever their number.
    ///
    /// The server runs them one after the other, each for itself; within a transaction those after
    /// a failed one fail too. Statements and results may each be of any size.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`]. The first error of the server is reported, with the statement's
    /// index, after all statements have ended.
    pub async fn pipeline(&mut self, statements: &[impl AsRef<[u8]>]) -> Result<Vec<Rows>, Error> {
        let mut results = Vec::with_capacity(statements.len());
        self.pipeline_each(statements, usize::MAX, |_, rows| results.push(rows))
            .await?;
        Ok(results)
    }

    /// Like [`Session::pipeline`], but hands over each result as it arrives, with the statement's
    /// index, while the server works on what follows.
    ///
    /// A result of more than `batch` bytes comes in several batches, the last of which may be
    /// empty; each result comes at least once. No result of a failed statement is whole, and none
    /// comes after it.
    ///
    /// # Errors
    ///
    /// As for [`Session::pipeline`].
    pub async fn pipeline_each(
        &mut self,
        statements: &[impl AsRef<[u8]>],
        batch: usize,
        mut arrived: impl FnMut(usize, Rows),
    ) -> Result<(), Error> {
        self.check_idle()?;
        for sql in statements {
            check_sendable(sql.as_ref())?;
        }
        for sql in statements {
            self.send(sql.as_ref());
        }
        let mut failure = None;
        for (index, sql) in statements.iter().enumerate() {
            let sql = sql.as_ref();
            let grown = |rows: &mut Rows| {
                if rows.size() > batch {
                    arrived(index, rows.take_batch());
                }
            };
            match self.outcome_with(sql, grown).await? {
                Ok(rows) if failure.is_none() => arrived(index, rows),
                Err(error) if failure.is_none() => {
                    failure = Some(self.failed(shorten(sql), Some(index), error));
                }
                Ok(_) | Err(_) => {}
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Runs a query and hands over its rows in batches as they arrive, for results that need not
    /// fit in memory.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`]; errors of the server show when the rows are read.
    pub async fn stream(&mut self, sql: impl AsRef<[u8]>) -> Result<RowStream<'_>, Error> {
        let sql = sql.as_ref();
        self.begin(sql)?;
        Ok(RowStream::new(self, shorten(sql)))
    }

    /// Begins to send statements that each fail for themselves, without a wait between them, and the data of `COPY … FROM STDIN` among
    /// them. At most `window` statements are under way at a time, at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`].
    pub fn statements(&mut self, window: usize) -> Result<Pipeline<'_>, Error> {
        Pipeline::new(self, window)
    }

    /// Runs a `COPY … FROM STDIN`, as soon as the server asks for its data.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`], and [`Error::Misuse`] where the statement is no such COPY. Errors that the server finds in the data show
    /// when more is sent, or at the end.
    pub async fn copy_in(&mut self, sql: impl AsRef<[u8]>) -> Result<CopyIn<'_>, Error> {
        CopyIn::begin(self, sql.as_ref()).await
    }

    /// Runs a `COPY … TO STDOUT`.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`], and [`Error::Misuse`] where the statement is no such COPY. Errors
    /// that the server hits later show when the output is read.
    pub async fn copy_out(&mut self, sql: impl AsRef<[u8]>) -> Result<CopyOut<'_>, Error> {
        let sql = sql.as_ref();
        self.begin(sql)?;
        self.begin_copy(shorten(sql)).await
    }

    /// Sends a `COPY … TO STDOUT` whose output [`Session::next_copy_out`] will read, in the order
    /// of the calls.
    ///
    /// With the next COPY queued before the current one is read, the server goes from one to the
    /// other without a pause: a thousand small tables do not cost a thousand round trips. The
    /// message leaves with the next read.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] and [`Error::Misuse`].
    pub fn queue_copy_out(&mut self, sql: impl AsRef<[u8]>) -> Result<(), Error> {
        let sql = sql.as_ref();
        self.check_only_queued()?;
        check_sendable(sql)?;
        self.send(sql);
        self.queued.push_back(shorten(sql));
        Ok(())
    }

    /// The output of the next COPY that [`Session::queue_copy_out`] sent, or `None` where none is
    /// left.
    ///
    /// # Errors
    ///
    /// As for [`Session::copy_out`]. After an error of the server the COPYs queued behind it must
    /// still be read.
    pub async fn next_copy_out(&mut self) -> Result<Option<CopyOut<'_>>, Error> {
        self.check_only_queued()?;
        match self.queued.pop_front() {
            None => Ok(None),
            Some(statement) => self.begin_copy(statement).await.map(Some),
        }
    }

    /// Ends the session in good order.
    pub async fn close(mut self) {
        if self.broken.is_none() {
            frontend::terminate(self.wire.outbox());
            // The server notices the end of the connection in any case.
            let _ = self.wire.flush().await;
            self.broken = Some("it was closed".into());
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.outstanding > 0 {
            // A connection that was lost may have left the server waiting for a lock, without a reason to look at it.
            let wire = std::mem::replace(&mut self.wire, Wire::closed());
            abandon(self.cancel.clone(), wire, self.outstanding);
        } else if self.broken.is_none() {
            self.wire.say_goodbye();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("target", &self.target)
            .field("version", &self.version)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
