//! One connection at work.

mod data;
mod perform;
mod settle;
mod share;

use std::collections::{HashMap, VecDeque};

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_connect::{Ended, Pipeline, ServerError, TransactionStatus};
use pgdumprs_copy::Format;
use pgdumprs_script::{Command, Session, Step};

use crate::Error;
use crate::load::feed::{BoxedFeeder, Feed};
use crate::load::rows::{Rows, RowsError};
use crate::standing::Rows as Fate;
use crate::task::Task;

/// Statements that may be under way.
pub(crate) const WINDOW: usize = 256;

/// Steps among which rows are asked for ahead of time.
pub(crate) const AHEAD: usize = 32;

/// Bytes of a statement that a failure shows, where the statement holds data.
const SHOWN: usize = 200;

/// SQLSTATE of whatever is said in a transaction that has failed before.
const IN_FAILED_TRANSACTION: &[u8] = b"25P02";

/// SQLSTATE of the warning that there is no transaction to end.
const NO_TRANSACTION: &[u8] = b"25P01";

/// SQLSTATEs of warnings that a GRANT or a REVOKE has done nothing, or not all: the role may not give or take them.
const NOT_GRANTED: [&[u8]; 2] = [b"01007", b"01006"];

/// A connection that carries out steps.
pub(crate) struct Worker<'s, 'p> {
    task: Task<'s>,
    /// What the connection has been told.
    told: Session<'s>,
    pipeline: Pipeline<'p>,
    feeder: BoxedFeeder,
    /// Rows of steps to come that were asked for already, by the steps.
    ahead: HashMap<usize, (Format, Feed<Rows>)>,
    /// Statements whose end is not known, in order.
    sent: VecDeque<Sent<'s>>,
    /// Steps in hand, with the number of their last statement.
    in_hand: VecDeque<(usize, u64)>,
    /// How many statements were sent, and how many of them have ended.
    sent_count: u64,
    ended_count: u64,
    /// Steps that have ended and that nobody has been told of.
    ended: Vec<usize>,
    /// What became of the tables that were made before the first rows has been heard.
    knows_tables: bool,
    /// Bytes of data that were read for the step in hand.
    bytes: u64,
}

/// A statement under way.
struct Sent<'s> {
    /// The position of its step.
    step: Option<usize>,
    text: Shown<'s>,
    kind: Kind,
}

/// A statement as a failure shows it.
enum Shown<'s> {
    Whole(std::borrow::Cow<'s, BStr>),
    Part(BString),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    /// It must end with this tag.
    Commit,
    /// A COPY: it tells how many rows have come in, all or none.
    Copy,
    /// An INSERT, one of several maybe: it tells how many rows have come in.
    Insert,
    /// What it answers to is on disk then, up to this mark.
    Flush(usize),
}

/// Why a worker cannot go on in its session.
pub(crate) enum Turn<'s> {
    /// It can.
    On,
    /// What follows goes into another database, with these commands first.
    Database(BString, Vec<Command<'s>>),
}

impl<'s, 'p> Worker<'s, 'p> {
    pub(crate) fn new(
        task: Task<'s>,
        told: Session<'s>,
        pipeline: Pipeline<'p>,
        feeder: BoxedFeeder,
    ) -> Self {
        Worker {
            task,
            told,
            pipeline,
            feeder,
            ahead: HashMap::new(),
            sent: VecDeque::new(),
            in_hand: VecDeque::new(),
            sent_count: 0,
            ended_count: 0,
            ended: Vec::new(),
            knows_tables: false,
            bytes: 0,
        }
    }

    /// What outlives the session.
    pub(crate) fn into_parts(self) -> (Session<'s>, BoxedFeeder) {
        (self.told, self.feeder)
    }

    /// Whether the restore is to end here.
    pub(crate) fn is_stopped(&self) -> bool {
        self.task.ledger.is_stopped()
    }

    /// Whether nothing new is to be begun.
    pub(crate) fn is_held(&self) -> bool {
        self.task.ledger.is_held()
    }

