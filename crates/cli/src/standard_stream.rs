//! Standard input and output as the files that they may be.

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::fd::{AsFd, OwnedFd};
#[cfg(not(unix))]
use std::os::windows::io::{AsHandle, OwnedHandle};

/// Standard input, read without a buffer.
pub(crate) fn input() -> io::Result<File> {
    own(&io::stdin()).map(File::from)
}

/// Standard output, written without a buffer.
pub(crate) fn output() -> io::Result<File> {
    own(&io::stdout()).map(File::from)
}

#[cfg(unix)]
fn own(stream: &impl AsFd) -> io::Result<OwnedFd> {
    stream.as_fd().try_clone_to_owned()
}

#[cfg(not(unix))]
fn own(stream: &impl AsHandle) -> io::Result<OwnedHandle> {
    stream.as_handle().try_clone_to_owned()
}
