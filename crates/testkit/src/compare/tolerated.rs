//! F5 for databases that no archive brings back whole: random ones hold checks that call what is not there yet, views that their
//! owner may not read, languages without an extension, sequences that are called like a type.
//!
//! Stock's archive of the same database says what cannot be brought back. An entry may fail as it fails there, though never for its
//! words: those are ours. And every relation that is restored has the columns of the one it stands for, with their types and all
//! that is said of them, or is as stock's archive brings it back.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::archive::Archive;
use super::difference::readable;
use super::internal_options::without_internal_options;
use super::report::{Comparison, Rule};
use super::restated;
use super::restored::{is_its_own, restorer};
use crate::Database;
use crate::tools::tool;

/// What a server says of words that it does not take. An archive of a server of its major must not hold any, be they stock's or not.
const REFUSING: &[&str] = &[
    "syntax error at ",
    "unrecognized ",
    " not recognized",
    "unterminated ",
];

/// Names of relations, and after a separator what they are and have. Both as JSON, since a name can hold any separator and the end of
/// a line. Columns are sorted by name: those that a child inherits move to the front of it. A child cannot stay without a NOT NULL
/// that it inherits, though before 18 it may have dropped it.
const SHAPES: &str = "
    WITH RECURSIVE lines(child, ancestor) AS (
        SELECT oid, oid FROM pg_catalog.pg_class
        UNION
        SELECT lines.child, i.inhparent FROM lines JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = lines.ancestor),
    forbidden(relation, name) AS (
        SELECT DISTINCT lines.child, a.attname
        FROM lines JOIN pg_catalog.pg_attribute AS a ON a.attrelid = lines.ancestor AND a.attnotnull)
    SELECT to_json(quote_ident(n.nspname) || '.' || quote_ident(c.relname))::text || chr(1)
           || to_json(concat_ws(' ', c.relkind, c.relpersistence, columns.said))
    FROM pg_catalog.pg_class AS c
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace,
         LATERAL (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                                              nullif(a.attidentity, ''), nullif(a.attgenerated, ''),
                                              CASE WHEN f.name IS NOT NULL THEN 'NOT NULL' END), ', ' ORDER BY a.attname) AS said
                  FROM pg_catalog.pg_attribute AS a
                       LEFT JOIN forbidden AS f ON f.relation = a.attrelid AND f.name = a.attname
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'";

/// How a tolerated restore went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerated {
    /// Relations of the source.
    pub relations: usize,
    /// Those of them that were restored as they are.
    pub restored: usize,
    /// What the server said of each entry that failed, those of stock's archive alike.
    pub failed: Vec<String>,
}

impl Tolerated {
    /// Whether the whole database was restored.
    pub fn is_whole(&self) -> bool {
        self.failed.is_empty() && self.restored == self.relations
    }
}

/// Restores into an empty database of the same server, whatever fails, and compares; with what stock's archive is restored to, where
/// anything failed or is not as it was.
pub(super) fn compare(
    source: &Database,
    stock: Archive,
    ours: &Archive,
    comparison: &mut Comparison,
) -> Result<Tolerated> {
    let expected = shapes(source);
    let found = Restored::of(source, ours)?;
    let mut tolerated = Tolerated {
        relations: expected.len(),
        restored: found.like(&expected),
        failed: Vec::new(),
    };
    if found.failures.is_empty() && tolerated.is_whole() {
        return Ok(tolerated);
    }
    let stock = restated::of(stock, ours, comparison).context("stock's archive")?;
    let mut alike = Restored::of(source, &stock).context("stock's archive")?;
    for failure in found.failures {
        let same = alike.failures.iter().position(|other| *other == failure);
        match same {
            Some(same) if !failure.refuses_words() => {
                alike.failures.swap_remove(same);
                tolerated.failed.push(failure.message);
            }
            _ => comparison.difference(Rule::F5, failure.message + &failure.statement),
        }
    }
    for (name, shape) in &expected {
        let (ours, stocks) = (found.shapes.get(name), alike.shapes.get(name));
        if ours == Some(shape) || ours == stocks {
            continue;
        }
        let mut text = name.clone();
        for (whose, shape) in [("source", Some(shape)), ("stock", stocks), ("ours", ours)] {
            let shape = shape.map_or("missing", String::as_str);
            text.push_str(&format!("\n  {whose}: {shape}"));
        }
        comparison.difference(Rule::F5, text);
    }
    Ok(tolerated)
}

