//! Shows two texts' differences.

use std::time::Duration;

use similar::TextDiff;

/// How many lines of one difference are shown.
const MOST_LINES: usize = 120;
/// How many lines that only one side has are shown in a row: behind thousands of one side's, the other side's would not be seen.
const MOST_IN_A_ROW: usize = 30;
/// How many characters of one line are shown; a line can hold a whole document.
const MOST_CHARACTERS: usize = 400;
/// After this long the difference is shown more coarsely.
const PATIENCE: Duration = Duration::from_secs(5);

/// A unified difference without file names: `-` stock's lines, `+` ours.
pub(super) fn unified(stock: &[u8], ours: &[u8]) -> String {
    let (stock, ours) = (readable(stock), readable(ours));
    let difference = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(&stock, &ours);
    let text = difference
        .unified_diff()
        .context_radius(3)
        .missing_newline_hint(false)
        .to_string();
    let all: Vec<_> = text.lines().collect();
    let mut lines = Vec::new();
    for same_side in all.chunk_by(|line, next| line.chars().next() == next.chars().next()) {
        let (shown, rest) = same_side.split_at(same_side.len().min(MOST_IN_A_ROW));
        lines.extend(shown.iter().copied().map(shorten));
        if !rest.is_empty() {
            lines.push(format!("… and {} more lines of this side", rest.len()));
        }
    }
    if let Some(hidden @ 1..) = lines.len().checked_sub(MOST_LINES) {
        lines.truncate(MOST_LINES);
        lines.push(format!("… and {hidden} more lines of difference"));
    }
    lines.join("\n")
}

/// Text to show: bytes that are not UTF-8 as `\xNN`, so that different bytes look different.
pub(super) fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Cuts a long line.
pub(super) fn shorten(line: &str) -> String {
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_difference_are_shown_with_context() {
        let shown = unified(b"one\ntwo\nthree\n", b"one\n2\nthree\n");
        assert!(shown.contains(" one\n-two\n+2\n three"), "{shown}");
    }

    #[test]
    fn however_much_one_side_has_the_other_is_seen() {
        let many: String = (0..1000).map(|n| format!("{n}\n")).collect();
        let shown = unified(many.as_bytes(), b"other\n");
        assert!(shown.contains("\n+other"), "{shown}");
        assert!(shown.contains("970 more lines of this side"), "{shown}");
    }

    #[test]
    fn different_bytes_look_different() {
        assert_eq!(readable(b"caf\xe9\xff!"), "caf\\xe9\\xff!");
    }

    #[test]
    fn what_is_long_is_cut_and_said_to_be() {
        let many: String = (0..1000).map(|n| format!("{n}\n")).collect();
        let shown = unified(many.as_bytes(), b"");
        assert!(shown.lines().count() <= MOST_LINES + 1);
        assert!(shown.ends_with("more lines of this side"));
        let odd: String = (0..100).map(|n| format!("{n}\n{}\n", n % 2)).collect();
        let even: String = (0..100).map(|n| format!("{n}\n{}\n", n % 2 + 5)).collect();
        let shown = unified(odd.as_bytes(), even.as_bytes());
        assert_eq!(shown.lines().count(), MOST_LINES + 1);
        assert!(shown.ends_with("more lines of difference"), "{shown}");
        assert!(shorten(&"é".repeat(1000)).ends_with("(2000 bytes)"));
    }
}
