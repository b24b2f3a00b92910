//! Running the command as users do.

use std::process::{Command, Output, Stdio};

/// The command, without the caller's own connection settings.
pub(crate) fn pgdumprs() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdumprs"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
        .stdin(Stdio::null())
        .env("PGPASSFILE", "/dev/null/none");
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    command
        .output()
        .expect("the command was built with this test")
}

/// Runs a command that must fail, and returns the one line it says, with a hint behind it where there is one.
pub(crate) fn failure(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8(output.stderr).expect("messages are UTF-8");
    assert_eq!(
        output.status.code(),
        Some(1),
        "exit status; it said: {said}"
    );
    assert!(output.stdout.is_empty(), "nothing goes to standard output");
    assert_one_error(&said);
    said
}

/// Checks that there is one line, an error, and perhaps a hint.
pub(crate) fn assert_one_error(said: &str) {
    let mut lines = said.lines();
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("pgdumprs: error: ")),
        "{said}"
    );
    assert!(
        lines.all(|line| line.starts_with("pgdumprs: hint: ")),
        "one line: {said}"
    );
}

/// Checks that a message holds all of these.
pub(crate) fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing from {said:?}");
    }
}
