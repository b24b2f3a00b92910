//! Runs one test against every major that the run covers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Result;

use crate::{Major, Server};

/// Calls `test` with a server of each covered major and reports all failures together, so that one
/// run tells which majors are affected.
///
/// # Panics
///
/// When the test fails or panics for any major, or a server cannot be had.
pub fn for_each_major(test: impl Fn(&Server) -> Result<()>) {
    let majors = match Major::covered() {
        Ok(majors) => majors,
        Err(error) => panic!("{error:#}"),
    };
    let mut failures = Vec::new();
    for major in majors {
        // A test that panicked is done; nothing it left half changed is looked at again.
        let outcome = catch_unwind(AssertUnwindSafe(|| test(&Server::try_get(major)?)));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failures.push(format!("PostgreSQL {major}: {error:?}")),
            Err(payload) => {
                let said = payload
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| payload.downcast_ref::<&str>().copied())
                    .unwrap_or("panicked");
                failures.push(format!("PostgreSQL {major}: {said}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} major(s) failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}
