//! rustdoc's JSON of crates, by a compiler that writes the format that can be read.

use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use pgdumprs_testkit::provision;

use crate::build::{cargo, succeed, target, workspace};

/// The format that `public-api` reads. Rust 1.95 to 1.97 write it.
const FORMAT: &str = "57";

/// Where the documents are.
pub(super) struct Documents(PathBuf);

impl Documents {
    /// Has the documents of these crates made, with all features; none where no compiler writes the format.
    pub(super) fn make(names: &[&str]) -> Result<Option<Documents>> {
        let own = || Ok((cargo(&[]), ("rustdoc".into(), target())));
        let mut reasons = Vec::new();
        // Debian's is fetched only where it is needed.
        for compiler in iter::once_with(own).chain(iter::once_with(newest)) {
            let documented = compiler.and_then(|(mut cargo, (rustdoc, target))| {
                let documents = Documents(target.join("doc"));
                documents.write(&mut cargo, &rustdoc, &target, names)?;
                Ok((documents.format(names)?, documents))
            });
            match documented {
                Ok((format, documents)) if format == FORMAT => return Ok(Some(documents)),
                Ok((format, _)) => reasons.push(format!("one writes rustdoc's format {format}")),
                Err(error) => reasons.push(format!("{error:#}")),
            }
        }
        println!(
            "Public items were not compared: of the compilers that are here none writes rustdoc's format {FORMAT}: {}",
            reasons.join("; ")
        );
        Ok(None)
    }

    /// The document of a crate.
    pub(super) fn json(&self, name: &str) -> PathBuf {
        self.0.join(format!("{}.json", name.replace('-', "_")))
    }

    fn write(
        &self,
        cargo: &mut Command,
        rustdoc: &Path,
        target: &Path,
        names: &[&str],
    ) -> Result<()> {
        // rustdoc alone is told to take what is not stable: cargo would build everything anew for that.
        let wrapper = target.join("rustdoc-json");
        fs::create_dir_all(target)?;
        script(&wrapper, rustdoc).with_context(|| format!("writing {}", wrapper.display()))?;
        cargo.args([
            "doc",
            "--quiet",
            "--locked",
            "--no-deps",
            "--all-features",
            "--lib",
            "--target-dir",
        ]);
        cargo.arg(target);
        for name in names {
            cargo.args(["--package", name]);
        }
        cargo
            .env("RUSTDOC", wrapper)
            .env("RUSTDOCFLAGS", "-Zunstable-options --output-format json")
            .current_dir(workspace());
        succeed(cargo)
    }

    /// The number of the format, which stands at the end of each document.
    fn format(&self, names: &[&str]) -> Result<String> {
        let first = names.first().context("no crate")?;
        let text = fs::read_to_string(self.json(first))?;
        let number = text
            .rsplit("\"format_version\":")
            .next()
            .unwrap_or_default();
        Ok(number.chars().take_while(char::is_ascii_digit).collect())
    }
}

/// Debian's newest: its cargo, its rustdoc and where it builds.
fn newest() -> Result<(Command, (PathBuf, PathBuf))> {
    let cargo = provision::newest_cargo()?;
    let rustdoc = Path::new(cargo.get_program()).with_file_name("rustdoc");
    Ok((cargo, (rustdoc, target().join("newest-rust"))))
}

/// Writes a program that runs rustdoc and lets it do what is not stable.
fn script(path: &Path, rustdoc: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let rustdoc = rustdoc.display();
    fs::write(
        path,
        format!("#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec '{rustdoc}' \"$@\"\n"),
    )?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
