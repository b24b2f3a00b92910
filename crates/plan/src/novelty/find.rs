//! Where definitions say what is new, and what comes in its place.

use std::ops::Range;

use bstr::BString;

use super::Place;
use super::statement::Statement;

/// An element `name = value` of a list of options, perhaps with one value alone: that gives way to `on`, any other element is cut, and the
/// list with it if it was the only one.
pub(super) fn elements(s: &Statement<'_>, name: &str, value: Option<&str>) -> Vec<Place> {
    let found = (0..s.len()).filter(|&at| s.has(at, &[name, "="]) && is_option(s, at));
    let places = found.filter_map(|at| {
        if let Some(value) = value {
            s.has(at + 2, &[value]).then_some(())?;
        }
        let clause = |words: Range<usize>| s.range(words);
        let Some(opening) = s.opening(at) else {
            // Options of databases are in no list.
            return Some(Place::cut(
                clause(at..at + 3),
                words_with_gap(s, at..at + 3),
            ));
        };
        if value == Some("parallel") {
            return Some(Place {
                clause: clause(at..at + 3),
                edits: vec![(clause(at + 2..at + 3), "on".into())],
            });
        }
        let elements = s.elements(opening);
        let position = elements.iter().position(|element| element.contains(&at))?;
        let element = clause(elements[position].clone());
        if elements.len() == 1 && opening > 0 {
            let list = clause(opening - 1..s.closing(opening) + 1);
            return Some(Place::cut(element, list));
        }
        let cut = s.without(&elements, &[position]);
        Some(Place {
            clause: element,
            edits: cut
                .into_iter()
                .map(|cut| (cut, BString::default()))
                .collect(),
        })
    });
    places.collect()
}

/// Whether a name is that of an option: in `WITH (…)`, `RANGE (…)`, in the list of a collation, or among those of a database.
fn is_option(s: &Statement<'_>, at: usize) -> bool {
    match s.opening(at) {
        Some(opening) => {
            (s.follows(at, "(") || s.follows(at, ","))
                && (s.follows(opening, "with")
                    || s.follows(opening, "range")
                    || s.has(0, &["create", "collation"]))
        }
        None => s.has(0, &["create", "database"]),
    }
}

/// Words with the space before them.
pub(super) fn words_with_gap(s: &Statement<'_>, words: Range<usize>) -> Range<usize> {
    let range = s.range(words.clone());
    let before = words.start.checked_sub(1).map(|at| s.range(at..at + 1).end);
    before.unwrap_or(range.start)..range.end
}

/// The words of a name that begins at a position, with its schema if it has one.
pub(super) fn name_at(s: &Statement<'_>, at: usize) -> Range<usize> {
    at..if s.has(at + 1, &["."]) {
        at + 3
    } else {
        at + 1
    }
}

/// `ALTER TABLE … ALTER COLUMN … SET (pg_name=value, …);`
pub(super) fn internal_options(s: &Statement<'_>) -> Vec<Place> {
    let lists = s.all(&["set", "("]).into_iter();
    let lists = lists.filter(|&at| s.depth(at) == 0 && s.has(s.around(at).start, &["alter"]));
    let places = lists.flat_map(|set| {
        let elements = s.elements(set + 1);
        let is_internal = |element: &Range<usize>| {
            s.is_name(element.start) && s.text(element.start..element.start + 1).starts_with(b"pg_")
        };
        let gone: Vec<usize> = (0..elements.len())
            .filter(|&at| is_internal(&elements[at]))
            .collect();
        let cuts = if gone.len() == elements.len() {
            // The statement sets nothing else.
            let statement = words_with_gap(s, s.around(set));
            std::iter::once(statement.clone())
                .chain(gone.iter().skip(1).map(|_| statement.end..statement.end))
                .collect()
        } else {
            s.without(&elements, &gone)
        };
        let clauses = gone.into_iter().map(|at| s.range(elements[at].clone()));
        clauses
            .zip(cuts)
            .map(|(clause, cut)| Place::cut(clause, cut))
            .collect::<Vec<_>>()
    });
    places.collect()
}

/// `ALTER TABLE … SET COMPRESSION method;`
pub(super) fn compression(s: &Statement<'_>) -> Vec<Place> {
    let found = s.all(&["set", "compression"]).into_iter();
    let own = found.filter(|&at| s.has(s.around(at).start, &["alter"]));
    own.map(|at| {
        let statement = s.around(at);
        Place::cut(s.range(statement.clone()), words_with_gap(s, statement))
    })
    .collect()
}

pub(super) fn multiranges(s: &Statement<'_>) -> Vec<Place> {
    values(
        s,
        &[
            "int4multirange",
            "int8multirange",
            "nummultirange",
            "tsmultirange",
            "tstzmultirange",
            "datemultirange",
            "anymultirange",
            "anycompatiblemultirange",
        ],
    )
}

pub(super) fn oid8(s: &Statement<'_>) -> Vec<Place> {
    values(s, &["oid8"])
}

