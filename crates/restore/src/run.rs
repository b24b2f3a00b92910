//! A restore from its first statement to its last.

mod again;
mod before;
mod parallel;
mod parts;
mod serial;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bstr::ByteSlice;
use pgdumprs_connect::{ConnectParams, Session, TransactionStatus};
use pgdumprs_script::Script;
use tokio::sync::mpsc;

use crate::journal::{Earlier, Journal};
use crate::ledger::Ledger;
use crate::load::archive::ArchiveFeeder;
use crate::load::feed::BoxedFeeder;
use crate::load::rows::PIECE;
use crate::load::shared::Board;
use crate::run::again::Process;
use crate::run::parts::{Parts, Stretch};
use crate::task::{Rules, Task};
use crate::worker::WINDOW;
use crate::{Error, Outcome, Progress, Settings, Source, Whereabouts, durable};

/// Bytes of rows from which a table that comes from a pipe is loaded over several connections, where smaller ones are not asked for.
const AHEAD: usize = 4 << 20;

/// Everything that the connections of a restore share.
struct Crew {
    script: Script,
    /// The positions of entries, by their dump ids.
    positions: HashMap<i32, usize>,
    source: Source,
    ledger: Ledger,
    board: Board,
    /// What reads an archive that can be read only once.
    reader: Option<ArchiveFeeder>,
    rules: Rules,
    /// Connections that load rows.
    jobs: usize,
    /// Pieces of data that may wait before each of them.
    room: usize,
    /// Statements that may be under way over each of them.
    window: usize,
    /// A pooler carries them.
    is_pooled: bool,
    /// What is cut off can be begun again: not within one large transaction.
    can_go_on: bool,
    /// How long another connection is tried for.
    patience: Duration,
    /// The server's processes that have worked for this restore.
    processes: Mutex<Vec<Process>>,
    /// Where all connections are to be, once that is known.
    whereabouts: Mutex<Option<Whereabouts>>,
}

/// Restores what `script` says from `source` over `session`, and over others that are opened like it. `params` are those that it was opened
/// with: where the script makes a database and goes into it, they lead there. `tell` hears what happens.
///
/// `there_before` has the numbers of the entries whose objects the target has already, as far as that can be told; `None` where nothing is
/// known. When a connection is lost, it decides what an object means that is there: that this restore has made it. What is done is written into
/// the journal. One of an earlier run says what is not to be done again; it also says what was there before that.
///
/// Dropping the future stops the restore: what the server does for it is cancelled.
pub async fn run(
    session: Session,
    params: &ConnectParams,
    script: Script,
    source: Source,
    settings: &Settings,
    (there_before, journal): (Option<HashSet<i32>>, Option<Journal>),
    mut tell: impl FnMut(Progress) + Send,
) -> Outcome {
    let (progress, mut heard) = mpsc::unbounded_channel();
    let options = script.options();
    let is_transaction = options.single_transaction || options.transaction_size.is_some();
    let exit_on_error = settings.exit_on_error || is_transaction;
    let can_be_shared = !options.use_set_session_authorization
        && script
            .entries()
            .iter()
            .any(|entry| entry.descriptor == "SEARCHPATH");
    let jobs = match is_transaction {
        true => 1,
        false => settings.jobs.max(1),
    };
    let shared_from = settings.shared_from.filter(|_| can_be_shared && jobs > 1);
    let rules = Rules {
        is_careful: exit_on_error && !is_transaction,
        no_data_for_failed_tables: settings.no_data_for_failed_tables,
        shared_from,
        ahead: ahead(shared_from, settings.memory),
        standard_strings: has_standard_strings(&script),
        knows_transaction_timeout: session.server_version().major() >= 17,
        maintenance_work_mem: settings
            .maintenance_work_mem
            .map(|bytes| bytes.div_ceil(1024)),
        commits_lazily: false,
        takes_back_settings: false,
    };
    let positions: HashMap<i32, usize> = script
        .entries()
        .iter()
        .enumerate()
        .map(|(at, entry)| (entry.dump_id, at))
        .collect();
    let mut journal = journal;
    let earlier = journal.as_mut().and_then(Journal::take_earlier);
    let known = (there_before, journal);
    let can = (!is_transaction, source.is_read_once());
    let ledger = Ledger::new(exit_on_error, can, &script, known, progress);
    if let Some(earlier) = &earlier {
        ledger.resume(earlier, &script);
    }
    let room = match source.is_read_once() {
        true => settings.memory / PIECE,
        false => settings.memory / jobs / PIECE,
    };
    let room = room.clamp(2, 64);
    let crew = Crew {
        ledger,
        board: Board::default(),
        reader: source.reader(room),
        rules,
        jobs,
        room,
        window: if rules.is_careful { 1 } else { WINDOW },
        is_pooled: false,
        can_go_on: !is_transaction,
        patience: settings.patience,
        processes: Mutex::default(),
        whereabouts: Mutex::default(),
        positions,
        script,
        source,
    };
    let doing = crew.prepare(session, params, earlier);
    tokio::pin!(doing);
    let (crew, done) = loop {
        tokio::select! {
            biased;
            Some(progress) = heard.recv() => tell(progress),
            done = &mut doing => break done,
        }
    };
    let mut outcome = crew.ledger.outcome(&crew.script);
    while let Ok(progress) = heard.try_recv() {
        tell(progress);
    }
    let options = crew.script.options();
    let is_failed = done.is_err() || crew.ledger.is_stopped();
    outcome.rolled_back =
        options.single_transaction && is_failed && crew.ledger.nothing_is_left(done.is_err());
    outcome.durable = done.is_ok();
    outcome.stopped = done.err();
    if let Some(journal) = crew.ledger.take_journal() {
        let path = journal.path().to_owned();
        let kept = !outcome.is_complete() || journal.remove().is_err();
        outcome.journal = kept.then_some(path);
    }
    outcome
}