    /// How many statements are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.sent.len()
    }

    /// Whether a transaction is open though nothing is under way: what the archive has said began one.
    pub(crate) fn is_left_in_transaction(&self) -> bool {
        self.under_way() == 0 && self.pipeline.transaction_status() != TransactionStatus::Idle
    }

    /// Steps that have ended since the last call.
    pub(crate) fn take_ended(&mut self) -> Vec<usize> {
        self.reap();
        std::mem::take(&mut self.ended)
    }

    /// Bytes of data that were read since the last call.
    pub(crate) fn take_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }

    /// Waits until a statement has ended, if one is under way.
    pub(crate) async fn wait(&mut self) -> Result<(), Error> {
        match self.pipeline.next().await {
            Ok(Some(ended)) => self.note(ended),
            Ok(None) => {}
            Err(source) => return Err(self.lost(source)),
        }
        self.reap();
        Ok(())
    }

    /// Waits until everything that was sent has ended.
    pub(crate) async fn finish(&mut self) -> Result<(), Error> {
        while !self.sent.is_empty() {
            self.wait().await?;
        }
        Ok(())
    }

    /// Sends a statement.
    async fn send(
        &mut self,
        step: Option<usize>,
        sql: &[u8],
        text: Shown<'s>,
        kind: Kind,
    ) -> Result<(), Error> {
        if let Err(source) = self.pipeline.send(sql).await {
            return self.unsendable(step, source, &text);
        }
        self.sent.push_back(Sent { step, text, kind });
        self.sent_count += 1;
        self.reap();
        if self.task.rules.is_careful {
            self.finish().await?;
        }
        Ok(())
    }

    /// What the archive holds cannot always be sent: then it fails, as what the server refuses does.
    fn unsendable(
        &mut self,
        step: Option<usize>,
        source: pgdumprs_connect::Error,
        text: &Shown<'s>,
    ) -> Result<(), Error> {
        let pgdumprs_connect::Error::Misuse { reason, .. } = &source else {
            return Err(self.lost(source));
        };
        self.record(step, text, own_error("22021", reason));
        Ok(())
    }

    /// Takes in what has ended, without waiting.
    fn reap(&mut self) {
        while let Some(ended) = self.pipeline.ended() {
            self.note(ended);
        }
        while let Some(&(step, last)) = self.in_hand.front() {
            if self.ended_count < last {
                break;
            }
            self.in_hand.pop_front();
            self.task
                .ledger
                .ended(step, &self.task.script.steps()[step]);
            self.ended.push(step);
        }
    }

    /// Takes in the end of the statement that was sent first.
    fn note(&mut self, mut ended: Ended) {
        self.ended_count += 1;
        let Some(sent) = self.sent.pop_front() else {
            return;
        };
        let entry = sent.step.map(|step| self.task.script.steps()[step].entry);
        let rows = affected(&ended);
        let mut notices = ended.notices.messages.iter();
        let is_alone = notices.any(|notice| notice.code == NO_TRANSACTION);
        let is_refusal = |notice: &ServerError| NOT_GRANTED.contains(&notice.code.as_slice());
        let messages = std::mem::take(&mut ended.notices.messages).into_iter();
        let (refusals, messages): (VecDeque<_>, VecDeque<_>) = messages.partition(is_refusal);
        ended.notices.messages = messages;
        for refusal in refusals {
            self.record(sent.step, &sent.text, refusal);
        }
        if !ended.notices.is_empty() {
            let entry = entry.map(|entry| &self.task.script.entries()[entry]);
            self.task.ledger.said(entry, ended.notices);
        }
        match (ended.result, sent.kind) {
            // Nobody waits for that: the end of the restore asks once more.
            (Err(_), Kind::Flush(_)) => {}
            (Ok(_), Kind::Flush(mark)) => self.task.ledger.flushed(mark),
            (Err(error), kind) => {
                if let (Kind::Copy, Some(step)) = (kind, sent.step) {
                    self.task.ledger.rows(step, Fate::Out);
                }
                self.record(sent.step, &sent.text, *error);
            }
            (Ok(_), Kind::Copy | Kind::Insert) => {
                if let (Some(entry), Some(rows)) = (entry, rows) {
                    self.task.ledger.loaded(entry, rows);
                }
            }
            (Ok(tag), Kind::Commit) if tag != "COMMIT" => {
                let message = "the transaction had failed, and nothing of it is left";
                self.task.ledger.is_undone();
                self.record(sent.step, &sent.text, own_error("25P02", message));
            }
            (Ok(_), Kind::Commit) if is_alone => {
                let message = "the archive itself has ended the transaction: what came before may be lost, and what came after is in none";
                self.record(sent.step, &sent.text, own_error("25P01", message));
            }
            (Ok(_), _) => {}
        }
    }

    /// Puts a failure down, unless it is only that the transaction has failed before.
    fn record(&self, step: Option<usize>, text: &Shown<'s>, error: ServerError) {
        let placed = step.map(|position| (position, self.task.script.steps()[position]));
        let has_failed = |(_, step): (usize, Step)| self.task.ledger.has_failed(step.entry);
        let follows = error.code == IN_FAILED_TRANSACTION
            && (self.task.ledger.is_stopped() || placed.is_some_and(has_failed));
        if follows {
            return;
        }
        let text = match text {
            Shown::Whole(text) => text.trim_ascii().into(),
            Shown::Part(text) => text.clone(),
        };
        let placed = placed.map(|(position, step)| (position, step, self.task.script.entry(&step)));
        let text = match placed {
            Some((_, _, entry)) => without_secrets(&entry.descriptor, text),
            None => text,
        };
        if placed.is_some_and(|placed| self.task.ledger.is_no_failure(placed, &text, &error)) {
            return;
        }
        self.task.ledger.failed(placed, text, error);
    }

    /// Data is about to be sent.
    fn note_bytes(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.task.ledger.sent(bytes);
    }

    /// The error for a session that cannot go on.
    fn lost(&self, source: pgdumprs_connect::Error) -> Error {
        let step = self.sent.front().and_then(|sent| sent.step);
        let step = step.or_else(|| self.in_hand.front().map(|(step, _)| *step));
        let entry = step.map(|step| {
            self.task
                .script
                .entry(&self.task.script.steps()[step])
                .label()
        });
        Error::Connection { entry, source }
    }

    /// The error for data that cannot be read.
    fn unreadable(&self, step: usize, error: RowsError) -> Error {
        let entry = self
            .task
            .script
            .entry(&self.task.script.steps()[step])
            .label();
        match error {
            RowsError::Archive(source) => Error::Archive { entry, source },
            RowsError::BreakOff => Error::RowsBreakOff { entry },
            RowsError::Source(source) => Error::Source { entry, source },
            RowsError::Miscounted { came, said } => Error::Miscounted { entry, came, said },
        }
    }
}

