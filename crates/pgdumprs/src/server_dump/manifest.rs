//! What a server's dump holds, as a file beside its archives.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::file_sum::FileSum;

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
    pub(crate) sha256: String,
}

impl ManifestFile {
    pub(crate) fn new(file: &str, sum: FileSum) -> Self {
        Self {
            file: file.to_owned(),
            size: sum.size,
            sha256: sum.sha256,
        }
    }
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

impl Manifest {
    pub(super) fn new(server_version: String, started: Timestamp, globals: ManifestFile) -> Self {
        Self {
            manifest: FORM,
            pgdumprs: env!("CARGO_PKG_VERSION").to_owned(),
            server_version,
            started: text(started),
            finished: String::new(),
            complete: false,
            globals,
            databases: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// The file's text.
    pub(super) fn to_text(&self) -> Vec<u8> {
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
        Ok(manifest)
    }
}

/// A time to the second, in UTC.
pub(super) fn text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
