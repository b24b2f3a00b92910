//! Standard output, for an archive.

use std::fs::File;

use anyhow::{Context, bail};

/// Standard output as a file that can be written anywhere, so that the archive says where its data is; `None` where it is another thing, or
/// writes go to its end wherever they are meant to go.
///
/// # Errors
///
/// Where the archive would not be found in the file: behind something else, or with something else behind it.
pub(crate) fn seekable() -> anyhow::Result<Option<File>> {
    let Some((mut file, appends)) = system::file().context("could not look at standard output")?
    else {
        return Ok(None);
    };
    let length = file.metadata()?.len();
    if appends && length > 0 {
        bail!(
            "standard output is appended to a file that already holds {length} bytes, and pg_restore would not find the archive behind them: \
             name a file with -f, or send the output to a file of its own with >"
        );
    }
    let position = std::io::Seek::stream_position(&mut file)?;
    if position < length {
        bail!(
            "standard output is a file that holds {} bytes more, which would be left behind the archive or among it: \
             name a file with -f, or send the output to a file with >, which empties it",
            length - position
        );
    }
    Ok((!appends).then_some(file))
}

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::io;

    use rustix::fs::{OFlags, fcntl_getfl};

    use crate::standard_stream;

    /// Standard output, if it is a file, and whether writes go to its end.
    pub(super) fn file() -> io::Result<Option<(File, bool)>> {
        let file = standard_stream::output()?;
        let appends = fcntl_getfl(&file)?.contains(OFlags::APPEND);
        let is_file = file.metadata()?.is_file();
        Ok(is_file.then_some((file, appends)))
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::File;
    use std::io::{self, Seek};

    use crate::standard_stream;

    /// Standard output, if it is a file, and whether writes go to its end. A file that is appended to is one here that stands at an end other
    /// than its beginning.
    pub(super) fn file() -> io::Result<Option<(File, bool)>> {
        // Pipes and devices have no metadata.
        let file = standard_stream::output().ok();
        let Some(mut file) = file.filter(|file| file.metadata().is_ok_and(|found| found.is_file()))
        else {
            return Ok(None);
        };
        let position = file.stream_position()?;
        let appends = position > 0 && position == file.metadata()?.len();
        Ok(Some((file, appends)))
    }
}
