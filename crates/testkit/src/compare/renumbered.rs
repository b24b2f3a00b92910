//! What extended statistics know, as ours has to say it: with the numbers that columns have in the restored table. Stock writes those of
//! the dumped one. Worked out from stock's archive: CREATE STATISTICS names the columns in the order of their old numbers, and CREATE
//! TABLE says in which order they are restored.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;

use super::sql::{first_list, table_name, top_level};

/// What ours may say in place of stock's definition. There is one way, or several where a column has no part in what is known, so that
/// stock's numbers do not tell which columns they stand for; none where the archive does not hold the table.
pub(super) fn possible(entry: &Entry, entries: &[Entry]) -> Vec<BString> {
    let found = entry
        .definition
        .as_ref()
        .and_then(|text| Some((text, Columns::of(entry, entries)?)));
    let Some((text, columns)) = found else {
        return Vec::new();
    };
    let lines: Vec<&[u8]> = text.split_str("\n").collect();
    let seen: BTreeSet<i16> = lines
        .iter()
        .filter_map(|line| numbers_of(line))
        .flat_map(|value| split_numbers(value).filter_map(|(_, number)| number))
        .filter(|&number| number > 0)
        .collect();
    let choices = (0_u32..1 << columns.restored.len())
        .filter(|choice| choice.count_ones() as usize == seen.len());
    let restated = choices.map(|choice| {
        let chosen = (0..columns.restored.len()).filter(|place| choice >> place & 1 == 1);
        let chosen = chosen.map(|place| columns.restored[place]);
        let numbers: Vec<(i16, i16)> = seen.iter().copied().zip(chosen).collect();
        columns.restate(text, &numbers)
    });
    restated.collect()
}

/// The columns of a statistics object.
struct Columns {
    /// Their numbers in the restored table, in the order of those in the dumped one.
    restored: Vec<i16>,
}

impl Columns {
    fn of(entry: &Entry, entries: &[Entry]) -> Option<Columns> {
        let object = entries
            .iter()
            .find(|other| entry.dependencies.contains(&other.dump_id))?;
        let definition = object.definition.as_ref()?;
        let (on, from) = (
            top_level(definition, b" ON ").next()?,
            top_level(definition, b" FROM ").next()?,
        );
        let table = &definition[from + 6..top_level(definition, b";").next()?];
        let table = columns_of(table, entries)?;
        let listed = &definition[on + 4..from];
        let mut start = 0;
        let ends = top_level(listed, b", ").chain([listed.len()]);
        let names: Vec<&[u8]> = ends
            .map(|end| &listed[std::mem::replace(&mut start, end + 2)..end])
            .collect();
        // Expressions follow the columns, and none is a name by itself.
        let restored = names.iter().map_while(|name| {
            let place = table.iter().position(|column| column == name)?;
            i16::try_from(place + 1).ok()
        });
        Some(Columns {
            restored: restored.collect(),
        })
    }

    fn restate(&self, text: &[u8], numbers: &[(i16, i16)]) -> BString {
        const VALUES: &[u8] = b"\t'most_common_vals', ";
        let mut restated = BString::default();
        let mut rest = text;
        while let Some(at) = rest.find(b"\t'") {
            restated.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            let end = end_of_argument(rest);
            let argument = &rest[..end];
            match (numbers_of(argument), argument.strip_prefix(VALUES)) {
                (Some(_), _) => restated.extend(renumbered(argument, numbers)),
                (_, Some(values)) => {
                    restated.extend_from_slice(VALUES);
                    restated.extend(self.reordered(values));
                }
                _ => restated.extend_from_slice(argument),
            }
            rest = &rest[end..];
        }
        restated.extend_from_slice(rest);
        restated
    }

    /// Most common values, with the columns of each in the order of their restored numbers.
    fn reordered(&self, literal: &[u8]) -> Vec<u8> {
        let mut order: Vec<usize> = (0..self.restored.len()).collect();
        order.sort_by_key(|&place| self.restored[place]);
        if order.is_sorted() {
            return literal.to_vec();
        }
        let (opening, closing) = (literal.find_byte(b'\''), literal.rfind_byte(b'\''));
        let (Some(opening), Some(closing)) = (opening, closing) else {
            return literal.to_vec();
        };
        // Quotes are doubled in it, which changes nothing about where elements end. Backslashes are not.
        let rows = elements(&literal[opening + 1..closing])
            .into_iter()
            .map(|row| {
                let values = elements(row);
                let columns = order.iter().map(|&place| values[place]);
                let expressions = values[order.len()..].iter().copied();
                let row: Vec<&[u8]> = columns.chain(expressions).collect();
                [b"{", row.join(&b',').as_slice(), b"}"].concat()
            });
        let rows: Vec<Vec<u8>> = rows.collect();
        let text = [b"{", rows.join(&b',').as_slice(), b"}"].concat();
        [&literal[..=opening], text.as_slice(), &literal[closing..]].concat()
    }
}

