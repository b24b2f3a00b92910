//! Asking a person for a password.

use std::future;
use std::io::{Error, ErrorKind, Result};
use std::thread;

use anyhow::Context;
use pgdumprs::ConnectParams;

use crate::message::visible;
use crate::signal;

/// Asks before anything else is done.
pub(crate) fn ask_first(user: &str) -> anyhow::Result<String> {
    let user = user.to_owned();
    signal::run("archive", async move {
        let answer = tokio::task::spawn_blocking(move || ask(&user)).await?;
        if is_interrupted(&answer) {
            future::pending::<()>().await;
        }
        answer.with_context(|| {
            format!(
                "could not ask for a password (-W); set PGPASSWORD, or add a line to the password file ({})",
                ConnectParams::USUAL_PASSFILE
            )
        })
    })
}

/// Asks while a dump waits for it, on a thread that nobody waits for at the process's end.
pub(crate) fn ask_meanwhile(user: &str) -> Result<String> {
    let answer = ask(user);
    while is_interrupted(&answer) {
        thread::park();
    }
    answer
}

/// Whether Ctrl-C was typed. The signal is on its way then, and says more than an error would.
fn is_interrupted(answer: &Result<String>) -> bool {
    matches!(answer, Err(error) if error.kind() == ErrorKind::Interrupted)
}

/// Asks on the terminal, whatever standard input and output are, without showing what is typed.
fn ask(user: &str) -> Result<String> {
    rpassword::prompt_password(format!("Password for user {}: ", visible(user))).map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::Interrupted => "nothing was entered".to_owned(),
            _ => format!("there is no terminal to ask on ({error})"),
        };
        Error::new(error.kind(), reason)
    })
}
