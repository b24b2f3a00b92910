//! Words that are no commands here and that somebody may try as one.

use clap::Command;

/// Such words, and what to do instead.
const WORDS: &[(&[&str], &str)] = &[
    (
        &["pg_restore", "import", "load"],
        "pgdumprs restore does that: pgdumprs restore -d DBNAME FILE",
    ),
    (
        &["backup", "pg_dump", "export", "save", "create"],
        "a dump needs no command: pgdumprs -d DBNAME -f FILE",
    ),
    (
        &["copy", "migrate", "sync"],
        "pgdumprs clone does that: pgdumprs clone --source DBNAME --target DBNAME",
    ),
    (
        &["ls", "show", "info", "inspect", "toc"],
        "pgdumprs list FILE prints what an archive holds",
    ),
    (
        &["check", "test", "validate"],
        "pgdumprs verify FILE reads all of an archive and says whether it is sound",
    ),
    (
        &["print", "extract", "rows"],
        "pgdumprs cat FILE TABLE prints the rows of a table in an archive",
    ),
    (&["help"], "pgdumprs --help lists the options"),
    (&["version"], "pgdumprs --version prints the version"),
];

/// Words that are commands, and something else where they stand behind an option.
const COMMANDS: &[&str] = &["clone", "restore"];

/// What to do instead, where `word` is one of them.
pub(crate) fn advice(word: &str) -> Option<String> {
    if COMMANDS.contains(&word) {
        return Some(format!(
            "the command \"{word}\" has to be the first argument, before all options"
        ));
    }
    let (word, advice) = WORDS.iter().find_map(|(words, advice)| {
        let word = words.iter().find(|known| known.eq_ignore_ascii_case(word));
        word.map(|word| (word, advice))
    })?;
    Some(format!("there is no command \"{word}\": {advice}"))
}

/// The command of `command` that a misspelled word seems to mean.
pub(super) fn misspelled<'a>(command: &'a Command, word: &str) -> Option<&'a str> {
    let shown = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let names = shown.map(Command::get_name);
    closest(names, word)
}

/// The name that is most like `typed`: with a third of its letters changed, no other is meant.
pub(super) fn closest<'a>(names: impl Iterator<Item = &'a str>, typed: &str) -> Option<&'a str> {
    let most = (typed.chars().count() / 3).max(1);
    names
        .map(|name| (strsim::damerau_levenshtein(name, typed), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
