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

/// Runs a command that must fail, and returns the one line it says.
pub(crate) fn failure(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8(output.stderr).expect("messages are UTF-8");
    assert_eq!(
        output.status.code(),
        Some(1),
        "exit status; it said: {said}"
    );
    assert!(output.stdout.is_empty(), "nothing goes to standard output");
    assert_eq!(said.trim_end().lines().count(), 1, "one line: {said}");
    assert!(said.starts_with("pgdumprs: error: "), "{said}");
    said
}

/// Checks that a message holds all of these.
pub(crate) fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing from {said:?}");
    }
}
