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
        let names = rest.split("  ").next().unwrap_or(rest);
        let mut short = None;
        let mut long = String::new();
        for name in names.split(", ") {
            let name = name.split(['=', ' ']).next().unwrap_or_default().to_owned();
            match name.starts_with("--") {
                true => long = name,
                false => short = Some(name),
            }
        }
        Some(PgDumpOption { long, short })
    });
    lines.collect()
}
