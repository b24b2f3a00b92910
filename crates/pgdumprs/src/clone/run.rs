//! A clone, carried out: the source is planned as for a dump, and what comes of it restored.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Instant;

use pgdumprs_archive::{ArchiveVersion, Compression, Entry};
use pgdumprs_connect::Session;
use pgdumprs_copy::{Plan, Supply, Supplying};
use pgdumprs_ddl::TableRows;

use super::archive::Place;
use super::same::Identity;
use super::verify::{Verification, Verifier};
use super::{CloneError, CloneEvent, CloneReport, DatabaseClone, Watcher};
use crate::data::others;
use crate::plain::selects;
use crate::planning::Planned;
use crate::product::Product;
use crate::restore::archive::Opened;
use crate::restore::run::connect;
use crate::transaction::{self, Begun};
use crate::{Dump, Error, Report, RestoreEnd, RestorePlan, RestoreReport};

impl DatabaseClone {
    /// Asks both servers what a clone would come to, and changes nothing.
    ///
    /// # Errors
    ///
    /// As for [`DatabaseClone::run`], but not where something cannot be made.
    #[tracing::instrument(name = "plan", skip_all)]
    pub async fn plan(mut self) -> Result<RestorePlan, CloneError> {
        self.prepare()?;
        let (target, session, planned) = self.meet().await?;
        let Planned {
            header,
            entries,
            data,
            ..
        } = planned;
        let (supply, supplying) = Supply::new(session, Vec::new(), data);
        let opened = Opened::server(header, entries, supply);
        let plan = self.restore.plan_opened(opened, Some(target)).await?;
        if let Ok(mut session) = supplying.end().await {
            let _ = transaction::end(&mut session).await;
            session.close().await;
        }
        Ok(plan)
    }

    /// Clones the source into the target, which has the database already, unless [`RestoreOptions::create`](crate::RestoreOptions::create) makes it.
    ///
    /// What the target refuses does not end the clone, unless [`Restore::exit_on_error`](crate::Restore::exit_on_error) says so: the report has it,
    /// and says whether everything is there. Where the source is lost, the clone ends: another one begins with another snapshot.
    ///
    /// # Errors
    ///
    /// [`CloneError`], before anything was changed.
    #[tracing::instrument(name = "clone", skip_all)]
    pub async fn run(mut self) -> Result<CloneReport, CloneError> {
        let started = Instant::now();
        self.prepare()?;
        let place = match &self.archive {
            Some(path) => Some(Place::open(path)?),
            None => None,
        };
        let (target, session, planned) = self.meet().await?;
        let of_source = Report::begin(&planned);
        let Planned {
            mut header,
            entries,
            data,
            rows,
            begun,
            ..
        } = planned;
        let verifier = self
            .verifies
            .then(|| self.verifier(&entries, &data, rows, &begun));
        let Self {
            mut dump,
            restore,
            mut watchers,
            ..
        } = self;
        let others = others(dump.connections(), &session, begun.shared, &dump.settings);
        let are_alike = are_alike(&session, &target);
        let (supply, mut supplying, keeping) = match place {
            Some(place) => {
                let contents = (header.clone(), entries.clone(), data);
                let begun = place.begin(&mut dump, session, others, contents)?;
                (begun.0, begun.1, Some(begun.2))
            }
            None => {
                let (supply, supplying) = Supply::new(session, others, data);
                (supply.binary(are_alike), supplying, None)
            }
        };
        (header.version, header.compression) = AS_READ;
        let opened = Opened::server(header, entries, supply);
        let restore = {
            let mut restoring = pin!(restore.run(opened, None, Some(target)));
            loop {
                tokio::select! {
                    biased;
                    Some(told) = supplying.told() => dump.watch.copied(told),
                    restored = &mut restoring => break restored?,
                }
            }
        };
        let is_carried_out = restore.stopped.is_none() && !restore.rolled_back;
        let verifier = verifier.filter(|_| is_carried_out);
        let (source_end, found) = match (restore.end(), verifier) {
            // Nothing more can be proved: what the source does is cancelled.
            (RestoreEnd::Incomplete, None) if keeping.is_none() => (None, None),
            (_, verifier) => {
                let verifier = verifier.map(|verifier| (verifier, &restore));
                read_and_compare(&mut dump, supplying, verifier, &mut watchers).await
            }
        };
        let not_carried_out = || Verification::failed(NOT_CARRIED_OUT);
        let verification = found.or_else(|| self.verifies.then(not_carried_out));
        let archive = match keeping {
            Some(keeping) => Some(keeping.finish(&mut dump, source_end.is_none()).await),
            None => None,
        };
        dump.watch.all_said();
        let mut chosen_rows = of_source.chosen_rows;
        for chosen in &mut chosen_rows {
            let mut tables = restore.tables.iter();
            let table = tables.find(|table| table.dump_id == chosen.dump_id);
            chosen.rows = table.and_then(|table| table.archived);
        }
        let (_, warnings) = dump.watch.take();
        Ok(CloneReport {
            database: of_source.database,
            server_version: of_source.server_version,
            snapshot_lsn: of_source.snapshot_lsn,
            snapshot_time: of_source.snapshot_time,
            tries: of_source.tries,
            restore,
            chosen_rows,
            source_end,
            verification,
            archive,
            warnings,
            elapsed: started.elapsed(),
        })
    }

