//! Lines on standard error.

use std::fmt::Display;
use std::io::Write;

use pgdumprs::without_passwords;

use crate::program::Program;

/// Says `text` on standard error, in a line with the program's name before it, and one line whatever names are in the text.
///
/// Whatever text is quoted in it, no password shows: a connection string may have been given in the wrong place.
///
/// The line is written at once, so that what others write there at the same time stands before or after it, not in it.
/// Where it cannot be written, as to a pipe that nobody reads any more, it is lost: a backup does not fail for a message.
pub(crate) fn say(text: impl Display) {
    let text = text.to_string();
    let program = Program::called().name();
    let line = format!("{program}: {}\n", visible(&without_passwords(&text)));
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// A text in which nothing moves a terminal's cursor, ends the line or turns the direction of writing: names, and what servers say of
/// them, may hold any letter. Such letters are shown as `\n` or `\u{1b}`.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_unsafe(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Whether a letter does something else than to take its place in the line, as a tab does.
fn is_unsafe(letter: char) -> bool {
    let is_line_end = matches!(letter, '\u{2028}' | '\u{2029}');
    let turns_direction = matches!(letter, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() && letter != '\t' || is_line_end || turns_direction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_do_something_are_shown() {
        assert_eq!(
            visible("a\nb\r\u{1b}[31m\u{7}\u{9b}2J"),
            r"a\nb\r\u{1b}[31m\u{7}\u{9b}2J"
        );
        assert_eq!(visible("\u{202e}abc\u{2028}"), r"\u{202e}abc\u{2028}");
        // What is no such letter stays as it is, also where it looks like an escape.
        assert_eq!(visible(r#"Größe \n "日本""#), r#"Größe \n "日本""#);
    }
}
