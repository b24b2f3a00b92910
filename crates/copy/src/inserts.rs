//! Rows as INSERT statements, made from the text that COPY sends.

use bstr::BString;
use pgdumprs_connect::Encoding;

/// How the rows of a table become INSERT statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserts {
    /// What comes before the values: `INSERT INTO public.t VALUES`. Without columns it is the whole statement, with its end.
    pub head: BString,
    /// How the value of each column that COPY sends is written.
    pub values: Vec<Value>,
    /// Rows in a statement.
    pub rows: usize,
    /// What ends a statement, such as `;` and a newline.
    pub tail: BString,
    /// What the server sends texts in.
    pub encoding: Encoding,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// As it is, where it is made of what numbers are made of; `NaN` and its like in quotes.
    Number,
    /// As a string of bits.
    Bits,
    /// As `true` or `false`.
    Bool,
    /// As a string.
    Text,
    /// As `DEFAULT`, whatever was sent: the server computes it.
    Default,
}

/// Rewrites the output of one COPY as it comes, in pieces that end anywhere.
#[derive(Debug)]
pub(crate) struct Rewriter {
    inserts: Inserts,
    /// The beginning of a row whose end has not come.
    unfinished: Vec<u8>,
    /// Rows in the statement that is open.
    rows: usize,
}

impl Rewriter {
    pub(crate) fn new(inserts: Inserts) -> Self {
        Self {
            inserts,
            unfinished: Vec::new(),
            rows: 0,
        }
    }

    /// The statements, or parts of them, that a piece of COPY's output makes.
    pub(crate) fn rewrite(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() * 2);
        let mut rest = piece;
        // Newlines within values come as letters, so that this one ends a row.
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            if self.unfinished.is_empty() {
                self.row(&rest[..end], &mut out);
            } else {
                let mut row = std::mem::take(&mut self.unfinished);
                row.extend_from_slice(&rest[..end]);
                self.row(&row, &mut out);
            }
            rest = &rest[end + 1..];
        }
        self.unfinished.extend_from_slice(rest);
        out
    }

    /// What is left to write when COPY has ended: the end of a statement, and two newlines as pg_dump adds them.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.rows > 0 {
            out.extend_from_slice(&self.inserts.tail);
        }
        out.extend_from_slice(b"\n\n");
        out
    }

    fn row(&mut self, row: &[u8], out: &mut Vec<u8>) {
        let inserts = &self.inserts;
        if self.rows == 0 {
            out.extend_from_slice(&inserts.head);
        }
        if inserts.values.is_empty() {
            return;
        }
        out.extend_from_slice(match (inserts.rows, self.rows) {
            (1, _) => b" (",
            (_, 0) => b"\n\t(",
            _ => b",\n\t(",
        });
        let fields = row.split(|byte| *byte == b'\t');
        for (position, (field, value)) in fields.zip(&inserts.values).enumerate() {
            if position > 0 {
                out.extend_from_slice(b", ");
            }
            push_value(out, field, *value, inserts.encoding);
        }
        out.push(b')');
        self.rows += 1;
        if self.rows >= inserts.rows {
            out.extend_from_slice(&inserts.tail);
            self.rows = 0;
        }
    }
}

fn push_value(out: &mut Vec<u8>, field: &[u8], value: Value, encoding: Encoding) {
    let is_plain = |byte: &u8| b"0123456789 +-eE.".contains(byte);
    match value {
        Value::Default => out.extend_from_slice(b"DEFAULT"),
        _ if field == b"\\N" => out.extend_from_slice(b"NULL"),
        Value::Number if field.iter().all(is_plain) => out.extend_from_slice(field),
        Value::Bits => {
            out.push(b'B');
            push_string(out, field, encoding);
        }
        Value::Bool if field == b"t" => out.extend_from_slice(b"true"),
        Value::Bool => out.extend_from_slice(b"false"),
        Value::Number | Value::Text => push_string(out, field, encoding),
    }
}

