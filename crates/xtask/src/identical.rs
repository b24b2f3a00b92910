//! Whether two databases are the same, by what stock pg_dump says of them.

use anyhow::Result;
use pgdumprs_testkit::compare::without_internal_options;
use pgdumprs_testkit::{Database, checked_output};

/// Differing lines that are shown.
const SHOWN: usize = 10;

/// A database as plain SQL, by the stock tool of the reference major, without what servers keep for themselves and number as it comes.
pub(crate) fn stock_dump(database: &Database) -> Result<Vec<u8>> {
    let mut dump = pgdumprs_testkit::reference_pg_dump();
    let output = checked_output(dump.args(["-d", &database.conninfo()]))?;
    Ok(without_internal_options(&output.stdout))
}

/// The first lines in which two dumps differ, as a text to print; empty where they are the same.
///
/// Lines that are different in every dump, the random key of `\restrict` and `\unrestrict`, do not count.
pub(crate) fn first_differences(before: &[u8], after: &[u8]) -> String {
    let (mut before, mut after) = (lines(before), lines(after));
    let mut shown = 0;
    let mut text = String::new();
    loop {
        let (left, right) = (before.next(), after.next());
        if left.is_none() && right.is_none() {
            return text;
        }
        if left == right {
            continue;
        }
        let show =
            |line: Option<&[u8]>| String::from_utf8_lossy(line.unwrap_or(b"(end)")).into_owned();
        text += &format!("- {}\n+ {}\n", show(left), show(right));
        shown += 1;
        if shown == SHOWN {
            return text + "...\n";
        }
    }
}

fn lines(dump: &[u8]) -> impl Iterator<Item = &[u8]> {
    let random =
        |line: &&[u8]| line.starts_with(b"\\restrict ") || line.starts_with(b"\\unrestrict ");
    dump.split(|&byte| byte == b'\n')
        .filter(move |line| !random(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_keys_do_not_count() {
        assert_eq!(
            first_differences(b"a\n\\restrict x\nb\n", b"a\n\\restrict y\nb\n"),
            ""
        );
    }

    #[test]
    fn anything_else_does() {
        assert_eq!(first_differences(b"a\nb\n", b"a\nc\n"), "- b\n+ c\n");
        assert_eq!(first_differences(b"a\nb", b"a"), "- b\n+ (end)\n");
    }
}
