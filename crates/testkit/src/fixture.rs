//! The SQL files in the repository's `fixtures` folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{Database, Major};

/// The repository's `fixtures` folder.
pub fn fixtures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The SQL files of `fixtures/<folder>`, in the order of their names, that a server of `major` understands.
///
/// A file for newer servers only has a name that ends in `_since_<major>.sql`, or says so in its first line:
/// `-- since: 15`.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn fixture_files(folder: &str, major: Major) -> Result<Vec<PathBuf>> {
    let folder = fixtures_dir().join(folder);
    let reading = || format!("reading {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        if path.extension().is_some_and(|extension| extension == "sql")
            && needed_major(&path)? <= major.number()
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl Database {
    /// Loads `fixtures/<folder>` as far as this server understands it.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or a statement fails, with the file's name.
    pub fn load_fixture(&self, folder: &str) -> Result<()> {
        for file in fixture_files(folder, self.server().major())? {
            self.load_file(&file)?;
        }
        Ok(())
    }

    /// Loads one SQL file.
    ///
    /// # Errors
    ///
    /// When it cannot be read or a statement fails, with the file's name.
    pub fn load_file(&self, file: &Path) -> Result<()> {
        let script = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        self.try_execute_sql(script)
            .with_context(|| format!("loading {}", file.display()))
    }
}

/// The oldest major that understands a file; 0 where it says nothing.
fn needed_major(file: &Path) -> Result<u16> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let by_name = stem
        .rsplit_once("_since_")
        .map(|(_, major)| major.to_owned());
    let script = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let script = String::from_utf8_lossy(&script);
    let first_line = script.lines().next().unwrap_or_default();
    let marked = by_name.or_else(|| first_line.strip_prefix("-- since:").map(str::to_owned));
    match marked {
        None => Ok(0),
        Some(major) => major
            .trim()
            .parse()
            .with_context(|| format!("{} is not marked with a major: {major:?}", file.display())),
    }
}
