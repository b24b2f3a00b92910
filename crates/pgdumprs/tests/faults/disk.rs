//! Writers that take no more, at any byte.

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{checked_output, random::random_numbers, reference_pg_restore};

use crate::{SEED, Subject, alone};

const POINTS: usize = 100;

/// One dump in so many is given to stock pg_restore as well.
const READ: usize = 10;

#[test]
fn a_writer_that_fails_at_any_byte_leaves_a_truncated_archive() -> Result<()> {
    let _alone = alone();
    let subject = Subject::new()?;
    let whole = subject
        .write_into(&subject.database.conninfo(), usize::MAX, 1)?
        .0;
    let mut points = random_numbers(SEED, POINTS, whole.len());
    // The last byte is what makes an archive.
    points[0] = whole.len() - 1;
    for (turn, room) in points.into_iter().enumerate() {
        let jobs = [1, 4][turn % 2];
        let check = || -> Result<()> {
            let (written, outcome) =
                subject.write_into(&subject.database.conninfo(), room, jobs)?;
            let error = outcome
                .err()
                .context("success without room for the archive")?;
            ensure!(
                format!("{error:#}").contains("no space left in the test"),
                "{error:#}"
            );
            subject.check_error(&error)?;
            ensure!(
                whole.starts_with(&written) && written.len() < whole.len(),
                "written: {}",
                written.len()
            );
            if turn % READ == 0 {
                let path = subject.folder.path().join("truncated");
                std::fs::write(&path, &written)?;
                let read =
                    checked_output(reference_pg_restore().args(["-f", "/dev/null"]).arg(&path));
                std::fs::remove_file(&path)?;
                ensure!(
                    read.is_err(),
                    "pg_restore takes {} of {} bytes for an archive",
                    written.len(),
                    whole.len()
                );
            }
            subject.check_nothing_is_left()
        };
        check()
            .with_context(|| format!("room for {room} of {} bytes, with -j {jobs}", whole.len()))?;
    }
    println!("{POINTS} of {POINTS} dumps failed, each with a truncated archive");
    Ok(())
}
