//! F5 for databases that no archive brings back whole: random ones hold checks that call what is not there yet, views that their
//! owner may not read, languages without an extension.
//!
//! An entry may fail for what it needs, and never for its words: those are ours. And every relation that is restored has the
//! columns of the one it stands for, with their types and all that is said of them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::archive::Archive;
use super::difference::readable;
use super::report::{Comparison, Rule};
use super::restored::restorer;
use crate::Database;
use crate::tools::tool;

/// What a server says of an entry that lacks something, whoever wrote the archive.
const LACKING: &[&str] = &[
    // Functions and relations that a body or a check names: the catalogs do not know of it. And what needs what failed so.
    " does not exist",
    // A language is made without its handler where an extension owns that, and is taken for an extension then.
    "could not open extension control file ",
    "extension \"",
    "invalid extension name: ",
    // What an owner may do has been revoked, or it is granted later.
    "permission denied for ",
    " has not been populated",
    // Checks that call functions, or whose tables are not filled yet; a child that dropped its parent's NOT NULL.
    " violates check constraint ",
    " violates not-null constraint",
    "infinite recursion detected in rules for relation ",
    // The server cut the name that it made for a multirange within a letter.
    "invalid byte sequence for encoding ",
    // Its counterpart is missing.
    "cannot attach index ",
];

/// Names of relations, and after a separator what they are and have. Columns are sorted by name: those that a child inherits move to
/// the front of it. A child cannot stay without a NOT NULL that it inherits, though before 18 it may have dropped it.
const SHAPES: &str = "
    WITH RECURSIVE lines(child, ancestor) AS (
        SELECT oid, oid FROM pg_catalog.pg_class
        UNION
        SELECT lines.child, i.inhparent FROM lines JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = lines.ancestor),
    forbidden(relation, name) AS (
        SELECT DISTINCT lines.child, a.attname
        FROM lines JOIN pg_catalog.pg_attribute AS a ON a.attrelid = lines.ancestor AND a.attnotnull)
    SELECT replace(quote_ident(n.nspname) || '.' || quote_ident(c.relname), E'\\n', ' ') || chr(1)
           || replace(concat_ws(' ', c.relkind, c.relpersistence, columns.said), E'\\n', ' ')
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerated {
    /// Relations of the source.
    pub relations: usize,
    /// Those of them that were restored as they are.
    pub restored: usize,
    /// Entries that failed for what they lack.
    pub lacking: usize,
}

/// Restores into an empty database of the same server, whatever fails, and compares.
pub(super) fn compare(
    source: &Database,
    ours: &Archive,
    comparison: &mut Comparison,
) -> Result<Tolerated> {
    let major = restorer(source.server().major(), ours);
    let target = source.empty_sibling()?;
    let mut command = tool(major, "pg_restore");
    command
        .args(["--dbname", &target.conninfo()])
        .arg(ours.path());
    let output = command.output().context("running pg_restore")?;
    let said = readable(&output.stderr);
    let mut tolerated = Tolerated::default();
    // A name in a message may have more lines. The statement stands behind it.
    for part in said
        .split("pg_restore: ")
        .filter(|part| part.contains("ERROR:  "))
    {
        let message = part.split("\nCommand was: ").next().unwrap_or(part);
        if LACKING.iter().any(|cause| message.contains(cause)) {
            tolerated.lacking += 1;
        } else {
            comparison.difference(Rule::F5, part.trim_end());
        }
    }
    // It ends with 1 where entries failed.
    if tolerated.lacking == 0 && !output.status.success() && comparison.is_same() {
        comparison.difference(Rule::F5, format!("{}:\n{said}", output.status));
    }
    let [expected, found] = [source, &target].map(shapes);
    tolerated.relations = expected.len();
    for (name, shape) in &expected {
        match found.get(name) {
            Some(other) if other == shape => tolerated.restored += 1,
            Some(other) => {
                comparison.difference(Rule::F5, format!("{name}\n  - {shape}\n  + {other}"));
            }
            None if tolerated.lacking == 0 => {
                comparison.difference(Rule::F5, format!("not restored: {name}"));
            }
            None => {}
        }
    }
    Ok(tolerated)
}

/// What each relation is and has, by its name.
fn shapes(database: &Database) -> BTreeMap<String, String> {
    let rows = database.psql(SHAPES);
    let rows = rows.lines().filter_map(|row| row.split_once('\u{1}'));
    rows.map(|(name, shape)| (name.to_owned(), shape.to_owned()))
        .collect()
}
