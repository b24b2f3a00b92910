//! A terminal for the command to ask on, and none.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// What a terminal showed, and the exit status of what ran on it.
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) status: Option<i32>,
}

/// Runs a command on a terminal of its own and types `answer` as soon as the terminal shows a question for a password.
pub(crate) fn on_a_terminal(command: &Command, answer: &str) -> Shown {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words
        .map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''")))
        .collect();
    let mut script = Command::new("script");
    script
        .args(["-q", "-e", "-c", &words.join(" "), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    let mut child = script
        .spawn()
        .expect("util-linux's script makes the terminal");
    let mut keyboard = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let mut text = Vec::new();
    let mut typed = false;
    let mut piece = [0; 1024];
    loop {
        match screen.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => text.extend(&piece[..length]),
        }
        if !typed && is_question(&text) {
            // The question is on the screen before the echo is off.
            thread::sleep(Duration::from_millis(300));
            keyboard.write_all(answer.as_bytes()).unwrap();
            typed = true;
        }
    }
    drop(keyboard);
    Shown {
        text: String::from_utf8(text).unwrap(),
        status: child.wait().unwrap().code(),
    }
}

/// Whether the last line of what a terminal shows asks for a password and waits.
fn is_question(text: &[u8]) -> bool {
    let line = text.rsplit(|&byte| byte == b'\n').next();
    line.is_some_and(|line| line.starts_with(b"Password") && line.ends_with(b": "))
}

/// The command in a session of its own, which has no terminal, even where the tests themselves run on one.
pub(crate) fn without_a_terminal(command: &Command) -> Command {
    let mut detached = Command::new("setsid");
    detached
        .arg("--wait")
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => detached.env(name, value),
            None => detached.env_remove(name),
        };
    }
    detached
}
