//! The lines of a journal as text.

use std::collections::HashSet;

use pgdumprs_script::Pass;
use sha2::{Digest, Sha256};

use super::Earlier;

/// Characters of a line's checksum.
const SUM: usize = 8;

/// A checksum of a line.
pub(super) fn sum(line: &[u8]) -> String {
    let digest = Sha256::digest(line);
    let bytes = digest.iter().take(SUM / 2);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// The lines up to the first that is not whole, and how many bytes they take.
pub(super) fn whole_lines(text: &[u8]) -> (Vec<&str>, usize) {
    let mut lines = Vec::new();
    let mut length = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let whole = line.strip_suffix(b"\n").and_then(|line| {
            let (found, line) = line.split_at_checked(SUM)?;
            let line = line.strip_prefix(b" ")?;
            (found == sum(line).as_bytes()).then_some(line)
        });
        let Some(line) = whole.and_then(|line| std::str::from_utf8(line).ok()) else {
            break;
        };
        lines.push(line);
        length += SUM + 1 + line.len() + 1;
    }
    (lines, length)
}

pub(super) fn numbers(ids: &HashSet<i32>) -> String {
    let mut ids: Vec<_> = ids.iter().collect();
    ids.sort_unstable();
    ids.iter().map(|id| format!(" {id}")).collect()
}

pub(super) fn letter(pass: Pass) -> char {
    match pass {
        Pass::Drop => 'd',
        Pass::Main => 'm',
        Pass::Privileges => 'p',
        Pass::AfterPrivileges => 'a',
    }
}

/// What the lines behind the first ones say; `None` where they are not as a journal has them.
pub(super) fn read(lines: &[&str]) -> Option<Earlier> {
    let mut earlier = Earlier::default();
    let (mut knows_there, mut has_begun) = (true, false);
    let mut there = HashSet::new();
    for line in lines {
        let mut words = line.split(' ');
        match words.next()? {
            "unknown" => knows_there = false,
            "there" => there.extend(
                words
                    .map(str::parse)
                    .collect::<Result<Vec<i32>, _>>()
                    .ok()?,
            ),
            "empty" => {
                earlier.empty = words.map(str::parse).collect::<Result<_, _>>().ok()?;
                has_begun = true;
            }
            "process" => earlier
                .processes
                .push((words.next()?.parse().ok()?, words.next()?.to_owned())),
            "begun" => {
                earlier.begun.insert(words.next()?.parse().ok()?);
            }
            "done" => {
                let pass = match words.next()? {
                    "d" => Pass::Drop,
                    "m" => Pass::Main,
                    "p" => Pass::Privileges,
                    "a" => Pass::AfterPrivileges,
                    _ => return None,
                };
                let step = (pass, words.next()?.parse().ok()?);
                earlier.done.insert(step, words.next()?.parse().ok()?);
            }
            _ => return None,
        }
    }
    earlier.there = knows_there.then_some(there);
    has_begun.then_some(earlier)
}
