//! What a comparison came to.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::Checksum;

/// What two databases differ in, of which each is in an archive or on a server.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DiffReport {
    /// The one that was named first.
    pub left: DiffedSide,
    /// The other.
    pub right: DiffedSide,
    /// What was compared.
    pub compared: Compared,
    /// Definitions that are different, or on one side alone, in the left one's order.
    pub definitions: Vec<DefinitionDifference>,
    /// Each table and sequence, whether different or not, and each large object that is different.
    pub data: Vec<DataComparison>,
    /// What was not compared since one side has nothing of it.
    pub notes: Vec<String>,
    /// What could not be compared although both sides have it.
    pub failures: Vec<String>,
    /// From the first to the last.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
}

/// How two databases compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DiffEnd {
    /// All that was compared is equal.
    Same,
    /// Something is different.
    Different,
    /// Something could not be compared.
    Unknown,
}

/// One of two sides.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DiffedSide {
    /// What it is called: a file, an object, or a database and its server.
    pub name: String,
    /// Whether it is an archive, rather than a database.
    pub is_archive: bool,
    /// When the archive says that it was made; of a database, when it was read.
    pub made: String,
    /// The database.
    pub database: Option<String>,
    /// The version of its server.
    pub server_version: Option<String>,
    /// The version of the program that wrote the archive.
    pub dumper_version: Option<String>,
}

/// How much was compared: what is on either side or on both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Compared {
    /// Definitions, privileges and comments among them.
    pub definitions: usize,
    /// Tables, by their rows.
    pub tables: usize,
    /// Sequences, by their values.
    pub sequences: usize,
    /// Large objects, by their content.
    pub large_objects: usize,
}

/// A definition that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DefinitionDifference {
    /// What it is, as `pg_restore -l` says it: `TABLE`, `FK CONSTRAINT`, `ACL`.
    pub kind: String,
    /// Its name, with its schema: `public.orders`.
    pub name: String,
    /// It on the left, if it is there.
    pub left: Option<Definition>,
    /// It on the right, if it is there.
    pub right: Option<Definition>,
}

/// How an object is defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Definition {
    /// The role that owns it, of what has an owner of its own.
    pub owner: Option<String>,
    /// Its tablespace, where that is not the database's.
    pub tablespace: Option<String>,
    /// Its table access method, where that is not `heap`.
    pub access_method: Option<String>,
    /// The SQL that makes it.
    pub sql: String,
}

/// What kind of data was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DataKind {
    /// Rows of a table.
    Table,
    /// Rows of a table that are INSERT statements, line by line.
    Statements,
    /// The value of a sequence.
    Sequence,
    /// A large object.
    #[serde(rename = "large object")]
    LargeObject,
}

/// Data that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DataComparison {
    /// What it is.
    pub kind: DataKind,
    /// Its name, with its schema; a large object's number.
    pub name: String,
    /// The columns that were compared, where a table has others on the left and on the right: those that both have.
    pub columns: Option<Vec<String>>,
    /// It on the left, if it is there: rows and the sum of their hashes. Of a sequence, the sum is its value and the count 1 where that has been given
    /// out, and 0 where not.
    #[serde(serialize_with = "checksum")]
    pub left: Option<Checksum>,
    /// It on the right, if it is there.
    #[serde(serialize_with = "checksum")]
    pub right: Option<Checksum>,
}

impl DiffReport {
    /// How both compare.
    pub fn end(&self) -> DiffEnd {
        match (self.failures.is_empty(), self.is_different()) {
            (false, _) => DiffEnd::Unknown,
            (true, true) => DiffEnd::Different,
            (true, false) => DiffEnd::Same,
        }
    }

    fn is_different(&self) -> bool {
        !self.definitions.is_empty() || self.different_data().next().is_some()
    }

