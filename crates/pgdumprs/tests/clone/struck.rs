//! Processes and servers that die on either side, and a disk that fills up: a copy that is said to be whole is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pgdumprs::{CloneEnd, CloneError, CloneReport, DatabaseClone, RestoreEnd};
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{Database, Server, SmallDisk, for_each_major_at_scale};

use super::faults::{self, Side};
use super::{ALL_WAYS, DIVIDED, Way, check, clone, is_thorough, run};

const SEED: u64 = 41;

/// The time within which a server recovers.
const LIMIT: Duration = Duration::from_secs(60);

/// What happens to the processes that work in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strike {
    /// One of them is ended.
    EndOne,
    /// All of them are.
    EndAll,
    /// One is killed: the server ends all others, and recovers.
    Kill,
    /// The server is stopped at once, and starts again.
    Stop,
}

const STRIKES: [Strike; 4] = [Strike::EndOne, Strike::EndAll, Strike::Kill, Strike::Stop];

impl Strike {
    /// Lets it happen, and waits until the server is there again. `pick` chooses one of several.
    fn hit(self, database: &Database, pick: usize) -> Result<()> {
        let pids = "FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        match self {
            Strike::EndOne | Strike::EndAll => {
                let which = match self {
                    Strike::EndOne => format!("{pids} ORDER BY hashint4(pid # {pick}) LIMIT 1"),
                    _ => pids.to_owned(),
                };
                database.try_execute_sql(format!(
                    "SELECT pg_terminate_backend(pid) FROM (SELECT pid {which}) AS found"
                ))
            }
            Strike::Kill => {
                let pids = database.psql(&format!("SELECT pid {pids} ORDER BY backend_start"));
                let pids: Vec<&str> = pids.lines().collect();
                if pids.is_empty() {
                    return Ok(());
                }
                let mut kill = std::process::Command::new("kill");
                kill.args(["-KILL", pids[pick % pids.len()]]);
                // It may have come to its end meanwhile.
                kill.output()?;
                recovered(database)
            }
            Strike::Stop => database.server().restart("QUIT"),
        }
    }
}

