//! Asking a person for a password.

use std::io::{Error, ErrorKind, Result};

/// Asks on the terminal, whatever standard input and output are, without showing what is typed.
///
/// # Errors
///
/// Where the process has no terminal, or its user breaks off.
pub(crate) fn ask(user: &str) -> Result<String> {
    rpassword::prompt_password(format!("Password for user {user}: ")).map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::Interrupted => "nothing was entered".to_owned(),
            _ => format!("there is no terminal to ask on ({error})"),
        };
        Error::new(error.kind(), reason)
    })
}
