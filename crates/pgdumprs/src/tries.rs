//! Beginning anew where the database changed while it was being listed.
//!
//! Views, functions and types cannot be locked, and a table may be dropped before it is. Until its first byte is written, a dump can do what its
//! user would: begin again, in a new transaction and with a new snapshot.

use std::time::Duration;

use crate::failure_line::with_causes;
use crate::{Error, ErrorKind};

/// How often a dump is begun, at most: also where objects come and go all the time, one try in two finds them at rest for as long as it takes.
const MOST: usize = 10;

/// How often it is begun at most where the very same is in the way: then it is not a change that just went on.
const MOST_ALIKE: usize = 3;

/// What is waited before the second try, and at most: ever longer, to outlast a migration that makes many changes.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The tries of a dump.
#[derive(Debug)]
pub(crate) struct Tries {
    /// Those that were begun.
    begun: usize,
    /// The last ones that failed in the same way.
    alike: usize,
    failure: String,
    may_repeat: bool,
}

impl Tries {
    /// The first try. It is the only one where it reads in a snapshot that is not its own: another would see the same.
    pub(crate) fn first(may_repeat: bool) -> Self {
        Self {
            begun: 1,
            alike: 0,
            failure: String::new(),
            may_repeat,
        }
    }

    /// How many were begun.
    pub(crate) fn begun(&self) -> usize {
        self.begun
    }

    /// What kept the try in hand from succeeding, and how long to wait before the next one.
    ///
    /// # Errors
    ///
    /// What to fail with, where another try would be of no use.
    pub(crate) fn next(&mut self, error: Error) -> Result<(String, Duration), Error> {
        if !self.may_repeat || !passes(&error) {
            return Err(error);
        }
        let failure = with_causes(&error);
        self.alike = if failure == self.failure {
            self.alike + 1
        } else {
            1
        };
        self.failure.clone_from(&failure);
        let is_lasting = self.alike >= MOST_ALIKE && names_its_object(&error);
        if is_lasting || self.begun >= MOST {
            return Err(Error::Tried {
                tries: self.begun,
                is_lasting,
                source: Box::new(error),
            });
        }
        let pause = PAUSE * (1 << (self.begun - 1));
        self.begun += 1;
        Ok((failure, pause.min(LONGEST_PAUSE)))
    }
}

/// Whether another try may well succeed at once. Timeouts are not among the reasons: whoever sets one wants to hear of it.
fn passes(error: &Error) -> bool {
    // serialization_failure, which a standby reports that had to remove what was being read; deadlock_detected
    error.kind() == ErrorKind::Changed || matches!(error.sqlstate(), Some("40001" | "40P01"))
}

/// Whether another object would have another message: one that holds an OID. A table's name may be used again and again, and a row that does not
/// hold what it should is not named.
fn names_its_object(error: &Error) -> bool {
    matches!(
        error,
        Error::Ddl(_) | Error::Catalog(pgdumprs_catalog::Error::Query { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(oid: u32) -> Error {
        Error::Ddl(pgdumprs_ddl::Error::Missing {
            object: "view v".into(),
            target: format!("the type with OID {oid}"),
        })
    }

    #[test]
    fn what_differs_each_time_is_tried_ten_times() {
        let mut tries = Tries::first(true);
        let mut waited = Duration::ZERO;
        for oid in 1..10 {
            let (reason, pause) = tries.next(missing(oid)).expect("it is tried again");
            assert!(reason.contains(&oid.to_string()), "{reason}");
            waited += pause;
        }
        assert_eq!(tries.begun(), 10);
        assert!(waited < Duration::from_secs(15), "{waited:?}");
        let error = tries.next(missing(10)).expect_err("it was the last one");
        assert_eq!(error.kind(), ErrorKind::Changed);
        assert!(error.to_string().contains("10 times"), "{error}");
    }

    #[test]
    fn what_is_missing_for_good_is_no_change() {
        let mut tries = Tries::first(true);
        tries.next(missing(5)).expect("it is tried again");
        tries.next(missing(7)).expect("it is tried again");
        tries.next(missing(7)).expect("it is tried again");
        let error = tries.next(missing(7)).expect_err("it is the same");
        assert_eq!(error.kind(), ErrorKind::Content);
    }

    #[test]
    fn anothers_snapshot_is_read_once() {
        let error = Tries::first(false).next(missing(5)).expect_err("it is not");
        assert!(matches!(error, Error::Ddl(_)), "{error:?}");
    }

    #[test]
    fn what_time_does_not_mend_is_told_at_once() {
        let error = Error::Catalog(pgdumprs_catalog::Error::OtherDatabase {
            pattern: "shop.public.orders".into(),
        });
        let error = Tries::first(true).next(error).expect_err("it is told");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}
