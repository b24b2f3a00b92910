//! Lists of entries, as `pg_restore -l` prints and `pg_restore -L` reads them.

use std::collections::HashMap;

use bstr::ByteSlice;
use pgdumprs_archive::Entry;

use crate::{Error, Warning};

/// What a list says.
pub(crate) struct List {
    /// The entries' positions in the archive, in the order in which they are restored. Those that are not listed come first.
    pub(crate) order: Vec<usize>,
    /// By position: whether the entry is listed.
    pub(crate) wanted: Vec<bool>,
}

/// Reads a list. `positions` leads from dump ids to positions.
pub(crate) fn read(
    text: &[u8],
    entries: &[Entry],
    positions: &HashMap<i32, usize>,
    warnings: &mut Vec<Warning>,
) -> Result<List, Error> {
    let greatest = entries.iter().map(|entry| entry.dump_id).max().unwrap_or(0);
    let mut wanted = vec![false; entries.len()];
    let mut listed = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split_str(b";").next().unwrap_or_default();
        if line.iter().all(|byte| b" \t\r\n".contains(byte)) {
            continue;
        }
        let dump_id = leading_number(line).filter(|id| (1..=greatest).contains(id));
        let position = dump_id.map(|id| positions.get(&id).copied().ok_or(id));
        match position {
            Some(Err(dump_id)) => {
                return Err(Error::UnknownListed {
                    line: number,
                    dump_id,
                });
            }
            Some(Ok(position)) if !wanted[position] => {
                wanted[position] = true;
                listed.push(position);
            }
            _ => warnings.push(Warning::ListLine {
                line: number,
                text: line.into(),
            }),
        }
    }
    let unlisted = (0..entries.len()).filter(|&position| !wanted[position]);
    let order = unlisted.chain(listed).collect();
    Ok(List { order, wanted })
}

/// The number that a line begins with, read as C's `strtol` does. What an `int` cannot hold loses its upper half, as in stock.
fn leading_number(line: &[u8]) -> Option<i32> {
    let line = line.trim_start_with(|c| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, digits) = match line.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, line),
    };
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        let grown = number.saturating_mul(10);
        if negative {
            grown.saturating_sub(digit)
        } else {
            grown.saturating_add(digit)
        }
    });
    Some(number as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_list(text: &str) -> Result<(Vec<usize>, Vec<Warning>), Error> {
        let entries = [3, 1, 7].map(|dump_id| Entry {
            dump_id,
            ..Entry::default()
        });
        let positions = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.dump_id, at))
            .collect();
        let mut warnings = Vec::new();
        let list = read(text.as_bytes(), &entries, &positions, &mut warnings)?;
        let wanted = list
            .order
            .into_iter()
            .filter(|&at| list.wanted[at])
            .collect();
        Ok((wanted, warnings))
    }

    #[test]
    fn entries_come_in_the_order_of_the_list() {
        let text = ";\n; Archive\n7; 1259 16385 TABLE public t me\n \t\r\n  +3;2\n";
        assert_eq!(read_list(text), Ok((vec![2, 0], vec![])));
        assert_eq!(read_list(""), Ok((vec![], vec![])));
    }

    #[test]
    fn lines_that_say_nothing_are_warned_of() {
        let warnings = read_list("7\nseven\n7\n0\n-3\n8\n3").unwrap().1;
        let lines = warnings.iter().map(|warning| match warning {
            Warning::ListLine { line, .. } => *line,
            other => panic!("{other}"),
        });
        assert_eq!(lines.collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    }

    #[test]
    fn entries_that_are_not_there_are_an_error() {
        let error = Error::UnknownListed {
            line: 2,
            dump_id: 2,
        };
        assert_eq!(read_list("1\n2\n"), Err(error));
    }
}
