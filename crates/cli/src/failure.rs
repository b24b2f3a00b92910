//! What the command failed for, and what may help.

use anyhow::Chain;

use crate::message::say;
use crate::signal;

/// An error, with hints that the command line tells and the library cannot know of.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: anyhow::Error,
    hints: Vec<String>,
    /// The status that the process ends with, where no signal has ended it.
    status: i32,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let hints = Vec::new();
        let status = 1;
        Self {
            error,
            hints,
            status,
        }
    }
}

impl Failure {
    /// With another hint, where there is one.
    pub(crate) fn hint(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }

    /// With another exit status than 1.
    pub(crate) fn with_status(mut self, status: i32) -> Self {
        self.status = status;
        self
    }

    /// What the process ends with: that of a process which the signal has ended, where one has.
    pub(crate) fn exit_status(&self) -> i32 {
        signal::exit_status(&self.error).unwrap_or(self.status)
    }

    /// Says the error in one line, and each hint in one of its own.
    pub(crate) fn say(&self) {
        say(format_args!("error: {}", line(self.error.chain())));
        let of_dump = self.error.downcast_ref::<pgdumprs::Error>();
        let of_clone = self.error.downcast_ref::<pgdumprs::CloneError>();
        let of_servers = self.error.downcast_ref::<pgdumprs::ServerRestoreError>();
        let of_dump = of_dump.or(match of_servers {
            Some(pgdumprs::ServerRestoreError::Globals(error)) => Some(error),
            _ => None,
        });
        let of_library = match (of_dump, of_clone) {
            (Some(error), _) => error.hint(),
            (None, Some(error)) => error.hint(),
            (None, None) => None,
        };
        for hint in of_library.iter().chain(&self.hints) {
            say(format_args!("hint: {hint}"));
        }
    }
}

/// One line of an error and its causes: what failed, and what the server or the system said about it. Some errors say themselves what their
/// causes say.
pub(crate) fn line(chain: Chain<'_>) -> String {
    chain.fold(String::new(), |line, cause| {
        let said = cause.to_string();
        match line.as_str() {
            "" => said,
            line if line.contains(&said) => line.to_owned(),
            line => format!("{line}: {said}"),
        }
    })
}
