//! Which parts of the database go into the archive: definitions, rows, statistics, sections.

use pgdumprs_ddl::Sections;

use crate::Dump;

/// By default, definitions and data of everything are dumped, and no planner statistics, as by pg_dump.
impl Dump {
    /// Whether definitions are dumped. Without them, rows are ordered so that each table's come after those that its foreign keys
    /// refer to, where that is possible.
    #[must_use]
    pub fn schema(mut self, schema: bool) -> Self {
        self.options.schema = schema;
        self
    }

    /// Whether data is dumped: rows, positions of sequences, large objects.
    #[must_use]
    pub fn data(mut self, data: bool) -> Self {
        self.options.data = data;
        self
    }

    /// Whether planner statistics are dumped, as servers since 18 can restore them: what ANALYZE found out about tables,
    /// materialized views and indexes; of servers since 19, which alone can restore it, what extended statistics know as well.
    #[must_use]
    pub fn statistics(mut self, statistics: bool) -> Self {
        self.options.statistics = statistics;
        self
    }

    /// Whether positions of sequences are dumped even where data is not.
    #[must_use]
    pub fn sequence_data(mut self, sequence_data: bool) -> Self {
        self.options.sequence_data = sequence_data;
        self
    }

    /// Sections that go into the archive; an archive of one section is restored before or after those of the others.
    #[must_use]
    pub fn sections(mut self, sections: Sections) -> Self {
        self.options.sections = sections;
        self
    }
}
