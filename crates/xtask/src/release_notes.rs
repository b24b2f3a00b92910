//! `cargo xtask release-notes`: what the changelog says of a release.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::build::workspace;

/// Print the changelog's section about a release, whose tag must be that of the workspace's version.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The release's tag, such as v1.2.3
    tag: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    // Every crate has the workspace's.
    let version = env!("CARGO_PKG_VERSION");
    ensure!(
        arguments.tag.strip_prefix('v') == Some(version),
        "the tag is {}, and the version in Cargo.toml {version}: its tag is v{version}",
        arguments.tag
    );
    ensure!(
        !version.contains('-'),
        "{version} is a prerelease, which npm and the container's tag `latest` would give to everybody"
    );
    let changelog = fs::read_to_string(workspace().join("CHANGELOG.md"));
    let changelog = changelog.context("reading the changelog")?;
    println!("{}", section(&changelog, version)?);
    Ok(())
}

/// What stands below the heading `## VERSION`, which a date may follow.
fn section<'a>(changelog: &'a str, version: &str) -> Result<&'a str> {
    let mut sections = changelog.split("\n## ").skip(1);
    let found = sections.find_map(|section| {
        let (heading, text) = section.split_once('\n')?;
        (heading.split_whitespace().next() == Some(version)).then_some(text.trim())
    });
    let text = found.with_context(|| format!("CHANGELOG.md has no section \"## {version}\""))?;
    ensure!(
        !text.is_empty(),
        "CHANGELOG.md has nothing to say of {version}"
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_of_a_version_is_found() {
        let changelog = "# Changelog\n\n## Unreleased\n\n- d\n\n## 1.0.1\n\n## 1.0.0 (2026-11-29)\n\n- b\n- c\n\n## 1.0.0-rc.1\n\n- a\n";
        assert_eq!(section(changelog, "1.0.0").unwrap(), "- b\n- c");
        assert_eq!(section(changelog, "1.0.0-rc.1").unwrap(), "- a");
        for (version, reason) in [("1.0", "no section"), ("1.0.1", "nothing to say")] {
            let error = section(changelog, version).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn another_tag_is_refused() {
        let tag = "v0.0.0".to_owned();
        let error = run(&Arguments { tag }).unwrap_err().to_string();
        assert!(error.contains("its tag is v"), "{error}");
    }
}
