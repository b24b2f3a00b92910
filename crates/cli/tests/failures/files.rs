//! Where the archive goes, and what becomes of what is there already.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pgdumprs_testkit::{Database, Major, Server};
use tempfile::TempDir;

use crate::disk::sample;
use crate::support::{assert_says, failure, pgdumprs, run};
use crate::{Backups, Slow, names_in, not_tested, wait_until};

/// A user who has nothing.
const NOBODY: u32 = 65534;

/// What root may do with others' files, and everybody else may not.
const RIGHTS_TO_FILES: &str = "-chown,-dac_override,-dac_read_search,-fowner";

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A dump by somebody without rights to others' files.
fn plain_dump(database: &Database, file: &Path) -> Command {
    let mut dump = if is_root() {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--bounding-set",
                RIGHTS_TO_FILES,
                "--inh-caps",
                RIGHTS_TO_FILES,
            ])
            .arg(pgdumprs().get_program())
            .stdin(Stdio::null());
        command
    } else {
        pgdumprs()
    };
    dump.args(["-v", "-d", &database.url(), "-f"]).arg(file);
    dump
}

/// Runs a dump, which must succeed, and returns what it says.
fn success(dump: &mut Command) -> String {
    let output = run(dump);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

fn assert_sound(file: &Path) {
    success(pgdumprs().arg("verify").arg(file).stdout(Stdio::null()));
}

#[test]
fn links_to_what_is_not_there_yet_are_followed() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let link = folder.path().join("latest.dump");
    let other = folder.path().join("other.dump");
    symlink("other.dump", &link).unwrap();
    symlink("disk/db.dump", &other).unwrap();
    success(&mut plain_dump(&database, &link));
    assert!(link.is_symlink() && other.is_symlink());
    assert_sound(&disk.join("db.dump"));
    assert_eq!(
        names_in(folder.path()),
        ["disk", "latest.dump", "other.dump"]
    );
    assert_eq!(names_in(&disk), ["db.dump"]);

    fs::remove_file(&other).unwrap();
    symlink("latest.dump", &other).unwrap();
    let nowhere = ["-d", "postgresql://u@127.0.0.1:1/d", "-f"];
    let said = failure(pgdumprs().args(nowhere).arg(&link));
    assert_says(&said, &["could not open", "latest.dump", "symbolic links"]);
}

