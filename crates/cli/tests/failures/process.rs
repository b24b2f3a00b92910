//! Processes that a test watches.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use pgdumprs_testkit::{Database, Major, tool};

use crate::support::{assert_one_error, assert_says};

/// The command at work.
pub(crate) struct Running(Child);

/// How it ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) said: String,
}

impl Running {
    /// Starts a command, whose standard output nobody reads unless it has been given one.
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command.stderr(Stdio::piped()).spawn();
        Running(child.expect("the command was built with this test"))
    }

    /// Reads so many bytes of its standard output.
    pub(crate) fn read(&mut self, bytes: usize) {
        let output = self.0.stdout.as_mut().expect("its output is a pipe");
        output.read_exact(&mut vec![0; bytes]).unwrap();
    }

    /// Waits for a line of its messages.
    pub(crate) fn says(&mut self) -> String {
        let errors = self.0.stderr.as_mut().expect("its messages are piped");
        let (mut line, mut byte) = (Vec::new(), [0]);
        // One by one, so that what follows is left to be read later.
        while errors.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.extend(byte);
        }
        String::from_utf8(line).unwrap()
    }

    /// Reads the rest of its standard output.
    pub(crate) fn read_to_end(&mut self) {
        let output = self.0.stdout.as_mut().expect("its output is a pipe");
        output.read_to_end(&mut Vec::new()).unwrap();
    }

    /// Ends its standard output's reader.
    pub(crate) fn close_output(&mut self) {
        drop(self.0.stdout.take());
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// For how long its threads have wanted to run and were not let, in all. Where the system does not tell, nothing is excused.
    fn kept_waiting(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0.id()));
        let waited = threads.into_iter().flatten().filter_map(|thread| {
            let statistics = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            statistics.split(' ').nth(1)?.parse::<u64>().ok()
        });
        Duration::from_nanos(waited.sum())
    }

    /// Sends a signal, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(name, &[self.0.id().to_string()]);
    }

    /// Waits for its end, which must come within `limit`, not counting the time in which other programs had the processor that it wanted.
    pub(crate) fn end(mut self, limit: Duration) -> Ended {
        let (since, waited_before) = (Instant::now(), self.kept_waiting());
        let mut kept_waiting = Duration::ZERO;
        while self.is_running() {
            let waited = self.kept_waiting().saturating_sub(waited_before);
            // Threads that have ended count no more.
            kept_waiting = kept_waiting.max(waited);
            let own = since.elapsed().saturating_sub(kept_waiting);
            assert!(own < limit, "it still runs after {limit:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut said = String::new();
        let mut errors = self.0.stderr.take().expect("its messages are piped");
        errors.read_to_string(&mut said).unwrap();
        let status = self.0.wait().unwrap();
        Ended { status, said }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ended {
    /// Checks the exit status and that there is one line, an error, and perhaps a hint, with all of these in it.
    pub(crate) fn assert_failed(&self, status: i32, parts: &[&str]) {
        let said = &self.said;
        assert_eq!(
            self.status.code(),
            Some(status),
            "{:?}: {said}",
            self.status
        );
        assert_one_error(said);
        assert_says(said, parts);
    }
}

/// Sends a signal to processes. One that has ended meanwhile needs none.
pub(crate) fn send_signal(name: &str, processes: &[String]) {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{name}")).args(processes);
    kill.stderr(Stdio::null()).status().unwrap();
}

/// A session of psql that lasts as long as this value.
pub(crate) struct Session(Child);

impl Session {
    pub(crate) fn open(database: &Database) -> Self {
        let psql = tool(Major::REFERENCE, "psql")
            .args(["-XAtq", "-d", &database.conninfo(), "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        Session(psql.expect("psql starts"))
    }

    /// Has it run statements; does not wait for that.
    pub(crate) fn say(&self, sql: &str) {
        let mut input = self.0.stdin.as_ref().expect("its input is piped");
        writeln!(input, "{sql}").unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended with its server.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
