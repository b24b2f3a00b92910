//! The options of pg_dump 18, as it lists them itself.

use pgdumprs_testkit::{checked_output, reference_pg_dump};

/// An option of pg_dump.
#[derive(Debug)]
pub(crate) struct PgDumpOption {
    /// `--file`
    pub(crate) long: String,
    /// `-f`
    pub(crate) short: Option<String>,
}

impl PgDumpOption {
    /// Its names, each with its hyphens.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.short.iter().chain([&self.long])
    }
}

/// Reads `pg_dump --help`. Its options stand in lines of their own, two blanks in, as `-f, --file=FILENAME` or `--filter=FILENAME`.
pub(crate) fn pg_dump_options() -> Vec<PgDumpOption> {
    let output = checked_output(reference_pg_dump().arg("--help")).unwrap();
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
        Some(PgDumpOption { long, short })
    });
    lines.collect()
}