/// The place behind an argument: its literal's end, and the type that follows up to the end of the line.
fn end_of_argument(text: &[u8]) -> usize {
    super::sql::unquoted(text)
        .find(|&(_, byte)| byte == b'\n')
        .map_or(text.len(), |(at, _)| at)
}

/// An argument whose value holds numbers of columns.
fn numbers_of(argument: &[u8]) -> Option<&[u8]> {
    [&b"\t'n_distinct', '["[..], b"\t'dependencies', '["]
        .iter()
        .find_map(|start| argument.strip_prefix(*start))
}

/// A value cut behind each number of a column, which goes with what precedes it.
fn split_numbers(value: &[u8]) -> impl Iterator<Item = (&[u8], Option<i16>)> {
    let mut rest = value;
    let mut is_listed = false;
    std::iter::from_fn(move || {
        let mut at = 0;
        while at < rest.len() {
            is_listed = match rest[at] {
                b'[' => true,
                b']' => false,
                _ => is_listed,
            };
            let is_dependent = rest[..at].ends_with(b"\"dependency\": ");
            let digits = rest[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || **byte == b'-')
                .count();
            if digits > 0 && (is_listed || is_dependent) {
                let number = rest[at..at + digits].to_str().ok()?.parse().ok();
                let before = &rest[..at];
                rest = &rest[at + digits..];
                return Some((before, number));
            }
            at += digits.max(1);
        }
        let last = std::mem::take(&mut rest);
        (!last.is_empty()).then_some((last, None))
    })
}

/// An argument with other numbers, ascending within each list.
fn renumbered(argument: &[u8], numbers: &[(i16, i16)]) -> Vec<u8> {
    let new = |number: i16| {
        let pair = numbers.iter().find(|(old, _)| *old == number);
        pair.map_or(number, |(_, new)| *new)
    };
    let mut said = Vec::new();
    let mut listed: Vec<i16> = Vec::new();
    let flush = |said: &mut Vec<u8>, listed: &mut Vec<i16>| {
        listed.sort_by_key(|&number| (number < 0, number.abs()));
        let numbers: Vec<String> = listed.drain(..).map(|number| number.to_string()).collect();
        said.extend_from_slice(numbers.join(", ").as_bytes());
    };
    for (before, number) in split_numbers(argument) {
        if before != b", " {
            flush(&mut said, &mut listed);
            said.extend_from_slice(before);
        }
        listed.extend(number.map(new));
    }
    flush(&mut said, &mut listed);
    said
}

/// The elements of an array as they stand in its text.
fn elements(array: &[u8]) -> Vec<&[u8]> {
    let inner = &array[1..array.len().max(2) - 1];
    let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
    let ends = |&byte: &u8| {
        if is_escaped {
            is_escaped = false;
            return false;
        }
        is_escaped = byte == b'\\';
        is_quoted ^= byte == b'"';
        if !is_quoted {
            depth += i32::from(byte == b'{') - i32::from(byte == b'}');
        }
        byte == b',' && depth == 0 && !is_quoted
    };
    inner.split(ends).collect()
}

/// The names of a table's columns as they are restored, quoted where they need it.
fn columns_of<'a>(table: &[u8], entries: &'a [Entry]) -> Option<Vec<&'a [u8]>> {
    let definitions = entries
        .iter()
        .filter(|entry| entry.descriptor == "TABLE" || entry.descriptor == "FOREIGN TABLE");
    let definition = definitions
        .filter_map(|entry| entry.definition.as_deref())
        .find(|definition| table_name(definition) == table)?;
    let behind = definition.find(table)? + table.len();
    let mut columns: Vec<&[u8]> = Vec::new();
    let mut add = |names: &mut dyn Iterator<Item = &'a [u8]>| {
        for name in names {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    };
    if let Some(of) = definition[behind..].strip_prefix(b" OF ") {
        let end = super::sql::unquoted(of).find(|&(_, byte)| matches!(byte, b' ' | b'\n' | b';'));
        let start = [b"CREATE TYPE ", &of[..end?.0], b" AS ("].concat();
        let mut types = entries
            .iter()
            .filter_map(|entry| entry.definition.as_deref());
        let of_type = types.find(|text| text.starts_with(&start))?;
        add(&mut first_list(of_type)?.elements.into_iter().map(name));
        return Some(columns);
    }
    let list = first_list(definition)?;
    if let Some(parents) = definition[list.closing + 1..].strip_prefix(b"\nINHERITS ") {
        for parent in first_list(parents)?.elements {
            add(&mut columns_of(parent, entries)?.into_iter());
        }
    }
    let is_constraint =
        |element: &&[u8]| element.starts_with(b"CONSTRAINT ") || element.starts_with(b"NOT NULL ");
    add(&mut list
        .elements
        .into_iter()
        .filter(|element| !is_constraint(element))
        .map(name));
    Some(columns)
}

