//! Standard output, for what is shown.

use std::io::{self, ErrorKind, IsTerminal, Write};

use anyhow::Context;
use bstr::ByteSlice;

use crate::message::visible;

/// Prints lines that hold names as [`print`] does; on a terminal, letters that would move its cursor are shown rather than sent.
///
/// # Errors
///
/// As for [`print`].
pub(crate) fn print_names(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    if !io::stdout().is_terminal() {
        return print(|output| write(output));
    }
    print(|output| {
        let mut text = Vec::new();
        write(&mut text)?;
        text.lines()
            .try_for_each(|line| writeln!(output, "{}", visible(&line.to_str_lossy())))
    })
}

/// Writes to standard output with `write`, and hands on whatever else goes wrong.
///
/// That nobody reads any more, as with `pgdumprs list db.dump | head`, ends the process without a word, and with the status
/// that a shell shows of programs that a broken pipe ends.
///
/// # Errors
///
/// Those of `write`, and those of a standard output that does not take all of it.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
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
