//! What a server's dump holds, as a file beside its archives.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Name of the manifest of a dump that is whole. It is written last: without it, a folder is none.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Name of the manifest where a database is missing.
pub(crate) const INCOMPLETE: &str = "incomplete.json";

/// Name of the script of globals.
pub(crate) const GLOBALS: &str = "globals.sql";

/// The version of the manifest's form.
const FORM: u32 = 1;

/// All files of a server's dump.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Version of this form.
    pub(crate) manifest: u32,
    /// Our version.
    pub(crate) pgdumprs: String,
    pub(crate) server_version: String,
    /// The superuser that the server was made with, where it has granted memberships: another server may have another one in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bootstrap_superuser: Option<String>,
    /// When the dump began and ended, in UTC.
    pub(crate) started: String,
    pub(crate) finished: String,
    /// Whether all databases are there.
    pub(crate) complete: bool,
    pub(crate) globals: ManifestFile,
    pub(crate) databases: Vec<ManifestDatabase>,
    /// Databases that nobody could connect to.
    #[serde(default)]
    pub(crate) skipped: Vec<ManifestSkipped>,
    /// What tells this run from others, as long as it has not come to its end.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) run: String,
    /// Files that this dump, or one before it that did not come to its end, may have left beside those that are named above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) begun: Vec<String>,
}

/// A database that is not dumped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManifestSkipped {
    pub(crate) database: String,
    pub(crate) reason: String,
}

/// A file and what it is known by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManifestFile {
    pub(crate) file: String,
    pub(crate) size: u64,
    /// That of the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
    /// The pieces that the file is made of, front to back, where they have sums and the whole has none: the first part of an object is known last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pieces: Vec<ManifestPiece>,
}

/// A piece of a file and what it is known by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManifestPiece {
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl ManifestFile {
    /// A file by the sums of its pieces.
    pub(crate) fn new(file: &str, mut pieces: Vec<ManifestPiece>) -> Self {
        Self {
            file: file.to_owned(),
            size: total(pieces.iter().map(|piece| piece.size)),
            sha256: match pieces.len() {
                1 => pieces.pop().map(|piece| piece.sha256),
                _ => None,
            },
            pieces,
        }
    }

    /// Sizes and sums, front to back.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (u64, String)> {
        let whole = self.sha256.clone().map(|sum| (self.size, sum));
        let pieces = self.pieces.iter();
        let pieces = pieces.map(|piece| (piece.size, piece.sha256.clone()));
        whole
            .into_iter()
            .chain(pieces)
            .filter(|(size, _)| *size > 0)
    }

    /// What is wrong with what is said of a file.
    fn fault(&self) -> Option<String> {
        let summed = total(self.pieces().map(|(size, _)| size));
        name_fault(&self.file).or_else(|| {
            (summed != self.size)
                .then(|| format!("\"{}\" has no sums for all of its bytes", self.file))
        })
    }
}

/// What is wrong with a name that stands in a manifest.
fn name_fault(name: &str) -> Option<String> {
    let mut parts = Path::new(name).components();
    let is_name = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    );
    (!is_name).then(|| format!("\"{name}\" is no name of a file in its folder"))
}

/// A database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManifestDatabase {
    pub(crate) database: String,
    /// Its archive; nothing where it could not be dumped.
    pub(crate) archive: Option<ManifestFile>,
    pub(crate) server_version: String,
    pub(crate) tables: u64,
    pub(crate) rows: u64,
    pub(crate) large_objects: u64,
    pub(crate) started: String,
    pub(crate) finished: String,
    /// Why it could not be dumped.
    pub(crate) error: Option<String>,
}

/// All sizes together; somebody may have written any into a manifest.
fn total(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

impl Manifest {
    pub(crate) fn new(server_version: String, started: Timestamp, globals: ManifestFile) -> Self {
        Self {
            manifest: FORM,
            pgdumprs: env!("CARGO_PKG_VERSION").to_owned(),
            server_version,
            bootstrap_superuser: None,
            started: text(started),
            finished: String::new(),
            complete: false,
            globals,
            databases: Vec::new(),
            skipped: Vec::new(),
            run: String::new(),
            begun: Vec::new(),
        }
    }

    /// Names of databases, each with its archive.
    pub(crate) fn archives(&self) -> impl Iterator<Item = (&str, &ManifestFile)> {
        let rows = self.databases.iter();
        rows.filter_map(|row| Some((row.database.as_str(), row.archive.as_ref()?)))
    }

    /// All files that may be there, but for the manifest itself.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let archives = self.archives().map(|(_, archive)| &archive.file);
        let files = archives.chain([&self.globals.file]).chain(&self.begun);
        files.cloned().collect()
    }

    /// The file's text.
    pub(crate) fn to_text(&self) -> Vec<u8> {
        // There are only texts, numbers and lists in it.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if manifest.manifest != FORM {
            return Err(format!(
                "it has the form {}, and this version knows {FORM}",
                manifest.manifest
            ));
        }
        let archives = manifest.archives().map(|(_, file)| file);
        let fault = archives
            .chain([&manifest.globals])
            .find_map(ManifestFile::fault);
        let fault = fault.or_else(|| manifest.begun.iter().find_map(|name| name_fault(name)));
        fault.map_or(Ok(manifest), Err)
    }
}

/// A time to the second, in UTC.
pub(crate) fn text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
