//! The major versions of PostgreSQL that tests cover.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

/// The environment variable that names the majors a run covers, separated by commas.
pub const MAJORS_VARIABLE: &str = "PGDUMPRS_TEST_MAJORS";

/// A major version of PostgreSQL that the project supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Major(u16);

impl Major {
    /// PostgreSQL 13.
    pub const V13: Major = Major(13);
    /// PostgreSQL 14.
    pub const V14: Major = Major(14);
    /// PostgreSQL 15.
    pub const V15: Major = Major(15);
    /// PostgreSQL 16.
    pub const V16: Major = Major(16);
    /// PostgreSQL 17.
    pub const V17: Major = Major(17);
    /// PostgreSQL 18.
    pub const V18: Major = Major(18);
    /// PostgreSQL 19.
    pub const V19: Major = Major(19);

    /// Every supported major, oldest first.
    pub const ALL: [Major; 7] = [
        Major::V13,
        Major::V14,
        Major::V15,
        Major::V16,
        Major::V17,
        Major::V18,
        Major::V19,
    ];

    /// The major whose `pg_dump` and `pg_restore` define what is correct.
    pub const REFERENCE: Major = Major::V19;

    /// The version number, such as 17.
    pub fn number(self) -> u16 {
        self.0
    }

    /// The majors this run covers: those in `PGDUMPRS_TEST_MAJORS`, or all of them.
    ///
    /// # Errors
    ///
    /// When the variable names an unsupported major, something that is not a number, or nothing:
    /// a run never covers fewer majors than it was told to.
    pub fn covered() -> Result<Vec<Major>> {
        match std::env::var(MAJORS_VARIABLE) {
            Ok(list) => parse_list(&list).with_context(|| format!("in {MAJORS_VARIABLE}={list:?}")),
            Err(std::env::VarError::NotPresent) => Ok(Major::ALL.to_vec()),
            Err(error) => Err(error).context(MAJORS_VARIABLE),
        }
    }
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Major {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Major> {
        let number: u16 = text
            .parse()
            .with_context(|| format!("{text:?} is not a PostgreSQL major version"))?;
        match Major::ALL.into_iter().find(|major| major.0 == number) {
            Some(major) => Ok(major),
            None => bail!("PostgreSQL {number} is not supported (13 to 19 are)"),
        }
    }
}

fn parse_list(list: &str) -> Result<Vec<Major>> {
    let mut majors = list
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(Major::from_str)
        .collect::<Result<Vec<_>>>()?;
    majors.sort();
    majors.dedup();
    if majors.is_empty() {
        bail!("no major version is named");
    }
    Ok(majors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_deduplicated() {
        assert_eq!(
            parse_list("17, 13,17").unwrap(),
            [Major::V13, Major::V17].to_vec()
        );
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for list in ["12", "20", "seventeen", "", " , ", "13,x"] {
            assert!(parse_list(list).is_err(), "{list:?} was accepted");
        }
    }
}
