//! An archive, in whichever format, that is open for comparison.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pgdumprs_archive::{Entry, Header, Reader};
use tempfile::{NamedTempFile, TempPath};

/// An archive, its header and table of contents read.
pub(super) struct Archive {
    path: PathBuf,
    reader: Reader<File>,
    /// Removes the file in the end, where it is one for this comparison alone.
    temporary: Option<TempPath>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Archive> {
        let reader =
            Reader::open_path(path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Archive {
            path: path.to_owned(),
            reader,
            temporary: None,
        })
    }

    /// An archive that goes with this value.
    pub(super) fn temporary(file: NamedTempFile) -> Result<Archive> {
        let path = file.into_temp_path();
        let mut archive = Archive::open(&path)?;
        archive.temporary = Some(path);
        Ok(archive)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn header(&self) -> &Header {
        self.reader.header()
    }

    pub(super) fn entries(&self) -> &[Entry] {
        self.reader.entries()
    }

    pub(super) fn reader(&mut self) -> &mut Reader<File> {
        &mut self.reader
    }
}

/// Names an entry in a report: what `pg_restore -l` shows of it.
pub(super) fn describe(entry: &Entry) -> String {
    let mut text = entry.descriptor.to_string();
    text.push(' ');
    if let Some(namespace) = &entry.namespace {
        text.push_str(&format!("{namespace}."));
    }
    match &entry.tag {
        Some(tag) => text.push_str(&tag.to_string()),
        None => text.push('?'),
    }
    text
}

/// Whether an entry is about large objects: their creation, data, comments, labels or privileges.
pub(super) fn is_about_large_objects(entry: &Entry) -> bool {
    let descriptor: &[u8] = &entry.descriptor;
    matches!(descriptor, b"BLOB" | b"BLOBS" | b"BLOB METADATA")
        || (matches!(descriptor, b"ACL" | b"COMMENT" | b"SECURITY LABEL")
            && entry.namespace.is_none()
            && entry
                .tag
                .as_ref()
                .is_some_and(|tag| tag.starts_with(b"LARGE OBJECT")))
}
