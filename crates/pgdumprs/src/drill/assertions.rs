//! SQL statements that must be true of the restored database.

use pgdumprs_connect::{ConnectParams, Session};

use super::{Assertion, DrillError};
use crate::failure_line::with_causes;

/// Tells the statements apart, by the semicolons that stand in no string, name or comment.
pub(super) fn split(sql: &str) -> Result<Vec<Assertion>, DrillError> {
    let mut found = Vec::new();
    let (mut start, mut at, mut has_words) = (0, 0, false);
    let line = |at: usize| sql[..at].matches('\n').count() + 1;
    while at < sql.len() {
        let rest = &sql[at..];
        let escapes = at > start && sql[..at].ends_with(['e', 'E']);
        let length = match rest.as_bytes()[0] {
            b';' => {
                if has_words {
                    found.push(assertion(sql, start, at, &line));
                }
                (start, has_words) = (at + 1, false);
                1
            }
            b'\'' | b'"' => {
                let backslash = escapes && rest.starts_with('\'');
                quoted(rest, backslash).ok_or(DrillError::Assertions {
                    line: line(at),
                    problem: "a quote has no end",
                })?
            }
            b'$' => dollar(rest).map_or(Ok(1), |length| {
                length.ok_or(DrillError::Assertions {
                    line: line(at),
                    problem: "a dollar quote has no end",
                })
            })?,
            b'-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => comment(rest).ok_or(DrillError::Assertions {
                line: line(at),
                problem: "a comment has no end",
            })?,
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        let is_said = !rest.starts_with(|c: char| c.is_whitespace() || c == ';')
            && !rest.starts_with("--")
            && !rest.starts_with("/*");
        if is_said && !has_words {
            (start, has_words) = (at, true);
        }
        at += length;
    }
    if has_words {
        found.push(assertion(sql, start, sql.len(), &line));
    }
    Ok(found)
}

fn assertion(sql: &str, start: usize, end: usize, line: &impl Fn(usize) -> usize) -> Assertion {
    Assertion {
        line: line(start),
        statement: sql[start..end].trim().to_owned(),
        failure: None,
    }
}

/// The length of a string or a quoted name.
fn quoted(text: &str, has_backslashes: bool) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && has_backslashes {
            letters.next();
        } else if letter == quote && letters.next_if(|next| next.1 == quote).is_none() {
            return Some(at + 1);
        }
    }
    None
}

/// The length of a string in dollars, `Some(None)` where it has no end; `None` where it is none.
fn dollar(text: &str) -> Option<Option<usize>> {
    let close = text[1..].find('$')? + 2;
    let tag = &text[1..close - 1];
    let is_tag = |c: char| c.is_alphanumeric() || c == '_';
    if !tag.chars().all(is_tag) || tag.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = text[close..].find(&text[..close]);
    Some(end.map(|end| end + 2 * close))
}

/// The length of a comment, which may hold others.
fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        let open = text[at..].find("/*");
        let close = text[at..].find("*/")?;
        match open {
            Some(open) if open < close => (depth, at) = (depth + 1, at + open + 2),
            _ => (depth, at) = (depth - 1, at + close + 2),
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Asks each of them, in a session of its own, since one that fails may have ended the session.
pub(super) async fn ask(params: &ConnectParams, assertions: &mut [Assertion]) {
    for assertion in assertions {
        assertion.failure = ask_one(params, &assertion.statement).await.err();
    }
}

async fn ask_one(params: &ConnectParams, statement: &str) -> Result<(), String> {
    let mut session = Session::connect(params)
        .await
        .map_err(|error| with_causes(&error))?;
    let answer = async {
        session
            .query("SET default_transaction_read_only = on")
            .await?;
        session.query(statement).await
    }
    .await;
    let answer = answer.map_err(|error| with_causes(&error))?;
    let columns = answer.columns().len();
    let verdict = match (columns, answer.len()) {
        (1, 1) => match answer.get(0).and_then(|row| row.bytes(0)) {
            Some(value) if *value == "t" => Ok(()),
            Some(value) => Err(format!("it gives {value}, and not true")),
            None => Err("it gives NULL, and not true".to_owned()),
        },
        (0, _) => Err("it gives no row: an assertion is a query that gives true".to_owned()),
        (columns, rows) => Err(format!(
            "it gives {rows} rows of {columns} columns, and not one row whose only column is true"
        )),
    };
    session.close().await;
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        let sql = "-- a;b\nSELECT ';' = E'\\';' ;;\n/* ; /* ; */ */ SELECT $x$ ; $$ $x$ = \";\"\n, $1;\n ";
        let found = split(sql).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.line, &*one.statement))
            .collect();
        assert_eq!(
            found,
            [
                (2, "SELECT ';' = E'\\';'"),
                (3, "SELECT $x$ ; $$ $x$ = \";\"\n, $1")
            ]
        );
        assert_eq!(split("SELECT true").unwrap().len(), 1);
        assert_eq!(split(" -- nothing\n;").unwrap(), []);
        for broken in ["SELECT 'a", "\n/* a", "SELECT $$ a"] {
            assert!(split(broken).is_err(), "{broken}");
        }
    }
}
