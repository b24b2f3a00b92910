//! The outcome of a comparison, written to be read by who must find the cause.

use std::collections::BTreeMap;
use std::fmt;

use super::archive::Archive;
use super::version_gap::VersionGap;
use crate::Database;

/// How many differences of one rule a report shows; one cause often makes thousands.
const MOST_SHOWN: usize = 40;

/// A rule of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The text that `pg_restore -f -` prints.
    F1,
    /// The entries of the table of contents and their order.
    F2,
    /// The entries' dependencies.
    F3,
    /// The data of tables and large objects.
    F4,
    /// The database that a restore makes.
    F5,
}

impl Rule {
    fn subject(self) -> &'static str {
        match self {
            Rule::F1 => "what pg_restore prints",
            Rule::F2 => "the table of contents",
            Rule::F3 => "dependencies",
            Rule::F4 => "data",
            Rule::F5 => "the restored database",
        }
    }
}

/// All differences that were found; [`Display`](fmt::Display) writes the report.
///
/// In the report, `-` marks what stock says and `+` what ours says.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// What was compared.
    subjects: Vec<String>,
    /// What was not compared, and why.
    notes: Vec<String>,
    differences: BTreeMap<Rule, Vec<String>>,
}

impl Comparison {
    pub(super) fn new(stock: &Archive, ours: &Archive) -> Comparison {
        Comparison {
            subjects: vec![summary("stock", stock), summary("ours", ours)],
            notes: VersionGap::between(stock, ours).notes(stock, ours),
            ..Comparison::default()
        }
    }

    pub(super) fn of_restored(source: &Database, ours: &Archive) -> Comparison {
        Comparison {
            subjects: vec![format!(
                "database {} of a PostgreSQL {} server, and what {} restores to",
                source.name(),
                source.server().major(),
                ours.path().display()
            )],
            ..Comparison::default()
        }
    }

    pub(super) fn of_copy(source: &Database, copy: &Database) -> Comparison {
        let database = |database: &Database| {
            let major = database.server().major();
            format!(
                "database {} of a PostgreSQL {major} server",
                database.name()
            )
        };
        Comparison {
            subjects: vec![format!("{} and {}", database(source), database(copy))],
            ..Comparison::default()
        }
    }

    pub(super) fn difference(&mut self, rule: Rule, text: impl Into<String>) {
        self.differences.entry(rule).or_default().push(text.into());
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Takes over what another comparison found.
    pub fn append(&mut self, other: Comparison) {
        self.subjects.extend(other.subjects);
        self.notes.extend(other.notes);
        for (rule, texts) in other.differences {
            self.differences.entry(rule).or_default().extend(texts);
        }
    }

    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }

    /// The differences of one rule, in words.
    pub fn differences(&self, rule: Rule) -> &[String] {
        self.differences.get(&rule).map_or(&[], Vec::as_slice)
    }

    /// What was compared in another way or not at all, with the reason.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Passes if nothing differs.
    ///
    /// # Panics
    ///
    /// With the whole report if anything does.
    pub fn assert_same(&self) {
        assert!(self.is_same(), "{self}");
    }
}

fn summary(whose: &str, archive: &Archive) -> String {
    format!(
        "{whose}: {}, version {}, {} entries",
        archive.path().display(),
        archive.header().version,
        archive.entries().len()
    )
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_same() {
            writeln!(f, "same")?;
        } else {
            let counts: Vec<_> = self
                .differences
                .iter()
                .map(|(rule, texts)| format!("{rule:?} {}", texts.len()))
                .collect();
            writeln!(f, "differences: {}", counts.join(", "))?;
        }
        for subject in &self.subjects {
            writeln!(f, "  {subject}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        for (rule, texts) in &self.differences {
            writeln!(f, "\n{rule:?}, {}", rule.subject())?;
            for text in texts.iter().take(MOST_SHOWN) {
                for line in text.lines() {
                    writeln!(f, "  {line}")?;
                }
            }
            if texts.len() > MOST_SHOWN {
                writeln!(f, "  … and {} more", texts.len() - MOST_SHOWN)?;
            }
        }
        Ok(())
    }
}