impl Crew {
    /// Asks what has to be known of the server, and carries the script out.
    async fn prepare(
        mut self,
        mut session: Session,
        params: &ConnectParams,
        earlier: Option<Earlier>,
    ) -> (Arc<Crew>, Result<(), Error>) {
        let asked = self.ask(&mut session, params, earlier.as_ref()).await;
        let crew = Arc::new(self);
        if let Err(error) = asked {
            return (crew, Err(error));
        }
        let done = crew.carry_out(&mut session, params).await;
        // One that was lost, or has something under way, ends otherwise.
        if done.is_ok() {
            session.close().await;
        }
        (crew, done)
    }

    /// Asks what has to be known of the server and of what stands before it.
    async fn ask(
        &mut self,
        session: &mut Session,
        params: &ConnectParams,
        earlier: Option<&Earlier>,
    ) -> Result<(), Error> {
        let connection = |source| Error::Connection {
            entry: None,
            source,
        };
        let is_one_transaction = self.script.options().single_transaction;
        self.is_pooled = session.is_pooled().await.map_err(connection)?;
        if self.is_pooled
            && !is_one_transaction
            && shares_server(session).await.map_err(connection)?
        {
            return Err(Error::TransactionPooler);
        }
        self.rules.takes_back_settings = self.is_pooled && is_one_transaction;
        if !is_one_transaction && !self.is_pooled {
            let can_be_flushed = durable::can_be_asked_for(session).await;
            self.rules.commits_lazily = can_be_flushed.map_err(connection)?;
            let is_lazy = self.rules.commits_lazily;
            self.ledger.standing(|standing| standing.is_lazy = is_lazy);
        }
        self.stay_at(session).await?;
        if let Some(earlier) = earlier {
            self.go_on_with(earlier, session, params).await?;
        } else if self.can_go_on {
            self.look_at_tables(session).await?;
            self.ledger.begin_journal(&self.script);
        }
        if self.can_go_on {
            self.note_process(session).await?;
        }
        Ok(())
    }

