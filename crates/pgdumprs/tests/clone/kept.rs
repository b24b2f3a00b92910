//! The archive that is kept of what is cloned: the one that a dump writes, or none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use pgdumprs::{CloneEnd, CloneError, CloneReport, Compression, Dump, RestoreEnd};
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{
    Database, Fault, Major, Server, SlowLink, SmallDisk, for_each_major_at_scale,
};
use tempfile::TempDir;

use super::faults::{self, Side};
use super::{ALL_WAYS, DIVIDED, Way, check, clone, is_thorough, run};

const SEED: u64 = 53;

/// What is chosen of an archive, so that equal databases make equal ones.
fn chosen(dump: Dump, way: Way, compression: Option<Compression>) -> Dump {
    let dump = dump.created_at(UNIX_EPOCH).part_bytes(way.part_bytes);
    match compression {
        Some(compression) => dump.compression(compression),
        None => dump,
    }
}

/// The bytes of a dump.
fn dumped(source: &Database, way: Way, compression: Option<Compression>) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("db.dump");
    let dump = chosen(Dump::new(&source.conninfo())?, way, compression);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(dump.to_file(&file))?;
    Ok(fs::read(&file)?)
}

/// A folder for an archive.
struct Shelf(TempDir);

impl Shelf {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("db.dump")
    }

    /// Makes sure that the archive is what a dump is if there is one, that the report says whether there is, and that nothing else is there.
    fn check(&self, report: &CloneReport, expected: &[u8]) -> Result<bool> {
        let is_kept = match &report.archive {
            Some(Ok(kept)) => {
                ensure!(kept.path == self.file(), "{kept:?}");
                ensure!(kept.bytes == expected.len() as u64, "{kept:?}");
                ensure!(fs::read(self.file())? == expected, "another archive");
                true
            }
            Some(Err(_)) => {
                ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
                false
            }
            None => anyhow::bail!("nothing is said of the archive: {report:#?}"),
        };
        ensure!(names(self.0.path())?.len() == usize::from(is_kept));
        Ok(is_kept)
    }
}

fn names(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    Ok(entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?)
}

/// By default on the newest major and with all compressions in one way, at scale on all: with little memory, so that most of it waits in the temporary
/// file, and with enough.
#[test]
fn it_is_the_archive_of_a_dump() {
    for_each_major_at_scale(|server| {
        let source = faults::source(server);
        source.execute_sql(
            "CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES;
             CREATE TABLE none (id int);
             CREATE TABLE bytes AS SELECT decode(repeat(md5(g::text), 3000), 'hex') AS b FROM generate_series(1, 60) g;
             COMMENT ON LARGE OBJECT 100001 IS 'x'; GRANT SELECT ON LARGE OBJECT 100002 TO PUBLIC",
        );
        let compressions = [
            None,
            Some(Compression::None),
            Some("lz4".parse()?),
            Some("zstd:3".parse()?),
        ];
        for &way in ALL_WAYS {
            for (turn, compression) in compressions.into_iter().enumerate() {
                let is_told_apart = turn == 0 || way.part_bytes == DIVIDED.part_bytes;
                if !is_told_apart && !is_thorough() {
                    continue;
                }
                let how = format!("{way:?}, {compression:?}");
                let target = source.empty_sibling()?;
                let shelf = Shelf::new()?;
                let memory = [8 << 20, 256 << 20, 1 << 20][turn % 3];
                let cloned = clone(&source, &target, way)?
                    .source(|dump| chosen(dump.memory(memory), way, compression))
                    .archive(shelf.file());
                let report = run(cloned)?;
                check(&source, &target, &report, &how)?;
                let expected = dumped(&source, way, compression)?;
                let is_kept = shelf.check(&report, &expected).context(how.clone())?;
                ensure!(is_kept, "{how}: {report:#?}");
            }
        }
        Ok(())
    });
}

/// Tables that the target has already, and refuses rows of, are in the archive all the same; so is what was not asked for at all.
#[test]
fn it_has_what_the_target_does_not_take() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = faults::source(&server);
    for &way in ALL_WAYS {
        let expected = dumped(&source, way, None)?;
        for whole in [false, true] {
            let target = source.empty_sibling()?;
            target.execute_sql(
                "CREATE TABLE big (id int PRIMARY KEY CHECK (id <> 4000), t text); CREATE TABLE small_7 (id int CHECK (id < 50))",
            );
            let shelf = Shelf::new()?;
            let cloned = clone(&source, &target, way)?
                .source(|dump| chosen(dump, way, None))
                .target(|restore| {
                    restore
                        .regardless(true)
                        .exit_on_error(whole)
                        .no_data_for_failed_tables(true)
                })
                .archive(shelf.file());
            let report = run(cloned)?;
            ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
            let is_kept = shelf.check(&report, &expected)?;
            ensure!(is_kept, "{way:?}, {whole}: {report:#?}");
        }
    }
    Ok(())
}

