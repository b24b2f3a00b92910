//! Lines on standard error.

use std::fmt::Display;
use std::io::Write;

/// Says `text` on standard error, in a line with the program's name before it.
///
/// The line is written at once, so that what others write there at the same time stands before or after it, not in it.
/// Where it cannot be written, as to a pipe that nobody reads any more, it is lost: a backup does not fail for a message.
pub(crate) fn say(text: impl Display) {
    let line = format!("pgdumprs: {text}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}
