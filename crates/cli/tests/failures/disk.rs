//! Files that cannot be written, or not to their end.

use std::path::Path;
use std::process::{Command, Stdio};

use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{Database, Major, Server, checked_output};

use crate::process::Running;
use crate::support::{assert_says, failure, pgdumprs, run};
use crate::{Backups, SOON, assert_no_session, files_in, halfway};

/// What decides where the limit strikes.
const SEED: u64 = 20_261_121;

const POINTS: usize = 100;

fn sample() -> Database {
    let database = Server::get(Major::V17).database();
    database.execute_sql(
        "CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 20000) g;
         CREATE TABLE u AS SELECT g, md5(g::text) FROM generate_series(1, 5000) g;
         SELECT lo_from_bytea(0, convert_to(repeat(md5(g::text), 50), 'UTF8')) FROM generate_series(1, 20) g",
    );
    database
}

/// A limit on the size of files, as `ulimit -f` sets it, at points chosen by chance.
#[test]
fn a_file_that_may_not_grow_on_is_an_error_at_whatever_size() {
    let database = sample();
    let whole = tempfile::tempdir().unwrap();
    let file = whole.path().join("db.dump");
    let dumped = run(pgdumprs().args(["-d", &database.url(), "-f"]).arg(&file));
    assert!(dumped.status.success());
    let size = usize::try_from(file.metadata().unwrap().len()).unwrap();
    let backups = Backups::new();
    for (turn, limit) in random_numbers(SEED, POINTS, size).into_iter().enumerate() {
        let jobs = ["-j1", "-j4"][turn % 2];
        let mut limited = Command::new("prlimit");
        limited
            .arg(format!("--fsize={limit}:{limit}"))
            .arg(pgdumprs().get_program())
            .args([jobs, "-d", &database.url(), "-f"])
            .arg(backups.file())
            .stdin(Stdio::null());
        let said = failure(&mut limited);
        assert_says(
            &said,
            &[
                "could not write the archive at byte",
                "File too large",
                "ulimit",
            ],
        );
        backups.assert_untouched();
    }
    assert_no_session(&database);
    println!("{POINTS} of {POINTS} dumps failed, with limits below {size} bytes");
}

/// A file system of a few pages of memory, mounted for as long as this value.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn new(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        checked_output(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", options, "none"])
                .arg(folder.path()),
        )
        .unwrap();
        Mounted(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // What stays mounted goes with the machine.
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

/// Whether this user may mount. Where not, the limit on the size of files above stands for a full disk.
fn may_mount() -> bool {
    let id = checked_output(Command::new("id").arg("-u")).unwrap();
    let may = id.stdout == b"0\n";
    if !may {
        println!("only root may mount a file system: a full and a read-only one are not tested");
    }
    may
}

#[test]
fn a_full_disk_is_an_error() {
    let database = sample();
    if may_mount() {
        for size in ["size=4k", "size=64k", "size=200k"] {
            let disk = Mounted::new(size);
            let said = failure(
                pgdumprs()
                    .args(["-d", &database.url(), "-f"])
                    .arg(disk.path().join("db.dump")),
            );
            assert_says(
                &said,
                &[
                    "could not write the archive at byte",
                    "No space left on device",
                    "free space",
                ],
            );
            assert_eq!(files_in(disk.path()), 0);
        }
    }
    // A device that is always full, which is no file to be replaced.
    let said = failure(pgdumprs().args(["-d", &database.url(), "-f", "/dev/full"]));
    assert_says(&said, &["No space left on device"]);
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = pgdumprs();
    let ended = Running::start(command.args(["-s", "-d", &database.url()]).stdout(full)).end(SOON);
    ended.assert_failed(1, &["No space left on device"]);
    assert_no_session(&database);
}

#[test]
fn a_folder_that_takes_no_files_is_an_error_before_anything_is_read() {
    if may_mount() {
        let disk = Mounted::new("size=4k,ro");
        // Nobody listens there: it is not even asked.
        let said = failure(
            pgdumprs()
                .args(["-h", "127.0.0.1", "-p", "1", "-f"])
                .arg(disk.path().join("db.dump")),
        );
        assert_says(
            &said,
            &["could not create a file in", "Read-only file system"],
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let said = failure(
        pgdumprs()
            .args(["-h", "127.0.0.1", "-p", "1", "-f"])
            .arg(folder.path()),
    );
    assert_says(&said, &["is a directory"]);
}

#[test]
fn a_reader_that_goes_away_is_an_error() {
    let (database, mut running) = halfway(&["-j2"]);
    running.close_output();
    running.end(SOON).assert_failed(1, &["Broken pipe"]);
    assert_no_session(&database);
}

#[test]
fn a_file_that_is_replaced_keeps_its_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let database = sample();
    let backups = Backups::new();
    std::fs::set_permissions(backups.file(), PermissionsExt::from_mode(0o600)).unwrap();
    let link = backups.file().with_file_name("latest");
    symlink(backups.file(), &link).unwrap();
    let dumped = run(pgdumprs().args(["-d", &database.url(), "-f"]).arg(&link));
    assert!(dumped.status.success());
    assert!(link.is_symlink());
    let metadata = backups.file().metadata().unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert!(metadata.len() > 1000);
}
