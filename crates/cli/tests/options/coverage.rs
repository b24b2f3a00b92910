//! Whether every option of pg_dump is in these tests at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pgdumprs_testkit::reference_pg_dump;

use crate::stock_options::options_of;

/// Options that these tests need not name, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "--jobs",
        "crates/pgdumprs/tests/parallel: the number changes no byte",
    ),
    ("--version", "tests/command.rs"),
    ("--help", "tests/command.rs"),
    ("--host", "tests/command.rs"),
    ("--port", "tests/command.rs"),
    ("--username", "tests/command.rs"),
    ("--no-password", "tests/command.rs"),
    ("--password", "tests/connection/password.rs"),
];

/// The options among the words of the tests, without values.
fn named() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/options");
    let mut named = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        // Refusals compare no archives, and this file is no test of them either.
        let skipped = ["coverage.rs", "refusals.rs", "names.sql"].map(Path::new);
        if skipped.contains(&Path::new(path.file_name().unwrap())) {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        let words = source.split(|c: char| c.is_whitespace() || "\"',()[]=&".contains(c));
        named.extend(
            words
                .filter(|word| word.starts_with('-'))
                .map(str::to_owned),
        );
    }
    named
}

#[test]
fn every_option_of_pg_dump_is_compared() {
    let named = named();
    let options = options_of(reference_pg_dump());
    assert!(
        options.len() > 70,
        "pg_dump has more options than {options:?}"
    );
    let missing = options
        .iter()
        .filter(|option| !option.names().any(|name| named.contains(name)))
        .map(|option| option.long.as_str());
    let elsewhere: Vec<_> = ELSEWHERE.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        missing.collect::<Vec<_>>(),
        elsewhere,
        "no test names the left ones"
    );
}
