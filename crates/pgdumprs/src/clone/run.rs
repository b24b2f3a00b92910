//! A clone, carried out: the source is planned as for a dump, and what comes of it restored.

use std::pin::pin;
use std::time::Instant;

use pgdumprs_archive::{ArchiveVersion, Compression};
use pgdumprs_connect::Session;
use pgdumprs_copy::{Supply, Supplying};

use super::same::Identity;
use super::{CloneError, CloneReport, DatabaseClone};
use crate::data::others;
use crate::plain::selects;
use crate::planning::Planned;
use crate::product::Product;
use crate::restore::archive::Opened;
use crate::restore::run::connect;
use crate::{Dump, Error, Report, RestoreEnd, RestorePlan, transaction};

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
        let (target, session, planned) = self.meet().await?;
        let of_source = Report::begin(&planned);
        let Planned {
            header,
            entries,
            data,
            begun,
            ..
        } = planned;
        let Self { mut dump, restore } = self;
        let others = others(dump.connections(), &session, begun.shared, &dump.settings);
        let (supply, mut supplying) = Supply::new(session, others, data);
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
        let source_end = match restore.end() {
            // Nothing more can be proved: what the source does is cancelled.
            RestoreEnd::Incomplete => None,
            _ => end(&mut dump, supplying).await.err(),
        };
        dump.watch.all_said();
        let (_, warnings) = dump.watch.take();
        Ok(CloneReport {
            database: of_source.database,
            server_version: of_source.server_version,
            snapshot_lsn: of_source.snapshot_lsn,
            snapshot_time: of_source.snapshot_time,
            tries: of_source.tries,
            restore,
            source_end,
            warnings,
            elapsed: started.elapsed(),
        })
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
        dump.say_to_script(&mut self.restore.options);
        let jobs = self.restore.connections();
        let dump = std::mem::replace(dump, Dump::with_params(Default::default()));
        self.dump = dump
            .jobs(jobs)
            .compression(Compression::None)
            .archive_version(ArchiveVersion::V1_16);
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

/// Ends the source's transaction, when all was read. That it is still there proves that its locks and its snapshot have held.
async fn end(dump: &mut Dump, mut supplying: Supplying) -> Result<(), Error> {
    while let Some(told) = supplying.told().await {
        dump.watch.copied(told);
    }
    let mut session = supplying.end().await.map_err(Error::Copy)?;
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
