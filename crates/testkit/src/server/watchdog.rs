//! Starts a server under a watchdog that outlives the test process.
//!
//! A killed process drops nothing, and statics are not dropped at a normal end either. So a small
//! shell runs the server and holds the reading end of a pipe from the test process. However that
//! process ends, the pipe closes; the shell then stops the server and removes its folder.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::account::Account;
use crate::tools::{checked_output, clean_environment};

/// How long a server may take to accept connections, on a machine busy with other tests.
const START_LIMIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The file in a server's folder that has it started again when it has ended.
const AGAIN: &str = "again";

/// `$1` is the server's folder, the rest is the server's command line. The server's process id is in
/// the folder before the server runs, and it inherits neither end of the pipe. When it ends on its own,
/// its log goes to standard error, which the test process reads while it waits for the start. One that is
/// to be started again is, unless the pipe has closed. Where the shell itself has been killed, the server is told once: later its number may
/// be another process's.
const SCRIPT: &str = r#"
folder=$1
shift
exec 3<&0
{
    cat <&3 >/dev/null 2>&1
    touch "$folder/over"
    while kill -QUIT "$(cat "$folder/pid")"; [ -e "$folder" ] && kill -0 $$; do
        sleep 0.1
    done 2>/dev/null
} &
waiter=$!
while :; do
    sh -c 'echo $$ >"$0/pid"; exec "$@"' "$folder" "$@" </dev/null >>"$folder/log" 2>&1 3<&- &
    wait $!
    [ -e "$folder/again" ] && [ ! -e "$folder/over" ] || break
    rm "$folder/again"
done
kill "$waiter" 2>/dev/null
cat "$folder/log" >&2
rm -rf "$folder"
"#;

/// A server's command line and where it lives.
#[derive(Debug)]
pub(super) struct Launch {
    /// The program with its arguments.
    pub(super) command_line: Vec<String>,
    /// The folder of everything the server owns; removed when it stops.
    pub(super) folder: PathBuf,
    /// Who runs it.
    pub(super) account: Account,
}

/// A server that is ready; dropping it stops the server and waits for that.
#[derive(Debug)]
pub(super) struct Running {
    folder: PathBuf,
    watchdog: Child,
}

impl Launch {
    /// Starts the server and waits until `is_ready` says so.
    ///
    /// # Errors
    ///
    /// When it ends or takes too long; the message holds its log.
    pub(super) fn start(self, is_ready: impl Fn() -> bool) -> Result<Running> {
        let mut command = Command::new("sh");
        clean_environment(&mut command);
        command
            .args(["-c", SCRIPT, "pgdumprs-test-server"])
            .arg(&self.folder)
            .args(&self.command_line)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C and a test runner's kill reach a process group; the watchdog must stay.
            .process_group(0);
        self.account.act(&mut command);
        let watchdog = command.spawn().context("starting the watchdog shell")?;
        let mut running = Running {
            folder: self.folder,
            watchdog,
        };
        running.wait_until(is_ready)?;
        Ok(running)
    }
}

impl Running {
    /// The folder of everything the server owns.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sends the server a signal, such as `INT`.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        let process = fs::read_to_string(self.folder.join("pid"))
            .context("looking for the server's process")?;
        checked_output(Command::new("kill").args(["-s", name, process.trim()]))?;
        Ok(())
    }

    /// Stops the server with a signal and starts it again, on the same files and port. `is_ready` says whether the process of a number is ready.
    ///
    /// # Errors
    ///
    /// When it does not run any more, or takes too long; the message holds its log.
    pub(super) fn restart(&self, signal: &str, is_ready: impl Fn(&str) -> bool) -> Result<()> {
        let process = || fs::read_to_string(self.folder.join("pid"));
        let before = process()?;
        fs::write(self.folder.join(AGAIN), "")?;
        self.signal(signal)?;
        let limit = Instant::now() + START_LIMIT;
        loop {
            let now = process()?;
            if now != before && is_ready(now.trim()) {
                return Ok(());
            }
            if Instant::now() > limit {
                bail!(self.late());
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Says that the server has not become ready in time.
    fn late(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        format!("the server was not ready within {START_LIMIT:?}; its log:\n{log}")
    }

    fn wait_until(&mut self, is_ready: impl Fn() -> bool) -> Result<()> {
        let limit = Instant::now() + START_LIMIT;
        while !is_ready() {
            if self.watchdog.try_wait()?.is_some() {
                let mut log = String::new();
                if let Some(mut stderr) = self.watchdog.stderr.take() {
                    stderr.read_to_string(&mut log)?;
                }
                bail!("the server did not start; its log:\n{log}");
            }
            if Instant::now() > limit {
                bail!(self.late());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Closing both pipes is the signal, and leaves the shell nothing to block on.
        drop(self.watchdog.stdin.take());
        drop(self.watchdog.stderr.take());
        // Nothing useful can be done about a failure here: the watchdog goes on by itself.
        let _ = self.watchdog.wait();
    }
}
