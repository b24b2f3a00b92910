//! Names of objects as arguments.

use std::ffi::OsStr;

use bstr::BString;

/// A name as the bytes that it was given as: names in a database need not be UTF-8.
#[cfg(unix)]
pub(crate) fn bytes(name: &OsStr) -> BString {
    use std::os::unix::ffi::OsStrExt;
    name.as_bytes().into()
}

/// A name in UTF-8, but for halves of surrogate pairs, which a server refuses.
#[cfg(not(unix))]
pub(crate) fn bytes(name: &OsStr) -> BString {
    name.as_encoded_bytes().into()
}
