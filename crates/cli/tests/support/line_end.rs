//! Where a command line ends, of a stock program's or of ours.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::run;

/// Where a command line ends.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// It is understood, and fails for what comes then.
    Understood,
    /// It is refused, with this line; what goes before the reason is left out, and so is a hint.
    Refused(String),
    /// It shows something and succeeds.
    Shows,
}

/// Runs a command in `folder` with arguments parted by blanks, of which `''` is an empty one. Nothing can be connected to, and standard input
/// is empty; `is_understood` knows the reasons that are given then.
pub(crate) fn end(
    mut command: Command,
    line: &str,
    folder: &Path,
    is_understood: impl Fn(&str) -> bool,
) -> End {
    let arguments = line
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| if word == "''" { "" } else { word });
    let output = run(command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("LC_ALL", "C")
        .env("PGHOST", "/nowhere"));
    let said = String::from_utf8(output.stderr).unwrap();
    match output.status.code() {
        Some(0) => End::Shows,
        Some(1) => {
            assert!(output.stdout.is_empty(), "{line}");
            let mut reasons = said.lines().filter_map(|said| {
                let programs = ["pg_dump: ", "pg_restore: ", "pgdumprs: "];
                let named = programs.iter().find_map(|program| said.split_once(program));
                let (_, said) = named?;
                Some(said.strip_prefix("error: ").unwrap_or(said))
            });
            let reason = reasons
                .find(|said| !said.starts_with("warning: ") && !said.starts_with("hint: "))
                .unwrap_or(&said);
            if is_understood(reason) {
                return End::Understood;
            }
            End::Refused(reason.split(" (try \"").next().unwrap_or(reason).to_owned())
        }
        status => panic!("{command:?} ended with {status:?}: {said}"),
    }
}
