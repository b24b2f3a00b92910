//! Runs one test against every major, or every release, that the run covers.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Result;

use crate::{Major, Release, Server};

/// Calls `test` with a server of each covered major and reports all failures together, so that one
/// run tells which majors are affected.
///
/// # Panics
///
/// When the test fails or panics for any major, or a server cannot be had.
pub fn for_each_major(test: impl Fn(&Server) -> Result<()>) {
    for_each(Major::covered(), test);
}

/// Like [`for_each_major`] where there is time for it (`PGDUMPRS_SCALE`), otherwise with a server of the reference major alone.
///
/// # Panics
///
/// As [`for_each_major`] does.
pub fn for_each_major_at_scale(test: impl Fn(&Server) -> Result<()>) {
    let majors = match std::env::var_os("PGDUMPRS_SCALE") {
        Some(_) => Major::covered(),
        None => Ok(vec![Major::REFERENCE]),
    };
    for_each(majors, test);
}

/// Like [`for_each_major`], and for the older minors of those majors that have one here as well.
///
/// # Panics
///
/// When the test fails or panics for any release, or a server cannot be had.
pub fn for_each_release(test: impl Fn(&Server) -> Result<()>) {
    for_each(Release::covered(), test);
}

fn for_each<R>(releases: Result<Vec<R>>, test: impl Fn(&Server) -> Result<()>)
where
    R: Copy + Display + Into<Release>,
{
    let releases = match releases {
        Ok(releases) => releases,
        Err(error) => panic!("{error:#}"),
    };
    let mut failures = Vec::new();
    for release in releases {
        // A test that panicked is done; nothing it left half changed is looked at again.
        let outcome = catch_unwind(AssertUnwindSafe(|| test(&Server::try_get(release)?)));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failures.push(format!("PostgreSQL {release}: {error:?}")),
            Err(payload) => {
                let said = payload
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| payload.downcast_ref::<&str>().copied())
                    .unwrap_or("panicked");
                failures.push(format!("PostgreSQL {release}: {said}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} server(s) failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}
