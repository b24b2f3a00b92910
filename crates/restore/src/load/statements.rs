//! Statements in the place of rows, as `pg_dump --inserts` writes them.

use memchr::{memchr, memchr2, memchr3};

/// Cuts a stream of statements at their semicolons. Those within quotes are no ends; comments and dollar quotes do not occur in data.
#[derive(Debug)]
pub(crate) struct Cutter {
    /// Whether backslashes in string literals are just that.
    standard_strings: bool,
    held: Vec<u8>,
    /// How far `held` has been looked at, and where that is.
    seen: usize,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    /// In a string literal, with backslashes that escape or not.
    Literal {
        escapes: bool,
    },
    Identifier,
}

impl Cutter {
    pub(crate) fn new(standard_strings: bool) -> Self {
        Cutter {
            standard_strings,
            held: Vec::new(),
            seen: 0,
            place: Place::Outside,
        }
    }

    /// Takes a piece of the stream, and hands each statement that is complete to `take` until that does not want any more; `false` then.
    pub(crate) fn push(&mut self, piece: &[u8], mut take: impl FnMut(Vec<u8>) -> bool) -> bool {
        self.held.extend_from_slice(piece);
        let mut begun = 0;
        while let Some(end) = self.find_end() {
            let statement = self.held[begun..end].trim_ascii();
            begun = end;
            if statement != b";" && !take(statement.to_vec()) {
                return false;
            }
        }
        self.held.drain(..begun);
        self.seen -= begun;
        true
    }

    /// What stands behind the last semicolon.
    pub(crate) fn rest(self) -> Option<Vec<u8>> {
        let rest = self.held.trim_ascii();
        (!rest.is_empty()).then(|| rest.to_vec())
    }

    /// Goes on to the end of a statement, behind its semicolon.
    fn find_end(&mut self) -> Option<usize> {
        loop {
            let rest = &self.held[self.seen..];
            let found = match self.place {
                Place::Outside => memchr3(b'\'', b'"', b';', rest),
                Place::Identifier => memchr(b'"', rest),
                Place::Literal { escapes: true } => memchr2(b'\'', b'\\', rest),
                Place::Literal { escapes: false } => memchr(b'\'', rest),
            };
            let Some(found) = found else {
                self.seen = self.held.len();
                return None;
            };
            let at = self.seen + found;
            self.seen = at + 1;
            match (self.held[at], self.place) {
                (b';', _) => return Some(at + 1),
                (b'\'', Place::Outside) => {
                    let escapes = !self.standard_strings || self.is_marked(at);
                    self.place = Place::Literal { escapes };
                }
                (b'"', Place::Outside) => self.place = Place::Identifier,
                (b'\\', _) if at + 1 == self.held.len() => {
                    // Whatever comes next is escaped; it is looked for again when it is there.
                    self.seen = at;
                    return None;
                }
                (b'\\', _) => self.seen = at + 2,
                (_, Place::Identifier) => self.place = Place::Outside,
                // A quote that is doubled is one within the literal.
                _ => match self.held.get(at + 1) {
                    None => {
                        self.seen = at;
                        return None;
                    }
                    Some(b'\'') => self.seen = at + 2,
                    Some(_) => self.place = Place::Outside,
                },
            }
        }
    }

    /// Whether an E stands before a literal, which makes backslashes escape.
    fn is_marked(&self, at: usize) -> bool {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
        match &self.held[..at] {
            [.., before, b'E' | b'e'] => !is_part(before),
            [b'E' | b'e'] => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &[u8], step: usize, standard_strings: bool) -> Vec<String> {
        let mut cutter = Cutter::new(standard_strings);
        let mut statements = Vec::new();
        for piece in text.chunks(step) {
            cutter.push(piece, |statement| {
                statements.push(String::from_utf8(statement).unwrap());
                true
            });
        }
        statements.extend(cutter.rest().map(|rest| String::from_utf8(rest).unwrap()));
        statements
    }

    #[test]
    fn statements_end_at_semicolons_outside_of_quotes() {
        let text = b"INSERT INTO \"a;\"\"b\" VALUES ('x;''y\\', 1);\nINSERT INTO t VALUES (E'a''\\';b');\n;\n\n";
        for step in 1..text.len() {
            assert_eq!(
                cut(text, step, true),
                [
                    "INSERT INTO \"a;\"\"b\" VALUES ('x;''y\\', 1);",
                    "INSERT INTO t VALUES (E'a''\\';b');",
                ],
                "{step}"
            );
        }
        let old = b"SELECT 'a\\';b', NAME'x';\nSELECT 1;\n";
        for step in 1..old.len() {
            assert_eq!(
                cut(old, step, false),
                ["SELECT 'a\\';b', NAME'x';", "SELECT 1;"]
            );
        }
        assert_eq!(cut(b"SELECT 1", 3, true), ["SELECT 1"]);
    }

    proptest! {
        #[test]
        fn literals_of_any_text_are_passed_over(texts: Vec<String>, step in 1..50usize) {
            let statement = |text: &String| format!("INSERT INTO t VALUES ('{}');", text.replace('\'', "''"));
            let statements: Vec<String> = texts.iter().map(statement).collect();
            prop_assert_eq!(cut(statements.join("\n").as_bytes(), step, true), statements);
        }
    }
}
