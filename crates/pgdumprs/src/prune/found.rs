//! What a place has that a template names, wherever that is.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;

use super::PruneError;
use super::look::{Look, Looked};

/// A folder or a bucket that backups are in.
pub(super) trait Place: Sync {
    /// What is kept of each from the first look to its removal.
    type Seen: Send;

    /// What has names that the template makes.
    fn find(&self) -> Result<Vec<Candidate<Self::Seen>>, PruneError>;

    /// Looks at one, and says whether nobody can be writing it.
    fn look(&self, candidate: &mut Candidate<Self::Seen>) -> (Look, bool);

    /// Removes one, unless it has changed since it was looked at. The error says why all or a part of it is still there.
    fn remove(&self, found: &Found<Self::Seen>) -> Result<(), String>;

    /// Removes what was begun of backups of a moment before `newest`, and is no file or object yet, given up by whoever began it, unless `is_dry_run`. Gives
    /// their names. What the place cannot tell or remove is left.
    fn clear_begun(&self, newest: DateTime, is_dry_run: bool) -> Vec<String>;
}

/// What may be a backup, by its name.
pub(super) struct Candidate<S> {
    pub(super) name: String,
    pub(super) moment: DateTime,
    pub(super) seen: S,
}

/// A backup.
pub(super) struct Found<S> {
    pub(super) candidate: Candidate<S>,
    pub(super) looked: Looked,
    pub(super) is_settled: bool,
}

/// What a look at a candidate has come to: a backup, or its name and why it is none.
pub(super) type Outcome<S> = Result<Found<S>, (String, String)>;

/// How many are looked at at a time: in a store, most of the time is waiting.
const AT_A_TIME: usize = 8;

/// Looks at all candidates.
pub(super) fn look_at_all<P: Place>(
    place: &P,
    candidates: Vec<Candidate<P::Seen>>,
) -> Vec<Outcome<P::Seen>> {
    let threads = AT_A_TIME.min(candidates.len());
    let waiting = Mutex::new(candidates);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some(mut candidate) = next else { return };
                    let outcome = match place.look(&mut candidate) {
                        (Look::Left(reason), _) => Err((candidate.name, reason)),
                        (Look::Backup(looked), is_settled) => Ok(Found {
                            candidate,
                            looked,
                            is_settled,
                        }),
                    };
                    found
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(outcome);
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// How long after something was written somebody may still be writing, so that what is not complete is left: the dump of a server that has not come to its end, or
/// a copy of an old archive.
const SETTLED: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether nobody can be writing any more what was written to last then.
pub(super) fn is_settled(last: Option<SystemTime>, now: SystemTime) -> bool {
    match last.map(|last| now.duration_since(last)) {
        None => true,
        Some(Ok(age)) => age >= SETTLED,
        // It was written since then, or by another clock. What is of a far future tells nothing.
        Some(Err(ahead)) => ahead.duration() >= SETTLED,
    }
}
