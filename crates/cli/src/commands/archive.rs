//! What the commands that look into an archive have in common.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use pgdumprs::archive::Reader;

use crate::standard_stream;

/// Opens an archive of any format: a file or a folder by its name, or standard input for `-`.
pub(super) fn open(path: &Path) -> anyhow::Result<Reader<File>> {
    if path == Path::new("-") {
        let input = standard_stream::input().context("could not open standard input")?;
        return Reader::from_file(input).context("standard input");
    }
    if path.is_dir() {
        return Reader::open_path(path).with_context(|| name(path));
    }
    let file =
        File::open(path).with_context(|| format!("could not open \"{}\"", path.display()))?;
    Reader::from_file(file).with_context(|| name(path))
}

/// An archive as messages name it.
pub(super) fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".into()
    } else {
        format!("\"{}\"", path.display())
    }
}
