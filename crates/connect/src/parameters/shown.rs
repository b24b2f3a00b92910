//! What of a given text may be shown: connection strings end up in the wrong places, and take their passwords along.

use std::borrow::Cow;

/// Stands in messages for what is not shown.
pub(crate) const HIDDEN: &str = "…";

/// Longest keyword that is shown, in bytes; those of libraries are shorter.
const LONGEST_KEYWORD: usize = 40;

/// Whether a text may be a connection string, or a part of one with a password in it.
pub(crate) fn may_hold_password(text: &str) -> bool {
    text.contains("://") || text.contains('@')
}

/// A given text for a message, unless there may be a password in it.
pub(crate) fn shown(text: &str) -> &str {
    if may_hold_password(text) {
        HIDDEN
    } else {
        text
    }
}

/// A keyword for a message, unless it is none but the middle of a URL or of a password.
pub(crate) fn shown_keyword(keyword: &str) -> &str {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if keyword.len() <= LONGEST_KEYWORD && keyword.chars().all(is_word) {
        keyword
    } else {
        HIDDEN
    }
}

/// A message without what URLs in it hold behind their schemes, and without what stands between a colon and an at sign: what
/// others say quotes what they were given, which may be a connection string in the wrong place. Addresses of web pages and of
/// objects in stores stay.
///
/// ```
/// use pgdumprs_connect::without_passwords;
///
/// let said = "role \"postgresql://app:secret@db/shop\" does not exist";
/// assert_eq!(without_passwords(said), "role \"postgresql://…\" does not exist");
/// ```
pub fn without_passwords(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    let mut from = 0;
    while let Some(found) = text[from..].find("://") {
        let start = from + found + "://".len();
        from = start;
        let end = end_of_url(&text, start);
        let is_shown =
            is_page(&text[..start], &text[start..end]) || is_mere_name(&text, start, end);
        if start < end && !is_shown {
            text.to_mut().replace_range(start..end, HIDDEN);
            from += HIDDEN.len();
        }
    }
    from = 0;
    while let Some(found) = text[from..].find('@') {
        let at = from + found;
        from = at + 1;
        let word = text[..at].rfind(is_end).map_or(0, |end| {
            end + text[end..].chars().next().map_or(0, char::len_utf8)
        });
        if let Some(colon) = text[word..at].find(':') {
            let start = word + colon + 1;
            text.to_mut().replace_range(start..at, HIDDEN);
            from = start + HIDDEN.len() + 1;
        }
    }
    text
}

/// Where the URL whose scheme ends at `start` ends itself. A password in it may hold anything, so that a quoted one goes to a quote behind the
/// last at sign, and any to the last at sign.
fn end_of_url(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    if let Some(end) = quote_of(text, start).and_then(|quote| end_of_quoted(rest, quote)) {
        return start + end;
    }
    let searched = rest.rfind('@').unwrap_or(0);
    rest[searched..]
        .find(is_end)
        .map_or(text.len(), |end| start + searched + end)
}

/// The quote that the URL whose scheme ends at `start` begins with, where it is in one.
fn quote_of(text: &str, start: usize) -> Option<char> {
    let scheme = text[..start - "://".len()]
        .rfind(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.' | ':'));
    scheme
        .and_then(|before| text[before..].chars().next())
        .filter(|quote| matches!(quote, '"' | '\'' | '`'))
}

/// Where a quoted URL ends: at the first quote that has no word behind it, behind the last at sign; at the last quote, where there are parameters, or the
/// end was cut away.
fn end_of_quoted(rest: &str, quote: char) -> Option<usize> {
    let last = rest.rfind(quote)?;
    if rest[..last].contains(['?', '…']) {
        return Some(last);
    }
    let searched = rest[..last].rfind('@').unwrap_or(0);
    let quotes = rest[searched..].match_indices(quote);
    let end = quotes.map(|(at, _)| searched + at).find(|at| {
        let next = rest[at + quote.len_utf8()..].chars().next();
        next.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '.' | ')' | ']'))
    });
    Some(end.unwrap_or(last))
}

/// Whether a quoted URL has no place for a password: somebody may have called a database so.
fn is_mere_name(text: &str, start: usize, end: usize) -> bool {
    quote_of(text, start).is_some()
        && end < text.len()
        && !text[start..end].contains([':', '@', '?', '…', '"', '\'', '`'])
}

/// Whether a URL is that of a page or of an object, with nothing to hide: whole, and without credentials.
fn is_page(scheme: &str, rest: &str) -> bool {
    let ends_with_one_of = |names: &[&str]| names.iter().any(|name| scheme.ends_with(name));
    let is_page = ends_with_one_of(&["https://", "http://"]);
    // Parameters of an object's URL are a signature.
    let is_object = ends_with_one_of(&["s3://", "gs://", "az://"]) && !rest.contains('?');
    (is_page || is_object) && !rest.contains('@') && !rest.ends_with('…')
}

/// What ends a word in a message.
fn is_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | '<' | '>')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_lose_what_is_behind_the_scheme() {
        for (text, expected) in [
            ("no \"x://u:p@h/d\" here", "no \"x://…\" here"),
            ("no \"x://u:p\" q@h/d\" here", "no \"x://…\" here"),
            ("no x://u:p w@h/d here", "no x://… here"),
            (
                "no \"x://u:p\"q\", \"b\" and \"c\" here",
                "no \"x://…\", \"b\" and \"c\" here",
            ),
            (
                "no \"x://u:p@h/d\": \"b\", \"c\" here",
                "no \"x://…\": \"b\", \"c\" here",
            ),
            ("not \"a\", \"x://a\", \"b\"", "not \"a\", \"x://a\", \"b\""),
            ("no \"x://h/d?password=p\" q\" here", "no \"x://…\" here"),
            ("no \"x://u:p\" q…\" here", "no \"x://…\" here"),
            ("x://h/d?password=p", "x://…"),
            ("x://u:p…", "x://…"),
            (
                "role \"app:p@h\" is not there",
                "role \"app:…@h\" is not there",
            ),
            (
                "see https://www.postgresql.org/docs for more",
                "see https://www.postgresql.org/docs for more",
            ),
            ("https://u:p@h/ and more", "https://… and more"),
            ("in s3://bucket/a.dump: no", "in s3://bucket/a.dump: no"),
            ("in s3://k:p@bucket/a.dump now", "in s3://… now"),
            ("in az://c/a?sig=p now", "in az://… now"),
            (
                "user \"ada@azure\", port 5432",
                "user \"ada@azure\", port 5432",
            ),
            ("://", "://"),
            ("ä:ö@ü", "ä:…@ü"),
        ] {
            assert_eq!(without_passwords(text), expected);
        }
    }

    proptest! {
        #[test]
        fn no_password_of_a_quoted_url_stays(
            before in "[a-z ]*", password in "[ -~äöü]{0,8}MARKER[ -~äöü]{0,8}", after in "[a-z ]*",
        ) {
            let text = format!("{before}\"postgresql+x://u:{password}@h/d\"{after}");
            let hidden = without_passwords(&text);
            prop_assert!(!hidden.contains("MARKER"), "{}", hidden);
        }

        #[test]
        fn no_text_makes_it_panic(text: String, more in "[:/@\"' a…]*") {
            without_passwords(&text);
            without_passwords(&more);
        }
    }
}
