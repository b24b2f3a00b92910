//! Two databases held against each other, each in an archive or on a server.

mod choice;
mod data;
mod definitions;
mod error;
mod internal_options;
mod pairs;
mod pattern;
mod report;
mod side;

use std::time::Instant;

pub use error::DiffError;
pub use report::{
    Compared, DataComparison, DataKind, Definition, DefinitionDifference, DiffEnd, DiffReport,
    DiffedSide,
};
pub use side::DiffSide;

use self::choice::Choice;
use self::data::Data;
use self::definitions::Scope;
use self::side::Opened;
use crate::rows::Found;

/// A comparison to be made: of two databases, each in an archive or on a server.
///
/// Definitions are compared one by one, with owners, privileges and comments; rows by their number and a sum of their hashes, in whatever order they
/// come; values of sequences and large objects as well. What differs between two dumps of one database (numbers of entries, their order, versions, times) is
/// no difference, and neither is what the database is called.
///
/// Its functions need a tokio runtime with I/O and time. Nothing is written anywhere. A database is read as for a dump: in one transaction, with locks
/// that keep others from altering its tables meanwhile, and from nothing else.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use pgdumprs::{ArchiveSource, Diff, DiffEnd, DiffSide, Dump};
///
/// let night = DiffSide::archive(ArchiveSource::path("shop.dump"));
/// let now = DiffSide::database(Dump::new("postgresql://app@db.example.com/shop")?);
/// let report = Diff::new(night, now).run().await?;
/// for difference in &report.definitions {
///     println!("{}\n{}", difference.title(), difference.lines());
/// }
/// assert_eq!(report.end(), DiffEnd::Same);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Diff {
    left: DiffSide,
    right: DiffSide,
    definitions: bool,
    data: bool,
    owners: bool,
    privileges: bool,
    comments: bool,
    statistics: bool,
    choice: Choice,
    jobs: usize,
}

impl Diff {
    /// A comparison of everything but planner statistics.
    pub fn new(left: DiffSide, right: DiffSide) -> Self {
        Self {
            left,
            right,
            definitions: true,
            data: true,
            owners: true,
            privileges: true,
            comments: true,
            statistics: false,
            choice: Choice::default(),
            jobs: std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(8)),
        }
    }

    /// Whether definitions are compared.
    #[must_use]
    pub fn definitions(mut self, definitions: bool) -> Self {
        self.definitions = definitions;
        self
    }

    /// Whether data is compared: rows, values of sequences, large objects.
    #[must_use]
    pub fn data(mut self, data: bool) -> Self {
        self.data = data;
        self
    }

    /// Whether owners are compared.
    #[must_use]
    pub fn owners(mut self, owners: bool) -> Self {
        self.owners = owners;
        self
    }

    /// Whether privileges are compared.
    #[must_use]
    pub fn privileges(mut self, privileges: bool) -> Self {
        self.privileges = privileges;
        self
    }

    /// Whether comments are compared.
    #[must_use]
    pub fn comments(mut self, comments: bool) -> Self {
        self.comments = comments;
        self
    }

    /// Whether planner statistics are compared, which an archive has only where it was made with them.
    #[must_use]
    pub fn statistics(mut self, statistics: bool) -> Self {
        self.statistics = statistics;
        self
    }

    /// Compares only this schema, with what is in it, and others that are named so: a name with psql's `*` and `?`.
    #[must_use]
    pub fn include_schema(mut self, pattern: impl Into<String>) -> Self {
        self.choice.schemas.push(pattern.into());
        self
    }

    /// Compares no schema of this name, and nothing in it.
    #[must_use]
    pub fn exclude_schema(mut self, pattern: impl Into<String>) -> Self {
        self.choice.exclude_schemas.push(pattern.into());
        self
    }

    /// Compares only this table, view or sequence, with its data, indexes, constraints, triggers, privileges and comments, and others that are named so.
    /// Without a schema before a point, it may be in any.
    #[must_use]
    pub fn include_table(mut self, pattern: impl Into<String>) -> Self {
        self.choice.tables.push(pattern.into());
        self
    }

    /// Compares no table, view or sequence of this name, and nothing that belongs to it.
    #[must_use]
    pub fn exclude_table(mut self, pattern: impl Into<String>) -> Self {
        self.choice.exclude_tables.push(pattern.into());
        self
    }

    /// Reads each side over this many threads or connections, at least one, rather than one for each CPU, and eight at most. What is read from a pipe
    /// is read by one.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Compares.
    ///
    /// # Errors
    ///
    /// [`DiffError`], where one side cannot be read.
    #[tracing::instrument(name = "diff", skip_all)]
    pub async fn run(self) -> Result<DiffReport, DiffError> {
        let started = Instant::now();
        let are_databases = !self.left.is_archive() && !self.right.is_archive();
        let (left, right, jobs) = (self.left, self.right, self.jobs);
        let change = |dump: crate::Dump| {
            dump.schema(self.definitions)
                .data(self.data)
                .statistics(self.statistics)
                .privileges(self.privileges)
                .comments(self.comments)
                .compression(crate::Compression::None)
                .archive_version(crate::ArchiveVersion::V1_16)
                .jobs(jobs)
        };
        let (left, right) = (left.with_dump(change), right.with_dump(change));
        // A server writes texts in the other side's encoding.
        let (mut left, mut right) = match left.is_archive() {
            true => {
                let left = left.open(None).await?;
                let right = right.open(left.encoding.clone()).await?;
                (left, right)
            }
            false => {
                let right = right.open(None).await?;
                (left.open(right.encoding.clone()).await?, right)
            }
        };
        let mut notes = Vec::new();
        let mut both = |is_wanted: bool, has: fn(&Opened) -> bool, what: &str| {
            if !is_wanted {
                return false;
            }
            match (has(&left), has(&right)) {
                (true, true) => return true,
                (false, false) => {}
                (has_left, _) => {
                    let lacks = if has_left { &right } else { &left };
                    notes.push(format!("{} has no {what}: none is compared", lacks.name));
                }
            }
            false
        };
        let definitions = both(self.definitions, Opened::has_definitions, "definitions");
        let data = both(self.data, Opened::has_data, "data");
        self.choice.apply(&mut left.entries, &mut right.entries)?;
        if !definitions && !data && !notes.is_empty() {
            return Err(DiffError::Nothing);
        }
        let scope = Scope {
            owners: self.owners,
            privileges: self.privileges,
            comments: self.comments,
            statistics: self.statistics,
            data,
        };
        let mut compared = Compared::default();
        let mut different = Vec::new();
        if definitions {
            let name = left.header.database.as_ref();
            let items = |side: &Opened| {
                let database = side.header.database.as_ref();
                definitions::items(&side.entries, database, name, scope)
            };
            (different, compared.definitions) = definitions::compare(&items(&left), &items(&right));
        }
        let mut of_data = match data {
            true => Data::of(&left.entries, &right.entries),
            false => Data::default(),
        };
        let (left_told, right_told) = (left.told(), right.told());
        let wanted = std::mem::take(&mut of_data.wanted);
        let failures = std::mem::take(&mut of_data.failures);
        let (here, there): (Found, Found) = tokio::try_join!(
            left.read(wanted.0, jobs, are_databases),
            right.read(wanted.1, jobs, are_databases)
        )?;
        let data = of_data.compare(&here, &there, &mut compared);
        Ok(DiffReport {
            left: left_told,
            right: right_told,
            compared,
            definitions: different,
            data,
            notes,
            failures,
            elapsed: started.elapsed(),
        })
    }
}
