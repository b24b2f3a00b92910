//! Windows, as wine has it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pgdumprs_testkit::provision::Wine;
use pgdumprs_testkit::tool;

use super::cross::{self, Build};
use super::round_trip::{self, Program};
use super::source::{HOST, PASSWORD, Source};
use super::title;

const TRIPLE: &str = "x86_64-pc-windows-gnu";

/// How long a program may take to come to the server, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(build: &Build, source: &Source) -> Result<String> {
    title(TRIPLE);
    let program = build.program(TRIPLE)?;
    let size = cross::size(&program)?;
    let windows = Windows::new(program, source)?;
    round_trip::run(&windows, source)?;
    windows.replace_a_file(source)?;
    windows.be_called_as_stock()?;
    windows.write_to_nothing(source)?;
    windows.end_by_ctrl_c(source)?;
    Ok(format!(
        "{TRIPLE}: {size}; by wine, the password from pgpass.conf: backed up, verified, restored, identical; Ctrl-C ends a dump and its queries"
    ))
}

/// A Windows with the program, and a password file where libpq has it there.
struct Windows {
    wine: Wine,
    program: PathBuf,
    folder: PathBuf,
    user: String,
    port: String,
    // Removed when the processes above have ended.
    _place: tempfile::TempDir,
}

impl Windows {
    fn new(program: PathBuf, source: &Source) -> Result<Windows> {
        let place = tempfile::tempdir().context("creating a folder for wine")?;
        let wine = Wine::new(&place.path().join("windows"))?;
        let folder = wine.drive().join("backups");
        fs::create_dir(&folder)?;
        let windows = Windows {
            wine,
            program,
            folder,
            user: source.role.clone(),
            port: source.server.port().to_string(),
            _place: place,
        };
        let line = format!("{HOST}:{}:*:{}:{PASSWORD}\r\n", windows.port, windows.user);
        let settings = windows.profile()?.join("postgresql");
        fs::create_dir_all(&settings)?;
        fs::write(settings.join("pgpass.conf"), line)?;
        Ok(windows)
    }

    /// The folder that APPDATA names.
    fn profile(&self) -> Result<PathBuf> {
        let users = self.wine.drive().join("users");
        let profiles = fs::read_dir(&users)?.flatten();
        let mut profiles = profiles.map(|user| user.path().join("AppData/Roaming"));
        profiles
            .find(|profile| profile.is_dir() && !profile.starts_with(users.join("Public")))
            .context("wine made no profile of a user")
    }

    /// The file of last night, which is read by nobody, gets another in its place.
    fn replace_a_file(&self, source: &Source) -> Result<()> {
        let file = self.folder.join("nightly.dump");
        fs::write(&file, "last night's")?;
        self.run(&[
            "-d",
            source.database.name(),
            "-f",
            r"C:\backups\nightly.dump",
        ])?;
        ensure!(
            fs::read(&file)?.starts_with(b"PGDMP"),
            "the file is as it was"
        );
        Ok(())
    }

    /// Copies under the names of stock's programs are these, in any letters.
    fn be_called_as_stock(&self) -> Result<()> {
        for name in ["pg_dump.exe", "PG_RESTORE.EXE"] {
            let copy = self.folder.join(name);
            fs::copy(&self.program, &copy)?;
            let mut command = self.wine.command();
            let output = command.arg(&copy).arg("--version").output()?;
            let said = String::from_utf8_lossy(&output.stdout);
            let (program, _) = name.split_once('.').unwrap_or((name, ""));
            ensure!(
                said.starts_with(&format!("{} (PostgreSQL)", program.to_ascii_lowercase())),
                "{name} said {said:?}"
            );
        }
        Ok(())
    }

    /// The device that takes everything takes an archive.
    fn write_to_nothing(&self, source: &Source) -> Result<()> {
        self.run(&["-d", source.database.name(), "-f", "NUL"])
            .map(drop)
    }

    /// A dump that waits for a lock ends by Ctrl-C, and so does what it has asked of the server.
    fn end_by_ctrl_c(&self, source: &Source) -> Result<()> {
        let count = |query: &str| {
            source
                .database
                .psql(&format!("SELECT count(*) FROM {query}"))
        };
        let mut locking = tool(source.server.major(), "psql")
            .args(["-X", "-d", &source.database.conninfo()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut statements = locking.stdin.take().context("psql has no input")?;
        let table = source.database.psql("SELECT min(oid::regclass::text) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information)'");
        writeln!(
            statements,
            "BEGIN;\nLOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;"
        )?;
        let held = "pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND locktype = 'relation' AND relation >= 16384";
        until("the table is locked", || count(held) != "0")?;

        println!("$ pgdumprs -f interrupted.dump, and Ctrl-C");
        // What a person types comes from a terminal.
        let words = self.command();
        let quoted = words
            .get_args()
            .map(|word| format!("'{}'", word.to_string_lossy()));
        let program = format!("'{}'", words.get_program().to_string_lossy());
        let line = [program]
            .into_iter()
            .chain(quoted)
            .collect::<Vec<_>>()
            .join(" ");
        let database = source.database.name();
        let environment = words
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        let mut terminal = Command::new("script")
            .args(["--quiet", "--return", "--command"])
            .arg(format!("{line} -d {database} -f interrupted.dump"))
            .arg("/dev/null")
            .envs(environment)
            .env_remove("DISPLAY")
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let waiting = "pg_locks WHERE NOT granted";
        until("the dump waits for the table", || count(waiting) != "0")?;
        let mut keyboard = terminal.stdin.take().context("the terminal has no input")?;
        keyboard.write_all(b"\x03")?;
        until("the dump has ended", || count(waiting) == "0")?;
        let output = terminal.wait_with_output()?;
        drop(keyboard);
        drop(statements);
        locking.wait()?;

        let said = String::from_utf8_lossy(&output.stdout);
        // A Unix program sees the last 8 bits of Windows's 0xC000013A.
        ensure!(
            output.status.code() == Some(0x3A) && said.contains("ended by Ctrl-C"),
            "it ended with {} and said {said:?}",
            output.status
        );
        let left: Vec<_> = fs::read_dir(&self.folder)?
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        ensure!(
            !left
                .iter()
                .any(|name| name.to_string_lossy().contains("interrupted")),
            "it left something: {left:?}"
        );
        Ok(())
    }
}

impl Program for Windows {
    fn command(&self) -> Command {
        let mut command = self.wine.command();
        command
            .arg(&self.program)
            .env("PGPORT", &self.port)
            .env("PGUSER", &self.user)
            .current_dir(&self.folder);
        command
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Waits until something is so.
fn until(what: &str, is_so: impl Fn() -> bool) -> Result<()> {
    let started = Instant::now();
    while !is_so() {
        if started.elapsed() > PATIENCE {
            bail!("waited in vain until {what}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
