//! Dumps of whole servers that are killed, and others into their folder.

use std::fs::{self, File};
use std::process::Stdio;

use pgdumprs_testkit::{Major, Server};

use crate::process::Running;
use crate::support::{assert_says, failure, pgdumprs, run};
use crate::{SLOW_TABLES, SOON, Slow, names_in};

#[test]
fn a_folder_is_one_dumps_until_that_is_killed_and_then_the_nexts() {
    let slow = Slow::new(&Server::get(Major::REFERENCE));
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("all");
    let dump = || {
        let mut command = pgdumprs();
        command.args(["dump", "--all", "--no-role-passwords"]);
        command.args(slow.arguments()).arg("--include-database");
        command.arg(slow.database.name()).arg("-f").arg(&folder);
        command
    };
    let first = Running::start(&mut dump());
    slow.wait_until_read();
    let begun = names_in(&folder);
    let archive = format!("{}.dump", slow.database.name());
    let part = format!(".{archive}.pgdumprs-");
    assert!(
        begun[0].starts_with(".incomplete.json.pgdumprs-") && begun[1].starts_with(&part),
        "{begun:?}"
    );
    assert_eq!(begun[2..], ["globals.sql", "incomplete.json"]);
    let said = failure(&mut dump());
    assert_says(
        &said,
        &["could not write into", "another dump is writing into it"],
    );
    assert_eq!(names_in(&folder), begun);
    first.signal("KILL");
    first.end(SOON);
    assert_eq!(names_in(&folder), begun, "a kill leaves all that there was");

    // What is another's is not touched, and what somebody writes neither.
    let other = folder.join(".other.dump.pgdumprs-AAAAAA.partial");
    fs::write(&other, "left").unwrap();
    assert_says(
        &failure(&mut dump()),
        &["there is something else in it: .other.dump.pgdumprs-AAAAAA.partial"],
    );
    fs::rename(&other, folder.join(format!("{part}AAAAAA.partial"))).unwrap();
    let held = File::open(folder.join(format!("{part}AAAAAA.partial"))).unwrap();
    held.lock().unwrap();
    assert_says(
        &failure(&mut dump()),
        &[&format!("somebody is writing {archive} in it")],
    );
    drop(held);

    for table in 1..=SLOW_TABLES {
        let sql = format!(
            "DROP POLICY napping ON slow_{table}; ALTER TABLE slow_{table} DISABLE ROW LEVEL SECURITY"
        );
        slow.database.execute_sql(sql);
    }
    let output = run(&mut dump());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(
        names_in(&folder),
        ["globals.sql", "manifest.json", &archive]
    );
    let verified = run(pgdumprs().arg("verify").arg(&folder).stdout(Stdio::null()));
    assert!(verified.status.success());
}
