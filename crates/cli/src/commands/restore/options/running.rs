//! Options that say how a restore runs.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use pgdumprs::script::Options;

#[derive(Debug, Args)]
#[command(next_help_heading = "Running the restore")]
pub(super) struct RunningArgs {
    /// End at the first error, rather than go on and count errors
    #[arg(short, long)]
    pub(super) exit_on_error: bool,

    /// Begin also where something is known to be impossible, and restore the rest, as pg_restore does
    ///
    /// Otherwise the server is asked first, and a restore that would not be whole is refused before it changes anything.
    #[arg(long = "continue")]
    pub(super) regardless: bool,

    /// Ask the server what is in the way of the restore, print that, and change nothing
    ///
    /// The exit status is 0 where everything can be restored, and 1 where not.
    #[arg(long)]
    pub(super) plan: bool,

    /// Go on with a restore that ended before its end, or was killed: what is done is not done again
    ///
    /// With the same archive, options and database. A restore keeps a journal beside the archive until it is complete.
    #[arg(long)]
    pub(super) resume: bool,

    /// File of the journal; by default it stands beside the archive, if that is no pipe
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) journal: Option<PathBuf>,

    /// Connections that restore at the same time; by default one for each CPU, and eight at most
    ///
    /// Called by the name pg_restore, the program has one by default.
    #[arg(short, long, value_name = "NUM", value_parser = number())]
    pub(super) jobs: Option<u32>,

    /// Load each table over one connection, so that its rows are sent in the order of the archive
    ///
    /// Otherwise large tables that this restore has made are loaded over several.
    #[arg(long)]
    pub(super) keep_row_order: bool,

    /// MiB of memory that data may take on its way, whatever the size of the archive
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(8..))]
    pub(super) memory: u32,

    /// Memory that the server may take to make an index, such as 1GB, for each connection; without it, what the server's
    /// maintenance_work_mem says
    ///
    /// A number without a unit is one of kB, as for the server's parameter.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) maintenance_work_mem: Option<u64>,

    /// Have the server gather planner statistics of what was restored when everything is in (ANALYZE), over as many connections
    #[arg(long)]
    pub(super) analyze: bool,

    /// Restore everything or nothing: in one transaction
    #[arg(short = '1', long)]
    pub(super) single_transaction: bool,

    /// Commit after this many objects
    #[arg(long, value_name = "NUM", value_parser = number())]
    pub(super) transaction_size: Option<u32>,

    /// Load no rows into tables that could not be created
    #[arg(long)]
    pub(super) no_data_for_failed_tables: bool,
}

/// A number that C's int holds, from 1.
fn number() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i32::MAX.into())
}

/// Bytes, as the server writes them.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let shift = match unit.trim_start() {
        "" | "kB" => Some(10),
        "MB" => Some(20),
        "GB" => Some(30),
        "TB" => Some(40),
        _ => None,
    };
    let number = number.parse::<u64>().ok();
    let bytes = number
        .zip(shift)
        .and_then(|(number, shift)| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| "a size is a number with kB, MB, GB or TB".to_owned())
}

impl RunningArgs {
    /// Checks that the options go together. `create` says whether the database is created.
    pub(super) fn check(&self, create: bool) -> anyhow::Result<()> {
        const SINGLE: &str = "-1/--single-transaction";
        if self.single_transaction && self.transaction_size.is_some() {
            bail!("options {SINGLE} and --transaction-size cannot be used together");
        }
        if self.plan && self.regardless {
            bail!("options --plan and --continue cannot be used together");
        }
        let transaction = match (self.single_transaction, self.transaction_size) {
            (true, _) => Some(SINGLE),
            (false, Some(_)) => Some("--transaction-size"),
            (false, None) => None,
        };
        let journal = match (self.resume, &self.journal) {
            (true, _) => Some("--resume"),
            (false, Some(_)) => Some("--journal"),
            (false, None) => None,
        };
        if let (Some(journal), Some(transaction)) = (journal, transaction) {
            bail!("options {journal} and {transaction} cannot be used together");
        }
        if self.single_transaction && create {
            bail!("options -C/--create and {SINGLE} cannot be used together");
        }
        if self.single_transaction && self.jobs.is_some_and(|jobs| jobs > 1) {
            bail!("cannot specify both --single-transaction and multiple jobs");
        }
        Ok(())
    }

    /// Adds what was asked for.
    pub(super) fn apply(&self, options: &mut Options) {
        options.single_transaction = self.single_transaction;
        options.transaction_size = self.transaction_size;
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_as_the_server_reads_them() {
        assert_eq!(size("65536"), Ok(64 << 20));
        assert_eq!(size("64MB"), Ok(64 << 20));
        assert_eq!(size("2 GB"), Ok(2 << 30));
        for wrong in ["", "GB", "1gb", "-1", "1.5GB", "99999999TB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
