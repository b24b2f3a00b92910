//! Names and texts, plain and odd, as SQL.

use super::rng::Rng;

/// The longest name a server keeps, in bytes.
const LONGEST: usize = 63;

/// What most names are made of.
const PLAIN: &[&str] = &[
    "account", "bill", "city", "deed", "event", "fact", "goods", "house", "item", "job", "key_no",
    "line", "match_", "node", "offer", "price", "queue", "region", "stock", "team", "unit", "zone",
];

/// What trips up who quotes, splits, formats or folds carelessly.
const ODD: &[&str] = &[
    "Upper",
    "order",
    "select",
    "SELECT",
    "user",
    "true",
    "null",
    "with space",
    "quo\"te",
    "\"",
    "new\nline",
    "\n",
    "per%cent",
    "%s",
    "back\\slash",
    "\\",
    "\\.",
    "dol$lar",
    "$1",
    "$$",
    "apo'strophe",
    "semi;colon",
    "--",
    "/* no",
    "*/",
    "tab\there",
    "a.b",
    "a,b",
    "(",
    "{x}",
    ":var",
    ":'var'",
    " lead",
    "trail ",
    "1st",
    "é",
    "ß",
    "日本",
    "Ω",
    "😀",
    "\u{a0}",
    "\u{1}",
    "e\u{301}",
    "@",
    "#",
    "[1]",
    "=",
    "public",
    "temp",
    "between",
    "values",
    "int",
    "timestamp",
    "authorization",
    "window",
    "system_user",
    "ccnew",
    "\r",
    "\r\n",
];

/// Texts for comments, labels, defaults and data.
const TEXTS: &[&str] = &[
    "",
    " ",
    "plain",
    "two\nlines",
    "\n",
    "\\",
    "\\.",
    "\\N",
    "back\\slash",
    "quo'te",
    "''",
    "\"",
    "$$",
    "$1",
    "%",
    "%s",
    "tab\t.",
    "\r",
    "\r\n",
    "-- no comment",
    "/* nor this",
    "; DROP",
    "é",
    "日本語",
    "😀",
    "\u{a0}",
    "\u{1}",
    "\u{7f}",
    "null",
    "NULL",
    "{}",
    "(,)",
    ":x",
    "a\u{8}b\u{b}c\u{c}",
    "trailing ",
];

/// Makes names that are not taken yet.
#[derive(Debug, Default)]
pub(super) struct Names {
    made: usize,
    used: Vec<String>,
}

impl Names {
    /// A quoted name that no other object of this database has.
    pub(super) fn fresh(&mut self, rng: &mut Rng) -> String {
        self.made += 1;
        let number = self.made.to_string();
        let name = if rng.chance(60) {
            format!("{}{number}", rng.pick(PLAIN))
        } else if rng.chance(15) {
            longest(rng, &number)
        } else if rng.chance(50) {
            format!("{}{number}", rng.pick(ODD))
        } else {
            format!("{number}{}", rng.pick(ODD))
        };
        self.used.push(name.clone());
        quoted(&name)
    }

    /// Mostly a fresh name, but at times one that something else has, in another schema or of another kind, so that
    /// more than names must be looked at to tell the two apart.
    pub(super) fn fresh_or_used(&mut self, rng: &mut Rng) -> String {
        if !self.used.is_empty() && rng.chance(8) {
            let used = rng.pick(&self.used).clone();
            return quoted(&used);
        }
        self.fresh(rng)
    }
}

/// A quoted name for a part of something, such as a column: unique among `number`s only, so that parts of different
/// objects share names.
pub(super) fn part(rng: &mut Rng, number: usize) -> String {
    let words = if rng.chance(75) { PLAIN } else { ODD };
    quoted(&format!("{}{number}", rng.pick(words)))
}

/// An SQL literal of an odd text.
pub(super) fn text_literal(rng: &mut Rng) -> String {
    literal(rng.pick::<&str>(TEXTS))
}

/// All texts as SQL literals.
pub(super) fn text_literals() -> Vec<String> {
    TEXTS.iter().map(|text| literal(text)).collect()
}

/// A text as an SQL literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as a quoted SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name of the greatest length, most of it in characters of several bytes.
fn longest(rng: &mut Rng, number: &str) -> String {
    let character = *rng.pick(&["é", "語", "😀", "x"]);
    let mut name = number.to_owned();
    while name.len() + character.len() <= LONGEST {
        name.push_str(character);
    }
    name.push_str(&"z".repeat(LONGEST - name.len()));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_names_differ_and_fit() {
        let mut rng = Rng::new(1);
        let mut names = Names::default();
        let made: std::collections::HashSet<String> =
            (0..500).map(|_| names.fresh(&mut rng)).collect();
        assert_eq!(made.len(), 500);
        assert!(names.used.iter().all(|name| name.len() <= LONGEST));
        assert!(
            names
                .used
                .iter()
                .any(|name| name.len() == LONGEST && !name.is_ascii())
        );
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's \\"), "'it''s \\'");
    }
}
