//! How names and strings are written for the server that they came from.

use bstr::{BString, ByteSlice};
use pgdumprs_catalog::{Encoding, Globals};

use crate::GlobalsOptions;
use crate::text::sql;

/// Writes names and strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoting {
    always: bool,
    encoding: Encoding,
    /// Version number of the server.
    pub(super) version: u32,
}

impl Quoting {
    pub(super) fn of(globals: &Globals, options: &GlobalsOptions) -> Self {
        Self {
            always: options.quote_all_identifiers,
            encoding: globals.encoding,
            version: globals.version,
        }
    }

    /// A name as an identifier.
    pub(super) fn ident(&self, name: impl AsRef<[u8]>) -> BString {
        sql::ident(name.as_ref().as_bstr(), self.always, self.encoding)
    }

    /// A string that the server reads whatever its `standard_conforming_strings`.
    pub(super) fn literal(&self, text: impl AsRef<[u8]>) -> BString {
        sql::versioned_literal(self.version, text, self.encoding)
    }
}