/// Writes a string literal of what COPY has escaped, for a server with `standard_conforming_strings` on.
fn push_string(out: &mut Vec<u8>, field: &[u8], encoding: Encoding) {
    let mut rest = field;
    out.push(b'\'');
    while let Some(at) = encoding.find(rest, b"\\") {
        encoding.push_doubled(out, &rest[..at], b"'");
        let (letter, tail) = match rest[at + 1..].split_first() {
            Some((b'b', tail)) => (0x08, tail),
            Some((b'f', tail)) => (0x0c, tail),
            Some((b'n', tail)) => (b'\n', tail),
            Some((b'r', tail)) => (b'\r', tail),
            Some((b't', tail)) => (b'\t', tail),
            Some((b'v', tail)) => (0x0b, tail),
            Some((&other, tail)) => (other, tail),
            None => (b'\\', &rest[at + 1..]),
        };
        out.push(letter);
        rest = tail;
    }
    encoding.push_doubled(out, rest, b"'");
    out.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserts(rows: usize, values: &[Value]) -> Inserts {
        Inserts {
            head: "INSERT INTO t VALUES".into(),
            values: values.to_vec(),
            rows,
            tail: ";\n".into(),
            encoding: Encoding::Utf8,
        }
    }

    /// The output of COPY, in pieces of each size.
    fn rewritten(inserts: &Inserts, copy: &str) -> String {
        let whole = |size: usize| {
            let mut rewriter = Rewriter::new(inserts.clone());
            let mut out = Vec::new();
            for piece in copy.as_bytes().chunks(size) {
                out.extend(rewriter.rewrite(piece));
            }
            out.extend(rewriter.finish());
            String::from_utf8(out).unwrap()
        };
        let expected = whole(usize::MAX);
        for size in 1..copy.len() {
            assert_eq!(whole(size), expected, "pieces of {size}");
        }
        expected
    }

    #[test]
    fn values_are_written_by_their_types() {
        use Value::*;
        let inserts = inserts(1, &[Number, Bits, Bool, Text, Default]);
        let copy = "1\t0101\tt\tit's\\ta \\\\N\\n\t7\n-1.5e+20\t\tf\t\t7\nNaN\t\\N\t\\N\t\\N\t7\n";
        assert_eq!(
            rewritten(&inserts, copy),
            "INSERT INTO t VALUES (1, B'0101', true, 'it''s\ta \\N\n', DEFAULT);\n\
             INSERT INTO t VALUES (-1.5e+20, B'', false, '', DEFAULT);\n\
             INSERT INTO t VALUES ('NaN', NULL, NULL, NULL, DEFAULT);\n\n\n"
        );
    }

    #[test]
    fn backslashes_within_letters_stay() {
        let mut out = Vec::new();
        push_string(&mut out, b"\x95\\\\\\'\x95\\n\\n", Encoding::Sjis);
        assert_eq!(out, b"'\x95\\\\''\x95\\n\n'");
    }

    #[test]
    fn statements_hold_several_rows() {
        let inserts = inserts(2, &[Value::Number]);
        assert_eq!(
            rewritten(&inserts, "1\n2\n3\n"),
            "INSERT INTO t VALUES\n\t(1),\n\t(2);\nINSERT INTO t VALUES\n\t(3);\n\n\n"
        );
        assert_eq!(
            rewritten(&inserts, "1\n2\n"),
            "INSERT INTO t VALUES\n\t(1),\n\t(2);\n\n\n"
        );
        assert_eq!(rewritten(&inserts, ""), "\n\n");
    }

    #[test]
    fn tables_without_columns_have_rows_too() {
        let inserts = Inserts {
            head: "INSERT INTO t DEFAULT VALUES;\n".into(),
            ..inserts(5, &[])
        };
        assert_eq!(
            rewritten(&inserts, "\\N\n\\N\n"),
            "INSERT INTO t DEFAULT VALUES;\nINSERT INTO t DEFAULT VALUES;\n\n\n"
        );
    }
}
