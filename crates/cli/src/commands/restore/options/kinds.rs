//! Options that leave out kinds of objects and properties.

use clap::Args;
use pgdumprs::script::Options;

#[derive(Debug, Args)]
#[command(next_help_heading = "Kinds of objects and properties")]
pub(super) struct KindArgs {
    /// Do not restore owners
    #[arg(short = 'O', long)]
    pub(super) no_owner: bool,

    /// Do not restore privileges (GRANT and REVOKE)
    #[arg(short = 'x', long, alias = "no-acl")]
    pub(super) no_privileges: bool,

    /// Do not restore comments
    #[arg(long)]
    pub(super) no_comments: bool,

    /// Do not restore row security policies
    #[arg(long)]
    pub(super) no_policies: bool,

    /// Do not restore publications
    #[arg(long)]
    pub(super) no_publications: bool,

    /// Do not restore security labels
    #[arg(long)]
    pub(super) no_security_labels: bool,

    /// Do not restore subscriptions
    #[arg(long)]
    pub(super) no_subscriptions: bool,

    /// Do not restore table access methods
    #[arg(long)]
    pub(super) no_table_access_method: bool,

    /// Do not restore tablespaces
    #[arg(long)]
    pub(super) no_tablespaces: bool,
}

impl KindArgs {
    /// Adds what was asked for.
    pub(super) fn apply(&self, options: &mut Options) {
        options.no_owner = self.no_owner;
        options.no_privileges = self.no_privileges;
        options.no_comments = self.no_comments;
        options.no_policies = self.no_policies;
        options.no_publications = self.no_publications;
        options.no_security_labels = self.no_security_labels;
        options.no_subscriptions = self.no_subscriptions;
        options.no_table_access_method = self.no_table_access_method;
        options.no_tablespaces = self.no_tablespaces;
    }
}
