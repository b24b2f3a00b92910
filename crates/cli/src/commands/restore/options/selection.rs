//! Options that choose what is restored by its name, or from a list.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueHint};
use pgdumprs::filtered;
use pgdumprs::script::Options;

use crate::args::filter;
use crate::names::bytes;

#[derive(Debug, Args)]
#[command(next_help_heading = "Choice by name")]
pub(super) struct SelectionArgs {
    /// Restore only tables, views, sequences and the like of this name
    ///
    /// May be given several times, as all options of this group but -L. A name is one, with no schema and no pattern in it: -n says in which
    /// schema. What a table needs, such as a type or an index, is not restored with it.
    #[arg(short = 't', long = "table", value_name = "NAME")]
    pub(super) tables: Vec<OsString>,

    /// Restore only indexes of this name
    #[arg(short = 'I', long = "index", value_name = "NAME")]
    pub(super) indexes: Vec<OsString>,

    /// Restore only functions of this name, with the types of their arguments as the list shows them
    #[arg(short = 'P', long = "function", value_name = "NAME(ARGS)")]
    pub(super) functions: Vec<OsString>,

    /// Restore only triggers of this name
    #[arg(short = 'T', long = "trigger", value_name = "NAME")]
    pub(super) triggers: Vec<OsString>,

    /// Restore only what is in this schema
    #[arg(short = 'n', long = "schema", value_name = "NAME")]
    pub(super) schemas: Vec<OsString>,

    /// Do not restore what is in this schema
    #[arg(short = 'N', long = "exclude-schema", value_name = "NAME")]
    pub(super) exclude_schemas: Vec<OsString>,

    /// Read rules that include and exclude from a file, or from standard input (-)
    ///
    /// Each line is "include" or "exclude", a kind and a NAME. Kinds are table, index, function, trigger and schema, and schema to exclude.
    /// Empty lines and what follows a # are left out.
    #[arg(long = "filter", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) filters: Vec<PathBuf>,

    /// Restore what this file lists, in its order: lines of --list, of which some may be moved, deleted or begin with a semicolon
    #[arg(short = 'L', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) use_list: Option<PathBuf>,

    /// Fail where a name that is asked for is of nothing in the archive
    #[arg(long)]
    pub(super) strict_names: bool,
}

impl SelectionArgs {
    /// Adds what was asked for. Reads the files that are named.
    pub(super) fn apply(&self, mut options: Options) -> anyhow::Result<Options> {
        let lists = [
            (&self.tables, &mut options.tables),
            (&self.indexes, &mut options.indexes),
            (&self.functions, &mut options.functions),
            (&self.triggers, &mut options.triggers),
            (&self.schemas, &mut options.schemas),
            (&self.exclude_schemas, &mut options.exclude_schemas),
        ];
        for (given, names) in lists {
            names.extend(given.iter().map(|name| bytes(name)));
        }
        options.strict_names = self.strict_names;
        if let Some(list) = &self.use_list {
            let text = std::fs::read(list)
                .with_context(|| format!("could not open TOC file \"{}\"", list.display()))?;
            options.list = Some(text.into());
        }
        let mut filters = self.filters.iter();
        filters.try_fold(options, |options, file| {
            filter::read(file, |rules| filtered(options, rules))
        })
    }
}
