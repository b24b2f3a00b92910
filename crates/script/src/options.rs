//! What a restore is asked for.

use bitflags::bitflags;
use bstr::BString;

use crate::Error;

/// What of an archive is restored and how: `pg_restore`'s options, each under its long name. The default is everything.
///
/// What has no bearing on the statements (`--jobs`, `--exit-on-error`, `--no-data-for-failed-tables`) is not here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-a`: only data.
    pub data_only: bool,
    /// `-s`: only definitions.
    pub schema_only: bool,
    /// Only statistics.
    pub statistics_only: bool,
    /// No data.
    pub no_data: bool,
    /// No definitions.
    pub no_schema: bool,
    /// No statistics.
    pub no_statistics: bool,
    /// Statistics as well, where another option leaves them out.
    pub statistics: bool,
    /// The sections that are restored, all of them if there are none here.
    pub sections: Sections,
    /// Positions of sequences even without data, as `pg_dump --sequence-data` has it.
    pub sequence_data: bool,

    /// `-L`: the text of a list that says which entries are restored and in which order.
    pub list: Option<BString>,
    /// `-n`: names of schemas.
    pub schemas: Vec<BString>,
    /// `-N`: names of schemas that are left out.
    pub exclude_schemas: Vec<BString>,
    /// `-t`: names of tables, views, sequences and their like.
    pub tables: Vec<BString>,
    /// `-I`: names of indexes.
    pub indexes: Vec<BString>,
    /// `-P`: functions, with the types of their arguments as the table of contents has them.
    pub functions: Vec<BString>,
    /// `-T`: triggers, each with its table before it as the table of contents has them.
    pub triggers: Vec<BString>,
    /// Each name must be that of some entry.
    pub strict_names: bool,

    /// `-O`: no ownership.
    pub no_owner: bool,
    /// `-x`: no privileges.
    pub no_privileges: bool,
    /// No comments.
    pub no_comments: bool,
    /// No row security policies.
    pub no_policies: bool,
    /// No publications.
    pub no_publications: bool,
    /// No security labels.
    pub no_security_labels: bool,
    /// No subscriptions.
    pub no_subscriptions: bool,
    /// No table access methods.
    pub no_table_access_method: bool,
    /// No tablespaces.
    pub no_tablespaces: bool,

    /// `-c`: drop what is restored first.
    pub clean: bool,
    /// Drop only what exists.
    pub if_exists: bool,
    /// `-C`: create the database and go into it.
    pub create: bool,
    /// `-1`: all in one transaction.
    pub single_transaction: bool,
    /// Commit whenever about so many objects are restored; at least 1.
    pub transaction_size: Option<u32>,
    /// Triggers are off while rows are loaded into tables that were there before.
    pub disable_triggers: bool,
    /// `-S`: the superuser who switches triggers off and on.
    pub superuser: Option<BString>,
    /// Row security stays on.
    pub enable_row_security: bool,
    /// The role that restores.
    pub role: Option<BString>,
    /// Objects are made by their owners rather than given to them.
    pub use_set_session_authorization: bool,
    /// Names are quoted that need it not, as `pg_dump --quote-all-identifiers` has it.
    pub quote_all_identifiers: bool,
}

bitflags! {
    /// Sections of an archive.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Sections: u8 {
        /// Before the data.
        const PRE_DATA = 1;
        /// The data.
        const DATA = 1 << 1;
        /// After the data.
        const POST_DATA = 1 << 2;
    }
}

bitflags! {
    /// Parts of an entry, or of an archive.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Parts: u8 {
        /// The definition.
        const SCHEMA = 1;
        /// The data.
        const DATA = 1 << 1;
        /// Statistics for the planner.
        const STATISTICS = 1 << 2;
    }
}

impl Options {
    /// Looks for options that contradict each other.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::Needs`] or [`Error::TransactionSize`].
    pub fn check(&self) -> Result<(), Error> {
        const DATA_ONLY: &str = "-a/--data-only";
        const SCHEMA_ONLY: &str = "-s/--schema-only";
        let conflicts = [
            (self.data_only, DATA_ONLY, self.schema_only, SCHEMA_ONLY),
            (
                self.schema_only,
                SCHEMA_ONLY,
                self.statistics_only,
                "--statistics-only",
            ),
            (
                self.data_only,
                DATA_ONLY,
                self.statistics_only,
                "--statistics-only",
            ),
            (self.data_only, DATA_ONLY, self.no_data, "--no-data"),
            (self.schema_only, SCHEMA_ONLY, self.no_schema, "--no-schema"),
            (
                self.statistics_only,
                "--statistics-only",
                self.no_statistics,
                "--no-statistics",
            ),
            (
                self.statistics,
                "--statistics",
                self.no_statistics,
                "--no-statistics",
            ),
            (self.data_only, DATA_ONLY, self.statistics, "--statistics"),
            (
                self.schema_only,
                SCHEMA_ONLY,
                self.statistics,
                "--statistics",
            ),
            (self.clean, "-c/--clean", self.data_only, DATA_ONLY),
            (
                self.single_transaction,
                "-1/--single-transaction",
                self.transaction_size.is_some(),
                "--transaction-size",
            ),
            (
                self.create,
                "-C/--create",
                self.single_transaction,
                "-1/--single-transaction",
            ),
        ];
        for (first_given, first, second_given, second) in conflicts {
            if first_given && second_given {
                return Err(Error::Conflict { first, second });
            }
        }
        if self.if_exists && !self.clean {
            return Err(Error::Needs {
                option: "--if-exists",
                needed: "-c/--clean",
            });
        }
        if self.transaction_size == Some(0) {
            return Err(Error::TransactionSize);
        }
        Ok(())
    }

    /// The parts of the archive that are restored.
    pub(crate) fn parts(&self) -> Parts {
        let schema = !self.data_only && !self.statistics_only && !self.no_schema;
        let data = !self.schema_only && !self.statistics_only && !self.no_data;
        let statistics =
            (!self.schema_only && !self.data_only || self.statistics) && !self.no_statistics;
        let mut parts = Parts::empty();
        parts.set(Parts::SCHEMA, schema);
        parts.set(Parts::DATA, data);
        parts.set(Parts::STATISTICS, statistics);
        parts
    }

    /// Whether only entries of certain kinds are restored.
    pub(crate) fn selects_kinds(&self) -> bool {
        [&self.tables, &self.indexes, &self.functions, &self.triggers]
            .iter()
            .any(|names| !names.is_empty())
    }
}
