//! Options that choose schemas, tables and extensions by patterns.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};
use pgdumprs::Dump;

use crate::args::filter;
use crate::names::bytes;

#[derive(Debug, Args)]
#[command(next_help_heading = "Choice by name, with patterns of psql")]
pub(crate) struct SelectionArgs {
    /// Dump only these tables, views and sequences
    ///
    /// May be given several times, as all options of this group. -n and -N are without effect on what a -t matches. What a table needs,
    /// such as a type or a schema, is not dumped with it.
    ///
    /// In a PATTERN, * stands for any letters and ? for one, regular expressions are understood, names are folded to small letters unless
    /// they stand in double quotes, and a dot parts the schema from the table.
    #[arg(short = 't', long = "table", value_name = "PATTERN")]
    tables: Vec<OsString>,

    /// Do not dump these tables, views and sequences
    #[arg(short = 'T', long = "exclude-table", value_name = "PATTERN")]
    exclude_tables: Vec<OsString>,

    /// As --table, with partitions and inheritance children
    #[arg(long = "table-and-children", value_name = "PATTERN")]
    tables_and_children: Vec<OsString>,

    /// As --exclude-table, with partitions and inheritance children
    #[arg(long = "exclude-table-and-children", value_name = "PATTERN")]
    exclude_tables_and_children: Vec<OsString>,

    /// Do not dump the rows of these tables
    #[arg(long = "exclude-table-data", value_name = "PATTERN")]
    exclude_table_data: Vec<OsString>,

    /// As --exclude-table-data, with partitions and inheritance children
    #[arg(long = "exclude-table-data-and-children", value_name = "PATTERN")]
    exclude_table_data_and_children: Vec<OsString>,

    /// Dump only these schemas, with what is in them
    ///
    /// What their objects need from other schemas is not dumped, and neither are large objects, unless -b says so.
    #[arg(short = 'n', long = "schema", value_name = "PATTERN")]
    schemas: Vec<OsString>,

    /// Do not dump these schemas
    #[arg(short = 'N', long = "exclude-schema", value_name = "PATTERN")]
    exclude_schemas: Vec<OsString>,

    /// Dump only these extensions
    #[arg(short = 'e', long = "extension", value_name = "PATTERN")]
    extensions: Vec<OsString>,

    /// Do not dump these extensions
    #[arg(long = "exclude-extension", value_name = "PATTERN")]
    exclude_extensions: Vec<OsString>,

    /// Of the tables that a PATTERN matches, dump only the rows that meet a condition: 'PATTERN: CONDITION'
    ///
    /// The condition is an SQL expression, as behind WHERE, such as "app.event: at > now() - interval '7 days'"; what is not PostgreSQL's
    /// own needs its schema in it. One for a partitioned table is for its partitions. The server is asked before anything is read whether
    /// it takes it. Foreign keys to such a table may not hold any more, which is warned of.
    #[arg(long = "where", value_name = "PATTERN: CONDITION", value_hint = ValueHint::Other)]
    conditions: Vec<OsString>,

    /// Let foreign keys be NOT VALID where rows that they refer to are left out
    ///
    /// By --where or --exclude-table-data. They hold for what is written later, and are not held against the rows that are dumped.
    #[arg(long)]
    not_valid_foreign_keys: bool,

    /// Dump the rows of foreign tables on these foreign servers
    #[arg(long = "include-foreign-data", value_name = "PATTERN")]
    foreign_servers: Vec<OsString>,

    /// Read rules that include and exclude from a file, or from standard input (-)
    ///
    /// Each line is "include" or "exclude", a kind and a PATTERN. Kinds are table, table_and_children, schema and extension; table_data
    /// and table_data_and_children to exclude; foreign_data to include. Empty lines and what follows a # are left out.
    #[arg(long = "filter", value_name = "FILE", value_hint = ValueHint::FilePath)]
    filters: Vec<PathBuf>,

    /// Fail where a pattern of --table, --schema or --extension matches nothing
    ///
    /// Without it, the dump fails only where none of them matches anything.
    #[arg(long)]
    strict_names: bool,
}

/// Tells a dump of a pattern.
type Choose = fn(Dump, Vec<u8>) -> Dump;

impl SelectionArgs {
    /// Whether rows of foreign tables were asked for.
    pub(crate) fn has_foreign_data(&self) -> bool {
        !self.foreign_servers.is_empty()
    }

    /// Tells `dump` what was asked for.
    pub(crate) fn apply(&self, dump: Dump) -> anyhow::Result<Dump> {
        let lists: [(&[OsString], Choose); 11] = [
            (&self.tables, Dump::include_table),
            (&self.exclude_tables, Dump::exclude_table),
            (&self.tables_and_children, Dump::include_table_and_children),
            (
                &self.exclude_tables_and_children,
                Dump::exclude_table_and_children,
            ),
            (&self.exclude_table_data, Dump::exclude_table_data),
            (
                &self.exclude_table_data_and_children,
                Dump::exclude_table_data_and_children,
            ),
            (&self.schemas, Dump::include_schema),
            (&self.exclude_schemas, Dump::exclude_schema),
            (&self.extensions, Dump::include_extension),
            (&self.exclude_extensions, Dump::exclude_extension),
            (&self.foreign_servers, Dump::include_foreign_data),
        ];
        let dump = dump.strict_names(self.strict_names);
        let dump = lists.iter().fold(dump, |dump, (patterns, add)| {
            let patterns = patterns.iter().map(|pattern| bytes(pattern).into());
            patterns.fold(dump, add)
        });
        let dump = dump.not_valid_foreign_keys(self.not_valid_foreign_keys);
        let mut conditions = self.conditions.iter();
        let dump = conditions.try_fold(dump, |dump, text| {
            let text = bytes(text);
            let Some((pattern, condition)) = parted(&text) else {
                bail!("invalid value for option --where: \"{text}\" is no 'PATTERN: CONDITION'");
            };
            let chosen = dump.rows_where(pattern, condition);
            chosen.with_context(|| format!("invalid value for option --where: \"{text}\""))
        })?;
        let mut filters = self.filters.iter();
        filters.try_fold(dump, |dump, file| {
            filter::read(file, |rules| dump.filter(rules))
        })
    }
}

/// A pattern and a condition, which the first colon parts that is not in double quotes.
fn parted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut is_quoted = false;
    let colon = text.iter().position(|&byte| {
        is_quoted ^= byte == b'"';
        byte == b':' && !is_quoted
    })?;
    let (pattern, condition) = (text[..colon].trim_ascii(), text[colon + 1..].trim_ascii());
    (!pattern.is_empty()).then_some((pattern, condition))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_begins_behind_the_first_colon_outside_of_quotes() {
        for (text, expected) in [
            ("s.t: id > 5", Some(("s.t", "id > 5"))),
            ("t:a::text = ':'", Some(("t", "a::text = ':'"))),
            ("\"a: b\".t: x", Some(("\"a: b\".t", "x"))),
            ("\"a\"\":\".t : x", Some(("\"a\"\":\".t", "x"))),
            ("id > 5", None),
            (": id > 5", None),
            ("\"t: id", None),
        ] {
            let expected = expected.map(|(one, other)| (one.as_bytes(), other.as_bytes()));
            assert_eq!(parted(text.as_bytes()), expected, "{text}");
        }
    }
}
