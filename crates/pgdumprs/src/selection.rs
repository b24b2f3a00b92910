//! Which schemas, tables and extensions go into the archive, by patterns for their names.
//!
//! Patterns are psql's. Outside double quotes, letters are small ones, `*` stands for any letters and `?` for any letter, a dot
//! separates a schema from a name, and everything else is a regular expression of the server. A name without a schema is looked for
//! in the role's search path.

use bstr::BString;
use pgdumprs_catalog::{Pattern, Purpose};
use pgdumprs_ddl::{ConditionError, RowChoice};

use crate::Dump;

/// Each of these may be called several times: what matches any of the patterns counts.
impl Dump {
    /// Dumps only the tables, views, sequences and foreign tables that match, and what hangs on them; schemas do not count then.
    #[must_use]
    pub fn include_table(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.options.restricted = true;
        self.pattern(Purpose::IncludeTable, pattern)
    }

    /// As [`Dump::include_table`], with partitions and inheritance children.
    #[must_use]
    pub fn include_table_and_children(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.options.restricted = true;
        self.pattern_and_children(Purpose::IncludeTable, pattern)
    }

    /// Leaves out tables, views, sequences and foreign tables that match, whatever includes them.
    #[must_use]
    pub fn exclude_table(self, pattern: impl Into<Vec<u8>>) -> Self {
        self.pattern(Purpose::ExcludeTable, pattern)
    }

    /// As [`Dump::exclude_table`], with partitions and inheritance children.
    #[must_use]
    pub fn exclude_table_and_children(self, pattern: impl Into<Vec<u8>>) -> Self {
        self.pattern_and_children(Purpose::ExcludeTable, pattern)
    }

    /// Leaves out the rows of tables that match, though not the tables.
    #[must_use]
    pub fn exclude_table_data(self, pattern: impl Into<Vec<u8>>) -> Self {
        self.pattern(Purpose::ExcludeTableData, pattern)
    }

    /// As [`Dump::exclude_table_data`], with partitions and inheritance children.
    #[must_use]
    pub fn exclude_table_data_and_children(self, pattern: impl Into<Vec<u8>>) -> Self {
        self.pattern_and_children(Purpose::ExcludeTableData, pattern)
    }

    /// Dumps only the schemas that match, with everything in them.
    #[must_use]
    pub fn include_schema(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.options.restricted = true;
        self.pattern(Purpose::IncludeSchema, pattern)
    }

    /// Leaves out the schemas that match, with everything in them.
    #[must_use]
    pub fn exclude_schema(self, pattern: impl Into<Vec<u8>>) -> Self {
        self.pattern(Purpose::ExcludeSchema, pattern)
    }

    /// Dumps only the extensions that match, beside the schemas or tables that are included.
    #[must_use]
    pub fn include_extension(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.options.restricted = true;
        self.pattern(Purpose::IncludeExtension, pattern)
    }

    /// Of all extensions, dumps only those that match; what is no extension is dumped as if this were not said.
    #[must_use]
    pub fn limit_extensions(self, pattern: impl Into<Vec<u8>>) -> Self {
        self.pattern(Purpose::IncludeExtension, pattern)
    }

    /// Leaves out the extensions that match.
    #[must_use]
    pub fn exclude_extension(self, pattern: impl Into<Vec<u8>>) -> Self {
        self.pattern(Purpose::ExcludeExtension, pattern)
    }

    /// Of the tables that match, dumps only the rows that meet a condition: an SQL expression, as behind `WHERE`, in which nothing but
    /// PostgreSQL's own is known without its schema. One for a partitioned table is for its partitions; what inherits from a table in
    /// another way has rows of its own. The server is asked before anything is read whether it takes the condition.
    ///
    /// A table has one condition at most. [`Report::chosen_rows`](crate::Report::chosen_rows) says what was left. Foreign keys to the
    /// table that may not hold any more are warned of, and see [`Dump::not_valid_foreign_keys`].
    ///
    /// # Errors
    ///
    /// [`ConditionError`] where the condition is not one expression: it has a semicolon, or ends before its end.
    pub fn rows_where(
        mut self,
        pattern: impl Into<Vec<u8>>,
        condition: impl Into<Vec<u8>>,
    ) -> Result<Self, ConditionError> {
        let pattern: Vec<u8> = pattern.into();
        let choice = RowChoice::new(pattern.clone(), condition.into())?;
        let number = self.options.row_choices.len();
        self.options.row_choices.push(choice);
        Ok(self.pattern(Purpose::ChooseRows(number), pattern))
    }

    /// Whether foreign keys are `NOT VALID` that refer to tables of which rows are left out, by [`Dump::rows_where`] or
    /// [`Dump::exclude_table_data`]: they hold for what is written later, and are not held against the rows that are dumped. Servers
    /// before 18 have none of partitioned tables; those stay as they are, with a warning.
    #[must_use]
    pub fn not_valid_foreign_keys(mut self, not_valid: bool) -> Self {
        self.options.not_valid_foreign_keys = not_valid;
        self
    }

    /// Dumps the rows of the foreign tables of foreign servers that match, which must be some.
    #[must_use]
    pub fn include_foreign_data(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.settings.foreign_tables = true;
        self.pattern(Purpose::IncludeForeignData, pattern)
    }

    /// Whether each pattern that includes something must match something, rather than one of its kind.
    #[must_use]
    pub fn strict_names(mut self, strict: bool) -> Self {
        self.options.patterns.strict = strict;
        self
    }

    fn pattern(self, purpose: Purpose, pattern: impl Into<Vec<u8>>) -> Self {
        self.push_pattern(purpose, pattern.into(), false)
    }

    fn pattern_and_children(self, purpose: Purpose, pattern: impl Into<Vec<u8>>) -> Self {
        self.push_pattern(purpose, pattern.into(), true)
    }

    fn push_pattern(mut self, purpose: Purpose, pattern: Vec<u8>, and_children: bool) -> Self {
        self.options.patterns.all.push(Pattern {
            purpose,
            text: BString::from(pattern),
            and_children,
        });
        self
    }
}
