//! `cargo xtask docs`: writes what is made from the definitions of the options.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::build::{cargo, workspace};

/// Write docs/cli.md and the help that README.md shows, from the definitions of the options.
///
/// `cargo xtask test` fails where they are out of date.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// What begins and ends the help in README.md.
const FENCES: (&str, &str) = ("## Use it\n\n```text\n", "\n```\n");

/// Runs the command for both, and writes them.
pub(crate) fn run(_: &Arguments) -> Result<()> {
    let root = workspace();
    let page = root.join("docs/cli.md");
    fs::write(&page, pgdumprs(&["--generate", "markdown"])?).context("writing docs/cli.md")?;

    let readme = root.join("README.md");
    let text = fs::read_to_string(&readme).context("reading README.md")?;
    let (start, end) = FENCES;
    let parts = text.split_once(start);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let Some((before, after)) = parts else {
        bail!("README.md shows no help under \"Use it\"");
    };
    let help = pgdumprs(&["--help"])?;
    let help = help.trim_end();
    fs::write(&readme, format!("{before}{start}{help}{end}{after}")).context("writing README.md")
}

/// What the command prints, built as it stands.
fn pgdumprs(arguments: &[&str]) -> Result<String> {
    let output = cargo(&["run", "--quiet", "--package", "pgdumprs-cli", "--"])
        .args(arguments)
        // The width of the help is that of a terminal, where there is one.
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("pgdumprs {}: {said}", arguments.join(" "));
    }
    String::from_utf8(output.stdout).context("pgdumprs prints UTF-8")
}
