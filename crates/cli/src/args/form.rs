//! Options that say in which form content is written.

use anyhow::{anyhow, bail};
use clap::Args;
use pgdumprs::script::RestrictKey;
use pgdumprs::{ConnectParams, Dump, Inserts};

#[derive(Debug, Args)]
#[command(next_help_heading = "Form of the content")]
pub(super) struct FormArgs {
    /// Write everything in this encoding rather than in the database's
    #[arg(short = 'E', long, value_name = "ENCODING")]
    encoding: Option<String>,

    /// Quote function bodies by single quotes rather than dollars
    #[arg(long)]
    disable_dollar_quoting: bool,

    /// Leave out rows that row security hides from the role, rather than fail
    ///
    /// Such an archive is not complete, and nothing in it says so.
    #[arg(long)]
    enable_row_security: bool,

    /// Read floating-point numbers with this extra_float_digits, from -15 to 3
    #[arg(long, value_name = "NUM",
          value_parser = clap::value_parser!(i32).range(-15..=3))]
    extra_float_digits: Option<i32>,

    /// Load the rows of partitions through the topmost partitioned table
    ///
    /// So that each row finds its partition anew: needed where the target sorts or hashes values otherwise.
    #[arg(long)]
    load_via_partition_root: bool,

    /// Quote all identifiers, not only those that need it
    #[arg(long)]
    quote_all_identifiers: bool,

    /// Write rows as INSERT statements, not for COPY
    #[arg(long)]
    inserts: bool,

    /// Write rows as INSERT statements that name their columns
    #[arg(long, alias = "attribute-inserts")]
    column_inserts: bool,

    /// Write this many rows into each INSERT statement
    #[arg(long, value_name = "NUM", value_parser = clap::value_parser!(u32).range(1..=i32::MAX.into()))]
    rows_per_insert: Option<u32>,

    /// Add ON CONFLICT DO NOTHING to INSERT statements
    #[arg(long)]
    on_conflict_do_nothing: bool,

    /// For pg_upgrade alone
    #[arg(long, hide = true)]
    binary_upgrade: bool,

    /// Restrict psql by this key, of letters and digits, rather than by a random one; for plain SQL, and that within a tar file
    ///
    /// A script begins with \restrict and ends with \unrestrict, between which psql takes no commands of its own from what was dumped. With a
    /// key that is known, equal databases make equal scripts.
    #[arg(long, value_name = "KEY")]
    restrict_key: Option<String>,
}

impl FormArgs {
    /// Checks the options, and tells `dump` what was asked for. `has_script` says whether there will be a script.
    pub(super) fn apply(
        &self,
        dump: Dump,
        params: &ConnectParams,
        has_script: bool,
    ) -> anyhow::Result<Dump> {
        self.check(params, has_script)?;
        let mut dump = dump
            .dollar_quoting(!self.disable_dollar_quoting)
            .row_security(self.enable_row_security)
            .load_via_partition_root(self.load_via_partition_root)
            .quote_all_identifiers(self.quote_all_identifiers);
        if let Some(encoding) = &self.encoding {
            dump = dump.encoding(encoding);
        }
        if let Some(digits) = self.extra_float_digits {
            dump = dump.extra_float_digits(digits);
        }
        if self.has_inserts() {
            let inserts = Inserts::default()
                .columns(self.column_inserts)
                .rows(self.rows_per_insert.map_or(1, |rows| rows as usize))
                .on_conflict_do_nothing(self.on_conflict_do_nothing);
            dump = dump.inserts(inserts);
        }
        Ok(dump)
    }

    /// The key that restricts psql, where one was named.
    pub(super) fn restrict_key(&self) -> anyhow::Result<Option<RestrictKey>> {
        let key = self.restrict_key.as_deref().map(RestrictKey::new);
        key.transpose().map_err(|_| anyhow!("invalid restrict key"))
    }

    /// Whether rows are written as INSERT statements.
    fn has_inserts(&self) -> bool {
        self.inserts || self.column_inserts || self.rows_per_insert.is_some()
    }

    fn check(&self, params: &ConnectParams, has_script: bool) -> anyhow::Result<()> {
        if self.on_conflict_do_nothing && !self.has_inserts() {
            bail!(
                "option --on-conflict-do-nothing requires option --inserts, --rows-per-insert, or --column-inserts"
            );
        }
        if self.restrict_key.is_some() && !has_script {
            bail!("option --restrict-key can only be used with --format=plain");
        }
        if self.binary_upgrade {
            bail!(
                "option --binary-upgrade is for pg_upgrade, which runs the pg_dump of the new server's version"
            );
        }
        // PGCLIENTENCODING says the same as -E.
        let encoding = self.encoding.as_deref();
        if encoding.or(params.get("client_encoding")) == Some("auto") {
            bail!(
                "client_encoding=auto goes by the locale of this machine, which has no part in a dump: name the encoding"
            );
        }
        Ok(())
    }
}
