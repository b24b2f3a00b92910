//! Dollar-quoted string literals.

use bstr::{BString, ByteSlice};

/// What a delimiter grows by, byte after byte and over again, until the text does not hold it.
const GROWTH: &[u8] = b"_XXXXXXX";

/// Quotes a text between dollars, with the delimiter that pg_dump would choose.
///
/// The text must not hold the delimiter's beginning either: a text that ends in `$a` would run into a closing `$a$`.
pub(crate) fn dollar_quote(text: &[u8]) -> BString {
    let mut delimiter = BString::from("$");
    let mut growth = GROWTH.iter().cycle();
    while text.contains_str(&delimiter) {
        delimiter.extend(growth.next());
    }
    delimiter.push(b'$');
    sql![delimiter, text, delimiter]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiter_is_not_in_the_text() {
        let quote = |text: &str| dollar_quote(text.as_bytes()).to_string();
        assert_eq!(quote("SELECT 1"), "$$SELECT 1$$");
        assert_eq!(quote("costs 1$"), "$_$costs 1$$_$");
        assert_eq!(quote("$_$ $_X"), "$_XX$$_$ $_X$_XX$");
        assert_eq!(quote("$_XXXXXXX"), "$_XXXXXXX_$$_XXXXXXX$_XXXXXXX_$");
    }
}
