//! Which kinds of objects and properties go into the archive.

use crate::Dump;

/// Everything is dumped by default.
impl Dump {
    /// Whether large objects are dumped, where data is. By default they are, unless only some schemas or tables are dumped.
    #[must_use]
    pub fn large_objects(mut self, large_objects: bool) -> Self {
        self.options.large_objects = Some(large_objects);
        self
    }

    /// Whether privileges are dumped (GRANT and REVOKE).
    #[must_use]
    pub fn privileges(mut self, privileges: bool) -> Self {
        self.options.privileges = privileges;
        self
    }

    /// Whether comments are dumped.
    #[must_use]
    pub fn comments(mut self, comments: bool) -> Self {
        self.options.comments = comments;
        self
    }

    /// Whether row security policies are dumped.
    #[must_use]
    pub fn policies(mut self, policies: bool) -> Self {
        self.options.policies = policies;
        self
    }

    /// Whether publications are dumped.
    #[must_use]
    pub fn publications(mut self, publications: bool) -> Self {
        self.options.publications = publications;
        self
    }

    /// Whether subscriptions are dumped.
    #[must_use]
    pub fn subscriptions(mut self, subscriptions: bool) -> Self {
        self.options.subscriptions = subscriptions;
        self
    }

    /// Whether security labels are dumped.
    #[must_use]
    pub fn security_labels(mut self, security_labels: bool) -> Self {
        self.options.security_labels = security_labels;
        self
    }

    /// Whether the database's tablespace is dumped. Those of tables are properties of the archive's entries, which `pg_restore
    /// --no-tablespaces` can ignore.
    #[must_use]
    pub fn tablespaces(mut self, tablespaces: bool) -> Self {
        self.options.tablespaces = tablespaces;
        self
    }

    /// Whether compression methods of columns are dumped.
    #[must_use]
    pub fn toast_compression(mut self, toast_compression: bool) -> Self {
        self.options.toast_compression = toast_compression;
        self
    }

    /// Whether rows of unlogged tables are dumped, where data is.
    #[must_use]
    pub fn unlogged_table_data(mut self, unlogged_table_data: bool) -> Self {
        self.options.unlogged_table_data = unlogged_table_data;
        self
    }
}
