//! Windows, as wine has it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::checked_output;

use super::title;
use crate::build;
use crate::cross::{self, Build};
use crate::trial::{HeldTable, Program, Source, Windows, round_trip};

const TRIPLE: &str = "x86_64-pc-windows-gnu";

/// The crates whose own tests need no server, beside the command's.
const WITHOUT_SERVERS: [&str; 8] = [
    "pgdumprs-archive",
    "pgdumprs-catalog",
    "pgdumprs-copy",
    "pgdumprs-ddl",
    "pgdumprs-plan",
    "pgdumprs-restore",
    "pgdumprs-script",
    "pgdumprs-sql",
];

/// How long a program may take to come to the server, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(build: &Build, source: &Source) -> Result<String> {
    title(TRIPLE);
    let program = build.program(TRIPLE)?;
    let size = cross::size(&program)?;
    let windows = Windows::new(source)?.with_program(program);
    round_trip(&windows, source)?;
    replace_a_file(&windows, source)?;
    find_settings(&windows, source)?;
    be_called_as_stock(&windows)?;
    write_to_nothing(&windows, source)?;
    end_by_ctrl_c(&windows, source)?;
    let tests = run_unit_tests(build, &windows)?;
    Ok(format!(
        "{TRIPLE}: {size}; by wine, the password from pgpass.conf: backed up, verified, restored, identical; Ctrl-C ends a dump and its queries; \
         the unit tests of {tests} crates pass"
    ))
}

/// Has the unit tests of crates run that need no server, and says of how many.
fn run_unit_tests(build: &Build, windows: &Windows) -> Result<usize> {
    let tests = build.unit_tests(TRIPLE, &WITHOUT_SERVERS)?;
    ensure!(
        tests.len() > WITHOUT_SERVERS.len(),
        "not every crate has unit tests: {tests:?}"
    );
    for test in &tests {
        let mut command = windows.wine.command();
        checked_output(command.arg(test).current_dir(build::workspace()))?;
    }
    Ok(tests.len())
}

/// The file of last night, which is read by nobody, gets another in its place.
fn replace_a_file(windows: &Windows, source: &Source) -> Result<()> {
    let file = windows.folder().join("nightly.dump");
    fs::write(&file, "last night's")?;
    windows.run(&[
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

/// A service, the certificate of an authority, and the user's own name are found where libpq finds them there.
fn find_settings(windows: &Windows, source: &Source) -> Result<()> {
    let database = source.database.name();
    let service = format!("[nightly]\r\ndbname={database}\r\nsslmode=verify-full\r\n");
    windows.set(".pg_service.conf", &service)?;
    let dump = ["-d", "service=nightly", "-f", "service.dump"];
    let refused = windows.command().args(dump).output()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    ensure!(
        !refused.status.success() && said.contains("root.crt"),
        "nobody vouches for the server, and yet: {said}"
    );
    windows.set("root.crt", &source.authority)?;
    windows.run(&dump)?;

    let mut command = windows.command();
    command
        .env_remove("PGUSER")
        .args(["-w", "-d", database, "-f", "NUL"]);
    let said = command.output()?.stderr;
    let said = String::from_utf8_lossy(&said);
    let user = windows.user()?;
    ensure!(
        said.contains(&format!("\"{user}\"")),
        "the user {user} is not the one who connects: {said}"
    );
    Ok(())
}

/// Copies under the names of stock's programs are these, in any letters.
fn be_called_as_stock(windows: &Windows) -> Result<()> {
    for name in ["pg_dump.exe", "PG_RESTORE.EXE"] {
        let copy = windows.folder().join(name);
        fs::copy(&windows.program, &copy)?;
        let mut command = windows.wine.command();
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
fn write_to_nothing(windows: &Windows, source: &Source) -> Result<()> {
    windows
        .run(&["-d", source.database.name(), "-f", "NUL"])
        .map(drop)
}

/// A dump that waits for a lock ends by Ctrl-C, and so does what it has asked of the server.
fn end_by_ctrl_c(windows: &Windows, source: &Source) -> Result<()> {
    let held = HeldTable::new(source, PATIENCE)?;

    println!("$ pgdumprs -f interrupted.dump, and Ctrl-C");
    // What a person types comes from a terminal.
    let words = windows.command();
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
        .current_dir(windows.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    held.until_a_dump_waits()?;
    let mut keyboard = terminal.stdin.take().context("the terminal has no input")?;
    keyboard.write_all(b"\x03")?;
    held.until_no_dump_waits()?;
    let output = terminal.wait_with_output()?;
    drop(keyboard);

    let said = String::from_utf8_lossy(&output.stdout);
    // A Unix program sees the last 8 bits of Windows's 0xC000013A.
    ensure!(
        output.status.code() == Some(0x3A) && said.contains("ended by Ctrl-C"),
        "it ended with {} and said {said:?}",
        output.status
    );
    let left: Vec<_> = fs::read_dir(windows.folder())?
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
