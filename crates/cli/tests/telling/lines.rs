//! Lines on standard error, where others may write too or nobody may read.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use pgdumprs_testkit::reference_pg_restore;

use crate::shop;
use crate::support::{pgdumprs, run};

#[test]
fn a_line_is_written_at_once() {
    // A datagram is what one write wrote.
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let database = shop();
    let mut child = pgdumprs()
        .args(["-v", "-d", &database.conninfo(), "-f", "/dev/null"])
        .stderr(OwnedFd::from(theirs))
        .spawn()
        .unwrap();
    let mut lines = Vec::new();
    let mut written = [0; 4096];
    let status = loop {
        // What was written before the end is read after it was seen.
        let status = child.try_wait().unwrap();
        while let Ok(length) = ours.recv(&mut written) {
            lines.push(String::from_utf8(written[..length].to_vec()).unwrap());
        }
        if let Some(status) = status {
            break status;
        }
    };
    assert!(status.success(), "{lines:?}");
    assert!(lines.len() > 5, "{lines:?}");
    for line in lines {
        assert!(line.starts_with("pgdumprs: "), "{line:?}");
        // A name of the database holds a newline.
        assert_eq!(line.find('\n'), Some(line.len() - 1), "{line:?}");
        assert_eq!(line.matches("pgdumprs: ").count(), 1, "{line:?}");
    }
}

#[test]
fn a_backup_does_not_fail_for_a_message_that_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("shop.dump");
    let database = shop();
    let mut command = pgdumprs();
    command
        .args(["-v", "-d", &database.conninfo(), "-f"])
        .arg(&archive)
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
    assert!(
        run(reference_pg_restore().arg("-l").arg(&archive))
            .status
            .success()
    );

    // A failure keeps its exit status.
    command.args(["-t", "nothing_is_called_so"]);
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
