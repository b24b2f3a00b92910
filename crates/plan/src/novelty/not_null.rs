//! `NOT NULL` as servers since 18 have it: a constraint with a name of its own, that need not be inherited or validated.

use std::ops::Range;

use bstr::BString;

use super::Place;
use super::find::{name_at, table_elements, words_with_gap};
use super::statement::Statement;

/// Where `NOT NULL` is within an element that is a constraint of its own, with a name or without.
fn own_not_null(s: &Statement<'_>, element: &Range<usize>) -> Option<usize> {
    let at = element.start;
    if s.has(at, &["not", "null"]) {
        Some(at)
    } else {
        (s.has(at, &["constraint"]) && s.has(at + 2, &["not", "null"])).then_some(at + 2)
    }
}

/// `CONSTRAINT name NOT NULL column` among the columns: the column is set `NOT NULL` once the table is there.
pub(super) fn elements(s: &Statement<'_>) -> Vec<Place> {
    let Some((opening, elements)) = table_elements(s) else {
        return Vec::new();
    };
    let is_inherited =
        |element: &Range<usize>| !s.has(element.end.saturating_sub(2), &["no", "inherit"]);
    let own = |element: &Range<usize>| own_not_null(s, element).filter(|_| is_inherited(element));
    let gone: Vec<usize> = (0..elements.len())
        .filter(|&at| own(&elements[at]).is_some())
        .collect();
    let Some(table) = (0..opening).find(|&at| s.has(at, &["table"])) else {
        return Vec::new();
    };
    let table = s.text(name_at(s, table + 1));
    let cuts = s.without(&elements, &gone);
    let places = gone.iter().zip(cuts).filter_map(|(&at, cut)| {
        let not_null = own(&elements[at])?;
        let column = s.text(not_null + 2..not_null + 3);
        let set = format_bytes(&[
            b"\nALTER TABLE ONLY ",
            table,
            b" ALTER COLUMN ",
            column,
            b" SET NOT NULL;\n",
        ]);
        Some(Place {
            clause: s.range(elements[at].clone()),
            edits: vec![(cut, BString::default()), (s.end()..s.end(), set)],
        })
    });
    places.collect()
}

/// `NOT NULL NO INHERIT` of a column or beside it: a check says the same.
pub(super) fn no_inherit(s: &Statement<'_>) -> Vec<Place> {
    let Some((_, elements)) = table_elements(s) else {
        return Vec::new();
    };
    let places = elements.into_iter().filter_map(|element| {
        if let Some(at) = own_not_null(s, &element) {
            let is_alone = s.has(at + 3, &["no", "inherit"]);
            return is_alone.then(|| Place {
                clause: s.range(element.clone()),
                edits: vec![(s.range(at..at + 3), check(s, at + 2))],
            });
        }
        let mut words = element.clone();
        let at =
            words.find(|&at| s.depth(at) == 1 && s.has(at, &["not", "null", "no", "inherit"]))?;
        Some(Place {
            clause: s.range(at..at + 4),
            edits: vec![(s.range(at..at + 2), check(s, element.start))],
        })
    });
    places.collect()
}

/// `CONSTRAINT name` before a column's `NOT NULL`.
pub(super) fn names(s: &Statement<'_>) -> Vec<Place> {
    let Some((_, elements)) = table_elements(s) else {
        return Vec::new();
    };
    let places = elements.into_iter().filter_map(|element| {
        let mut words = element.start + 1..element.end;
        let at = words.find(|&at| {
            s.depth(at) == 1
                && s.has(at, &["constraint"])
                && s.has(at + 2, &["not", "null"])
                && !s.has(at + 4, &["no", "inherit"])
        })?;
        Some(Place::cut(
            s.range(at..at + 2),
            words_with_gap(s, at..at + 2),
        ))
    });
    places.collect()
}

/// `ADD CONSTRAINT name NOT NULL column NOT VALID`: a check says the same.
pub(super) fn not_valid(s: &Statement<'_>) -> Vec<Place> {
    let places = s.all(&["add"]).into_iter().filter_map(|at| {
        let begin = if s.has(at + 1, &["constraint"]) {
            at + 3
        } else {
            at + 1
        };
        s.has(begin, &["not", "null"]).then(|| Place {
            clause: s.range(at..s.around(at).end),
            edits: vec![(s.range(begin..begin + 3), check(s, begin + 2))],
        })
    });
    places.collect()
}

/// A check that the column which a word names is not null.
fn check(s: &Statement<'_>, column: usize) -> BString {
    format_bytes(&[b"CHECK (", s.text(column..column + 1), b" IS NOT NULL)"])
}

fn format_bytes(parts: &[&[u8]]) -> BString {
    parts.concat().into()
}
