//! What the server says in ErrorResponse and NoticeResponse.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};

use crate::parameters::shown::without_passwords;

/// An error or notice as the server sent it. Texts are bytes: the server may hold what is not
/// UTF-8.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerError {
    /// `ERROR`, `FATAL`, `PANIC`, `WARNING`, `NOTICE`, …, never translated.
    pub severity: BString,
    /// The SQLSTATE, five letters or digits.
    pub code: BString,
    /// The primary message, in the server's language.
    pub message: BString,
    /// More about the problem.
    pub detail: Option<BString>,
    /// What the server suggests to do.
    pub hint: Option<BString>,
    /// The function of the server's source that says so. It is never translated, unlike the messages.
    pub routine: Option<BString>,
    /// Where in the statement, in characters from 1.
    pub position: Option<u32>,
    /// The call stack in functions that the statement ran.
    pub context: Option<BString>,
    /// The schema of the object in question.
    pub schema: Option<BString>,
    /// The table in question.
    pub table: Option<BString>,
    /// The column in question.
    pub column: Option<BString>,
}

impl ServerError {
    /// Reads the fields of a message body: each a type byte and a zero-ended text, the whole ended
    /// by a zero byte.
    ///
    /// Field types this program does not know are passed over, as the protocol asks.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let mut error = ServerError::default();
        let mut rest = body;
        while let Some((&field, tail)) = rest.split_first() {
            if field == 0 {
                break;
            }
            let end = tail.find_byte(0).unwrap_or(tail.len());
            let text = BString::from(&tail[..end]);
            rest = tail.get(end + 1..).unwrap_or_default();
            match field {
                // The untranslated severity comes after the translated one and replaces it.
                b'S' if error.severity.is_empty() => error.severity = text,
                b'V' => error.severity = text,
                b'C' => error.code = text,
                b'M' => error.message = text,
                b'D' => error.detail = Some(text),
                b'H' => error.hint = Some(text),
                b'P' => error.position = text.to_str().ok().and_then(|t| t.parse().ok()),
                b'R' => error.routine = Some(text),
                b'W' => error.context = Some(text),
                b's' => error.schema = Some(text),
                b't' => error.table = Some(text),
                b'c' => error.column = Some(text),
                _ => {}
            }
        }
        error
    }

    /// The SQLSTATE as text.
    pub fn code(&self) -> &BStr {
        self.code.as_bstr()
    }

    /// What it says without its severity, in one line: the message, the SQLSTATE, and more where there is more. What a connection string
    /// in the wrong place may have brought in is left out.
    pub fn text(&self) -> String {
        let mut text = format!("{} (SQLSTATE {})", one_line(&self.message), self.code);
        for (label, more) in [
            ("detail", &self.detail),
            ("hint", &self.hint),
            ("context", &self.context),
        ] {
            if let Some(more) = more {
                text.push_str(&format!("; {label}: {}", one_line(more)));
            }
        }
        without_passwords(&text).into_owned()
    }

    /// Whether the server ends the session after this.
    pub fn is_fatal(&self) -> bool {
        self.severity == "FATAL" || self.severity == "PANIC"
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.text())
    }
}

impl std::error::Error for ServerError {}

/// A text of the server without its line ends, of which a context has one for each call.
fn one_line(text: &BString) -> String {
    let lines: Vec<_> = text.lines().map(ByteSlice::to_str_lossy).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_bytes() {
        let error =
            ServerError::parse(b"SFEHLER\0VERROR\0C42P01\0Mno table \xff\0P15\0sapp\0tt\0?x\0\0");
        assert_eq!(error.severity, "ERROR");
        assert_eq!(error.code(), "42P01");
        assert_eq!(error.message, BString::from(b"no table \xff".as_slice()));
        assert_eq!(error.position, Some(15));
        assert_eq!(error.schema, Some("app".into()));
        assert_eq!(error.table, Some("t".into()));
        assert_eq!(error.column, None);
        assert!(!error.is_fatal());
    }

    #[test]
    fn a_body_cut_short_is_no_panic() {
        let whole = b"SERROR\0C42P01\0Mtext\0\0";
        for end in 0..whole.len() {
            ServerError::parse(&whole[..end]);
        }
    }
}
