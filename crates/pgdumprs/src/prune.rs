//! Removes old backups.

mod age;
#[cfg(feature = "object-store")]
mod bucket;
mod disk;
mod error;
mod found;
mod killed;
mod look;
mod report;
mod template;

use std::time::SystemTime;

use pgdumprs_keep::{Backup, KeepReason, Retention, State, Verdict, decide};
#[cfg(feature = "encryption")]
use pgdumprs_seal::Identities;

pub use error::PruneError;
pub use report::{BackupFate, LeftAlone, PruneReport, PrunedBackup};
pub use template::BackupTemplate;

use self::age::Key;
use self::disk::Disk;
use self::found::{Found, Place, look_at_all};
use crate::blocking::blocking;

/// A removal of old backups to be made: of those that have the names of a template, all that no rule keeps.
///
/// ```
/// use pgdumprs::{BackupTemplate, Prune, Retention};
///
/// # async fn example(folder: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let template = BackupTemplate::new(&format!("{folder}/shop-%Y-%m-%d.dump"))?;
/// let retention = Retention::default().daily(7).weekly(4).monthly(12);
/// let report = Prune::new(template, retention).dry_run(true).run().await?;
/// for backup in report.removed() {
///     println!("{} would go", backup.name);
/// }
/// # Ok(())
/// # }
/// # let folder = tempfile::tempdir().unwrap();
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(example(folder.path().to_str().unwrap())).unwrap();
/// ```
///
/// A backup is a file or an object with an archive, also an encrypted one, or a folder: an archive in the directory format, or the dump of a server. The header and
/// the table of contents of each are read, and its end, by which one that was cut off is known; of an encrypted one, the head and the length. Nothing else is touched.
///
/// The newest complete one is never removed. What is not complete counts for no rule, and goes when it is older than that. What
/// was written to within a day is left, since somebody may be writing it.
#[derive(Debug, Clone)]
pub struct Prune {
    template: BackupTemplate,
    retention: Retention,
    written: Option<SystemTime>,
    is_dry_run: bool,
    now: Option<SystemTime>,
    key: Key,
}

impl Prune {
    /// A removal of those backups with names of `template` that `retention` does not keep.
    pub fn new(template: BackupTemplate, retention: Retention) -> Self {
        Self {
            template,
            retention,
            written: None,
            is_dry_run: false,
            now: None,
            key: Key::default(),
        }
    }

    /// Whether nothing is removed and it is only told what would be.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.is_dry_run = dry_run;
        self
    }

    /// Says of which moment a backup was just written, as it was given to [`BackupTemplate::name`]: that one is kept, whatever the rules say.
    #[must_use]
    pub fn written(mut self, time: SystemTime) -> Self {
        self.written = Some(time);
        self
    }

    /// The time that is taken for now, in place of this machine's clock. What has a later moment is kept and not counted.
    #[must_use]
    pub fn now(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Looks into encrypted archives by these, as into others. One that they do not open is left as it is. Without them, one that was cut off
    /// may count as complete.
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn identities(mut self, identities: Identities) -> Self {
        self.key.identities = Some(identities);
        self
    }

    /// Looks at all backups, and removes those that are not kept. One that cannot be removed does not stop the others: the report has it.
    ///
    /// Right before each is removed, it is looked at once more: one that has been replaced meanwhile stays. Of a folder, those files are removed that its
    /// table of contents or manifest names, and the folder where it is empty then; first of all that list gets another name, so that what is left by a process that is
    /// killed is taken for a whole backup by nobody, and removed the next time.
    ///
    /// # Errors
    /// [`PruneError`], where there are no rules, or backups cannot be looked for. Nothing was removed then.
    pub async fn run(self) -> Result<PruneReport, PruneError> {
        blocking(move || self.run_blocking()).await
    }

    fn run_blocking(self) -> Result<PruneReport, PruneError> {
        self.template.check_moment()?;
        if self.retention.is_empty() {
            return Err(PruneError::NoRule);
        }
        let now = self.now.unwrap_or_else(SystemTime::now);
        if !self.template.is_in_store() {
            return self.at(&Disk::new(&self.template, now, self.key.clone()), now);
        }
        #[cfg(feature = "object-store")]
        {
            let name = self.template.name(now);
            self.at(
                &bucket::Store::open(&self.template, &name, now, self.key.clone())?,
                now,
            )
        }
        #[cfg(not(feature = "object-store"))]
        Err(PruneError::NoStores {
            name: self.template.text().to_owned(),
        })
    }

    fn at<P: Place>(&self, place: &P, now: SystemTime) -> Result<PruneReport, PruneError> {
        let mut report = PruneReport {
            is_dry_run: self.is_dry_run,
            ..PruneReport::default()
        };
        let mut found = Vec::new();
        for outcome in look_at_all(place, place.find()?) {
            match outcome {
                Ok(backup) => found.push(backup),
                Err((name, reason)) => report.left.push(LeftAlone { name, reason }),
            }
        }
        report.left.sort_by(|one, other| one.name.cmp(&other.name));
        found.sort_by(|one, other| {
            let key =
                |found: &Found<P::Seen>| (found.candidate.moment, found.candidate.name.clone());
            key(one).cmp(&key(other))
        });
        let backups: Vec<Backup> = found.iter().map(seen).collect();
        let today = template::local(now);
        let complete = backups
            .iter()
            .filter(|one| one.state == State::Complete && one.moment <= today);
        if let Some(newest) = complete.map(|one| one.moment).max() {
            let begun = place.clear_begun(newest, self.is_dry_run);
            match self.template.is_in_store() {
                true => report.uploads = begun,
                false => report.unfinished = begun,
            }
        }
        let verdicts = decide(&self.retention, &backups, today);
        for (backup, verdict) in found.into_iter().zip(verdicts) {
            let is_written = self.written.is_some_and(|written| {
                self.template.name(written) == self.template.name_at(backup.candidate.moment)
            });
            let fate = match verdict {
                Verdict::Kept(reasons) => BackupFate::Kept(reasons),
                Verdict::Removed if is_written => BackupFate::Kept(vec![KeepReason::Written]),
                Verdict::Removed if self.is_dry_run => BackupFate::Removed,
                Verdict::Removed => match place.remove(&backup) {
                    Ok(()) => BackupFate::Removed,
                    Err(reason) => BackupFate::NotRemoved(reason),
                },
            };
            report.backups.push(PrunedBackup {
                made: backup.candidate.moment.to_string(),
                bytes: backup.looked.bytes,
                problem: backup.looked.problem,
                name: backup.candidate.name,
                fate,
            });
        }
        Ok(report)
    }
}

fn seen<S>(found: &Found<S>) -> Backup {
    Backup {
        moment: found.candidate.moment,
        state: match (&found.looked.problem, found.is_settled) {
            (None, _) => State::Complete,
            (Some(_), true) => State::Incomplete,
            (Some(_), false) => State::Unsettled,
        },
    }
}

#[cfg(test)]
mod tests;
