//! psql's `\connect`.

use bstr::{BStr, BString};
use pgdumprs_sql::{Encoding, identifier};

/// Appends the commands that take psql into another database of the same server. Its name is quoted in any case if `quote_all` says so.
pub(super) fn push(database: &BStr, quote_all: bool, out: &mut Vec<u8>) {
    // The encoding of the name is not known. psql passes on what it does not look at.
    let ident = |name: &BStr| identifier(name, quote_all, Encoding::SingleByte);
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if database.iter().all(is_plain) {
        out.extend_from_slice(b"\\connect ");
        out.extend_from_slice(&ident(database));
    } else {
        // psql would take the name for a connection string if it looks like one.
        let mut parameters = BString::from("dbname='");
        for &byte in database.iter() {
            if matches!(byte, b'\'' | b'\\') {
                parameters.push(b'\\');
            }
            parameters.push(byte);
        }
        parameters.push(b'\'');
        out.extend_from_slice(b"\\encoding SQL_ASCII\n\\connect -reuse-previous=on ");
        out.extend_from_slice(&ident(parameters.as_ref()));
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(database: &[u8]) -> BString {
        let mut out = Vec::new();
        push(database.into(), false, &mut out);
        out.into()
    }

    #[test]
    fn names_arrive_whole() {
        assert_eq!(connect(b"shop"), "\\connect shop\n");
        assert_eq!(connect(b"Shop.2"), "\\connect \"Shop.2\"\n");
        assert_eq!(
            connect(b"a 'b' \"c\" \\"),
            "\\encoding SQL_ASCII\n\\connect -reuse-previous=on \"dbname='a \\'b\\' \"\"c\"\" \\\\'\"\n"
        );
        assert!(connect(b"caf\xe9").ends_with(b"\"dbname='caf\xe9'\"\n"));
    }
}
