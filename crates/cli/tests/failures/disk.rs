//! Files that cannot be written, or not to their end.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{Database, Major, Server};

use crate::process::Running;
use crate::support::{assert_says, failure, pgdumprs, run};
use crate::{Backups, SOON, assert_no_session, halfway, not_tested};

/// What decides where the limit strikes.
const SEED: u64 = 20_261_121;

const POINTS: usize = 100;

pub(crate) fn sample() -> Database {
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

/// Mounts a file system of a few pages of memory on a folder, runs a command, and shows what it left in the folder.
const ON_A_DISK: &str = r#"
    mount -t tmpfs -o "$1" none "$2" || exit 77
    folder=$2; shift 2
    "$@"; status=$?
    ls -A "$folder"
    exit $status
"#;

/// What the command says that fails to dump into a file system which is mounted with these options and which nobody else sees. Mounting
/// takes root, or user namespaces that anybody may have; `None` where there is neither.
pub(crate) fn failure_on_a_disk(options: &str, arguments: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let ways = [&["--mount"][..], &["--user", "--map-root-user", "--mount"]];
    let command = |way: &[&str], arguments: &[&OsStr]| {
        let mut command = Command::new("unshare");
        command
            .args(way)
            .args(["sh", "-c", ON_A_DISK, "sh", options]);
        command
            .arg(folder.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    };
    let may = |way: &&&[&str]| run(&mut command(way, &["true".as_ref()])).status.success();
    let Some(way) = ways.iter().find(may) else {
        not_tested("a full and a read-only disk", "root and of user namespaces");
        return None;
    };
    let program = pgdumprs();
    let file = folder.path().join("db.dump");
    let mut words = vec![program.get_program()];
    words.extend(arguments.iter().map(OsStr::new));
    words.extend(["-f".as_ref(), file.as_os_str()]);
    // What is left in the folder would stand on standard output.
    Some(failure(&mut command(way, &words)))
}

#[test]
fn a_full_disk_is_an_error() {
    let database = sample();
    for size in ["size=4k", "size=64k", "size=200k"] {
        let Some(said) = failure_on_a_disk(size, &["-d", &database.url()]) else {
            break;
        };
        assert_says(
            &said,
            &[
                "could not write the archive at byte",
                "No space left on device",
                "free space",
            ],
        );
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
    // Nobody listens there: it is not even asked.
    let nowhere = ["-h", "127.0.0.1", "-p", "1"];
    if let Some(said) = failure_on_a_disk("size=4k,ro", &nowhere) {
        assert_says(
            &said,
            &["could not create a file in", "Read-only file system"],
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let said = failure(pgdumprs().args(nowhere).arg("-f").arg(folder.path()));
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
