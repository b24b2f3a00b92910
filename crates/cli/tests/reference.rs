//! What is made from the definitions of the options: `docs/cli.md`, the man page, completions for shells.

#[path = "support/stock_options.rs"]
mod stock_options;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgdumprs_testkit::provision::require_program;
use pgdumprs_testkit::{Major, checked_output, reference_pg_dump, reference_pg_restore, tool};
use stock_options::options_of;
use support::{assert_says, failure, pgdumprs, run};

fn generated(what: &str) -> String {
    let output = run(pgdumprs().args(["--generate", what]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{what}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same in a file.
fn generated_file(folder: &Path, what: &str) -> PathBuf {
    let file = folder.join(what);
    fs::write(&file, generated(what)).unwrap();
    file
}

fn printed(command: &mut Command) -> String {
    String::from_utf8(checked_output(command).unwrap().stdout).unwrap()
}

/// The long options that `--help` of a dump and of every command lists.
fn listed_options() -> BTreeSet<String> {
    let help = |arguments: &[&str]| printed(pgdumprs().args(arguments).arg("--help"));
    let main = help(&[]);
    let commands = main
        .lines()
        .skip_while(|line| !line.starts_with("Commands"));
    let commands = commands.skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<_> = commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    assert!(!commands.is_empty());
    let mut all = main;
    for command in &commands {
        all += &help(&[command]);
    }
    // An option stands at the beginning of its line, after its letter or where that would be.
    let begins = all.lines().filter_map(|line| {
        let line = line.trim_start();
        let long = line.split_once(", ").map_or(line, |(_, long)| long);
        long.starts_with("--")
            .then(|| long.split([' ', '[', '=']).next())?
    });
    begins.map(str::to_owned).collect()
}

fn assert_complete(what: &str, text: &str) {
    let missing: Vec<_> = listed_options()
        .into_iter()
        .filter(|option| !text.contains(option.as_str()))
        .collect();
    assert!(missing.is_empty(), "{what} has no {missing:?}");
}

#[test]
fn the_page_in_docs_is_up_to_date() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let written = fs::read_to_string(page).unwrap();
    assert!(
        written == generated("markdown"),
        "docs/cli.md is not what the definitions say: run `cargo xtask docs`"
    );
    assert_complete("docs/cli.md", &written);
}

/// Each option of a stock program has a row in the program's table, and whatever else has one is taken by the program, if not mentioned.
fn assert_table(program: Command, heading: &str, unmentioned: &[&str]) {
    let page = generated("markdown");
    let rows = page
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| row.split("` |").next().unwrap_or(row).replace('`', ""));
    let rows: BTreeSet<String> = rows.collect();
    let theirs: BTreeSet<String> = options_of(program)
        .iter()
        .map(|option| {
            option
                .names()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        })
        .collect();
    let missing: Vec<_> = theirs.difference(&rows).collect();
    assert!(missing.is_empty(), "docs/cli.md has no row of {missing:?}");
    let more: Vec<_> = rows.difference(&theirs).collect();
    assert_eq!(
        more, unmentioned,
        "options that the program does not mention: an option of our own belongs into OWN, in src/stock"
    );
}

#[test]
fn the_table_has_the_options_of_pg_dump() {
    assert_table(
        reference_pg_dump(),
        "## Against pg_dump 19",
        &["--attribute-inserts", "--no-acl", "-R, --no-reconnect"],
    );
}

#[test]
fn the_table_has_the_options_of_pg_restore() {
    assert_table(
        reference_pg_restore(),
        "## Against pg_restore 19",
        &["--no-acl", "-R, --no-reconnect"],
    );
}

#[test]
fn the_table_has_the_options_of_pg_dumpall() {
    assert_table(
        tool(Major::REFERENCE, "pg_dumpall"),
        "## Against pg_dumpall 19",
        &["--attribute-inserts", "--no-acl"],
    );
}

#[test]
fn other_things_are_not_generated() {
    assert_says(
        &failure(pgdumprs().args(["--generate", "csh"])),
        &[
            "\"csh\" for option --generate",
            "man, bash, zsh, fish, powershell",
        ],
    );
}

#[test]
fn completions_for_bash() {
    let folder = tempfile::tempdir().unwrap();
    let script = generated_file(folder.path(), "bash");
    printed(Command::new("bash").arg("-n").arg(&script));
    assert_complete("bash", &fs::read_to_string(&script).unwrap());
    // As bash calls it when Tab is pressed behind the last word.
    let complete = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let last = words.len() - 1;
        let program = format!(
            "source {}; COMP_WORDS=({line}); COMP_CWORD={last}; _pgdumprs pgdumprs '{}' '{}'; echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            words[last],
            words[last - 1]
        );
        printed(
            Command::new("bash")
                .current_dir(folder.path())
                .args(["--norc", "-c", &program]),
        )
    };
    assert_eq!(
        complete("pgdumprs --no-ta").trim(),
        "--no-tablespaces --no-table-access-method"
    );
    assert_eq!(
        complete("pgdumprs --section p").trim(),
        "pre-data post-data"
    );
    // The names of files where files are wanted, and nowhere else: a database is no file.
    fs::write(folder.path().join("shop.dump"), "").unwrap();
    assert_eq!(complete("pgdumprs -f sho").trim(), "shop.dump");
    assert_eq!(complete("pgdumprs -d sho").trim(), "sho");
    assert_eq!(complete("pgdumprs dump --sna").trim(), "--snapshot");
}

