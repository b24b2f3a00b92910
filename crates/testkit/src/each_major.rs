//! Runs one test against every major, or every release, that the run covers.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

use crate::{Major, Release, Server};

/// Calls `test` with a server of each covered major and reports all failures together, so that one
/// run tells which majors are affected.
///
/// # Panics
///
/// When the test fails or panics for any major, or a server cannot be had.
pub fn for_each_major(test: impl Fn(&Server) -> Result<()> + Sync) {
    for_each(Major::covered(), test);
}

/// Like [`for_each_major`] where there is time for it (`PGDUMPRS_SCALE`), otherwise with a server of the reference major alone.
///
/// # Panics
///
/// As [`for_each_major`] does.
pub fn for_each_major_at_scale(test: impl Fn(&Server) -> Result<()> + Sync) {
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
pub fn for_each_release(test: impl Fn(&Server) -> Result<()> + Sync) {
    for_each(Release::covered(), test);
}

/// How many releases are tested at this moment by this process.
static UNDER_TEST: Mutex<usize> = Mutex::new(0);
static ONE_IS_DONE: Condvar = Condvar::new();

/// The right to test one release, which as many have as there are CPUs: a test that runs alone uses all of them, and many beside each other do
/// not take more.
struct Turn;

impl Turn {
    fn wait() -> Turn {
        let most = thread::available_parallelism().map_or(1, usize::from);
        let count = UNDER_TEST.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = ONE_IS_DONE.wait_while(count, |count| *count >= most);
        *waited.unwrap_or_else(PoisonError::into_inner) += 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *UNDER_TEST.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ONE_IS_DONE.notify_one();
    }
}

fn for_each<R>(releases: Result<Vec<R>>, test: impl Fn(&Server) -> Result<()> + Sync)
where
    R: Copy + Display + Into<Release> + Send,
{
    let releases = match releases {
        Ok(releases) => releases,
        Err(error) => panic!("{error:#}"),
    };
    let test = &test;
    let failures: Vec<_> = thread::scope(|scope| {
        let testing: Vec<_> = releases
            .into_iter()
            .map(|release| {
                scope.spawn(move || {
                    let _turn = Turn::wait();
                    failure(release, test)
                })
            })
            .collect();
        let outcomes = testing.into_iter().map(|testing| testing.join());
        outcomes
            .filter_map(|outcome| outcome.expect("panics are caught"))
            .collect()
    });
    assert!(
        failures.is_empty(),
        "{} server(s) failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// What the test says of a release, if it fails.
fn failure<R>(release: R, test: impl Fn(&Server) -> Result<()>) -> Option<String>
where
    R: Copy + Display + Into<Release>,
{
    // A test that panicked is done; nothing it left half changed is looked at again.
    let outcome = catch_unwind(AssertUnwindSafe(|| test(&Server::try_get(release)?)));
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("PostgreSQL {release}: {error:?}")),
        Err(payload) => {
            let said = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied())
                .unwrap_or("panicked");
            Some(format!("PostgreSQL {release}: {said}"))
        }
    }
}
