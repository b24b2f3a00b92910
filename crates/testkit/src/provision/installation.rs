//! What provisioning hands out: where the binaries of one major are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::host;
use crate::Major;

/// The binaries a server needs.
const SERVER_PROGRAMS: [&str; 2] = ["initdb", "postgres"];
/// The stock tools that tests call.
const TOOL_PROGRAMS: [&str; 3] = ["pg_dump", "pg_restore", "psql"];

/// One major's server and stock tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    major: Major,
    version: String,
    source: String,
    server_bin: PathBuf,
    tools_bin: Option<PathBuf>,
}

impl Installation {
    /// Checks that the binaries are there, run, and are of `major`.
    ///
    /// # Errors
    ///
    /// Names the program that is missing, does not start or is of another version.
    pub(super) fn verify(
        major: Major,
        source: &str,
        server_bin: PathBuf,
        tools_bin: Option<PathBuf>,
    ) -> Result<Installation> {
        let mut version = String::new();
        for program in SERVER_PROGRAMS {
            version = reported_version(major, &server_bin.join(program))?;
        }
        if let Some(tools_bin) = &tools_bin {
            for program in TOOL_PROGRAMS {
                reported_version(major, &tools_bin.join(program))?;
            }
        }
        Ok(Installation {
            major,
            version,
            source: source.to_owned(),
            server_bin,
            tools_bin,
        })
    }

    /// The major version.
    pub fn major(&self) -> Major {
        self.major
    }

    /// The exact version of the server, such as `17.6`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the binaries came from, in words.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Version and source in the letters of file names: what is made by this installation and serves no other is kept under it.
    pub(crate) fn folder_name(&self) -> String {
        let words = file_name_words(&self.source);
        format!("{}-{words}", self.version)
    }

    /// The folder of `postgres` and `initdb`.
    pub fn server_bin(&self) -> &Path {
        &self.server_bin
    }

    /// The folder of `psql`, `pg_dump` and `pg_restore`; `None` where nobody publishes them.
    pub fn tools_bin(&self) -> Option<&Path> {
        self.tools_bin.as_deref()
    }

    /// Writes what a later process needs to know without checking again.
    pub(super) fn to_stamp(&self) -> String {
        let tools = self
            .tools_bin
            .as_ref()
            .map_or(String::new(), |path| path.display().to_string());
        format!(
            "version={}\nsource={}\nserver={}\ntools={tools}\n",
            self.version,
            self.source,
            self.server_bin.display()
        )
    }

    /// Reads [`Installation::to_stamp`]'s text; `None` when it is not such a text or names files
    /// that are gone.
    pub(super) fn from_stamp(major: Major, text: &str) -> Option<Installation> {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        };
        let server_bin = PathBuf::from(field("server")?);
        let tools_bin = Some(field("tools")?)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from);
        let complete = server_bin.join("postgres").exists()
            && tools_bin
                .as_ref()
                .is_none_or(|bin| bin.join("pg_restore").exists());
        complete.then_some(Installation {
            major,
            version: field("version")?.to_owned(),
            source: field("source")?.to_owned(),
            server_bin,
            tools_bin,
        })
    }
}

/// A description in the letters of file names.
pub(super) fn file_name_words(description: &str) -> String {
    let words: Vec<_> = description
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

/// Whether one version of a major is newer than another: 17.10 than 17.9, 19.0 than 19rc1.
pub(super) fn is_newer(version: &str, than: &str) -> bool {
    order(version) > order(than)
}

/// What versions of one major are ordered by: how far from a release it is, and the number.
fn order(version: &str) -> (u8, u32) {
    let minor = version.trim_start_matches(|c: char| c.is_ascii_digit());
    let stages = [("devel", 0), ("beta", 1), ("rc", 2), (".", 3)];
    let (stage, number) = stages
        .iter()
        .find_map(|(word, stage)| Some((*stage, minor.strip_prefix(word)?)))
        .unwrap_or((0, ""));
    (stage, number.parse().unwrap_or(0))
}

/// Runs `program --version` and returns the number in it when it is of `major`.
fn reported_version(major: Major, program: &Path) -> Result<String> {
    if !program.exists() {
        bail!("{} does not exist", program.display());
    }
    let output = host::run(Command::new(program).arg("--version"))?;
    let version = version_number(&output)
        .with_context(|| format!("{} calls itself {output:?}", program.display()))?;
    // Before a major's first release it is `19beta1` or `19rc1`.
    let number = version.split(|c: char| !c.is_ascii_digit()).next();
    if number != Some(major.to_string().as_str()) {
        bail!("{} is version {version}", program.display());
    }
    Ok(version)
}

/// Takes `17.6` out of `pg_dump (PostgreSQL) 17.6 (Debian 17.6-1)`.
fn version_number(text: &str) -> Option<String> {
    let (_, after) = text.split_once("(PostgreSQL) ")?;
    let version = after.split_whitespace().next()?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_taken_from_the_program_line() {
        let line = "pg_dump (PostgreSQL) 17.6 (Debian 17.6-1)\n";
        assert_eq!(version_number(line).as_deref(), Some("17.6"));
        assert_eq!(version_number("mysqldump 8.0"), None);
    }

    #[test]
    fn minors_are_ordered_as_numbers() {
        let ascending = [
            "19devel", "19beta2", "19rc1", "19rc2", "19.0", "19.9", "19.10",
        ];
        for pair in ascending.windows(2) {
            assert!(is_newer(pair[1], pair[0]), "{pair:?}");
            assert!(!is_newer(pair[0], pair[1]), "{pair:?}");
        }
        assert!(!is_newer("17.12", "17.12"));
    }

    #[test]
    fn a_stamp_is_read_back_while_its_files_exist() {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::write(bin.join("postgres"), "").unwrap();
        let installation = Installation {
            major: Major::V14,
            version: "14.23".to_owned(),
            source: "somewhere".to_owned(),
            server_bin: bin.clone(),
            tools_bin: None,
        };
        let stamp = installation.to_stamp();
        assert_eq!(
            Installation::from_stamp(Major::V14, &stamp),
            Some(installation)
        );
        std::fs::remove_file(bin.join("postgres")).unwrap();
        assert_eq!(Installation::from_stamp(Major::V14, &stamp), None);
        assert_eq!(Installation::from_stamp(Major::V14, "version=14.23"), None);
    }
}
