//! COPY text: the form in which a table's rows stand in its block, up to the line `\.`.

use bstr::ByteSlice;
use memchr::{memchr2, memchr3};

/// Encodings in which a byte of a character may be that of a backslash. No server uses them, but clients may.
const EMBEDDING: [&str; 7] = [
    "BIG5",
    "GB18030",
    "GBK",
    "JOHAB",
    "SHIFT_JIS_2004",
    "SJIS",
    "UHC",
];

/// What is wrong with COPY text, and at which byte of what was given last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) index: usize,
    pub(crate) problem: String,
}

/// Checks COPY text as it goes by: that its rows have the right number of columns, that it holds only what a server writes,
/// and that it ends where it says so.
pub(crate) struct CopyText {
    /// How many columns a row has; of the first row, where the COPY statement does not say.
    columns: Option<usize>,
    /// A backslash is one everywhere, not only at the start of a value.
    everywhere: bool,
    place: Place,
    /// Tabs in the current row.
    tabs: usize,
    /// No byte of the current value has gone by.
    at_start: bool,
    rows: u64,
    /// Bytes that have gone by.
    length: u64,
    /// Bytes of rows.
    data: u64,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// One of a value, or what ends it.
    Value,
    /// The one behind a backslash.
    Escaped,
    /// What ends a value that is NULL.
    AfterNull,
    /// What ends the line that ends the rows.
    AfterEnd,
    /// One of the newlines behind that line.
    Ended,
}

impl CopyText {
    /// The text that follows a COPY statement of so many columns, in the encoding of this name.
    pub(crate) fn new(columns: Option<usize>, encoding: Option<&[u8]>) -> Self {
        CopyText {
            columns,
            everywhere: !encoding.is_some_and(|name| {
                EMBEDDING
                    .iter()
                    .any(|embedding| embedding.as_bytes() == name)
            }),
            place: Place::Value,
            tabs: 0,
            at_start: true,
            rows: 0,
            length: 0,
            data: 0,
        }
    }

