//! What every channel says of the project.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::release::Release;
use crate::build::workspace;

/// What a package with a program holds.
pub(crate) const PROGRAM: &str = "This package holds the program itself for your system and processor, in one file that needs no library. Nothing else is fetched when it is \
                                  installed.";

/// What is known of the project, from its manifest and the files of the workspace.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    /// Of one sentence without a full stop.
    pub(crate) summary: &'static str,
    pub(crate) release: Release,
    /// An SPDX expression.
    pub(crate) licence: &'static str,
    pub(crate) author: &'static str,
    pub(crate) keywords: [&'static str; 5],
    /// The licences' texts, by the names of their files.
    pub(crate) licences: Vec<(&'static str, String)>,
    /// What indexes of packages show, in Markdown, with a place for what a package holds.
    readme: String,
    /// The address of the repository, without a slash at its end, where it is known. Releases are below it.
    pub(crate) repository: Option<String>,
}

impl Facts {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or the address is none.
    pub(crate) fn read(release: &Release, repository: Option<&str>) -> Result<Facts> {
        let read = |name: &str| {
            let file = workspace().join(name);
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
        };
        let repository = repository.map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = &repository {
            ensure!(
                url.starts_with("https://") && !url.contains(char::is_whitespace),
                "{url} is no address of a repository: https://…"
            );
        }
        let licences = ["LICENSE-APACHE", "LICENSE-MIT"].map(|name| Ok((name, read(name)?)));
        Ok(Facts {
            name: "pgdumprs",
            summary: "Backs up, restores and clones PostgreSQL databases, with no PostgreSQL tools installed",
            release: release.clone(),
            licence: env!("CARGO_PKG_LICENSE"),
            author: env!("CARGO_PKG_AUTHORS"),
            keywords: ["postgresql", "postgres", "backup", "pg_dump", "pg_restore"],
            licences: licences.into_iter().collect::<Result<_>>()?,
            readme: read("packaging/README.md")?,
            repository,
        })
    }

    /// What indexes show of a package that holds this.
    pub(crate) fn readme(&self, holds: &str) -> String {
        self.readme.replace("{{holds}}", holds)
    }

    /// A fact that templates ask for by its name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        match name {
            "name" => Some(self.name),
            "summary" => Some(self.summary),
            "version" => Some(&self.release.version),
            "licence" => Some(self.licence),
            "author" => Some(self.author),
            "repository" => self.repository.as_deref(),
            _ => None,
        }
    }
}
