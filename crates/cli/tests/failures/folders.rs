//! Dumps into folders, and into tar files, that fail: no folder looks like an archive that is none.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{Major, Server, reference_pg_restore};

use crate::disk::{failure_on_a_disk, sample};
use crate::process::Running;
use crate::support::{assert_says, failure, pgdumprs, run};
use crate::{SOON, Slow, assert_no_session, names_in};

/// What decides where the limit strikes.
const SEED: u64 = 20_261_128;

const POINTS: usize = 12;

#[test]
fn files_that_may_not_grow_on_leave_nothing() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    // One that is made, and one that is there.
    let (new, empty) = (folder.path().join("new"), folder.path().join("empty"));
    fs::create_dir(&empty).unwrap();
    for (turn, limit) in random_numbers(SEED, POINTS, 200_000)
        .into_iter()
        .enumerate()
    {
        let format = ["-Fd", "-Fd", "-Ft"][turn % 3];
        let path = [&new, &empty, &new][turn % 3];
        let mut limited = Command::new("prlimit");
        limited
            .arg(format!("--fsize={limit}:{limit}"))
            .arg(pgdumprs().get_program())
            .args([format, "-Z0", "-j2", "-d", &database.url(), "-f"])
            .arg(path)
            .stdin(Stdio::null());
        assert_says(&failure(&mut limited), &["File too large", "ulimit"]);
        assert_eq!(names_in(folder.path()), ["empty"], "{format} {limit}");
        assert!(names_in(&empty).is_empty(), "{limit}");
    }
    assert_no_session(&database);
}

#[test]
fn a_full_disk_leaves_nothing() {
    let database = sample();
    for format in ["-Fd", "-Ft"] {
        for size in ["size=64k", "size=400k"] {
            let arguments = [format, "-Z0", "-d", &database.url()];
            let Some(said) = failure_on_a_disk(size, &arguments) else {
                return;
            };
            assert_says(&said, &["No space left on device", "free space"]);
        }
    }
}

#[test]
fn signals_leave_nothing_and_a_kill_nothing_that_restores() {
    let slow = Slow::new(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let start = || {
        let mut command = pgdumprs();
        command.args(slow.arguments()).arg("-Fd").arg("-f");
        Running::start(command.arg(&path))
    };
    let running = start();
    slow.wait_until_read();
    assert!(names_in(&path).contains(&"toc.dat.partial".to_owned()));
    running.signal("INT");
    let ended = running.end(Duration::from_secs(2));
    ended.assert_failed(130, &["SIGINT", "before the archive was complete"]);
    assert!(names_in(folder.path()).is_empty());

    let running = start();
    slow.wait_until_read();
    running.signal("KILL");
    running.end(SOON);
    assert!(!names_in(&path).is_empty());
    for mut reader in [pgdumprs(), reference_pg_restore()] {
        if reader.get_program() == pgdumprs().get_program() {
            reader.arg("list");
        } else {
            reader.arg("-l");
        }
        let read = run(reader.arg(&path).stdin(Stdio::null()));
        assert!(!read.status.success());
    }
    // Where there is anything else, nothing is written over, and it is said what that is.
    fs::write(path.join("note.txt"), "mine").unwrap();
    let mut again = pgdumprs();
    again.args(["-Fd", "-h", "127.0.0.1", "-p", "1", "-f"]);
    let said = failure(again.arg(&path));
    assert_says(&said, &["not empty", "did not end"]);
    assert_no_session(&slow.database);
    fs::remove_file(path.join("note.txt")).unwrap();

    // What somebody is at is left too; of the dead, the next dump takes the folder over.
    let again = || {
        let mut again = pgdumprs();
        again.args(["-Fd", "-s", "-d", &slow.database.url(), "-f"]);
        again.arg(&path);
        again
    };
    let hold = names_in(&path).remove(0);
    assert!(hold.starts_with(".toc.dat.pgdumprs-"), "{hold}");
    let hold = File::open(path.join(hold)).unwrap();
    hold.lock().unwrap();
    assert_says(&failure(&mut again()), &["not empty", "did not end"]);
    drop(hold);
    let output = run(&mut again());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(names_in(&path), ["toc.dat"]);
}