/// Waits until a database can be used.
fn recovered(database: &Database) -> Result<()> {
    let started = Instant::now();
    while let Err(error) = database.try_execute_sql("SELECT") {
        ensure!(started.elapsed() < LIMIT, "{error:#}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Runs a clone, and has `strike` happen on another thread once so many events have been told.
fn disturbed(
    clone: DatabaseClone,
    after: usize,
    strike: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<Result<CloneReport, CloneError>> {
    let (mut count, mut strike) = (0, Some(strike));
    let (sender, struck) = mpsc::channel();
    let clone = clone.watch(move |_| {
        count += 1;
        if let Some(strike) = strike.take_if(|_| count > after) {
            let sender = sender.clone();
            std::thread::spawn(move || sender.send(strike()));
        }
    });
    let cloned = run(clone);
    for result in struck {
        result?;
    }
    Ok(cloned)
}

/// What clones came to.
#[derive(Debug, Default)]
struct Ends {
    complete: usize,
    incomplete: usize,
    not_begun: usize,
}

impl Ends {
    /// Notes how a clone ended, and makes sure that this is so.
    fn note(
        &mut self,
        source: &Database,
        target: &Database,
        cloned: Result<CloneReport, CloneError>,
        how: &str,
    ) -> Result<()> {
        match cloned {
            Ok(report) if report.end() == CloneEnd::Complete => {
                check(source, target, &report, how)?;
                self.complete += 1;
            }
            Ok(report) => {
                let verification = report.verification.as_ref();
                let is_told = report.restore.stopped.is_some()
                    || report.source_end.is_some()
                    || !report.restore.failures.is_empty()
                    || verification.is_some_and(|found| !found.is_proved());
                ensure!(is_told, "{how}: {report:#?}");
                has_what_it_is_said_to(target, &report).with_context(|| how.to_owned())?;
                self.incomplete += 1;
            }
            // It could not even begin.
            Err(error) => {
                let made = made(target);
                ensure!(made == "0", "{how}: {made} after {error:?}");
                self.not_begun += 1;
            }
        }
        Ok(())
    }
}

/// How many relations have been made in a database.
fn made(database: &Database) -> String {
    database.psql("SELECT count(*) FROM pg_class WHERE oid >= 16384")
}

/// Makes sure that tables of which all rows are said to be there have them.
fn has_what_it_is_said_to(target: &Database, report: &CloneReport) -> Result<()> {
    let tables = report.restore.tables.iter();
    let tables = tables.filter(|table| table.is_complete() && table.loaded > 0);
    let (counts, expected): (Vec<_>, Vec<_>) = tables
        .map(|table| {
            let name = table.name.to_string().replace(' ', ".");
            (
                format!("(SELECT count(*) FROM {name})"),
                table.loaded.to_string(),
            )
        })
        .unzip();
    let found = target.psql(&format!("SELECT {}", counts.join(", ")));
    let expected = expected.join("|");
    ensure!(
        found == expected,
        "{found} instead of {expected}: {report:#?}"
    );
    Ok(())
}

#[test]
fn a_copy_is_whole_or_said_not_to_be_whatever_dies() {
    for_each_major_at_scale(is_whole_whatever_dies);
}

fn is_whole_whatever_dies(server: &Server) -> Result<()> {
    let start = || {
        let builder = Server::builder(server.release());
        let builder = builder.setting("wal_writer_delay", "10s");
        builder.setting("fsync", "on").start()
    };
    let (here, there) = (start()?, start()?);
    let source = Arc::new(faults::source(&here));
    let (ways, turns): (&[(Way, bool)], _) = match is_thorough() {
        true => (&every_way(), 3),
        false => (&[(DIVIDED, false)], 1),
    };
    let mut ends = [[(); 4]; 2].map(|side| side.map(|()| Ends::default()));
    for (number, &(way, verifies)) in ways.iter().enumerate() {
        let cloned = |target: &Database| -> Result<DatabaseClone> {
            Ok(clone(&source, target, way)?.verify(verifies))
        };
        // One that nothing strikes tells how much there is to be told.
        let told = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&told);
        let target = there.database();
        let whole = cloned(&target)?.watch(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        check(&source, &target, &run(whole)?, "without a fault")?;
        let events = told.load(Ordering::Relaxed);
        let count = turns * STRIKES.len() * 2;
        let points = random_numbers(SEED + number as u64, count, events);
        for (turn, after) in points.into_iter().enumerate() {
            let side = [Side::Source, Side::Target][turn % 2];
            let strike = STRIKES[turn / 2 % STRIKES.len()];
            let how = format!(
                "{side:?}, {strike:?}, {way:?}, verified: {verifies}, after {after} of {events} events"
            );
            let target = Arc::new(there.database());
            let struck = Arc::clone(match side {
                Side::Source => &source,
                Side::Target => &target,
            });
            let cloned = disturbed(cloned(&target)?, after, move || strike.hit(&struck, turn))?;
            recovered(&source)?;
            recovered(&target)?;
            if let (Side::Target, Ok(report)) = (side, &cloned) {
                // What was being compared is not begun again, nor is what has changed nothing yet.
                let is_whole = report.restore.end() == RestoreEnd::Complete;
                let is_begun = report.restore.not_reached.len() < report.restore.entries;
                ensure!(
                    is_whole || !is_begun && made(&target) == "0",
                    "{how}: {report:#?}"
                );
            }
            let ends = &mut ends[side as usize][strike as usize];
            ends.note(&source, &target, cloned, &how)?;
        }
    }
    println!("{}: {STRIKES:?}: {ends:#?}", server.major());
    Ok(())
}

/// A disk has room for a part of the copy.
#[test]
fn a_copy_that_the_disk_has_no_room_for_is_said_not_to_be_whole() {
    // Only root may have such a disk.
    if !is_thorough() {
        return;
    }
    for_each_major_at_scale(is_told_where_there_is_no_room);
}

fn is_told_where_there_is_no_room(server: &Server) -> Result<()> {
    let (here, there) = (server, Server::builder(server.release()).start()?);
    let source = faults::source(here);
    let size = |database: &Database| -> Result<usize> {
        Ok(database
            .psql("SELECT pg_database_size(current_database())")
            .parse()?)
    };
    let needed = size(&source)? - size(&there.database())?;
    let mut ends = Ends::default();
    for (number, (way, verifies)) in every_way().into_iter().enumerate() {
        for (turn, room) in random_numbers(SEED + number as u64, 6, needed)
            .into_iter()
            .enumerate()
        {
            let goes_on = turn % 2 == 0;
            let how = format!(
                "{way:?}, verified: {verifies}, goes on: {goes_on}, {room} of {needed} bytes"
            );
            let target = there.database();
            let disk = SmallDisk::of(&there, 64 << 20)?;
            disk.take(&target, &format!("small_{number}_{turn}"))?;
            disk.resize(u64::try_from(size(&target)? + room)? + (256 << 10))?;
            let cloned = clone(&source, &target, way)?
                .verify(verifies)
                .target(|restore| restore.exit_on_error(!goes_on));
            let cloned = run(cloned);
            // Reading takes some as well.
            disk.resize(64 << 20)?;
            ends.note(&source, &target, cloned, &how)?;
        }
    }
    ensure!(ends.incomplete > 0, "every disk had room enough");
    println!("{}: disks without room: {ends:?}", server.major());
    Ok(())
}

/// With and without verification.
fn every_way() -> Vec<(Way, bool)> {
    let ways = ALL_WAYS.iter();
    ways.flat_map(|&way| [(way, false), (way, true)]).collect()
}