/// `ON CONFLICT … DO SELECT`.
pub(super) fn conflict_select(s: &Statement<'_>) -> Vec<Place> {
    let conflicts = s.all(&["on", "conflict"]).into_iter();
    let places = conflicts.filter_map(|conflict| {
        // What `DO` there says comes before another.
        let at = (conflict..s.len()).find(|&at| s.has(at, &["do"]))?;
        s.has(at, &["do", "select"])
            .then(|| Place::at(s.range(at..at + 2)))
    });
    places.collect()
}

/// Columns, arguments and results of types: behind a column's or an argument's name, or in its place.
fn values(s: &Statement<'_>, types: &[&str]) -> Vec<Place> {
    // Behind it a routine has nothing that is of its signature.
    let language = (0..s.len()).find(|&at| s.depth(at) == 0 && s.has(at, &["language"]));
    let found = (1..language.unwrap_or(s.len())).filter(|&at| {
        s.depth(at) <= 1
            && types.iter().any(|name| s.has(at, &[name]))
            && !s.follows(at, ".")
            && (s.is_name(at - 1) || language.is_some())
    });
    found.map(|at| Place::at(s.range(at..at + 1))).collect()
}

/// `BEGIN ATOMIC …` or `RETURN …`, behind the arguments and what the routine returns.
pub(super) fn sql_bodies(s: &Statement<'_>) -> Vec<Place> {
    let language = (0..s.len()).find(|&at| s.depth(at) == 0 && s.has(at, &["language"]));
    let Some(language) = language else {
        return Vec::new();
    };
    let body = (language..s.len()).find(|&at| {
        s.depth(at) == 0 && (s.has(at, &["begin", "atomic"]) || s.has(at, &["return"]))
    });
    body.map(|at| Place::at(s.range(at..at + 1)))
        .into_iter()
        .collect()
}

pub(super) fn output_arguments(s: &Statement<'_>) -> Vec<Place> {
    let Some(opening) = s.first(&["("]) else {
        return Vec::new();
    };
    let arguments = s.elements(opening).into_iter();
    arguments
        .filter(|argument| s.has(argument.start, &["out"]))
        .map(|argument| Place::at(s.range(argument)))
        .collect()
}

pub(super) fn statistics_of_expressions(s: &Statement<'_>) -> Vec<Place> {
    let Some(on) = (0..s.len()).find(|&at| s.depth(at) == 0 && s.has(at, &["on"])) else {
        return Vec::new();
    };
    let from = (on..s.len()).find(|&at| s.depth(at) == 0 && s.has(at, &["from"]));
    let listed = on + 1..from.unwrap_or(s.len());
    let has_expression = listed.clone().any(|at| s.has(at, &["("]));
    has_expression
        .then(|| Place::at(s.range(listed)))
        .into_iter()
        .collect()
}

pub(super) fn spgist_include(s: &Statement<'_>) -> Vec<Place> {
    let is_spgist = s.first(&["using", "spgist", "("]).is_some();
    let include = s.first(&["include", "("]).filter(|_| is_spgist);
    include
        .map(|at| Place::at(s.range(at..s.closing(at + 1) + 1)))
        .into_iter()
        .collect()
}

pub(super) fn brin_classes(s: &Statement<'_>) -> Vec<Place> {
    let Some(brin) = s.first(&["using", "brin", "("]) else {
        return Vec::new();
    };
    let is_class = |at: &usize| {
        let name = s.text(*at..at + 1);
        s.is_name(*at) && (name.ends_with(b"_minmax_multi_ops") || name.ends_with(b"_bloom_ops"))
    };
    let found = (brin..s.closing(brin + 2)).filter(is_class);
    found.map(|at| Place::at(s.range(at..at + 1))).collect()
}

/// `ON DELETE SET NULL (columns)` and `SET DEFAULT (columns)`.
pub(super) fn set_columns(s: &Statement<'_>) -> Vec<Place> {
    let mut found = s.all(&["set", "null", "("]);
    found.extend(s.all(&["set", "default", "("]));
    found
        .into_iter()
        .map(|at| Place::at(s.range(at..s.closing(at + 2) + 1)))
        .collect()
}

/// `CREATE UNLOGGED SEQUENCE`, or an identity's sequence that is logged otherwise than its table.
pub(super) fn unlogged_sequence(s: &Statement<'_>) -> Vec<Place> {
    let mut places = Vec::new();
    if s.has(0, &["create", "unlogged", "sequence"]) {
        places.push(Place::cut(s.range(1..2), words_with_gap(s, 1..2)));
    }
    if let Some(named) = s.first(&["(", "sequence", "name"]) {
        let is_logging = |at: &usize| s.has(*at, &["logged"]) || s.has(*at, &["unlogged"]);
        let found = Some(name_at(s, named + 3).end).filter(is_logging);
        places
            .extend(found.map(|at| Place::cut(s.range(at..at + 1), words_with_gap(s, at..at + 1))));
    }
    places
}

