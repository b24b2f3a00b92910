//! Servers that are stopped in the midst of a restore, and start again.

use anyhow::{Context, Result, ensure};
use pgdumprs::RestoreEnd;
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{Server, delicate_database, for_each_major_at_scale};

use super::lost::{complete, disturbed};
use super::{ALL_WAYS, SERIAL, SHARED, Way, dump, into, run_in};

const SEED: u64 = 37;

/// Rows of the largest table.
const ROWS: u32 = 6000;

#[test]
fn a_restore_goes_on_when_the_server_has_started_again() {
    for_each_major_at_scale(goes_on_after_a_restart);
}

/// An immediate shutdown loses what is not on the disk; a fast one says to each session that it ends.
fn goes_on_after_a_restart(server: &Server) -> Result<()> {
    let (turns, ways): (_, &[Way]) = match std::env::var_os("PGDUMPRS_SCALE") {
        Some(_) => (6, ALL_WAYS),
        None => (1, &[SERIAL, SHARED]),
    };
    let server = Server::builder(server.release())
        .setting("wal_writer_delay", "10s")
        .setting("fsync", "on")
        .start()?;
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir()?;
    let (archive, journal) = (folder.path().join("a.dump"), folder.path().join("journal"));
    dump(&source, &archive)?;
    let entries = pgdumprs::archive::Reader::open_path(&archive)?
        .entries()
        .len();
    let points = random_numbers(SEED, turns * ways.len(), entries * 2 / 3);
    let mut gone_on = 0;
    for (turn, after) in points.into_iter().enumerate() {
        let way = ways[turn % ways.len()];
        let signal = ["QUIT", "INT"][turn % 2];
        let what = format!("{way:?}, {signal} after {after} of {entries} entries");
        let target = source.empty_sibling()?;
        let (stopped, done) = std::sync::mpsc::channel();
        let of_server = server.clone();
        let restore = into(&target, way)?.journal(&journal);
        let restore = disturbed(restore, after, move || {
            std::thread::spawn(move || stopped.send(of_server.restart(signal)));
        });
        let report = run_in(way, restore, &archive);
        done.recv()??;
        let report = report.with_context(|| what.clone())?;
        // Rows from a pipe cannot be read again.
        ensure!(
            way.piped || report.end() == RestoreEnd::Complete,
            "{what}: {report:#?}"
        );
        gone_on += usize::from(report.end() != RestoreEnd::Complete);
        complete(&source, &target, way, &archive, &journal, report).context(what)?;
    }
    println!(
        "{}: {} restarts, {gone_on} restores gone on with",
        server.major(),
        turns * ways.len()
    );
    Ok(())
}
