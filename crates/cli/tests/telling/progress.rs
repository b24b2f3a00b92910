//! The progress bar, lines, and silence.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::shop;
use crate::support::{assert_says, failure, pgdumprs};
use crate::terminal::{Shown, on_a_terminal};

/// Dumps on a terminal that is so wide.
fn shown(columns: usize, term: &str, arguments: &str) -> Shown {
    let database = shop();
    let folder = tempfile::tempdir().unwrap();
    let dump = pgdumprs();
    let script = format!(
        "stty cols {columns} rows 24; exec '{}' -d '{}' -f '{}' -Z none {arguments}",
        dump.get_program().to_str().unwrap(),
        database.url(),
        folder.path().join("a.dump").display()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).env("TERM", term);
    let shown = on_a_terminal(&command, "");
    assert_eq!(shown.status, Some(0), "{}", shown.text);
    shown
}

/// What stood in each line at any time: what is between two moves of the cursor, without the moves.
fn lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' => {
                assert_eq!(
                    letters.next(),
                    Some('['),
                    "another kind of move in {text:?}"
                );
                letters.find(char::is_ascii_alphabetic);
                lines.push(String::new());
            }
            '\r' | '\n' => lines.push(String::new()),
            letter => lines.last_mut().unwrap().push(letter),
        }
    }
    lines
}

#[test]
fn a_terminal_shows_how_far_it_is_and_nothing_at_the_end() {
    for (columns, has_bar) in [(100, true), (60, true), (30, false)] {
        let text = shown(columns, "xterm", "").text;
        let lines = lines(&text);
        let longest = lines.iter().map(|line| line.chars().count()).max();
        assert!(
            longest <= Some(columns),
            "{longest:?} of {columns} columns: {text:?}"
        );
        let figures: Vec<_> = lines
            .iter()
            .filter(|line| line.contains("tables"))
            .collect();
        assert!(!figures.is_empty(), "{text:?}");
        assert_eq!(
            figures.iter().any(|line| line.contains('%')),
            has_bar,
            "{text:?}"
        );
        assert_eq!(lines.last().unwrap(), "", "{text:?}");
        // The line is cleared last.
        assert!(
            text.trim_end_matches(['\r', '\n']).ends_with("\x1b[2K") || text.ends_with("\x1b[2K"),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_said_stands_above_the_bar() {
    let text = shown(100, "xterm", "-v").text;
    let lines = lines(&text);
    for line in [
        "pgdumprs: reading the system catalogs",
        "pgdumprs: dumping contents of table public.item",
    ] {
        assert!(
            lines.iter().any(|shown| shown == line),
            "{line} in {text:?}"
        );
    }
}

#[test]
fn nothing_moves_where_nothing_can_or_nobody_wants_it() {
    assert_eq!(shown(100, "dumb", "").text, "");
    assert_eq!(shown(100, "xterm", "--quiet").text, "");
    assert_eq!(shown(100, "xterm", "-q").text, "");
}

/// Nobody gets a mail every night for backups that go well.
#[test]
fn without_a_terminal_it_is_said_where_somebody_asks() {
    let database = shop();
    database.execute_sql(
        "CREATE TABLE wide AS SELECT g, repeat('x', 1000) FROM generate_series(1, 40000) g",
    );
    let asked = [&["--progress"][..], &["--progress=always"], &["-v"]];
    let unasked = [
        &[][..],
        &["--progress=auto"],
        &["--progress=never"],
        &["--quiet"],
    ];
    let dumps = |options: &[&str]| {
        pgdumprs()
            .args(["-Z0", "-j1", "--memory=16", "-d", &database.url()])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let (asked, unasked) = (asked.map(dumps), unasked.map(dumps));
    // None comes to its end before its archive is read.
    std::thread::sleep(Duration::from_secs(31));
    let said = |dump: Child| {
        let output = dump.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for said in asked.map(said) {
        let line = said.lines().find(|line| line.contains("%, ")).unwrap();
        assert!(line.starts_with("pgdumprs: "), "{said:?}");
        for part in ["/4 tables, ", " MiB, ", "/s, ", " left"] {
            assert!(line.contains(part), "{part:?} is not in {said:?}");
        }
        // They wait for whoever reads the archive.
        assert!(
            said.contains("pgdumprs: hint: what the archive is written to has taken nothing"),
            "{said:?}"
        );
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("pgdumprs: dumped "), "{said:?}");
    }
    assert_eq!(unasked.map(said), ["", "", "", ""]);
}

#[test]
fn a_dump_says_how_far_it_is_or_keeps_quiet() {
    let said = failure(pgdumprs().args(["-q", "--progress", "-d", "host=/nowhere"]));
    assert_says(
        &said,
        &["-q/--quiet and --progress cannot be used together"],
    );
    let said = failure(pgdumprs().args(["--progress=often", "-d", "host=/nowhere"]));
    assert_says(&said, &["\"often\"", "--progress", "auto, always, never"]);
    let text = shown(100, "xterm", "--progress=never").text;
    assert_eq!(text, "");
}