#[test]
fn completions_for_zsh() {
    require_program("zsh", "zsh").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let script = generated_file(folder.path(), "zsh");
    printed(Command::new("zsh").arg("-n").arg(&script));
    let load = format!(
        "autoload -Uz compinit && compinit -u -d {0}.known && source {0} && print $_comps[pgdumprs]",
        script.display()
    );
    assert_eq!(
        printed(Command::new("zsh").args(["-f", "-c", &load])),
        "_pgdumprs\n"
    );
    let text = fs::read_to_string(&script).unwrap();
    assert!(
        text.starts_with("#compdef pgdumprs\n"),
        "zsh finds it by its first line"
    );
    assert_complete("zsh", &text);
}

#[test]
fn completions_for_fish() {
    require_program("fish", "fish").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let script = generated_file(folder.path(), "fish");
    let fish = |program: &str| {
        let output = checked_output(
            Command::new("fish")
                .current_dir(folder.path())
                .env("HOME", folder.path())
                .args(["--no-config", "-c", program]),
        );
        let output = output.unwrap();
        // What is wrong with a script fails no command of it.
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.is_empty(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    printed(Command::new("fish").arg("-n").arg(&script));
    // fish writes -l NAME for --NAME.
    let text = fs::read_to_string(&script).unwrap();
    assert_complete("fish", &text.replace("-l ", "--"));
    let complete = |line: &str| {
        let output = fish(&format!(
            "source {}; complete -C '{line}'",
            script.display()
        ));
        let mut names: Vec<_> = output
            .lines()
            .filter_map(|line| line.split('\t').next().map(str::to_owned))
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(
        complete("pgdumprs --no-ta"),
        "--no-table-access-method --no-tablespaces"
    );
    assert_eq!(
        complete("pgdumprs --sync-method="),
        "--sync-method=fsync --sync-method=syncfs"
    );
}

/// There is no PowerShell here to be asked.
#[test]
fn completions_for_powershell() {
    let text = generated("powershell");
    assert!(
        text.contains("Register-ArgumentCompleter -Native -CommandName 'pgdumprs'"),
        "{text}"
    );
    assert_complete("powershell", &text);
    assert!(
        !text.contains("'-?'"),
        "a question mark is a pattern of names"
    );
}

#[test]
fn the_man_page() {
    require_program("groff", "groff-base").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let page = generated_file(folder.path(), "man");
    let output = checked_output(
        Command::new("groff")
            .args(["-man", "-ww", "-Tutf8", "-Kutf8", "-P-cbou"])
            .env("LC_ALL", "C.UTF-8")
            .arg(&page),
    )
    .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.is_empty(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    // groff breaks words at the ends of lines, with a hyphen of its own.
    let text = text
        .replace("\u{ad}", "")
        .replace(['\u{2010}', '\u{2212}'], "-");
    assert_complete("the man page", &text);
    for heading in ["SYNOPSIS", "CONTENT OPTIONS", "EXIT STATUS", "EXAMPLES"] {
        assert!(
            text.lines().any(|line| line == heading),
            "{heading} is missing from\n{text}"
        );
    }
}
