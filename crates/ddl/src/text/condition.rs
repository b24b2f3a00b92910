//! Conditions for rows that somebody gives as text: one expression, which ends where its parentheses do.

use bstr::{BString, ByteSlice};

/// A condition for the rows of the tables that a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChoice {
    pattern: BString,
    condition: BString,
}

/// Why a text is no condition. What is within it is the server's to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// It has nothing but white space and comments.
    #[error("the condition is empty")]
    Empty,
    /// It holds a byte 0, which no statement may.
    #[error("the condition has a byte 0")]
    Zero,
    /// A semicolon would end the statement that it is part of.
    #[error("the condition has a semicolon, and it is one expression, not a statement")]
    Semicolon,
    /// A parenthesis is closed that it has not opened.
    #[error("the condition closes a parenthesis that it does not open")]
    Closed,
    /// Something is not closed.
    #[error("the condition does not close {what}")]
    Open {
        /// What is open at its end.
        what: &'static str,
    },
}

impl RowChoice {
    /// The rows that meet `condition`, of the tables that `pattern` matches.
    ///
    /// Between parentheses, with line ends beside them, such a condition can be nothing but what stands there: no part of it is read as
    /// something behind them. String constants are those of `standard_conforming_strings`.
    ///
    /// # Errors
    ///
    /// Where that is not so.
    pub fn new(
        pattern: impl Into<BString>,
        condition: impl Into<BString>,
    ) -> Result<Self, ConditionError> {
        let condition = condition.into();
        check(&condition)?;
        Ok(Self {
            pattern: pattern.into(),
            condition,
        })
    }

    /// The pattern, as it was given.
    pub fn pattern(&self) -> &BString {
        &self.pattern
    }

    /// The condition, as it was given.
    pub fn condition(&self) -> &BString {
        &self.condition
    }
}

fn check(condition: &[u8]) -> Result<(), ConditionError> {
    let mut rest = condition;
    let (mut depth, mut is_empty) = (0_usize, true);
    while let Some(&first) = rest.first() {
        let (length, is_blank) = match first {
            0 => return Err(ConditionError::Zero),
            b';' => return Err(ConditionError::Semicolon),
            b'-' if rest.starts_with(b"--") => {
                (rest.find_byteset(b"\n\r\0").unwrap_or(rest.len()), true)
            }
            b'/' if rest.starts_with(b"/*") => (comment(rest)?, true),
            b'"' => (quoted(rest, b'"', false, "a quoted name")?, false),
            b'\'' => (quoted(rest, b'\'', false, "a string constant")?, false),
            b'E' | b'e' if rest.get(1) == Some(&b'\'') => (1 + escaped(&rest[1..])?, false),
            b'$' => (dollar_quoted(rest)?, false),
            b'(' => {
                depth += 1;
                (1, false)
            }
            b')' => {
                depth = depth.checked_sub(1).ok_or(ConditionError::Closed)?;
                (1, false)
            }
            _ if is_letter(first) => (word(rest), false),
            // As the server has it: a vertical tab is white space since 16, and nothing before.
            _ => (1, first.is_ascii_whitespace() || first == 0x0b),
        };
        is_empty &= is_blank;
        rest = &rest[length..];
    }
    match depth {
        0 if is_empty => Err(ConditionError::Empty),
        0 => Ok(()),
        _ => Err(ConditionError::Open {
            what: "a parenthesis",
        }),
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// The length of a name or keyword without quotes, in which a dollar sign begins nothing.
fn word(text: &[u8]) -> usize {
    let is_part = |byte: &u8| is_letter(*byte) || byte.is_ascii_digit() || *byte == b'$';
    text.iter()
        .position(|byte| !is_part(byte))
        .unwrap_or(text.len())
}

/// The length of what begins with a quote and ends with the next that is not doubled.
fn quoted(
    text: &[u8],
    quote: u8,
    backslashes: bool,
    what: &'static str,
) -> Result<usize, ConditionError> {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            0 => return Err(ConditionError::Zero),
            b'\\' if backslashes => at += 2,
            _ if byte == quote && text.get(at + 1) == Some(&quote) => at += 2,
            _ if byte == quote => return Ok(at + 1),
            _ => at += 1,
        }
    }
    Err(ConditionError::Open { what })
}

