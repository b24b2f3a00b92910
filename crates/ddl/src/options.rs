//! What to dump and how to write it.

use pgdumprs_catalog::{Patterns, Purpose, Scope};

use crate::RowChoice;

bitflags::bitflags! {
    /// The three parts that a restore goes through, one after the other.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Sections: u8 {
        /// Definitions that data needs: schemas, types, tables, functions, views.
        const PRE_DATA = 1;
        /// Rows, sequence positions, large objects, statistics of tables.
        const DATA = 1 << 1;
        /// What is made when data is there: indexes, constraints, triggers, rules.
        const POST_DATA = 1 << 2;
    }
}

/// How large objects appear in the table of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LargeObjectForm {
    /// Groups with the same owner and privileges share an entry, as PostgreSQL 17 and newer write and archive version 1.16 allows.
    #[default]
    Grouped,
    /// One entry for each, and one for the contents of all, as PostgreSQL 16 and older read.
    Single,
}

/// How INSERT statements are written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inserts {
    /// Name the columns.
    pub columns: bool,
    /// Rows in a statement.
    pub rows: usize,
    /// Let a row that is there already stay as it is.
    pub on_conflict_do_nothing: bool,
}

/// A statement for each row, without the columns' names.
impl Default for Inserts {
    fn default() -> Self {
        Self {
            columns: false,
            rows: 1,
            on_conflict_do_nothing: false,
        }
    }
}

impl Inserts {
    /// Whether the columns are named.
    #[must_use]
    pub fn columns(mut self, columns: bool) -> Self {
        self.columns = columns;
        self
    }

    /// Rows in a statement, at least one.
    #[must_use]
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows.max(1);
        self
    }

    /// Whether a row that is there already when it is restored stays as it is.
    #[must_use]
    pub fn on_conflict_do_nothing(mut self, on_conflict_do_nothing: bool) -> Self {
        self.on_conflict_do_nothing = on_conflict_do_nothing;
        self
    }
}

/// Choices that bend the plan. The default is a full dump: schema and data of everything.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Dump definitions.
    pub schema: bool,
    /// Dump rows, sequence positions and large objects.
    pub data: bool,
    /// Dump planner statistics.
    pub statistics: bool,
    /// Dump large objects, where `data` is on; `None` for "where nothing restricts the dump to some schemas or tables".
    pub large_objects: Option<bool>,
    /// Dump sequence positions, even where `data` is off.
    pub sequence_data: bool,
    /// Sections that go into the archive.
    pub sections: Sections,
    /// Names of what is dumped and of what is not.
    pub patterns: Patterns,
    /// Dump only what patterns include: nothing that stands outside schemas, unless a pattern is for it.
    pub restricted: bool,
    /// How large objects appear in the table of contents.
    pub large_object_form: LargeObjectForm,
    /// Dump comments.
    pub comments: bool,
    /// Dump privileges.
    pub privileges: bool,
    /// Dump security labels.
    pub security_labels: bool,
    /// Dump row security policies.
    pub policies: bool,
    /// Dump publications.
    pub publications: bool,
    /// Dump subscriptions.
    pub subscriptions: bool,
    /// Dump rows of unlogged tables. Off on a hot standby, where they cannot be read.
    pub unlogged_table_data: bool,
    /// Name the database's tablespace.
    pub tablespaces: bool,
    /// Name column compression methods.
    pub toast_compression: bool,
    /// Let row security hide rows rather than forbid the dump.
    pub row_security: bool,
    /// Quote function bodies by dollars.
    pub dollar_quoting: bool,
    /// Write rows as INSERT statements rather than for COPY.
    pub inserts: Option<Inserts>,
    /// Load the rows of every partition through the topmost partitioned table.
    pub load_via_partition_root: bool,
    /// Quote every identifier, whether it needs it or not.
    pub quote_all_identifiers: bool,
    /// Conditions for rows, each an SQL expression as [`RowChoice`] takes it. A pattern for [`Purpose::ChooseRows`] says by its
    /// number which tables it is for.
    pub row_choices: Vec<RowChoice>,
    /// Let foreign keys to tables of which rows are left out be `NOT VALID`.
    pub not_valid_foreign_keys: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            schema: true,
            data: true,
            statistics: false,
            large_objects: None,
            sequence_data: false,
            sections: Sections::all(),
            patterns: Patterns::default(),
            restricted: false,
            large_object_form: LargeObjectForm::default(),
            comments: true,
            privileges: true,
            security_labels: true,
            policies: true,
            publications: true,
            subscriptions: true,
            unlogged_table_data: true,
            tablespaces: true,
            toast_compression: true,
            row_security: false,
            dollar_quoting: true,
            inserts: None,
            load_via_partition_root: false,
            quote_all_identifiers: false,
            row_choices: Vec::new(),
            not_valid_foreign_keys: false,
        }
    }
}

impl Options {
    /// What the listing has to show for this dump.
    pub fn scope(&self) -> Scope {
        Scope {
            large_objects: self.dumps_large_objects(),
            security_labels: self.security_labels,
            domains: !self.patterns.any(Purpose::IncludeTable),
            patterns: self.patterns.clone(),
        }
    }

    /// Whether large objects are dumped.
    pub(crate) fn dumps_large_objects(&self) -> bool {
        self.data && self.large_objects.unwrap_or(!self.restricted)
    }

    /// Whether definitions of a section are dumped. Where none are, nothing is to be said of them.
    pub(crate) fn defines(&self, section: Sections) -> bool {
        self.schema && self.sections.contains(section)
    }

    /// Whether positions of sequences are dumped.
    pub(crate) fn dumps_positions(&self) -> bool {
        self.data || self.sequence_data
    }
}
