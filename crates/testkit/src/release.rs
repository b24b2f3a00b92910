//! The minor releases that tests run on.

use std::fmt;

use anyhow::Result;

use crate::Major;

/// A major version in one of the minors that tests run on: the newest that can be had, or an older one.
///
/// Minor releases change catalogs too. Those of November 2026 keep options in `pg_attribute` that earlier ones refuse, so what is
/// dumped from the newest must still restore into what most servers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    major: Major,
    older: bool,
}

impl Release {
    /// The majors that are tested on an older minor as well.
    const WITH_OLDER: [Major; 2] = [Major::V15, Major::V17];

    /// A minor of `major` from before November 2026, for the majors that have one here.
    pub fn older(major: Major) -> Option<Release> {
        Release::WITH_OLDER
            .contains(&major)
            .then_some(Release { major, older: true })
    }

    /// The newest minor of a major, and the older one behind it where there is one.
    pub fn all_of(major: Major) -> Vec<Release> {
        let newest = Release::from(major);
        std::iter::once(newest)
            .chain(Release::older(major))
            .collect()
    }

    /// The releases of all majors that this run covers.
    ///
    /// # Errors
    ///
    /// Like [`Major::covered`].
    pub fn covered() -> Result<Vec<Release>> {
        let majors = Major::covered()?.into_iter();
        Ok(majors.flat_map(Release::all_of).collect())
    }

    /// The major version.
    pub fn major(self) -> Major {
        self.major
    }

    /// Whether this is the older of two minors.
    pub fn is_older(self) -> bool {
        self.older
    }
}

/// The newest minor.
impl From<Major> for Release {
    fn from(major: Major) -> Release {
        Release {
            major,
            older: false,
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minor = if self.older { " (an older minor)" } else { "" };
        write!(f, "{}{minor}", self.major)
    }
}