/// How many rows a COPY or an INSERT has brought in.
fn affected(ended: &Ended) -> Option<u64> {
    let tag = ended.result.as_ref().ok()?;
    let count = tag
        .strip_prefix(b"COPY ")
        .or_else(|| tag.strip_prefix(b"INSERT 0 "))?;
    count.to_str().ok()?.parse().ok()
}

/// The beginning of a statement that holds data.
fn beginning(sql: &[u8]) -> Shown<'static> {
    let end = sql.len().min(SHOWN);
    let mut shown = BString::from(&sql[..end]);
    if end < sql.len() {
        shown.extend_from_slice("…".as_bytes());
    }
    Shown::Part(shown)
}

/// A statement without what may be a password: options of foreign servers and the users there, connection strings of subscriptions.
fn without_secrets(descriptor: &[u8], mut text: BString) -> BString {
    let secret = match descriptor {
        b"USER MAPPING" | b"SERVER" | b"FOREIGN TABLE" | b"FOREIGN DATA WRAPPER" => "OPTIONS",
        b"SUBSCRIPTION" => "CONNECTION",
        _ => return text,
    };
    if let Some(at) = text.find(secret) {
        text.truncate(at + secret.len());
        text.extend_from_slice(" …".as_bytes());
    }
    text
}

/// What would have been the server's error.
fn own_error(code: &str, message: &str) -> ServerError {
    let mut error = ServerError::default();
    error.severity = "ERROR".into();
    error.code = code.into();
    error.message = message.into();
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_with_a_statement() {
        let shown =
            |descriptor: &str, text: &str| without_secrets(descriptor.as_bytes(), text.into());
        let mapping = "CREATE USER MAPPING FOR a SERVER s OPTIONS (\n    password 'x'\n);";
        assert_eq!(
            shown("USER MAPPING", mapping),
            "CREATE USER MAPPING FOR a SERVER s OPTIONS …"
        );
        let subscription = "CREATE SUBSCRIPTION s CONNECTION 'password=x' PUBLICATION p;";
        assert_eq!(
            shown("SUBSCRIPTION", subscription),
            "CREATE SUBSCRIPTION s CONNECTION …"
        );
        assert_eq!(
            shown("TABLE", "CREATE TABLE OPTIONS ();"),
            "CREATE TABLE OPTIONS ();"
        );
    }
}
