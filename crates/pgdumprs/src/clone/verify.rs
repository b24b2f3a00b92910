//! Whether the target holds what the source's snapshot shows, by checksums that both servers make.
//!
//! A checksum is a count of rows and the sum of their hashes, so that it does not depend on their order. What is hashed is the text of the columns
//! that were copied, which both servers write under the same settings, whatever their release is. Generated columns are no part of it: the target
//! makes their values by its own rules, as it does those of materialized views.

pub(crate) mod checks;
mod hash;
mod rows;
pub(crate) mod sequences;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bstr::BString;
use pgdumprs_archive::Entry;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_copy::{Job, Plan, Progress};
use pgdumprs_ddl::TableRows;

use self::checks::Checks;
use self::hash::Hash;
use crate::data::others;
use crate::failure_line::with_causes;
use crate::restore::run::connect;
use crate::rows::side::{Gives, Side};
use crate::settings::SessionSettings;
use crate::transaction::{self, Shared};
use crate::{Error, RestoreReport};

/// What a clone's verification came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification {
    /// Tables whose rows were all taken, in the order in which they were dumped, then large objects, then sequences.
    pub comparisons: Vec<Comparison>,
    /// What kept anything from being compared, with its causes.
    pub failures: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Something that was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// What it is.
    pub kind: ComparedKind,
    /// Schema and name, joined by a point and without quotes; of large objects the first number and the last.
    pub name: BString,
    /// What the source's snapshot shows. `None` where that could not be read.
    pub source: Option<Checksum>,
    /// What the target holds. `None` where that could not be read.
    pub target: Option<Checksum>,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComparedKind {
    /// Rows of a table. Partitions that were loaded through their root are compared as one table, which is called as the root is.
    Table,
    /// Large objects, several hundred at a time.
    LargeObjects,
    /// The value of a sequence.
    Sequence,
}

/// What does not depend on the order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Checksum {
    /// Rows of a table; pieces of large objects; of a sequence 1 where its value has been given out, and 0 where not.
    pub count: u64,
    /// The sum of the hashes of those; a sequence's value.
    pub sum: i128,
}

impl Comparison {
    /// Whether both are equal; `None` where one could not be read.
    pub fn is_equal(&self) -> Option<bool> {
        Some(self.source? == self.target?)
    }
}

impl Verification {
    /// One that did not come to anything.
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Verification {
            comparisons: Vec::new(),
            failures: vec![reason.into()],
            elapsed: Duration::ZERO,
        }
    }

    /// Whether all was compared and is equal.
    pub fn is_proved(&self) -> bool {
        let mut comparisons = self.comparisons.iter();
        self.failures.is_empty()
            && comparisons.all(|comparison| comparison.is_equal() == Some(true))
    }

    /// What is not equal, or could not be compared.
    pub fn doubtful(&self) -> impl Iterator<Item = &Comparison> {
        let comparisons = self.comparisons.iter();
        comparisons.filter(|comparison| comparison.is_equal() != Some(true))
    }
}

/// A verification to be made, when all rows are in.
pub(super) struct Verifier {
    /// What was read of the source.
    pub(super) jobs: Vec<Job>,
    /// The rows of each table, by the number of their entry.
    pub(super) rows: HashMap<i32, TableRows>,
    pub(super) entries: Vec<Entry>,
    /// How the source was read.
    pub(super) settings: SessionSettings,
    pub(super) shared: Option<Shared>,
    pub(super) part_bytes: u64,
    /// Pairs of connections.
    pub(super) connections: usize,
    /// Where the target is, and which role writes to it.
    pub(super) target: ConnectParams,
    pub(super) target_role: Option<String>,
}

/// Everything that both sides need to begin.
struct Prepared {
    checks: Checks,
    target: Session,
    target_settings: SessionSettings,
    target_shared: Option<Shared>,
}

impl Verifier {
    /// Compares what `restored` says is whole. The source's `leader` is in its snapshot, and comes back unless it was lost. `said` hears what is told
    /// of the source's connections.
    pub(super) async fn run(
        self,
        mut leader: Session,
        restored: &RestoreReport,
        said: impl FnMut(Progress),
    ) -> (Result<Session, Error>, Verification) {
        let started = Instant::now();
        let Prepared {
            checks,
            target,
            target_settings,
            target_shared,
        } = match self.prepare(&mut leader, restored).await {
            Ok(prepared) => prepared,
            Err(reason) => return (Ok(leader), Verification::failed(reason)),
        };
        let shared = self.shared.clone().map(Shared::alike);
        let source = Side {
            others: others(self.connections, &leader, shared, &plain(&self.settings)),
            leader,
            plan: Plan::new(checks.source, self.part_bytes),
            gives: Gives::Sums,
            connections: self.connections,
        };
        let target_shared = target_shared.map(Shared::alike);
        let target = Side {
            others: others(self.connections, &target, target_shared, &target_settings),
            leader: target,
            plan: Plan::new(checks.target, self.part_bytes),
            gives: Gives::Sums,
            connections: self.connections,
        };
        let (here, there) = tokio::join!(source.read(said), target.read(|_| {}));
        let mut comparisons = checks.comparisons;
        for (comparison, parts) in comparisons.iter_mut().zip(checks.parts) {
            comparison.source = here.total(parts.source);
            comparison.target = there.total(parts.target..parts.target + 1);
        }
        comparisons.extend(checks.sequences);
        let mut failures = Vec::new();
        let leader = here.leader.map_err(Error::Copy);
        if let Err(error) = &leader {
            failures.push(format!("the source: {}", with_causes(error)));
        }
        match there.leader {
            Ok(mut session) => {
                let _ = transaction::end(&mut session).await;
                session.close().await;
            }
            Err(error) => failures.push(format!("the target: {}", with_causes(&error))),
        }
        let verification = Verification {
            comparisons,
            failures,
            elapsed: started.elapsed(),
        };
        (leader, verification)
    }

    /// Makes both sides ready, in transactions under the same settings.
    async fn prepare(
        &self,
        leader: &mut Session,
        restored: &RestoreReport,
    ) -> Result<Prepared, String> {
        let of_source =
            |error: &dyn std::error::Error| format!("the source: {}", with_causes(error));
        let of_target =
            |error: &dyn std::error::Error| format!("the target: {}", with_causes(error));
        let mut target = connect(&self.target)
            .await
            .map_err(|error| of_target(&error))?;
        let settings = SessionSettings {
            encoding: leader.parameter("client_encoding").map(ToString::to_string),
            role: self.target_role.clone(),
            serializable_deferrable: false,
            snapshot: None,
            ..plain(&self.settings)
        };
        let begun = transaction::begin(&mut target, self.connections > 1, &settings).await;
        let begun = begun.map_err(|error| of_target(&error))?;
        let here = Hash::of(leader).await.map_err(|error| of_source(&error))?;
        let there = Hash::of(&mut target)
            .await
            .map_err(|error| of_target(&error))?;
        let hash = here.common(there, settings.encoding.as_deref());
        let mut checks = Checks::new(&self.jobs, &self.rows, &self.entries, restored, &hash);
        checks
            .divide(&mut target)
            .await
            .map_err(|error| of_target(&error))?;
        let values = sequences::read(&mut target, &self.entries, restored).await;
        checks.sequences = values.map_err(|error| of_target(&error))?;
        Ok(Prepared {
            checks,
            target,
            target_settings: settings,
            target_shared: begun.shared,
        })
    }
}

/// Settings that are the same on both sides.
fn plain(settings: &SessionSettings) -> SessionSettings {
    SessionSettings {
        quote_all_identifiers: false,
        ..settings.clone()
    }
}
