//! What the library is built from, so that no new crate comes in unnoticed.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::Written;
use crate::build::workspace;
use crate::published::{Metadata, built_from};

const LIBRARY: &str = "pgdumprs";

/// The system for which the crates are listed: others have some of their own.
const TARGET: &str = "x86_64-unknown-linux-gnu";

const PAGE: &str = "docs/library.md";

/// What begins and ends the list on the page.
const FENCES: (&str, &str) = (
    "<!-- `cargo xtask library --accept` writes this list -->\n",
    "<!-- its end -->\n",
);

/// The page with the list as it should be.
pub(super) fn page(metadata: &Metadata) -> Result<Written> {
    let old =
        fs::read_to_string(workspace().join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    let (start, end) = FENCES;
    let parts = old.split_once(start);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.with_context(|| format!("{PAGE} has no list of crates"))?;

    let packages = metadata.published()?;
    let ours: BTreeSet<_> = packages.iter().map(|package| package.name()).collect();
    let library = packages.iter().find(|package| package.name() == LIBRARY);
    let library = library.with_context(|| format!("{LIBRARY} is not published"))?;
    let default = names(None)?;
    let others: Vec<_> = default
        .iter()
        .filter(|name| !ours.contains(name.as_str()))
        .collect();
    let mut list = format!(
        "Without features: {} crates of others, and {} of ours.\n\n{}\n",
        others.len(),
        default.len() - others.len(),
        wrapped(&others)
    );
    for feature in library.features() {
        let with = names(Some(feature))?;
        let more: Vec<_> = with.difference(&default).collect();
        list += &format!("\n`{feature}` adds {}.\n\n{}\n", more.len(), wrapped(&more));
    }
    let new = format!("{before}{start}\n{list}\n{end}{after}");
    Ok(Written {
        path: PAGE.into(),
        old: old.clone(),
        new,
    })
}

/// The names of the crates, each once whatever its versions are.
fn names(feature: Option<&str>) -> Result<BTreeSet<String>> {
    let all = built_from(LIBRARY, feature, TARGET)?;
    let names = all.iter().filter_map(|crate_| crate_.split(' ').next());
    Ok(names.map(str::to_owned).collect())
}

/// Names as a block, in lines that are not too long.
fn wrapped(names: &[&String]) -> String {
    let mut lines = vec![String::new()];
    for name in names {
        let line = lines
            .last_mut()
            .filter(|line| line.len() + name.len() < 120);
        match line {
            Some(line) if line.is_empty() => line.push_str(name),
            Some(line) => *line += &format!(" {name}"),
            None => lines.push((*name).clone()),
        }
    }
    format!("```text\n{}\n```", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filled() {
        let long = "x".repeat(100);
        let names = ["a".to_owned(), "b".to_owned(), long.clone(), "y".repeat(30)];
        let names: Vec<_> = names.iter().collect();
        let expected = format!("```text\na b {long}\n{}\n```", "y".repeat(30));
        assert_eq!(wrapped(&names), expected);
    }
}
