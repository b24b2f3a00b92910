//! The workflows of GitHub Actions and the scripts that they run: what linters say of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use pgdumprs_testkit::provision;

use crate::build::workspace;

/// Checks the project's workflows, those that the recipes show, and the shell scripts. The template of one in `dist/check` is run by its test.
pub(crate) fn check() -> Result<()> {
    let folder = tempfile::tempdir().context("creating a folder for the recipes' workflows")?;
    let mut workflows = files(".github/workflows", "yml")?;
    for page in files("docs/recipes", "md")? {
        workflows.extend(shown_on(&page, folder.path())?);
    }
    lint(&provision::actionlint()?, &workflows)?;

    let mut scripts = files("packaging/action", "sh")?;
    scripts.extend([".ci/native", ".ci/publish", ".ci/run"].map(|path| workspace().join(path)));
    lint(&provision::shellcheck()?, &scripts)?;
    println!(
        "{} workflows and {} scripts are well formed.",
        workflows.len(),
        scripts.len()
    );
    Ok(())
}

/// Fails with what a linter finds in files. It must have been given some.
fn lint(linter: &Path, files: &[PathBuf]) -> Result<()> {
    if files.is_empty() {
        bail!("{} has nothing to check", linter.display());
    }
    let mut command = Command::new(linter);
    let output = command.args(files).current_dir(workspace()).output();
    let output = output.with_context(|| format!("running {}", linter.display()))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{}", String::from_utf8_lossy(&said).trim_end());
    }
    Ok(())
}

/// The files of a folder of the workspace with an ending, in order.
fn files(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let path = workspace().join(folder);
    let entries = fs::read_dir(&path).with_context(|| format!("listing {folder}"))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The workflows among the blocks of a page, each written into a file of its own whose name tells the page.
fn shown_on(page: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let text = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let name = page.file_stem().unwrap_or_default().to_string_lossy();
    let mut written = Vec::new();
    for block in workflows_in(&text) {
        let path = folder.join(format!("{name}-{}.yml", written.len() + 1));
        fs::write(&path, block)?;
        written.push(path);
    }
    Ok(written)
}

/// The blocks of YAML in a page that are workflows: they have jobs.
fn workflows_in(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    blocks
        .filter_map(|block| block.strip_prefix("yaml\n"))
        .filter(|block| block.lines().any(|line| line == "jobs:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a linter says of a file with a text.
    fn said(linter: &Path, name: &str, text: &str) -> Result<()> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        lint(linter, &[path])
    }

    #[test]
    fn wrong_workflows_are_refused() {
        let actionlint = provision::actionlint().unwrap();
        let workflow = |word: &str, input: &str| {
            format!(
                "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    {word}: 5\n    steps:\n      \
                 - uses: actions/checkout@v4\n        with:\n          {input}: 1\n"
            )
        };
        let of = |text: &str| said(&actionlint, "test.yml", text);
        of(&workflow("timeout-minutes", "fetch-depth")).unwrap();
        let error = of(&workflow("timeout", "fetch_depth"))
            .unwrap_err()
            .to_string();
        for fault in [r#"unexpected key "timeout""#, r#"input "fetch_depth""#] {
            assert!(error.contains(fault), "{error}");
        }
    }

    #[test]
    fn wrong_scripts_are_refused() {
        let shellcheck = provision::shellcheck().unwrap();
        let of = |text: &str| said(&shellcheck, "test.sh", text);
        of("#!/bin/sh\necho \"$1\"\n").unwrap();
        let error = of("#!/bin/sh\nrm $1\n").unwrap_err();
        assert!(error.to_string().contains("SC2086"), "{error}");
    }

    #[test]
    fn workflows_are_told_from_other_yaml() {
        let page = "A page.\n\n```yaml\nkind: Job\n```\n\n```yaml\non: push\njobs:\n  a: {}\n```\n\n```sh\njobs:\n```\n";
        let found: Vec<_> = workflows_in(page).collect();
        assert_eq!(found, ["on: push\njobs:\n  a: {}"]);
    }
}
