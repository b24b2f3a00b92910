//! What is released: which version, and when.

use std::process::Command;

use anyhow::{Context, Result};

use crate::build::workspace;

/// The variable by which builds are told a time, in seconds since 1970, so that they can be done again with the same result.
const TIME_VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// A version and its time.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) version: String,
    /// Seconds since 1970, UTC, of everything that is packed.
    pub(crate) time: u64,
}

impl Release {
    /// The workspace's version, at the time of its last commit or at the one that `SOURCE_DATE_EPOCH` gives.
    ///
    /// # Errors
    ///
    /// When the variable holds no time, or it is not set and there is no commit.
    pub(crate) fn of_workspace() -> Result<Release> {
        let seconds = match std::env::var(TIME_VARIABLE) {
            Ok(seconds) => seconds,
            Err(_) => last_commit()?,
        };
        let seconds = seconds.trim();
        Ok(Release {
            // All crates have one.
            version: env!("CARGO_PKG_VERSION").to_owned(),
            time: seconds
                .parse()
                .with_context(|| format!("{seconds:?} is no time in seconds"))?,
        })
    }
}

fn last_commit() -> Result<String> {
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"])
        .current_dir(workspace());
    let output = pgdumprs_testkit::checked_output(&mut git).with_context(|| {
        format!("the time of the last commit, without which {TIME_VARIABLE} has to be set")
    })?;
    String::from_utf8(output.stdout).context("git prints UTF-8")
}
