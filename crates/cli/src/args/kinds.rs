//! Options that leave out kinds of objects, or include them after all.

use clap::Args;
use pgdumprs::Dump;

#[derive(Debug, Args)]
#[command(next_help_heading = "Kinds of objects and properties")]
pub(crate) struct KindArgs {
    /// Dump large objects also where only some schemas or tables are
    #[arg(short = 'b', long, alias = "blobs")]
    large_objects: bool,

    /// Do not dump large objects
    #[arg(short = 'B', long, alias = "no-blobs")]
    no_large_objects: bool,

    /// Do not dump privileges (GRANT and REVOKE)
    #[arg(short = 'x', long, alias = "no-acl")]
    no_privileges: bool,

    /// Do not dump comments
    #[arg(long)]
    no_comments: bool,

    /// Do not dump row security policies
    #[arg(long)]
    no_policies: bool,

    /// Do not dump publications
    #[arg(long)]
    no_publications: bool,

    /// Do not dump security labels
    #[arg(long)]
    no_security_labels: bool,

    /// Do not dump subscriptions
    #[arg(long)]
    no_subscriptions: bool,

    /// Do not dump the tablespace of the database
    #[arg(long)]
    no_tablespaces: bool,

    /// Do not dump compression methods of columns
    #[arg(long)]
    no_toast_compression: bool,

    /// Do not dump the rows of unlogged tables
    #[arg(long)]
    no_unlogged_table_data: bool,
}

impl KindArgs {
    /// Tells `dump` what was asked for.
    pub(crate) fn apply(&self, dump: Dump) -> Dump {
        let dump = match (self.large_objects, self.no_large_objects) {
            (false, false) => dump,
            (wanted, _) => dump.large_objects(wanted),
        };
        dump.privileges(!self.no_privileges)
            .comments(!self.no_comments)
            .policies(!self.no_policies)
            .publications(!self.no_publications)
            .security_labels(!self.no_security_labels)
            .subscriptions(!self.no_subscriptions)
            .tablespaces(!self.no_tablespaces)
            .toast_compression(!self.no_toast_compression)
            .unlogged_table_data(!self.no_unlogged_table_data)
    }
}
