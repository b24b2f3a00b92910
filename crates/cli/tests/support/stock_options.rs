//! The options of a program of stock's, as it lists them itself.

use std::process::Command;

use pgdumprs_testkit::checked_output;

/// An option.
#[derive(Debug)]
pub(crate) struct StockOption {
    /// `--file`
    pub(crate) long: String,
    /// `-f`
    pub(crate) short: Option<String>,
}

impl StockOption {
    /// Its names, each with its hyphens.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.short.iter().chain([&self.long])
    }
}

/// Reads what `--help` prints. The options stand in lines of their own, two blanks in, as `-f, --file=FILENAME` or `--filter=FILENAME`.
pub(crate) fn options_of(mut program: Command) -> Vec<StockOption> {
    let output = checked_output(program.arg("--help")).unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let lines = help.lines().filter_map(|line| {
        let rest = line
            .strip_prefix("  ")
            .filter(|rest| rest.starts_with('-'))?;
        let mut words = rest.split(' ');
        let mut first = words.next()?;
        let mut short = None;
        if let Some(letter) = first.strip_suffix(',') {
            short = Some(letter.to_owned());
            first = words.next()?;
        }
        let long = first.split('=').next()?.to_owned();
        Some(StockOption { long, short })
    });
    lines.collect()
}
