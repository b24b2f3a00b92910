//! What to dump and how to write it.

/// How large objects appear in the table of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LargeObjectForm {
    /// Groups with the same owner and privileges share an entry, as PostgreSQL 17 and newer write and archive version 1.16 allows.
    #[default]
    Grouped,
    /// One entry for each, and one for the contents of all, as PostgreSQL 16 and older read.
    Single,
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
    /// Dump large objects, where `data` is on.
    pub large_objects: bool,
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
    /// Name column compression methods.
    pub toast_compression: bool,
    /// Quote every identifier, whether it needs it or not.
    pub quote_all_identifiers: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            schema: true,
            data: true,
            statistics: false,
            large_objects: true,
            large_object_form: LargeObjectForm::default(),
            comments: true,
            privileges: true,
            security_labels: true,
            policies: true,
            publications: true,
            subscriptions: true,
            unlogged_table_data: true,
            toast_compression: true,
            quote_all_identifiers: false,
        }
    }
}

impl Options {
    /// Whether nothing restricts the dump to some schemas, tables or extensions, so that objects which belong to no
    /// schema are dumped too.
    pub(crate) fn include_everything(&self) -> bool {
        true
    }
}
