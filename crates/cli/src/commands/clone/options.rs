//! The options of `pgdumprs clone`: those of a dump for the source, and of a restore for the target.

mod archive;
mod running;
mod target;

use anyhow::bail;
use clap::{Args, ValueHint};
use pgdumprs::{ConnectParams, DatabaseClone, Dump, Restore};

use archive::ArchiveArgs;
use running::RunningArgs;
use target::TargetArgs;

use crate::args::connection::ServerArgs;
use crate::args::content::ContentArgs;
use crate::args::kinds::KindArgs;
use crate::args::selection::SelectionArgs;
use crate::args::telling::{TellingArgs, reports};
use crate::command_line::words;
use crate::commands::restore::AdaptArgs;

/// What a clone's report has.
const REPORT: &str = "\
Print a report for programs when the clone has ended, complete or not

It is a line of JSON on standard output. With --plan, and where a clone is refused before it changes anything, it is the plan. \
docs/clone.md has its fields.";

#[derive(Debug, Args)]
#[command(mut_args(reports(REPORT)))]
pub(crate) struct CloneArgs {
    /// Database to clone, and the one to clone it into, where no option names them
    #[arg(value_name = "SOURCE TARGET", num_args = 0..=2, value_hint = ValueHint::Other)]
    databases: Vec<String>,

    #[command(flatten)]
    pub(super) telling: TellingArgs,

    #[command(flatten)]
    content: ContentArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    kinds: KindArgs,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    adapt: AdaptArgs,

    #[command(flatten)]
    running: RunningArgs,

    #[command(flatten)]
    archive: ArchiveArgs,

    #[command(flatten)]
    source: SourceArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection options of the source")]
struct SourceArgs {
    /// Database to clone: a name, a connection URI or key=value pairs; -d is the same
    ///
    /// What it leaves open comes from the options of this group, from its service and from the PG* environment variables.
    #[arg(long, short = 'd', visible_alias = "dbname", value_name = "DBNAME", value_hint = ValueHint::Other)]
    source: Option<String>,

    #[command(flatten)]
    server: ServerArgs,

    /// Change to this role on the source after connecting
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

impl CloneArgs {
    /// Checks that the options go together.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.target.check(self.content.data_only())?;
        self.running.check(self.target.creates())?;
        self.archive.check()?;
        self.adapt.adapt()?;
        self.names().map(drop)
    }

    /// The names of source and target. Those without an option are what the options leave open, the source first.
    fn names(&self) -> anyhow::Result<(Option<&str>, &str)> {
        let mut databases = self.databases.iter().map(String::as_str);
        if let Some(advice) = self.databases.first().and_then(|name| words::advice(name)) {
            bail!(advice);
        }
        let (source, target) = (self.source.source.as_deref(), self.target.name());
        // One name alone is that of the target, which no variable has.
        let is_target = self.databases.len() == 1 && target.is_none();
        let source = match source {
            None if !is_target => databases.next(),
            source => source,
        };
        let target = target.or_else(|| databases.next());
        if databases.next().is_some() {
            bail!("too many command-line arguments: source or target is named twice");
        }
        match target {
            Some(target) if !target.is_empty() => Ok((source, target)),
            _ => bail!("no target is named: pgdumprs clone --source DBNAME --target DBNAME"),
        }
    }

    /// Connection parameters of the source, with what services and the environment add.
    pub(super) fn source(&self) -> anyhow::Result<ConnectParams> {
        let (source, _) = self.names()?;
        self.source.server.params(source)
    }

    /// Connection parameters of the target, with what its service and files add, and nothing of the environment's.
    pub(super) fn target(&self) -> anyhow::Result<ConnectParams> {
        let (_, target) = self.names()?;
        target::params(target, self.source.server.asks_password())
    }

    /// Whether nothing is to be changed, but to be said what would become of it.
    pub(super) fn is_plan(&self) -> bool {
        self.running.is_plan()
    }

    /// Tells `clone` what it does beside cloning.
    pub(super) fn besides(&self, clone: DatabaseClone) -> DatabaseClone {
        self.archive.keep(clone.verify(self.running.verifies()))
    }

    /// Tells `dump` what of the source is cloned.
    pub(super) fn dump(&self, dump: Dump, params: &ConnectParams) -> anyhow::Result<Dump> {
        let dump = self.selection.apply(dump)?;
        let foreign_data = self.selection.has_foreign_data();
        let dump = self.content.apply(dump, foreign_data)?;
        let dump = self.running.read(self.kinds.apply(dump), params)?;
        let mut dump = self.archive.write(dump, self.telling.verbosity())?;
        if let Some(role) = &self.source.role {
            dump = dump.role(role);
        }
        Ok(dump)
    }

    /// Tells `restore` how it is made on the target.
    pub(super) fn restore(&self, restore: Restore) -> anyhow::Result<Restore> {
        let restore = restore
            .options(self.target.options(self.running.single_transaction()))
            .adapt(self.adapt.adapt()?);
        Ok(self.running.write(restore))
    }
}
