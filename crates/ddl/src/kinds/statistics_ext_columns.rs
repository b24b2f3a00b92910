//! What extended statistics know names columns by number. A restored table has other numbers where columns were dropped, or where a
//! child's own columns stood before those that it inherits. The server then refuses what it is told with no more than a warning in
//! its log, or takes one column for another.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_catalog::{Column, Encoding};
use pgdumprs_sql::identifier;

/// How n_distinct and dependencies begin a list of columns.
const LIST: &[u8] = b"\"attributes\": [";
/// And how they say which column depends on those.
const DEPENDENT: &[u8] = b"\"dependency\": ";

/// A value of `pg_ndistinct` or `pg_dependencies` with other numbers for its columns, lists in ascending order as the server wants
/// them. Expressions, which have negative numbers, stay. `None` where the text has another form or a column no number.
pub(super) fn renumbered(text: &BStr, numbers: &HashMap<i16, i16>) -> Option<BString> {
    let number = |text: &[u8]| match text.to_str().ok()?.parse().ok()? {
        expression @ ..=-1 => Some(expression),
        column => numbers.get(&column).copied(),
    };
    let mut items = text.split_str(LIST);
    let mut said = BString::from(items.next()?);
    for item in items {
        let (list, rest) = item.split_once_str("]")?;
        let columns: Option<Vec<i16>> = list.split_str(", ").map(number).collect();
        let mut columns = columns?;
        columns.sort_by_key(|&column| (column < 0, column.unsigned_abs()));
        let columns: Vec<String> = columns.iter().map(i16::to_string).collect();
        push!(said, LIST, columns.join(", "), "]");
        match rest.split_once_str(DEPENDENT) {
            None => said.extend_from_slice(rest),
            Some((before, rest)) => {
                let (dependent, rest) = rest.split_once_str(",")?;
                push!(said, before, DEPENDENT, number(dependent)?.to_string(), ",");
                said.extend_from_slice(rest);
            }
        }
    }
    Some(said)
}

/// The numbers of the columns that `members` begins with, which are names with commas between them; expressions may follow.
pub(super) fn keys(members: &BStr, columns: &[Column], encoding: Encoding) -> Vec<i16> {
    let mut keys = Vec::new();
    let mut rest = members.as_bytes();
    while !rest.is_empty() {
        let key = columns.iter().find_map(|column| {
            let name = identifier(column.name.as_ref(), false, encoding);
            let behind = rest.strip_prefix(name.as_slice())?;
            let ends = behind.is_empty() || behind.starts_with(b", ");
            (ends && !column.is_dropped).then_some((column.number, behind))
        });
        let Some((key, behind)) = key else { break };
        keys.push(key);
        rest = behind.strip_prefix(b", ").unwrap_or(behind);
    }
    keys
}

/// Most common values, an array of arrays, with the columns of each in their new order: `keys` are their numbers, in ascending order
/// as the values stand; expressions follow. `None` where the text has another form or a column no number.
pub(super) fn reordered(
    values: &BStr,
    keys: &[i16],
    numbers: &HashMap<i16, i16>,
    encoding: Encoding,
) -> Option<BString> {
    let new: Option<Vec<i16>> = keys.iter().map(|key| numbers.get(key).copied()).collect();
    let new = new?;
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&position| new[position]);
    if order.is_sorted() {
        return Some(values.to_owned());
    }
    let mut rows = Vec::new();
    for row in elements(values, encoding)? {
        let row = elements(row, encoding)?;
        let (columns, expressions) = row.split_at_checked(keys.len())?;
        let columns = order.iter().map(|&position| columns[position]);
        let row: Vec<&[u8]> = columns.chain(expressions.iter().copied()).collect();
        rows.push([b"{".as_slice(), &row.join(&b','), b"}"].concat());
    }
    Some([b"{".as_slice(), &rows.join(&b','), b"}"].concat().into())
}

/// The elements of an array as they stand in its text, those that are arrays or in quotes with what encloses them.
fn elements(array: &[u8], encoding: Encoding) -> Option<Vec<&[u8]>> {
    let inner = array.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let (mut elements, mut start) = (Vec::new(), 0);
    let (mut at, mut depth, mut is_quoted) = (0, 0, false);
    while let Some(special) = encoding.find(&inner[at..], b"\"\\{},") {
        at += special + 1;
        match inner[at - 1] {
            b'\\' => at += encoding.letter_len(inner.get(at..).filter(|rest| !rest.is_empty())?),
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ if depth > 0 => {}
            _ => {
                elements.push(&inner[start..at - 1]);
                start = at;
            }
        }
    }
    elements.push(&inner[start..]);
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(pairs: &[(i16, i16)]) -> HashMap<i16, i16> {
        pairs.iter().copied().collect()
    }

    #[test]
    fn columns_get_their_new_numbers_in_ascending_order() {
        let renumbered = |text: &str, pairs: &[(i16, i16)]| {
            renumbered(text.into(), &numbers(pairs)).map(|text| text.to_string())
        };
        let distinct = r#"[{"attributes": [2, 4], "ndistinct": 10}, {"attributes": [2, 4, -1, -2], "ndistinct": 4}]"#;
        let expected = r#"[{"attributes": [1, 3], "ndistinct": 10}, {"attributes": [1, 3, -1, -2], "ndistinct": 4}]"#;
        assert_eq!(
            renumbered(distinct, &[(2, 3), (4, 1)]).as_deref(),
            Some(expected)
        );
        let dependencies = r#"[{"attributes": [4], "dependency": 2, "degree": 1.000000}, {"attributes": [2, -1], "dependency": -2, "degree": 0.500000}]"#;
        let expected = r#"[{"attributes": [3], "dependency": 1, "degree": 1.000000}, {"attributes": [1, -1], "dependency": -2, "degree": 0.500000}]"#;
        assert_eq!(
            renumbered(dependencies, &[(2, 1), (4, 3)]).as_deref(),
            Some(expected)
        );
        assert_eq!(renumbered("[]", &[]).as_deref(), Some("[]"));
        for strange in [
            r#"[{"attributes": [7], "ndistinct": 1}]"#,
            r#"[{"attributes": [2,4], "ndistinct": 1}]"#,
        ] {
            assert_eq!(renumbered(strange, &[(2, 1), (4, 3)]), None);
        }
    }

    #[test]
    fn values_follow_their_columns() {
        let reordered = |values: &str, pairs: &[(i16, i16)]| {
            let keys: Vec<i16> = pairs.iter().map(|pair| pair.0).collect();
            reordered(values.into(), &keys, &numbers(pairs), Encoding::SingleByte)
                .map(|values| values.to_string())
        };
        let values = r#"{{1,"a,}\"","x"},{NULL,\{,"y"}}"#;
        let in_order = [(2, 1), (4, 2)];
        assert_eq!(reordered(values, &in_order).as_deref(), Some(values));
        let swapped = r#"{{"a,}\"",1,"x"},{\{,NULL,"y"}}"#;
        assert_eq!(
            reordered(values, &[(2, 2), (4, 1)]).as_deref(),
            Some(swapped)
        );
        assert_eq!(reordered("{{1}}", &[(2, 2), (4, 1)]), None);
    }
}
