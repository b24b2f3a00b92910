//! Names with wildcards, as psql takes them: `*` stands for any letters, `?` for one; letters are small unless they are in quotes.

use bstr::{BStr, ByteSlice};

/// A pattern for names, with one for the schema before a point, or for those of every schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    given: String,
    schema: Option<Vec<Letter>>,
    name: Vec<Letter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    One(char),
    AnyOne,
    Any,
}

impl Pattern {
    /// Reads a pattern; `None` where it has too many parts, an empty one, or a quote without an end. Regular expressions are none.
    pub(super) fn parse(given: &str) -> Option<Self> {
        let mut parts = vec![Vec::new()];
        let mut is_quoted = false;
        let mut letters = given.chars().peekable();
        while let Some(letter) = letters.next() {
            let part = parts.last_mut()?;
            match letter {
                '"' if is_quoted && letters.next_if_eq(&'"').is_some() => {
                    part.push(Letter::One('"'));
                }
                '"' => is_quoted = !is_quoted,
                letter if is_quoted => part.push(Letter::One(letter)),
                '.' => parts.push(Vec::new()),
                '*' => part.push(Letter::Any),
                '?' => part.push(Letter::AnyOne),
                '[' | ']' | '|' | '(' | ')' | '+' => return None,
                letter => part.extend(letter.to_lowercase().map(Letter::One)),
            }
        }
        if is_quoted || parts.iter().any(Vec::is_empty) {
            return None;
        }
        let name = parts.pop()?;
        let schema = parts.pop();
        parts.is_empty().then(|| Self {
            given: given.to_owned(),
            schema,
            name,
        })
    }

    /// It as it was given.
    pub(super) fn given(&self) -> &str {
        &self.given
    }

    /// Whether it is a schema's name.
    pub(super) fn matches_schema(&self, schema: &BStr) -> bool {
        self.schema.is_none() && matches(&self.name, &schema.to_str_lossy())
    }

    /// Whether it is this name, in this schema.
    pub(super) fn matches(&self, schema: &BStr, name: &BStr) -> bool {
        let of_schema = self.schema.as_ref();
        of_schema.is_none_or(|letters| matches(letters, &schema.to_str_lossy()))
            && matches(&self.name, &name.to_str_lossy())
    }
}

/// Whether all of a name is what a pattern stands for: the last `*` takes as little as it can, and more where the rest does not fit.
fn matches(pattern: &[Letter], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut in_name) = (0, 0);
    let mut again = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some(Letter::Any) => {
                again = Some((at, in_name));
                at += 1;
            }
            Some(letter) if *letter == Letter::AnyOne || *letter == Letter::One(name[in_name]) => {
                at += 1;
                in_name += 1;
            }
            _ => match &mut again {
                Some((any, taken)) => {
                    *taken += 1;
                    (at, in_name) = (*any + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == Letter::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_met_as_by_psql() {
        let met = |pattern: &str, schema: &str, name: &str| {
            let pattern = Pattern::parse(pattern).unwrap();
            pattern.matches(schema.into(), name.into())
        };
        assert!(met("item", "public", "item") && met("ITEM", "s", "item"));
        assert!(!met("item", "public", "Item") && !met("item", "public", "items"));
        assert!(met("\"Item*\"", "s", "Item*") && !met("\"Item*\"", "s", "Items"));
        assert!(met("pub*.i?e*", "public", "item") && !met("s.item", "public", "item"));
        assert!(met("*a*b", "s", "xaabab") && !met("*a*b", "s", "xaaba"));
        assert!(met("*", "s", "") && met("\"a\"\"b\"", "s", "a\"b"));
        assert!(Pattern::parse("s?").unwrap().matches_schema("s1".into()));
        for wrong in ["a.b.c", "a.", "", "\"a", "a|b", "[ab]"] {
            assert_eq!(Pattern::parse(wrong), None, "{wrong}");
        }
    }
}
