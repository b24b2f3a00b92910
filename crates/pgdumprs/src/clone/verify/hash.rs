//! What both servers make of a row's text, so that rows can be summed up in any order.

use bstr::BString;
use pgdumprs_connect::{Error, Session};
use pgdumprs_sql::literal;

/// How a row's text becomes a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hash {
    /// By the hash that the server also has for its hash indexes.
    Own {
        /// The encoding that texts are hashed in.
        encoding: BString,
        /// What it makes of a certain text: that depends on the order of bytes in the machine's numbers.
        probe: BString,
    },
    /// By SHA-256 of the text in an encoding, which is the same everywhere and takes longer.
    Portable {
        /// The encoding, quoted.
        encoding: BString,
    },
}

impl Hash {
    /// That of a server; the session's text settings are what they are to be from here on.
    pub(super) async fn of(session: &mut Session) -> Result<Self, Error> {
        let statements = [
            // What time zones and currencies are called, and which there are, is each server's own.
            "SET LOCAL TimeZone = 'UTC'",
            "SET LOCAL lc_monetary = 'C'",
            "SET LOCAL quote_all_identifiers = off",
            "SELECT pg_catalog.current_setting('server_encoding'), \
             pg_catalog.hashtextextended('pgdumprs' COLLATE pg_catalog.\"C\", 0)",
        ];
        let results = session.pipeline(&statements).await?;
        let row = results[results.len() - 1].one()?;
        Ok(Hash::Own {
            encoding: row.get(0)?,
            probe: row.get(1)?,
        })
    }

    /// What gives the same on this server and on another; the source's texts come in `encoding`.
    pub(super) fn common(self, other: Hash, encoding: Option<&str>) -> Hash {
        match self == other {
            true => self,
            false => Hash::Portable {
                encoding: literal(
                    encoding.unwrap_or("UTF8"),
                    pgdumprs_sql::Encoding::named(b"UTF8"),
                ),
            },
        }
    }

    /// The number and the sum of what comes of `text` in each row.
    pub(super) fn sum(&self, text: &[u8]) -> BString {
        let hashed = match self {
            Hash::Own { .. } => [
                b"pg_catalog.hashtextextended(",
                text,
                b" COLLATE pg_catalog.\"C\", 0)",
            ]
            .concat(),
            Hash::Portable { encoding } => [
                b"('x' || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(",
                text,
                b", ",
                encoding,
                b")), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8",
            ]
            .concat(),
        };
        [b"pg_catalog.count(*), pg_catalog.sum(", &hashed[..], b")"]
            .concat()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Hash {
        let (encoding, probe) = ("UTF8".into(), "1".into());
        Hash::Own { encoding, probe }
    }

    #[test]
    fn servers_that_hash_otherwise_hash_portably() {
        assert_eq!(own().common(own(), Some("UTF8")), own());
        let (encoding, probe) = ("UTF8".into(), "2".into());
        let other = Hash::Own { encoding, probe };
        let portable = own().common(other, Some("LATIN1"));
        assert_eq!(
            portable,
            Hash::Portable {
                encoding: "'LATIN1'".into()
            }
        );
        assert!(
            portable
                .sum(b"x")
                .to_string()
                .contains("convert_to(x, 'LATIN1')")
        );
    }
}