/// The length of a string constant with backslashes that escape. Where another one follows on a line below, it is the same constant, and
/// they escape there too.
fn escaped(text: &[u8]) -> Result<usize, ConditionError> {
    let mut length = 0;
    loop {
        length += quoted(&text[length..], b'\'', true, "a string constant")?;
        let mut rest = text[length..].trim_ascii_start();
        while rest.starts_with(b"--") {
            let end = rest.find_byteset(b"\n\r").unwrap_or(rest.len());
            rest = rest[end..].trim_ascii_start();
        }
        if !rest.starts_with(b"'") {
            return Ok(length);
        }
        length = text.len() - rest.len();
    }
}

/// The length of a comment, with those within it.
fn comment(text: &[u8]) -> Result<usize, ConditionError> {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        match &text[at..] {
            [] => return Err(ConditionError::Open { what: "a comment" }),
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            [0, ..] => return Err(ConditionError::Zero),
            _ => at += 1,
        }
    }
    Ok(at)
}

/// The length of a string between dollar quotes, or of a dollar sign that begins none.
fn dollar_quoted(text: &[u8]) -> Result<usize, ConditionError> {
    let length = text[1..]
        .iter()
        .position(|&byte| !is_letter(byte) && !byte.is_ascii_digit());
    let Some(end) = length
        .map(|length| 1 + length)
        .filter(|&end| text[end] == b'$' && !text[1].is_ascii_digit())
    else {
        return Ok(1);
    };
    let (quote, rest) = text.split_at(end + 1);
    let what = "a string constant";
    let length = rest.find(quote).ok_or(ConditionError::Open { what })?;
    match rest[..length].contains(&0) {
        true => Err(ConditionError::Zero),
        false => Ok(quote.len() + length + quote.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_expression_is_a_condition() {
        for condition in [
            "id > 5",
            "(a OR b) AND (c)",
            "note <> ';)' AND note <> E'\\');'",
            "\"odd;)\" IS NULL",
            "note = $$ ); $$ OR note = $a$ $$ ; $a$",
            "a$b$ = 1 AND c$b$ > 2",
            "id > 5 -- not the rest ;)",
            "id /* ; ) /* ( */ */ > 5",
            "note = 'it''s;' OR note = U&'\\0041'",
            "EXISTS (SELECT FROM public.other AS o WHERE o.id = item.id)",
            "1 - -1 > 0",
            "note = '\\'",
            "note = E'x'\n'\\'); --'",
        ] {
            assert_eq!(check(condition.as_bytes()), Ok(()), "{condition}");
        }
    }

    #[test]
    fn nothing_escapes_from_its_parentheses() {
        let open = |what| Err(ConditionError::Open { what });
        for (condition, expected) in [
            ("true; DROP TABLE item", Err(ConditionError::Semicolon)),
            ("true) TO PROGRAM 'sh", Err(ConditionError::Closed)),
            ("true) OR (true", Err(ConditionError::Closed)),
            ("')' ) --", Err(ConditionError::Closed)),
            ("(true", open("a parenthesis")),
            ("note = 'x", open("a string constant")),
            ("note = E'x\\'", open("a string constant")),
            ("note = E'x'\n'\\'' ) OR ('", Err(ConditionError::Closed)),
            ("note = E'x' -- y\n'\\'; --", open("a string constant")),
            ("note = '\\'; --'", Err(ConditionError::Semicolon)),
            ("\"note", open("a quoted name")),
            ("true /* /* */", open("a comment")),
            ("note = $a$ $A$", open("a string constant")),
            ("a$b$ = 1) OR (1 = 1 -- $b$", Err(ConditionError::Closed)),
            ("-- x\n); SELECT (1", Err(ConditionError::Closed)),
            ("-- x\r;", Err(ConditionError::Semicolon)),
            ("", Err(ConditionError::Empty)),
            (" -- x", Err(ConditionError::Empty)),
            ("a\0b", Err(ConditionError::Zero)),
            ("'\0'", Err(ConditionError::Zero)),
        ] {
            assert_eq!(check(condition.as_bytes()), expected, "{condition}");
        }
    }
}