/// What pg_restore makes of an archive.
struct Restored {
    failures: Vec<Failure>,
    shapes: BTreeMap<String, String>,
}

/// An error of pg_restore.
#[derive(PartialEq, Eq)]
struct Failure {
    /// What the server said, or pg_restore itself.
    message: String,
    /// And of which statement, if that is known, without options that only stock writes.
    statement: String,
}

impl Restored {
    fn of(source: &Database, archive: &Archive) -> Result<Restored> {
        let server = source.server().major();
        let major = restorer(server, archive);
        let target = source.empty_sibling()?;
        let output = tool(major, "pg_restore")
            .args(["--dbname", &target.conninfo()])
            .arg(archive.path())
            .output()
            .context("running pg_restore")?;
        let said = readable(&output.stderr);
        // A name in a message may have more lines. The statement stands behind it.
        let errors = said.split("pg_restore: ");
        let errors = errors.filter_map(|part| part.strip_prefix("error: "));
        let failures: Vec<Failure> = errors
            .filter(|error| !is_its_own(error, major, server))
            .map(Failure::of)
            .collect();
        // It ends with 1 where entries failed.
        ensure!(
            output.status.success() || output.status.code() == Some(1) && said.contains("error: "),
            "pg_restore {major} of {}: {}:\n{said}",
            archive.path().display(),
            output.status
        );
        Ok(Restored {
            failures,
            shapes: shapes(&target),
        })
    }

    /// How many relations are as they should be.
    fn like(&self, expected: &BTreeMap<String, String>) -> usize {
        let is_same = |(name, shape): &(&String, &String)| self.shapes.get(*name) == Some(shape);
        expected.iter().filter(is_same).count()
    }
}

impl Failure {
    fn of(error: &str) -> Failure {
        let error = error.trim_end();
        let end = error.find("\nCommand was: ").unwrap_or(error.len());
        let statement = without_internal_options(format!("{}\n", &error[end..]).as_bytes());
        Failure {
            message: error[..end].to_owned(),
            statement: as_of_a_table(String::from_utf8_lossy(&statement).trim_end()),
        }
    }

    /// Whether the server does not take the statement for what it says.
    fn refuses_words(&self) -> bool {
        REFUSING.iter().any(|words| self.message.contains(words))
    }
}

/// A statement that gives a view or a sequence to its owner, as old versions of pg_restore say it: as if it were a table.
fn as_of_a_table(statement: &str) -> String {
    const RELATIONS: [&str; 3] = ["VIEW ", "MATERIALIZED VIEW ", "SEQUENCE "];
    const ALTER: &str = "\nCommand was: ALTER ";
    let rest = statement.strip_prefix(ALTER);
    let rest = rest.filter(|rest| rest.contains(" OWNER TO "));
    let name = rest.and_then(|rest| RELATIONS.iter().find_map(|kind| rest.strip_prefix(kind)));
    match name {
        Some(name) => format!("{ALTER}TABLE {name}"),
        None => statement.to_owned(),
    }
}

/// What each relation is and has, by its name.
fn shapes(database: &Database) -> BTreeMap<String, String> {
    let rows = database.psql(SHAPES);
    let rows = rows.lines().filter_map(|row| row.split_once('\u{1}'));
    rows.map(|(name, shape)| (name.to_owned(), shape.to_owned()))
        .collect()
}
