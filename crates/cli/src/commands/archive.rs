//! What the commands that look into an archive have in common.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::Context;
use pgdumprs::archive::Reader;

/// Opens an archive: a file by its name, or standard input for `-`.
pub(super) fn open(path: &Path) -> anyhow::Result<Reader<File>> {
    if path == Path::new("-") {
        let input = io::stdin().as_fd().try_clone_to_owned();
        let input = input.context("could not open standard input")?;
        return Reader::from_file(input.into()).context("standard input");
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

/// Writes to standard output with `write`, and hands on whatever else goes wrong.
///
/// That nobody reads any more, as with `pgdumprs list db.dump | head`, ends the process without a word, and with the status
/// that a shell shows of programs that a broken pipe ends.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    const BROKEN_PIPE: i32 = 128 + 13;
    // Standard output writes line by line on its own.
    let mut output = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    match write(&mut output).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(BROKEN_PIPE),
        Err(error) => match error.downcast::<pgdumprs::archive::Error>() {
            Ok(error) => Err(error.into()),
            Err(error) => Err(error).context("could not write to standard output"),
        },
        Ok(()) => Ok(()),
    }
}
