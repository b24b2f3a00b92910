//! The program under the name `pg_dumpall`, beside that of the newest stock tools.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use pgdumprs_testkit::{Major, Server, tool};

use crate::printed;
use crate::support::{pgdumprs, run};

/// Everything at once, parts, and what is done otherwise for databases that every server has.
const OPTIONS: &[&str] = &[
    "",
    "-s -c --if-exists",
    "-c --no-tablespaces --inserts",
    "-a --disable-triggers -S joe",
    "-x -O --no-comments --exclude-database=on*",
    "--quote-all-identifiers --no-data --statistics",
    "-r",
    "-t -c",
];

/// How many of those are compared on every major.
const FIRST: usize = 3;

/// The command by another name.
struct Renamed {
    _folder: tempfile::TempDir,
    program: PathBuf,
}

impl Renamed {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let program = folder.path().join("pg_dumpall");
        symlink(env!("CARGO_BIN_EXE_pgdumprs"), &program)?;
        Ok(Self {
            _folder: folder,
            program,
        })
    }

    /// Without the caller's own connection settings.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, value) in pgdumprs().get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

/// Compares the scripts, but for the lines that name their programs.
pub(crate) fn assert_same(server: &Server) -> Result<()> {
    let renamed = Renamed::new()?;
    // Older majors have nothing of their own in most of them.
    let is_newest = server.release().major() == Major::REFERENCE;
    let count = if is_newest { OPTIONS.len() } else { FIRST };
    for options in &OPTIONS[..count] {
        let ours = printed(renamed.command(), server, "postgres", options)?;
        let stock = printed(
            tool(Major::REFERENCE, "pg_dumpall"),
            server,
            "postgres",
            options,
        )?;
        let (ours, stock) = (
            String::from_utf8_lossy(&ours),
            String::from_utf8_lossy(&stock),
        );
        let lines = |text: &str| -> Vec<String> {
            let lines = text.lines().map(str::to_owned);
            // What some minors keep of columns and no dump restores is left out here.
            let is_other =
                |line: &String| line.starts_with("-- Dumped by ") || line.contains("(pg_attver=");
            lines.filter(|line| !is_other(line)).collect()
        };
        let (ours, mut stock) = (lines(&ours), lines(&stock));
        if server.release().major().number() < 15 {
            // Which those servers refuse, so that we leave it out.
            stock
                .iter_mut()
                .for_each(|line| *line = line.replace(" LOCALE_PROVIDER = libc", ""));
        }
        let at = ours
            .iter()
            .zip(&stock)
            .position(|(ours, stock)| ours != stock);
        let around = |all: &[String]| {
            let at = at.unwrap_or(all.len().saturating_sub(5));
            all[at.saturating_sub(5)..(at + 3).min(all.len())].join("\n")
        };
        ensure!(
            ours == stock,
            "with {options:?}, line {at:?}:\n--- stock\n{}\n--- ours\n{}",
            around(&stock),
            around(&ours)
        );
        ensure!(
            stock.len() > 20,
            "with {options:?} there is little to compare"
        );
    }
    Ok(())
}

#[test]
fn command_lines_end_as_those_of_stock() {
    let renamed = Renamed::new().unwrap();
    for options in [
        "-g -r",
        "-g -t",
        "-r -t",
        "-g --exclude-database=x",
        "--if-exists",
        "-a -c",
        "--restrict-key=a-b",
    ] {
        let said = |mut command: Command| {
            let output = run(command.args(options.split(' ')).env("PGHOST", "/nowhere"));
            assert_eq!(output.status.code(), Some(1), "{options}");
            let said = String::from_utf8(output.stderr).unwrap();
            let first = said.lines().next().unwrap_or_default();
            let first = first
                .split_once("error: ")
                .map_or(first, |(_, reason)| reason);
            first.split(" (try ").next().unwrap_or_default().to_owned()
        };
        let ours = said(renamed.command());
        assert_eq!(
            ours,
            said(tool(Major::REFERENCE, "pg_dumpall")),
            "{options}"
        );
    }
    let version = run(renamed.command().arg("--version")).stdout;
    assert!(version.starts_with(b"pg_dumpall (PostgreSQL) 19"));
}

/// Which server is dumped is what a mistake costs most of: options win over a connection string, as in stock.
#[test]
fn servers_are_those_that_stock_dumps() {
    let renamed = Renamed::new().unwrap();
    let server = Server::get(Major::REFERENCE);
    let given = format!(
        "host={} port={} user=postgres dbname=none",
        server.socket_dir().display(),
        server.port()
    );
    let uri = format!("postgresql://postgres@127.0.0.1:{}/none", server.port());
    let (port, folder) = (
        server.port().to_string(),
        server.socket_dir().display().to_string(),
    );
    let at = ["-h", &folder, "-p", &port, "-U", "postgres"];
    let mut tried: Vec<Vec<&str>> = vec![
        vec!["-d", &given],
        vec!["-d", &uri],
        vec!["-p", "1", "-d", &given],
        vec!["-p", "1", "-d", &uri],
        vec!["-U", "nobody there", "-d", &given],
        vec!["-h", "/nowhere", "-d", &given],
        vec!["-h", "", "-p", "", "-U", "", "-d", &given],
        vec!["-l", "postgres", "-d", &given],
        vec!["-l", "not there", "-d", &given],
    ];
    for more in [["-d", ""], ["-d", "postgres"]] {
        tried.push([&at[..], &more[..]].concat());
    }
    let mut succeeded = 0;
    for options in &tried {
        let status = |mut command: Command| run(command.arg("-t").args(options)).status.code();
        let (ours, stock) = (
            status(renamed.command()),
            status(tool(Major::REFERENCE, "pg_dumpall")),
        );
        assert_eq!(ours, stock, "{options:?}");
        succeeded += usize::from(ours == Some(0));
    }
    assert_eq!(succeeded, 5);

    // With all databases left out, the script has the same headings.
    let lines = |mut command: Command| {
        command
            .args(at)
            .args(["--restrict-key=k", "--exclude-database=*"]);
        let text = String::from_utf8(run(&mut command).stdout).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let ours = lines(renamed.command());
    assert!(ours.iter().any(|line| line == "-- Databases"), "{ours:#?}");
    assert_eq!(ours, lines(tool(Major::REFERENCE, "pg_dumpall")));
}
