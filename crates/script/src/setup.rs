//! What the archive says about itself: its encoding, its literals, its search path.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_sql::{Encoding, backslash_literal, identifier, literal};

use crate::encoding_name;
use crate::{Error, Options};

/// What is set for the whole restore.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The encoding's name.
    pub(crate) encoding_name: &'static str,
    /// The encoding of names in statements.
    pub(crate) encoding: Encoding,
    /// Whether names are quoted that need it not.
    pub(crate) quote_all_identifiers: bool,
    /// The encoding of strings in statements: another only where the archive names none.
    string_encoding: Encoding,
    /// Whether backslashes in string literals are just that.
    pub(crate) standard_strings: bool,
    /// The statement that sets the search path. Without one each entry expects its own schema there.
    pub(crate) search_path: Option<BString>,
}

impl Setup {
    pub(crate) fn of(entries: &[Entry], options: &Options) -> Result<Setup, Error> {
        // What holds for archives that do not say.
        let mut setup = Setup {
            encoding_name: "SQL_ASCII",
            encoding: Encoding::Utf8,
            string_encoding: Encoding::SingleByte,
            quote_all_identifiers: options.quote_all_identifiers,
            standard_strings: false,
            search_path: None,
        };
        for entry in entries {
            let definition = entry
                .definition
                .as_ref()
                .map_or(BStr::new(""), |text| text.as_bstr());
            match entry.descriptor.as_slice() {
                b"ENCODING" => {
                    let wrong = || Error::Encoding {
                        definition: definition.into(),
                    };
                    let name = quoted(definition).ok_or_else(wrong)?;
                    setup.encoding_name = encoding_name::canonical(name).ok_or_else(wrong)?;
                    setup.encoding = Encoding::named(setup.encoding_name.as_bytes());
                    setup.string_encoding = setup.encoding;
                }
                b"STDSTRINGS" => {
                    let value = definition.find_byte(b'\'').map(|at| &definition[at..]);
                    setup.standard_strings = match value {
                        Some(value) if value.starts_with(b"'on'") => true,
                        Some(value) if value.starts_with(b"'off'") => false,
                        _ => {
                            return Err(Error::StandardStrings {
                                definition: definition.into(),
                            });
                        }
                    };
                }
                b"SEARCHPATH" => setup.search_path = Some(definition.into()),
                _ => {}
            }
        }
        Ok(setup)
    }

    /// A name in a statement.
    pub(crate) fn identifier(&self, name: &BStr) -> BString {
        identifier(name, self.quote_all_identifiers, self.encoding)
    }

    /// A string literal.
    pub(crate) fn literal(&self, text: &BStr) -> BString {
        if self.standard_strings {
            literal(text, self.string_encoding)
        } else {
            backslash_literal(text, self.string_encoding)
        }
    }
}

/// What stands between the first two quotes.
fn quoted(text: &[u8]) -> Option<&[u8]> {
    let (_, rest) = text.split_once_str(b"'")?;
    Some(rest.split_once_str(b"'")?.0)
}