/// The name that an element begins with.
fn name(element: &[u8]) -> &[u8] {
    let end = super::sql::unquoted(element).find(|&(_, byte)| byte == b' ');
    &element[..end.map_or(element.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dump_id: i32, descriptor: &str, definition: &str) -> Entry {
        Entry {
            dump_id,
            descriptor: descriptor.into(),
            definition: Some(definition.into()),
            ..Entry::default()
        }
    }

    /// What ours may say of a statistics object with this definition, where stock says this of it.
    fn possible(object: &str, arguments: &str) -> Vec<String> {
        let data = Entry {
            dependencies: vec![4],
            ..entry(5, "EXTENDED STATISTICS DATA", &data(arguments))
        };
        let entries = [
            entry(
                1,
                "TABLE",
                "CREATE TABLE s.parent (\n    a integer,\n    \"b, (\" text DEFAULT ','::text NOT NULL\n);\n",
            ),
            entry(
                2,
                "TABLE",
                "CREATE UNLOGGED TABLE s.child (\n    c numeric(4,2),\n    a integer,\n    NOT NULL \"b, (\",\n    CONSTRAINT d CHECK ((c > 0))\n)\nINHERITS (s.parent)\nWITH (fillfactor='70');\n",
            ),
            entry(
                3,
                "TYPE",
                "CREATE TYPE s.kind AS (\n\tx integer,\n\ty text COLLATE pg_catalog.\"C\"\n);\n",
            ),
            entry(
                6,
                "TABLE",
                "CREATE TABLE s.typed OF s.kind (\n    y WITH OPTIONS NOT NULL\n);\n",
            ),
            entry(4, "STATISTICS", object),
        ];
        let possible = super::possible(&data, &entries);
        possible.iter().map(ToString::to_string).collect()
    }

    fn data(arguments: &str) -> String {
        format!(
            "SELECT * FROM pg_catalog.pg_restore_extended_stats(\n\t'relname', 'it''s',\n{arguments}\n);\n"
        )
    }

    #[test]
    fn columns_are_numbered_as_they_are_restored() {
        let object = "CREATE STATISTICS s.x ON c, \"b, (\", a, (c + (1)::numeric), lower(\"b, (\") FROM s.child;\nALTER STATISTICS s.x SET STATISTICS 9;\n";
        let stock = r#"	'n_distinct', '[{"attributes": [2, 4, 6, -1, -2], "ndistinct": 4}]'::pg_ndistinct,
	'dependencies', '[{"attributes": [2, -1], "dependency": 4, "degree": 0.250000}]'::pg_dependencies,
	'most_common_vals', '{{2,"it''s
	''n_distinct'', ''[{","\",",1,NULL}}'::text[]"#;
        let ours = r#"	'n_distinct', '[{"attributes": [1, 2, 3, -1, -2], "ndistinct": 4}]'::pg_ndistinct,
	'dependencies', '[{"attributes": [3, -1], "dependency": 2, "degree": 0.250000}]'::pg_dependencies,
	'most_common_vals', '{{"\",","it''s
	''n_distinct'', ''[{",2,1,NULL}}'::text[]"#;
        assert_eq!(possible(object, stock), [data(ours)]);
    }

    #[test]
    fn columns_of_a_type_are_restored_in_its_order() {
        let said = |x: i16, y: i16| {
            format!(
                "\t'n_distinct', '[{{\"attributes\": [{x}, {y}], \"ndistinct\": 2}}]'::pg_ndistinct"
            )
        };
        let object = "CREATE STATISTICS s.x (ndistinct) ON x, y FROM s.typed;\n";
        assert_eq!(possible(object, &said(2, 7)), [data(&said(1, 2))]);
    }

    #[test]
    fn numbers_that_are_not_said_leave_a_choice() {
        let said = |a: i16, b: i16| {
            format!(
                "\t'dependencies', '[{{\"attributes\": [{a}], \"dependency\": {b}, \"degree\": 1.000000}}]'::pg_dependencies"
            )
        };
        let object = "CREATE STATISTICS s.x (dependencies) ON c, a, \"b, (\" FROM s.child;\n";
        let choices = [(3, 1), (3, 2), (1, 2)].map(|(a, b)| data(&said(a, b)));
        assert_eq!(possible(object, &said(5, 8)), choices);
        // Of a table that is not there, nothing can be said.
        assert_eq!(
            possible("CREATE STATISTICS s.x ON a, b FROM s.y;\n", "").len(),
            0
        );
    }
}
