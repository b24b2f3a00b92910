//! Asking a person for a password or a passphrase.

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
fn is_interrupted<T>(answer: &Result<T>) -> bool {
    matches!(answer, Err(error) if error.kind() == ErrorKind::Interrupted)
}

/// Asks for the passphrase of an encrypted file, as [`ask_meanwhile`] does for a password.
pub(crate) fn ask_passphrase() -> Result<String> {
    let answer = prompt("Passphrase: ".to_owned());
    while is_interrupted(&answer) {
        thread::park();
    }
    answer
}

/// Asks for a passphrase that a file is to be encrypted with, twice, before anything else is done.
pub(crate) fn ask_new_passphrase() -> anyhow::Result<String> {
    signal::run("archive", async move {
        let asked = tokio::task::spawn_blocking(|| {
            let first = prompt("Passphrase to encrypt with: ".to_owned())?;
            Ok((first, prompt("The same once more: ".to_owned())?))
        });
        let answer = asked.await?;
        if is_interrupted(&answer) {
            future::pending::<()>().await;
        }
        let (first, second) = answer.context(
            "could not ask for a passphrase; set PGDUMPRS_PASSPHRASE, or give --passphrase-file",
        )?;
        anyhow::ensure!(first == second, "the two are not the same");
        Ok(first)
    })
}

fn ask(user: &str) -> Result<String> {
    prompt(format!("Password for user {}: ", visible(user)))
}

/// Asks on the terminal, whatever standard input and output are, without showing what is typed.
fn prompt(question: String) -> Result<String> {
    rpassword::prompt_password(question).map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::Interrupted => "nothing was entered".to_owned(),
            _ => format!("there is no terminal to ask on ({error})"),
        };
        Error::new(error.kind(), reason)
    })
}
