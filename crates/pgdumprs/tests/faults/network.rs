//! Connections that break, at any byte.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{Fault, SlowLink, random::random_numbers};

use crate::{SEED, Subject, alone};

/// Points for each number of connections.
const POINTS: usize = 100;

#[test]
fn a_connection_cut_at_any_byte_is_an_error_or_does_no_harm() -> Result<()> {
    let _alone = alone();
    let subject = Subject::new()?;
    let expected = subject.expected()?;
    for jobs in [1, 4] {
        let link = open(&subject)?;
        let conninfo = link.conninfo(subject.database.name());
        let path = subject.folder.path().join("a.dump");
        subject.outcome(subject.dump(&conninfo, jobs)?.to_file(&path))??;
        std::fs::remove_file(&path)?;
        let bytes = usize::try_from(link.bytes())?;
        // One that was still opening when the others were done may have been followed by a request to cancel.
        let connections = link.traffic().connections;
        ensure!(
            connections >= jobs,
            "{connections} connections for -j {jobs}"
        );
        drop(link);
        let (mut failed, mut whole) = (0, 0);
        for (turn, after) in random_numbers(SEED, POINTS, bytes).into_iter().enumerate() {
            let fault = [Fault::Cut, Fault::CutAll][turn % 2];
            match cut(&subject, jobs, u64::try_from(after)?, fault, &expected).with_context(
                || format!("{fault:?} after {after} of {bytes} bytes, with -j {jobs}"),
            )? {
                true => whole += 1,
                false => failed += 1,
            }
        }
        println!(
            "-j {jobs}: {POINTS} cuts within {bytes} bytes: {failed} dumps failed, {whole} were whole all the same"
        );
        // Only a connection that was not needed can be cut without harm.
        ensure!(failed > whole, "{failed} failed, {whole} did not");
    }
    Ok(())
}

/// Dumps over a link that breaks. `true` where the dump was whole all the same.
fn cut(subject: &Subject, jobs: usize, after: u64, fault: Fault, expected: &[u8]) -> Result<bool> {
    let link = open(subject)?;
    link.fail_after(after, fault);
    let path = subject.folder.path().join("a.dump");
    let dump = subject.dump(&link.conninfo(subject.database.name()), jobs)?;
    let outcome = subject.outcome(dump.to_file(&path))?;
    match &outcome {
        Ok(_) => {
            ensure!(
                std::fs::read(&path)? == expected,
                "success, and another archive than expected"
            );
            std::fs::remove_file(&path)?;
        }
        Err(error) => {
            ensure!(link.has_failed(), "it fails before the fault: {error:#}");
            subject.check_error(error)?;
        }
    }
    subject.check_nothing_is_left()?;
    Ok(outcome.is_ok())
}

/// Where everything was read and the server has not confirmed the end of the transaction, nobody knows whether its locks held. Such a
/// dump fails, and a pipe must not have got all of it.
#[test]
fn without_the_answer_to_commit_there_is_no_archive() -> Result<()> {
    let _alone = alone();
    let subject = Subject::new()?;
    let link = open(&subject)?;
    let conninfo = link.conninfo(subject.database.name());
    let (whole, outcome) = subject.write_into(&conninfo, usize::MAX, 1)?;
    outcome?;
    let bytes = link.bytes();
    let (mut unconfirmed, mut confirmed) = (0, 0);
    for before_end in 0..40 {
        let link = open(&subject)?;
        link.fail_after(bytes - before_end, Fault::Cut);
        let conninfo = link.conninfo(subject.database.name());
        let (written, outcome) = subject.write_into(&conninfo, usize::MAX, 1)?;
        match outcome {
            Ok(()) => {
                ensure!(
                    written == whole,
                    "success, and another archive than expected"
                );
                confirmed += 1;
            }
            Err(error) => {
                ensure!(
                    written.len() < whole.len(),
                    "all is written, and the dump fails: {error:#}"
                );
                let error = error.downcast_ref::<pgdumprs::Error>();
                unconfirmed += usize::from(matches!(error, Some(pgdumprs::Error::Ending(_))));
            }
        }
    }
    ensure!(
        unconfirmed > 5 && confirmed > 0,
        "{unconfirmed} unconfirmed, {confirmed} confirmed"
    );
    Ok(())
}

fn open(subject: &Subject) -> Result<SlowLink> {
    SlowLink::open(subject.database.server(), Duration::ZERO)
}