#[test]
fn what_may_not_be_written_to_is_refused_before_anything_is_done() {
    let backups = Backups::new();
    fs::set_permissions(backups.file(), fs::Permissions::from_mode(0o444)).unwrap();
    let database = Server::get(Major::V17).database();
    let output = run(&mut plain_dump(&database, &backups.file()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_says(&said, &["could not open", "db.dump", "Permission denied"]);
    assert!(!said.contains("connected"), "{said}");
    backups.assert_untouched();
}

#[test]
fn a_file_in_a_folder_that_may_not_be_written_to_is_written_in_place() {
    let database = sample();
    let backups = Backups::new();
    let folder = backups.file().parent().unwrap().to_owned();
    let may = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    let before = backups.file().metadata().unwrap().ino();
    may(0o555);
    let said = success(plain_dump(&database, &backups.file()).arg("--verify"));
    assert_says(
        &said,
        &["written in place", "permission denied", "verifying"],
    );
    assert_sound(&backups.file());
    assert_eq!(backups.file().metadata().unwrap().ino(), before);

    // Where a dump fails before it has anything to write, the old archive is still there.
    let nowhere = run(plain_dump(&database, &backups.file()).args(["-t", "none"]));
    assert!(!nowhere.status.success());
    assert_sound(&backups.file());

    // Later, there is no way back, and that is said.
    let dump = plain_dump(&database, &backups.file());
    let mut limited = Command::new("prlimit");
    limited.arg("--fsize=2000:2000").arg(dump.get_program());
    let output = run(limited.args(dump.get_args()).stdin(Stdio::null()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_says(&said, &["File too large", "not an archive to rely on"]);
    let verified = failure(pgdumprs().arg("verify").arg(backups.file()));
    assert_says(&verified, &["truncated"]);
    may(0o755);
    assert_eq!(names_in(&folder), ["db.dump"]);
}

#[test]
fn a_file_of_another_keeps_its_owner() {
    if !is_root() {
        return not_tested("files of others", "root");
    }
    let database = sample();
    let backups = Backups::new();
    let owners = || {
        let found = backups.file().metadata().unwrap();
        (found.uid(), found.gid(), found.mode() & 0o777)
    };
    chown(backups.file(), Some(NOBODY), Some(NOBODY)).unwrap();
    fs::set_permissions(backups.file(), fs::Permissions::from_mode(0o646)).unwrap();
    let before = backups.file().metadata().unwrap().ino();
    // Who may not give files away writes into that one.
    let said = success(&mut plain_dump(&database, &backups.file()));
    assert_says(&said, &["written in place", "owner"]);
    assert_eq!(owners(), (NOBODY, NOBODY, 0o646));
    assert_eq!(backups.file().metadata().unwrap().ino(), before);
    assert_sound(&backups.file());
    // Who may puts another in its place.
    let said = success(
        pgdumprs()
            .args(["-v", "-d", &database.url(), "-f"])
            .arg(backups.file()),
    );
    assert!(!said.contains("in place"), "{said}");
    assert_eq!(owners(), (NOBODY, NOBODY, 0o646));
    assert_ne!(backups.file().metadata().unwrap().ino(), before);
    assert_sound(&backups.file());
}

/// Mounts a file on another, as containers do, runs a command, and shows what the mounted file begins with and which files there are.
const ON_A_MOUNTED_FILE: &str = r#"
    folder=$1; shift
    : > "$folder/db.dump"; : > "$folder/on_host.dump"
    mount --bind "$folder/on_host.dump" "$folder/db.dump" || exit 77
    "$@" || exit
    head -c 5 "$folder/on_host.dump"
    ls -A "$folder"
"#;

#[test]
fn a_file_that_is_a_mount_point_is_written_in_place() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    let mounted = |way: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(way)
            .args(["sh", "-c", ON_A_MOUNTED_FILE, "sh"]);
        command.arg(folder.path()).arg(pgdumprs().get_program());
        command.args(["-v", "-d", &database.url(), "-f"]);
        run(command
            .arg(folder.path().join("db.dump"))
            .stdin(Stdio::null()))
    };
    let ways = [&["--mount"][..], &["--user", "--map-root-user", "--mount"]];
    let found = ways
        .iter()
        .map(|way| mounted(way))
        .find(|output| !output.stderr.starts_with(b"unshare") && output.status.code() != Some(77));
    let Some(output) = found else {
        return not_tested("a mounted file", "root and of user namespaces");
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert_says(&said, &["written in place, as it is a mount point"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown, "PGDMPdb.dump\non_host.dump\n");
}

#[test]
fn what_a_killed_dump_left_is_removed_by_the_next() {
    let server = Server::get(Major::V17);
    let slow = Slow::new(&server);
    let quick = server.database();
    let backups = Backups::new();
    let partials = || {
        let mut names = names_in(backups.file().parent().unwrap());
        names.retain(|name| name.ends_with(".partial"));
        names
    };
    let mut running = slow.start_dump(&backups);
    wait_until("the dump has begun", || !partials().is_empty());
    let living = partials();
    let dump = || {
        success(
            pgdumprs()
                .args(["-d", &quick.url(), "-f"])
                .arg(backups.file()),
        )
    };
    dump();
    assert_eq!(partials(), living, "what the living write stays");
    assert!(running.is_running());
    running.signal("KILL");
    drop(running);
    assert_eq!(
        partials(),
        living,
        "what the dead have left stays until the next dump"
    );
    dump();
    assert!(partials().is_empty());
    assert_sound(&backups.file());
}

/// A folder with an archive in a file, and how the same database is dumped to standard output.
struct Redirected {
    database: Database,
    folder: TempDir,
    expected: Vec<u8>,
}

impl Redirected {
    fn new() -> Self {
        let (database, folder) = (sample(), tempfile::tempdir().unwrap());
        let named = folder.path().join("named.dump");
        let expected = Vec::new();
        let mut redirected = Redirected {
            database,
            folder,
            expected,
        };
        success(redirected.dump().arg("-f").arg(&named));
        redirected.expected = fs::read(&named).unwrap();
        redirected
    }

    fn dump(&self) -> Command {
        let mut dump = pgdumprs();
        dump.args(["--created=2026-11-21T12:00:00", "-d", &self.database.url()]);
        dump
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[test]
fn standard_output_that_is_a_file_gets_the_places_of_data() {
    let redirected = Redirected::new();
    let path = redirected.file("redirected.dump");
    success(redirected.dump().stdout(File::create(&path).unwrap()));
    assert!(fs::read(&path).unwrap() == redirected.expected);

    // Behind something else, which is not touched, places count from the archive's first byte.
    let mut behind = File::create(&path).unwrap();
    behind.write_all(b"something else").unwrap();
    success(redirected.dump().stdout(behind));
    let found = fs::read(&path).unwrap();
    assert!(found.strip_prefix(b"something else") == Some(&redirected.expected));
}

#[test]
fn standard_output_that_appends_takes_an_archive_if_it_is_alone() {
    let redirected = Redirected::new();
    let path = redirected.file("appended.dump");
    let append = || {
        File::options()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap()
    };
    success(redirected.dump().stdout(append()));
    // As many bytes, with no places in them.
    let found = fs::read(&path).unwrap();
    assert_eq!(found.len(), redirected.expected.len());
    assert!(found != redirected.expected);
    assert_sound(&path);

    let said = failure(redirected.dump().stdout(append()));
    assert_says(
        &said,
        &["appended", &format!("{} bytes", found.len()), "-f"],
    );
    assert!(fs::read(&path).unwrap() == found);
    let into = File::options().write(true).open(&path).unwrap();
    let said = failure(redirected.dump().stdout(into));
    assert_says(&said, &["bytes more", "which empties it"]);
    assert!(fs::read(&path).unwrap() == found);
}
