//! What the commands that look into an archive have in common.

use std::path::Path;

use anyhow::Context;
use pgdumprs::archive::Reader;
use pgdumprs::{ArchiveInput, ArchiveSource, ObjectPlace, OpenError};

use crate::args::encryption::IdentityArgs;
use crate::standard_stream;

/// Where an archive of any format is read from: a file or a folder by its name, an object of a store by its, or standard input for `-`. Where it is
/// encrypted, the identities open it.
pub(super) fn source(path: &Path, identities: &IdentityArgs) -> anyhow::Result<ArchiveSource> {
    let opening = identities.identities(path)?;
    Ok(place(path)?.identities(opening))
}

fn place(path: &Path) -> anyhow::Result<ArchiveSource> {
    if let Some(place) = object(path)? {
        return Ok(ArchiveSource::object(place));
    }
    if path == Path::new("-") {
        let input = standard_stream::input().context("could not open standard input")?;
        return Ok(ArchiveSource::file(input));
    }
    Ok(ArchiveSource::path(path))
}

/// Opens an archive, wherever it is.
pub(super) fn open(path: &Path, identities: &IdentityArgs) -> anyhow::Result<Reader<ArchiveInput>> {
    source(path, identities)?
        .open()
        .map_err(|error| match error {
            OpenError::Archive(error) => anyhow::Error::new(error).context(name(path)),
            OpenError::Sealed(error) => anyhow::Error::new(error).context(name(path)),
            // It says which.
            error => error.into(),
        })
}

/// The place of an object, where a name is that of one.
pub(crate) fn object(path: &Path) -> anyhow::Result<Option<ObjectPlace>> {
    let name = path.to_str().filter(|name| ObjectPlace::is_one(name));
    Ok(name.map(str::parse).transpose()?)
}

/// An archive as messages name it.
pub(super) fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".into()
    } else {
        format!("\"{}\"", path.display())
    }
}