    /// Rows that have gone by.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of rows, known when the text has ended.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.data
    }

    /// Takes the next bytes of the text.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        // Bytes that must not be there are looked for once: there are none as a rule.
        let forbidden = memchr2(0, b'\r', bytes).unwrap_or(bytes.len());
        let mut index = 0;
        while index < bytes.len() {
            if self.place == Place::Value {
                let end = forbidden.max(index);
                let plain = memchr3(b'\t', b'\n', b'\\', &bytes[index..end]);
                let plain = plain.unwrap_or(end - index);
                self.at_start &= plain == 0;
                index += plain;
                if index == bytes.len() {
                    break;
                }
            }
            if let Err(problem) = self.special(bytes[index], self.length + index as u64) {
                return Err(Fault { index, problem });
            }
            index += 1;
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Takes a byte that is not just one of a value; `at` bytes have gone by before it.
    fn special(&mut self, byte: u8, at: u64) -> Result<(), String> {
        let row = self.rows + 1;
        match (self.place, byte) {
            (Place::Value | Place::AfterNull, b'\t') => {
                self.tabs += 1;
                self.at_start = true;
                self.place = Place::Value;
            }
            (Place::Value | Place::AfterNull, b'\n') => {
                self.end_row()?;
                self.place = Place::Value;
            }
            (Place::Value, b'\\') if self.at_start || self.everywhere => {
                self.place = Place::Escaped
            }
            (Place::Value, b'\\') => {}
            (Place::Value, 0) => return Err(format!("row {row} holds a NUL byte")),
            (Place::Value, _) => return Err(format!("row {row} holds a bare carriage return")),
            (Place::Escaped, b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\') => {
                self.place = Place::Value;
                self.at_start = false;
            }
            (Place::Escaped, b'N') if self.at_start => {
                self.place = Place::AfterNull;
                self.at_start = false;
            }
            (Place::Escaped, b'.') if self.at_start && self.tabs == 0 => {
                self.data = at - 1;
                self.place = Place::AfterEnd;
            }
            (Place::Escaped, other) => {
                return Err(format!(
                    "row {row} holds a backslash before {:?}, which means nothing there",
                    char::from(other)
                ));
            }
            (Place::AfterNull, _) => {
                return Err(format!("row {row} has a \\N with something behind it"));
            }
            (Place::AfterEnd | Place::Ended, b'\n') => self.place = Place::Ended,
            (Place::AfterEnd, _) => return Err(format!("row {row} begins with \\. and goes on")),
            (Place::Ended, _) => {
                return Err(format!(
                    "something follows the \\. that ends the {} rows",
                    self.rows
                ));
            }
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), String> {
        let found = self.tabs + 1;
        let row = self.rows + 1;
        match self.columns {
            // A row of no columns is an empty line, as one of an empty value is.
            Some(0) if found == 1 && self.at_start => {}
            Some(columns) if found != columns => {
                return Err(format!(
                    "row {row} has {}, but the COPY statement names {columns}",
                    count(found, "column")
                ));
            }
            Some(_) => {}
            None => self.columns = Some(found),
        }
        self.rows = row;
        self.tabs = 0;
        self.at_start = true;
        Ok(())
    }

    /// Checks that the text has ended.
    pub(crate) fn end(&self) -> Result<(), String> {
        if self.place == Place::Ended {
            return Ok(());
        }
        Err(format!(
            "the data breaks off behind row {}, without the \\. that ends it",
            self.rows
        ))
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// What a COPY statement says about its columns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// It names so many.
    Named(usize),
    /// It names none: `pg_dump` writes such a statement for a table that has none.
    Unnamed,
}

/// The columns of a statement like `COPY public.item (id, "a, b") FROM stdin;`; `None` if it is not like that.
pub(crate) fn columns(statement: &[u8]) -> Option<Columns> {
    let mut rest = statement.strip_prefix(b"COPY ")?;
    rest = identifier(rest)?;
    if let Some(behind) = rest.strip_prefix(b".") {
        rest = identifier(behind)?;
    }
    rest = rest.trim_start();
    let mut columns = Columns::Unnamed;
    if let Some(mut list) = rest.strip_prefix(b"(") {
        let mut named = 0;
        loop {
            list = identifier(list)?;
            named += 1;
            match list.strip_prefix(b", ") {
                Some(next) => list = next,
                None => break,
            }
        }
        columns = Columns::Named(named);
        rest = list.strip_prefix(b")")?.trim_start();
    }
    // Before PostgreSQL 12, a table could have a column of oids that its statement did not name.
    if let Some(behind) = rest.strip_prefix(b"WITH OIDS ") {
        rest = behind;
        columns = match columns {
            Columns::Named(named) => Columns::Named(named + 1),
            Columns::Unnamed => Columns::Named(1),
        };
    }
    (rest.trim_end() == b"FROM stdin;").then_some(columns)
}

/// What follows an identifier, bare or quoted.
fn identifier(text: &[u8]) -> Option<&[u8]> {
    let Some(mut quoted) = text.strip_prefix(b"\"") else {
        let end = text.find_byteset(b" .,()\"").unwrap_or(text.len());
        return (end > 0).then(|| &text[end..]);
    };
    loop {
        quoted = &quoted[quoted.find_byte(b'"')? + 1..];
        match quoted.strip_prefix(b"\"") {
            Some(behind) => quoted = behind,
            None => return Some(quoted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a text whole and byte by byte, and gives rows and bytes of rows.
    fn check(columns: Option<usize>, encoding: &str, text: &[u8]) -> Result<(u64, u64), String> {
        let run = |step: usize| {
            let mut copy = CopyText::new(columns, Some(encoding.as_bytes()));
            for bytes in text.chunks(step) {
                copy.take(bytes).map_err(|fault| fault.problem)?;
            }
            copy.end()?;
            Ok((copy.rows(), copy.data_bytes()))
        };
        let whole = run(text.len().max(1));
        assert_eq!(whole, run(1));
        whole
    }

    #[test]
    fn what_servers_write_is_sound() {
        let sound = [
            (2, "1\ta\n2\t\\N\n\\.\n\n\n", (2, 9)),
            (2, "\\N\t\\N\n\\N\t\n\\.\n\n\n", (2, 10)),
            (1, "\\\\.\n\n\\\\N\na\\tb\\\\\n\\.\n\n\n", (4, 16)),
            (1, "\\.\n\n\n", (0, 0)),
            (0, "\n\n\\.\n\n\n", (2, 2)),
            (3, "\t\t\n\\.\n", (1, 3)),
        ];
        for (columns, text, expected) in sound {
            assert_eq!(
                check(Some(columns), "UTF8", text.as_bytes()),
                Ok(expected),
                "{text:?}"
            );
        }
        assert_eq!(check(None, "UTF8", b"a\tb\nc\td\n\\.\n"), Ok((2, 8)));
    }

    #[test]
    fn anything_else_is_told() {
        let bad = [
            (
                2,
                "1\n\\.\n",
                "row 1 has 1 column, but the COPY statement names 2",
            ),
            (1, "1\n2\t3\n\\.\n", "row 2 has 2 columns"),
            (0, "x\n\\.\n", "row 1 has 1 column, but"),
            (1, "a\rb\n\\.\n", "carriage return"),
            (1, "a\0b\n\\.\n", "NUL byte"),
            (1, "a\\x\n\\.\n", "backslash before 'x'"),
            (1, "a\\N\n\\.\n", "backslash before 'N'"),
            (1, "\\Na\n\\.\n", "\\N with something behind it"),
            (2, "a\t\\.\n\\.\n", "backslash before '.'"),
            (1, "\\.a\n", "begins with \\."),
            (1, "a\n\\.\n\nb", "follows the \\."),
            (1, "a\n", "breaks off behind row 1"),
            (1, "a\nb", "breaks off behind row 1"),
            (1, "a\n\\.", "breaks off behind row 1"),
            (1, "", "breaks off behind row 0"),
        ];
        for (columns, text, problem) in bad {
            let found = check(Some(columns), "UTF8", text.as_bytes()).unwrap_err();
            assert!(found.contains(problem), "{found} of {text:?}");
        }
        assert!(check(None, "UTF8", b"a\tb\nc\n\\.\n").is_err());
    }

    #[test]
    fn backslashes_inside_characters_are_no_escapes() {
        // 0x83 0x5c is one character of Shift JIS.
        let text = b"\x83\x5cx\t\\N\n\\\\a\tb\n\\.\n\n\n";
        assert_eq!(check(Some(2), "SJIS", text), Ok((2, 13)));
        assert!(check(Some(2), "EUC_JP", text).is_err());
    }

    #[test]
    fn statements_tell_their_columns() {
        let named = |statement: &str, expected: usize| {
            assert_eq!(
                columns(statement.as_bytes()),
                Some(Columns::Named(expected)),
                "{statement}"
            );
        };
        named("COPY public.item (id, name) FROM stdin;\n", 2);
        named("COPY item (id) FROM stdin;\n", 1);
        named(
            "COPY \"a.b\".\"c (d\" (\"x, y\", \"say \"\"hi\"\")\", z) FROM stdin;\n",
            3,
        );
        named("COPY public.old (a) WITH OIDS FROM stdin;\n", 2);
        assert_eq!(
            columns(b"COPY public.empty  FROM stdin;\n"),
            Some(Columns::Unnamed)
        );
        for bad in [
            "",
            "COPY",
            "COPY x",
            "COPY x (a FROM stdin;",
            "COPY \"x FROM stdin;",
            "COPY x () FROM stdin;",
            "INSERT INTO x;",
        ] {
            assert_eq!(columns(bad.as_bytes()), None, "{bad}");
        }
    }
}