    /// Data that is not equal, or has other columns on one side where no definitions were compared.
    pub fn different_data(&self) -> impl Iterator<Item = &DataComparison> {
        // Where no definitions were compared, these do not tell that one side has other columns.
        let are_told = self.compared.definitions > 0;
        self.data
            .iter()
            .filter(move |data| !data.is_equal() || (data.columns.is_some() && !are_told))
    }
}

impl DataComparison {
    /// Whether both sides have it and are equal.
    pub fn is_equal(&self) -> bool {
        self.left == self.right
    }
}

impl DefinitionDifference {
    /// What it is in words: `TABLE public.orders`, `COMMENT on TABLE public.orders`.
    pub fn title(&self) -> String {
        match self.kind.as_str() {
            "ACL" | "COMMENT" | "SECURITY LABEL" => format!("{} on {}", self.kind, self.name),
            // Their names say it.
            "USER MAPPING" | "DEFAULT ACL" => self.name.clone(),
            kind => format!("{kind} {}", self.name),
        }
    }

    /// The difference line by line: what is on the left alone behind `-`, what is on the right alone behind `+`, and of what both have three lines around
    /// these behind a blank, as in a unified diff.
    pub fn lines(&self) -> String {
        let text =
            |side: &Option<Definition>| side.as_ref().map_or(String::new(), Definition::text);
        let (left, right) = (text(&self.left), text(&self.right));
        let diff = similar::TextDiff::from_lines(&left, &right);
        let diff = diff.unified_diff();
        match (&self.left, &self.right) {
            (Some(_), Some(_)) => diff.to_string(),
            // All of it is there: it says nothing where.
            _ => {
                let text = diff.to_string();
                let lines = text.split_inclusive('\n');
                lines.filter(|line| !line.starts_with("@@")).collect()
            }
        }
    }
}

impl Definition {
    /// It as it is compared, line by line.
    fn text(&self) -> String {
        let mut text = self.sql.clone();
        if !text.is_empty() {
            text.push('\n');
        }
        let properties = [
            ("Owner", &self.owner),
            ("Tablespace", &self.tablespace),
            ("Access method", &self.access_method),
        ];
        for (name, value) in properties {
            if let Some(value) = value {
                text.push_str(&format!("-- {name}: {value}\n"));
            }
        }
        text
    }
}

fn seconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((elapsed.as_secs_f64() * 1000.0).round() / 1000.0)
}

#[derive(Serialize)]
struct Sum {
    count: u64,
    sum: String,
}

fn checksum<S: Serializer>(sum: &Option<Checksum>, serializer: S) -> Result<S::Ok, S::Error> {
    let sum = sum.map(|found| Sum {
        count: found.count,
        sum: found.sum.to_string(),
    });
    sum.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(owner: &str, sql: &str) -> Option<Definition> {
        Some(Definition {
            owner: Some(owner.to_owned()),
            tablespace: None,
            access_method: None,
            sql: sql.to_owned(),
        })
    }

    #[test]
    fn differences_are_shown_line_by_line() {
        let mut difference = DefinitionDifference {
            kind: "TABLE".to_owned(),
            name: "s.t".to_owned(),
            left: definition("a", "CREATE TABLE s.t (\n    a integer\n);"),
            right: definition("b", "CREATE TABLE s.t (\n    a bigint\n);"),
        };
        assert_eq!(
            difference.lines(),
            "@@ -1,4 +1,4 @@\n CREATE TABLE s.t (\n-    a integer\n+    a bigint\n );\n--- Owner: a\n+-- Owner: b\n"
        );
        difference.right = None;
        assert_eq!(
            difference.lines(),
            "-CREATE TABLE s.t (\n-    a integer\n-);\n--- Owner: a\n"
        );
        assert_eq!(difference.title(), "TABLE s.t");
        difference.kind = "USER MAPPING".to_owned();
        difference.name = "USER MAPPING public SERVER s".to_owned();
        assert_eq!(difference.title(), "USER MAPPING public SERVER s");
    }
}
