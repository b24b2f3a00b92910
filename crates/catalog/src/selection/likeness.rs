//! Names that are like one that is not there.

use bstr::{BStr, BString, ByteSlice};

/// The most names that are given in place of one.
const SUGGESTIONS: usize = 3;

/// How many letters must be changed to make one name of the other, letter case apart; `None` where they are not alike.
pub fn distance(wanted: &BStr, found: &BStr) -> Option<usize> {
    let plain = |name: &BStr| name.to_str_lossy().to_lowercase();
    let (wanted, found) = (plain(wanted), plain(found));
    let most = (wanted.chars().count() / 3).max(1);
    Some(strsim::damerau_levenshtein(&wanted, &found)).filter(|distance| *distance <= most)
}

/// The first of some names, and how many more there are.
pub fn first_of(names: &[String]) -> String {
    some_of(names, SUGGESTIONS, " or ")
}

/// At most so many of some texts, and how many more there are: a line of an error is no place for thousands.
pub fn some_of(texts: &[String], most: usize, separator: &str) -> String {
    let mut some = texts[..texts.len().min(most)].join(separator);
    match texts.len().saturating_sub(most) {
        0 => {}
        more => some += &format!("{separator}{more} more"),
    }
    some
}

/// A name as it is written in a pattern or in SQL and, where a shell would take something out of it, as it is written there.
pub fn written(name: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("{name} (in a shell: '{}')", name.replace('\'', r"'\''"))
}

/// A schema and a name as a pattern that matches no other.
pub(crate) fn as_pattern(parts: &[&BString]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| {
            let text = part.to_str_lossy();
            let is_plain = |letter: char| {
                letter.is_ascii_lowercase()
                    || letter.is_ascii_digit()
                    || letter == '_'
                    || !letter.is_ascii()
            };
            if !text.is_empty() && text.chars().all(is_plain) {
                text.into_owned()
            } else {
                format!("\"{}\"", text.replace('"', "\"\""))
            }
        })
        .collect();
    written(&parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_up_to_a_third_of_their_letters() {
        for (wanted, found, expected) in [
            ("Users", "users", Some(0)),
            ("costumers", "customers", Some(2)),
            ("order", "orders", Some(1)),
            ("a", "b", Some(1)),
            ("a", "bc", None),
            ("orders", "sizes", None),
        ] {
            let found = distance(wanted.into(), found.into());
            assert_eq!(found, expected, "{wanted}");
        }
    }

    #[test]
    fn thousands_are_cut() {
        let names: Vec<String> = (1..=5000).map(|number| format!("t{number}")).collect();
        assert_eq!(first_of(&names), "t1 or t2 or t3 or 4997 more");
        assert_eq!(first_of(&names[..2]), "t1 or t2");
        assert_eq!(some_of(&names[..2], 2, ", "), "t1, t2");
    }

    #[test]
    fn a_pattern_is_written_as_a_shell_takes_it() {
        let name = |parts: &[&str]| {
            let parts: Vec<BString> = parts.iter().map(|part| (*part).into()).collect();
            as_pattern(&parts.iter().collect::<Vec<_>>())
        };
        assert_eq!(name(&["app", "größe_2"]), "app.größe_2");
        assert_eq!(
            name(&["public", "Users"]),
            r#"public."Users" (in a shell: 'public."Users"')"#
        );
        assert_eq!(
            name(&["it's \"x\""]),
            r#""it's ""x""" (in a shell: '"it'\''s ""x"""')"#
        );
    }
}