/// `ADD TABLE ONLY name (columns)`.
pub(super) fn published_columns(s: &Statement<'_>) -> Vec<Place> {
    let condition = s.first(&["where", "("]).unwrap_or(s.len());
    let list = s.first(&["("]).filter(|&at| at < condition);
    list.map(|at| Place::at(s.range(at..s.closing(at) + 1)))
        .into_iter()
        .collect()
}

/// `MAINTAIN` among the privileges of a `GRANT` or `REVOKE`, or as the only one.
pub(super) fn maintain(s: &Statement<'_>) -> Vec<Place> {
    let found = s.all(&["maintain"]).into_iter();
    let places = found.filter_map(|at| {
        let statement = s.around(at);
        let verb = statement
            .clone()
            .find(|&at| s.has(at, &["grant"]) || s.has(at, &["revoke"]))?;
        let on = (verb..statement.end).find(|&at| s.depth(at) == 0 && s.has(at, &["on"]))?;
        if !(verb..on).contains(&at) {
            return None;
        }
        let clause = s.range(at..at + 1);
        let cut = match (s.has(at + 1, &[","]), s.follows(at, ",")) {
            (true, _) => clause.start..s.range(at + 2..at + 3).start,
            (false, true) => s.range(at - 1..at).start..clause.end,
            (false, false) => words_with_gap(s, statement),
        };
        Some(Place::cut(clause, cut))
    });
    places.collect()
}

/// `GENERATED ALWAYS AS (…)` without `STORED`.
pub(super) fn virtual_columns(s: &Statement<'_>) -> Vec<Place> {
    let found = s.all(&["generated", "always", "as", "("]).into_iter();
    let places = found.filter_map(|at| {
        let closing = s.closing(at + 3);
        let is_virtual = s.depth(at) == 1 && !s.has(closing + 1, &["stored"]);
        is_virtual.then(|| Place::at(s.range(at..closing + 1)))
    });
    places.collect()
}

/// The columns and constraints of a `CREATE TABLE`, with the position of the parenthesis before them.
pub(super) fn table_elements(s: &Statement<'_>) -> Option<(usize, Vec<Range<usize>>)> {
    let opening = s.first(&["("])?;
    let is_table = s.has(0, &["create"]) && (1..opening).any(|at| s.has(at, &["table"]));
    is_table.then(|| (opening, s.elements(opening)))
}

/// `PERIOD column`.
pub(super) fn periods(s: &Statement<'_>) -> Vec<Place> {
    let found = s.all(&["period"]).into_iter();
    found
        .filter(|&at| s.is_name(at + 1) && s.depth(at) == 1)
        .map(|at| Place::at(s.range(at..at + 2)))
        .collect()
}

/// `NOT VALID` of a partitioned table's foreign key, which alone is added without `ONLY`.
pub(super) fn partitioned_not_valid(s: &Statement<'_>) -> Vec<Place> {
    let is_partitioned = s.has(0, &["alter", "table"]) && !s.has(2, &["only"]);
    let found = s.first(&["not", "valid"]).filter(|_| is_partitioned);
    found
        .map(|at| Place::at(s.range(at..at + 2)))
        .into_iter()
        .collect()
}

pub(super) fn unicode_fast(s: &Statement<'_>) -> Vec<Place> {
    let found = s.all(&["locale", "="]).into_iter();
    found
        .map(|at| at..at + 3)
        .filter(|words| s.text(words.end - 1..words.end) == "'PG_UNICODE_FAST'")
        .map(|words| Place::at(s.range(words)))
        .collect()
}

/// `ALL SEQUENCES` beside `ALL TABLES`.
pub(super) fn sequences_beside_tables(s: &Statement<'_>) -> Vec<Place> {
    let found = s.first(&[",", "all", "sequences"]);
    found
        .map(|at| Place::cut(s.range(at + 1..at + 3), s.range(at..at + 3)))
        .into_iter()
        .collect()
}

/// `CREATE SUBSCRIPTION name SERVER name`.
pub(super) fn subscription_server(s: &Statement<'_>) -> Vec<Place> {
    let is_server = s.has(3, &["server"]);
    is_server
        .then(|| Place::at(s.range(3..5)))
        .into_iter()
        .collect()
}

pub(super) fn connection_function(s: &Statement<'_>) -> Vec<Place> {
    // Behind the wrapper's own name.
    let found = (5..s.len())
        .find(|&at| s.depth(at) == 0 && s.has(at, &["connection"]) && s.is_name(at + 1));
    found
        .map(|at| {
            let clause = at..name_at(s, at + 1).end;
            Place::cut(s.range(clause.clone()), words_with_gap(s, clause))
        })
        .into_iter()
        .collect()
}

/// `SET name TO NULL`, which is `SET name TO ''` to older servers.
pub(super) fn empty_settings(s: &Statement<'_>) -> Vec<Place> {
    let found = s.all(&["to", "null"]).into_iter();
    found
        .filter(|&at| s.depth(at) == 0 && at >= 2 && s.has(at - 2, &["set"]))
        .map(|at| Place {
            clause: s.range(at - 2..at + 2),
            edits: vec![(s.range(at + 1..at + 2), "''".into())],
        })
        .collect()
}
