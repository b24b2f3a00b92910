//! Letters of a script that a database's encoding does not have.

use std::collections::{BTreeSet, HashSet};

use bstr::{BString, ByteSlice};
use pgdumprs_connect::{Error, Session};
use pgdumprs_script::Script;
use pgdumprs_sql::Encoding;

use super::queries;

/// Questions that are under way at a time.
const WINDOW: usize = 1000;

/// What is known of a script's letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letters {
    /// The name of the database's encoding.
    pub(crate) encoding_name: BString,
    /// Where letters of the script end.
    encoding: Encoding,
    /// Those that the database cannot hold.
    lacking: HashSet<BString>,
}

impl Letters {
    /// Asks the server for each letter of the script that is not ASCII, in one flight, where it has to convert them at all.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`], but for letters that are refused; an encoding that is not converted into the database's.
    pub(super) async fn ask(session: &mut Session, script: &Script) -> Result<Letters, Error> {
        let encoding_name = session.parameter("server_encoding");
        let encoding_name = encoding_name.unwrap_or_default().to_owned();
        let mut letters = Letters {
            encoding: match script.encoding_name() {
                // The server takes the bytes as they are.
                "SQL_ASCII" => Encoding::named(&encoding_name),
                name => Encoding::named(name.as_bytes()),
            },
            encoding_name,
            lacking: HashSet::new(),
        };
        let is_taken_as_it_is = letters.encoding_name == script.encoding_name()
            || letters.encoding_name == "SQL_ASCII"
            || script.options().create;
        if is_taken_as_it_is {
            return Ok(letters);
        }
        let asked = letters.of_script(script);
        if asked.is_empty() {
            return Ok(letters);
        }
        if let Err(error) = session.query(queries::begin(script)).await {
            session.query("ROLLBACK").await?;
            return Err(error);
        }
        let mut flight = session.statements(WINDOW)?;
        let mut results = Vec::new();
        for letter in &asked {
            let question = [b"SELECT '", letter.as_slice(), b"'"].concat();
            for statement in [&b"SAVEPOINT letter"[..], &question, b"ROLLBACK TO letter"] {
                flight.send(statement).await?;
            }
        }
        while let Some(ended) = flight.next().await? {
            results.push(ended.result.is_ok());
        }
        session.query("ROLLBACK").await?;
        let answers = results.chunks(3).map(|chunk| chunk.get(1) == Some(&true));
        let lacking = asked.into_iter().zip(answers);
        letters.lacking = lacking
            .filter(|(_, has_it)| !has_it)
            .map(|(letter, _)| letter)
            .collect();
        Ok(letters)
    }

    /// Whether a text has letters that the database cannot hold.
    pub(crate) fn lack(&self, text: &[u8]) -> bool {
        !self.lacking.is_empty()
            && self
                .of(text)
                .any(|letter| self.lacking.contains(letter.as_bstr()))
    }

    /// All letters of what entries say.
    fn of_script(&self, script: &Script) -> BTreeSet<BString> {
        let texts = script.entries().iter().flat_map(|entry| {
            [
                &entry.definition,
                &entry.drop,
                &entry.copy,
                &entry.tag,
                &entry.namespace,
                &entry.owner,
                &entry.tablespace,
                &entry.table_am,
            ]
        });
        let texts = texts.flatten().filter(|text| !text.is_ascii());
        let mut letters = BTreeSet::new();
        for text in texts {
            for letter in self.of(text) {
                if !letters.contains(letter.as_bstr()) {
                    letters.insert(letter.into());
                }
            }
        }
        letters
    }

    /// The letters of a text that are not ASCII.
    fn of<'t>(&self, mut text: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
        let encoding = self.encoding;
        std::iter::from_fn(move || {
            text = &text[text.find_non_ascii_byte()?..];
            let (letter, rest) = text.split_at(encoding.letter_len(text));
            text = rest;
            Some(letter)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_told_apart_as_the_encoding_has_it() {
        let letters = |encoding, text: &[u8]| {
            let letters = Letters {
                encoding,
                ..Letters::default()
            };
            let found: Vec<BString> = letters.of(text).map(BString::from).collect();
            found
        };
        assert_eq!(letters(Encoding::Utf8, "aéb€é".as_bytes()), ["é", "€", "é"]);
        let single = letters(Encoding::SingleByte, b"a\xe9b\xa4");
        assert_eq!(single, [&b"\xe9"[..], b"\xa4"]);
        // What ends within a letter.
        assert_eq!(letters(Encoding::Utf8, b"a\xe2\x82"), [&b"\xe2\x82"[..]]);
    }
}