/// Whatever connection is lost, there is the right archive or none.
#[test]
fn it_is_whole_or_not_there() -> Result<()> {
    let points = match is_thorough() {
        true => 25,
        false => 2,
    };
    let server = Server::get(Major::REFERENCE);
    let source = faults::source(&server);
    let (mut kept, mut kept_alone, mut given_up) = (0, 0, 0);
    for side in [Side::Source, Side::Target] {
        for &way in ALL_WAYS {
            let expected = dumped(&source, way, None)?;
            let over = |link: &SlowLink, shelf: &Shelf| {
                let target = source.empty_sibling()?;
                let cloned = faults::clone_over(side, link, &source, &target, way)?
                    .source(|dump| chosen(dump, way, None).memory(4 << 20))
                    .archive(shelf.file());
                anyhow::Ok((run(cloned), target))
            };
            let link = SlowLink::open(&server, Duration::ZERO)?;
            let shelf = Shelf::new()?;
            let (report, _) = over(&link, &shelf)?;
            ensure!(shelf.check(&report?, &expected)?);
            let bytes = usize::try_from(link.bytes())?;
            for (turn, after) in random_numbers(SEED, points, bytes).into_iter().enumerate() {
                let fault = [Fault::CutAll, Fault::Cut][turn % 2];
                let how = format!("{side:?}, {way:?}, {fault:?} after {after} of {bytes} bytes");
                let link = SlowLink::open(&server, Duration::ZERO)?;
                link.fail_after(u64::try_from(after)?, fault);
                let shelf = Shelf::new()?;
                match over(&link, &shelf)? {
                    (Ok(report), target) => {
                        let is_kept = shelf.check(&report, &expected).context(how.clone())?;
                        if report.end() == CloneEnd::Complete {
                            check(&source, &target, &report, &how)?;
                        }
                        // The source was there all the time.
                        ensure!(is_kept || side == Side::Source, "{how}: {report:#?}");
                        match (is_kept, report.end()) {
                            (false, _) => given_up += 1,
                            (true, CloneEnd::Complete) => kept += 1,
                            (true, _) => kept_alone += 1,
                        }
                    }
                    // It could not even begin.
                    (Err(_), _) => ensure!(names(shelf.0.path())?.is_empty(), "{how}"),
                }
            }
        }
    }
    println!("kept {kept}, without a whole copy {kept_alone}, given up {given_up}");
    ensure!(kept_alone > 0 && given_up > 0, "{kept_alone}, {given_up}");
    Ok(())
}

/// A disk that is full takes the archive, and nothing else of the clone.
#[test]
fn a_full_disk_ends_the_archive_alone() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = faults::source(&server);
    for way in [ALL_WAYS[0], DIVIDED] {
        let target = source.empty_sibling()?;
        let disk = SmallDisk::of(&server, 128 << 10)?;
        let cloned = clone(&source, &target, way)?
            .source(|dump| chosen(dump.memory(1 << 20), way, Some(Compression::None)))
            .archive(disk.path().join("db.dump"));
        let report = run(cloned)?;
        ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
        ensure!(report.restore.end() == RestoreEnd::Complete, "{report:#?}");
        let error = report.archive.and_then(Result::err);
        let error = error.context("there was room enough")?;
        let said = format!("{:#}", anyhow::Error::from(error));
        ensure!(said.contains("No space left"), "{said}");
        ensure!(names(disk.path())?.is_empty());
        let counted = target.psql("SELECT count(*) FROM big");
        ensure!(counted == "6000", "{counted}");
    }
    Ok(())
}

/// A clone that is given up leaves nothing; what is no file is not written over, and nothing is changed.
#[test]
fn it_is_a_file_or_nothing() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = faults::source(&server);
    let target = source.empty_sibling()?;
    let shelf = Shelf::new()?;
    let (sender, begun) = std::sync::mpsc::channel();
    let cloned = clone(&source, &target, DIVIDED)?
        .archive(shelf.file())
        .watch(move |_| {
            let _ = sender.send(());
        });
    let runtime = tokio::runtime::Runtime::new()?;
    let running = runtime.spawn(cloned.run());
    begun.recv()?;
    ensure!(names(shelf.0.path())?.len() == 1, "it is being written");
    running.abort();
    let _ = runtime.block_on(running);
    ensure!(names(shelf.0.path())?.is_empty());
    for path in [shelf.0.path(), Path::new("/dev/null")] {
        let target = source.empty_sibling()?;
        let refused = run(clone(&source, &target, DIVIDED)?.archive(path));
        ensure!(matches!(refused, Err(CloneError::Unfit { .. })));
        ensure!(target.psql("SELECT count(*) FROM pg_class WHERE oid >= 16384") == "0");
    }
    let lost = shelf.0.path().join("nowhere/db.dump");
    let refused = run(clone(&source, &target, DIVIDED)?.archive(lost));
    ensure!(
        matches!(refused, Err(CloneError::Archive(_))),
        "{refused:?}"
    );
    Ok(())
}
