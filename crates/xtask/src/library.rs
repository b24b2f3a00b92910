//! `cargo xtask library`: what the published crates promise to others, compared with what is written down.

mod built_from;
mod packages;
mod public_items;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::build::workspace;
use crate::published::Metadata;

/// Compare what the published crates hold, are built from and export with what is written down of it.
///
/// `cargo xtask test` does the same. A change that is meant is accepted with `--accept`, and reviewed as a part of the commit.
#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Write down what is there now
    #[arg(long)]
    accept: bool,
    /// Build each package from what it holds as well, as cargo does before it publishes; this takes minutes
    #[arg(long)]
    build: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let metadata = Metadata::read()?;
    packages::check(&metadata)?;
    if arguments.build {
        packages::build(&metadata)?;
    }
    let mut written = vec![built_from::page(&metadata)?];
    written.extend(public_items::pages(&metadata)?);
    let differences: Vec<_> = written.iter().filter_map(Written::difference).collect();
    if arguments.accept {
        return written.iter().try_for_each(Written::write);
    }
    if differences.is_empty() {
        return Ok(());
    }
    bail!(
        "{}\nwhat others see of the library has changed; if that is meant, run `cargo xtask library --accept`, commit it, and say in CHANGELOG.md what others have \
         to do",
        differences.join("\n")
    )
}

/// A file that says what is there.
struct Written {
    /// Its path within the workspace.
    path: String,
    /// What it says, and what it should say.
    old: String,
    new: String,
}

impl Written {
    /// A file of which all should be `new`; one that is not there says nothing.
    fn whole(path: String, new: String) -> Result<Written> {
        let file = workspace().join(&path);
        let old = match file.exists() {
            true => fs::read_to_string(&file).with_context(|| format!("reading {path}"))?,
            false => String::new(),
        };
        Ok(Written { path, old, new })
    }

    /// The lines that are too many and too few; `None` where there are none.
    fn difference(&self) -> Option<String> {
        if self.old == self.new {
            return None;
        }
        let only_in = |text: &str, other: &str, sign: char| -> Vec<String> {
            let others: BTreeSet<_> = other.lines().collect();
            let lines = text.lines().filter(|line| !others.contains(line));
            lines.map(|line| format!("{sign} {line}")).collect()
        };
        let mut lines = vec![format!("{}:", self.path)];
        lines.extend(only_in(&self.old, &self.new, '-'));
        lines.extend(only_in(&self.new, &self.old, '+'));
        Some(lines.join("\n"))
    }

    fn write(&self) -> Result<()> {
        let file: &Path = &workspace().join(&self.path);
        fs::write(file, &self.new).with_context(|| format!("writing {}", self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_line_by_line() {
        let mut written = Written {
            path: "list.txt".into(),
            old: "a\nb\n".into(),
            new: "a\nc\n".into(),
        };
        assert_eq!(written.difference().unwrap(), "list.txt:\n- b\n+ c");
        written.new = written.old.clone();
        assert_eq!(written.difference(), None);
    }
}