    /// Does all steps that are not settled.
    async fn round(
        self: &Arc<Self>,
        session: &mut Session,
        params: &ConnectParams,
    ) -> Result<(), Error> {
        let feeder = self.feeder();
        let told = self.script.session();
        let all: Vec<usize> = (0..self.script.steps().len()).collect();
        if self.jobs == 1 {
            let parts = self
                .serial(session, params, told, feeder, &all, true)
                .await?;
            self.finish(session, parts).await?;
        } else {
            let Parts {
                before,
                middle,
                privileges,
                after,
                last,
            } = Parts::of(&self.script);
            let (mut told, mut feeder) = (told, feeder);
            let mut begins = true;
            for stretch in before {
                (told, feeder) = match stretch {
                    Stretch::InOrder(steps) => {
                        self.serial(session, params, told, feeder, &steps, begins)
                            .await?
                    }
                    Stretch::Independent(steps) => {
                        self.parallel(session, told, feeder, &steps).await?
                    }
                };
                begins = false;
            }
            let (told, feeder) = self.parallel(session, told, feeder, &middle).await?;
            let (told, feeder) = self
                .serial(session, params, told, feeder, &privileges, false)
                .await?;
            let (told, feeder) = self.parallel(session, told, feeder, &after).await?;
            let parts = self
                .serial(session, params, told, feeder, &last, false)
                .await?;
            self.finish(session, parts).await?;
        }
        if self.ledger.is_held() && !self.ledger.is_stopped() {
            return Ok(());
        }
        self.check_committed(session)?;
        if self.rules.commits_lazily {
            let mark = self.ledger.standing(|standing| standing.mark());
            let flushed = durable::flush(session).await;
            flushed.map_err(|source| Error::NotFlushed { source })?;
            self.ledger.flushed(mark);
        }
        Ok(())
    }

    /// Makes sure that nothing is left in a transaction which ends with the session.
    fn check_committed(&self, session: &Session) -> Result<(), Error> {
        let status = session.transaction_status();
        if status == TransactionStatus::Failed {
            self.ledger.is_undone();
        }
        let is_open = status != TransactionStatus::Idle;
        match is_open && !self.ledger.is_stopped() {
            true => Err(Error::LeftOpen),
            false => Ok(()),
        }
    }

    fn feeder(&self) -> BoxedFeeder {
        match &self.reader {
            Some(reader) => Box::new(reader.clone()),
            None => self.source.feeder(self.room),
        }
    }

    fn task(&self) -> Task<'_> {
        Task {
            script: &self.script,
            positions: &self.positions,
            source: &self.source,
            ledger: &self.ledger,
            board: &self.board,
            jobs: self.jobs,
            rules: self.rules,
        }
    }
}

/// Bytes of rows to be held from a pipe before it is known that a table is large: no more than a part of what may wait.
fn ahead(shared_from: Option<u64>, memory: usize) -> usize {
    let enough = AHEAD.min(memory / 4);
    shared_from.map_or(0, |from| {
        enough.min(usize::try_from(from).unwrap_or(enough))
    })
}

/// Whether a pooler gives another client the same session of the server, which it does where it carries transactions rather than sessions.
async fn shares_server(session: &mut Session) -> Result<bool, pgdumprs_connect::Error> {
    const WHO: &str = "SELECT pg_catalog.pg_backend_pid()";
    let mut other = session.another().await?;
    let ours: u32 = session.query(WHO).await?.one()?.get(0)?;
    let theirs: u32 = other.query(WHO).await?.one()?.get(0)?;
    other.close().await;
    Ok(ours == theirs)
}

fn has_standard_strings(script: &Script) -> bool {
    let entry = script
        .entries()
        .iter()
        .find(|entry| entry.descriptor == "STDSTRINGS");
    let definition = entry.and_then(|entry| entry.definition.as_ref());
    !definition.is_some_and(|text| text.contains_str("'off'"))
}