    /// What will compare both sides.
    fn verifier(
        &self,
        entries: &[Entry],
        data: &Plan,
        rows: HashMap<i32, TableRows>,
        begun: &Begun,
    ) -> Verifier {
        let role = self.restore.options.role.as_ref();
        Verifier {
            jobs: data.jobs().to_vec(),
            rows,
            entries: entries.to_vec(),
            settings: self.dump.settings.clone(),
            shared: begun.shared.clone(),
            part_bytes: self.dump.part_bytes,
            connections: self.restore.connections(),
            target: self.restore.restored_at(entries),
            target_role: role.map(ToString::to_string),
        }
    }

    /// Checks what was chosen, and tells each side what was said to the other.
    fn prepare(&mut self) -> Result<(), CloneError> {
        let dump = &mut self.dump;
        let unfit = [
            (
                dump.options.inserts.is_some(),
                "INSERT statements for its rows",
            ),
            (dump.verify, "archive to be verified"),
            (
                !matches!(dump.product, Product::Custom),
                "archive or script of any format",
            ),
            (
                selects(&self.restore.options).is_some(),
                "part that is chosen by the restore: say it to the dump",
            ),
        ];
        if let Some((_, what)) = unfit.iter().find(|(is_chosen, _)| *is_chosen) {
            return Err(CloneError::Unfit { what });
        }
        dump.keeps_rows = self.verifies;
        dump.check(true)?;
        dump.say_to_script(&mut self.restore.options);
        let jobs = self.restore.connections();
        let dump = std::mem::replace(dump, Dump::with_params(Default::default()));
        self.dump = match self.archive {
            Some(_) => dump.jobs(jobs),
            None => dump
                .jobs(jobs)
                .compression(AS_READ.1)
                .archive_version(AS_READ.0),
        };
        Ok(())
    }

    /// Connects to the target and to the source, sees to it that they are not one, and reads what there is.
    async fn meet(&mut self) -> Result<(Session, Session, Planned), CloneError> {
        let mut target = connect(&self.restore.params).await?;
        let there = Identity::of(&mut target).await;
        let there = there.map_err(CloneError::Identity)?;
        let (mut source, planned) = self.dump.plan().await?;
        let here = Identity::of(&mut source).await;
        let here = here.map_err(CloneError::Identity)?;
        // A database that is made is called as the source is.
        let makes_it_anew = self.restore.options.create && here.shares_server(&there);
        if here.is_same(&there) || makes_it_anew {
            let database = source.target().database.clone();
            return Err(CloneError::SameDatabase { database });
        }
        Ok((target, source, planned))
    }
}

/// Whether both servers mean the same by the binary form of PostgreSQL's own types.
fn are_alike(source: &Session, target: &Session) -> bool {
    let major = |session: &Session| session.server_version().major();
    let encoding = |session: &Session| session.parameter("server_encoding").map(ToOwned::to_owned);
    major(source) == major(target)
        && encoding(source).is_some()
        && encoding(source) == encoding(target)
}

/// What is said of entries that come from a server rather than out of an archive, and of their data.
const AS_READ: (ArchiveVersion, Compression) = (ArchiveVersion::V1_16, Compression::None);

/// Why nothing was compared.
const NOT_CARRIED_OUT: &str = "the clone has not come to its end";

/// Waits until nobody reads from the source any more. Gives back the leader, whose transaction is still open.
async fn read_over(dump: &mut Dump, mut supplying: Supplying) -> Result<Session, Error> {
    while let Some(told) = supplying.told().await {
        dump.watch.copied(told);
    }
    supplying.end().await.map_err(Error::Copy)
}

/// Reads the source to its end, has both sides of a restore compared where there is what does that, and ends the source's transaction. Returns
/// how the source was lost, if it was, and what was found.
async fn read_and_compare(
    dump: &mut Dump,
    supplying: Supplying,
    verifier: Option<(Verifier, &RestoreReport)>,
    watchers: &mut [Watcher],
) -> (Option<Error>, Option<Verification>) {
    let mut verification = None;
    let leader = match (read_over(dump, supplying).await, verifier) {
        (Ok(session), Some((verifier, restore))) => {
            tell(watchers, &CloneEvent::Verifying);
            let said = |told| dump.watch.copied(told);
            let (session, found) = verifier.run(session, restore, said).await;
            for comparison in &found.comparisons {
                tell(watchers, &CloneEvent::Compared(comparison.clone()));
            }
            verification = Some(found);
            session
        }
        (leader, _) => leader,
    };
    (end(dump, leader).await.err(), verification)
}

/// Ends the source's transaction, when all was read. That it is still there proves that its locks and its snapshot have held.
async fn end(dump: &mut Dump, leader: Result<Session, Error>) -> Result<(), Error> {
    let mut session = leader?;
    dump.hear(&mut session);
    let ended = transaction::end(&mut session).await;
    let (was_there, notices) = ended.map_err(Error::Ending)?;
    if !was_there {
        return Err(Error::TransactionLost);
    }
    dump.watch.said(None, notices);
    session.close().await;
    Ok(())
}

fn tell(watchers: &mut [Watcher], event: &CloneEvent) {
    for watcher in watchers {
        watcher(event.clone());
    }
}
