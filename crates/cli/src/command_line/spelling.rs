//! The command line as pg_dump and pg_restore read theirs, which is the way of getopt_long(3).
//!
//! clap parts ways with it: it drops the `=` of `-f=x`, takes no value that begins with a hyphen, and has no preference among what an
//! abbreviation can stand for. So every option is written out as `--name` or `--name=value` first, which leaves clap nothing to decide.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};
use clap_lex::{RawArgs, ShortFlags};

use crate::stock::Stock;

/// Writes out the options among `words`, whose first is the program's name. What needs no option goes last, behind `--`.
///
/// # Errors
///
/// What is wrong, without any value in it: a value may be a password. Unknown long options are left for clap, which knows what they
/// resemble.
pub(super) fn spell_out(
    command: &mut Command,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Vec<OsString>, String> {
    // How many values an option takes is only known to a command that is built.
    command.build();
    let mut command = &*command;
    let words = RawArgs::new(words);
    let mut at = words.cursor();
    let mut spelled: Vec<_> = words
        .next_os(&mut at)
        .map(OsStr::to_owned)
        .into_iter()
        .collect();
    let first = words.peek_os(&at);
    if let Some(named) = first.and_then(|first| command.find_subcommand(first)) {
        command = named;
        spelled.extend(words.next_os(&mut at).map(OsStr::to_owned));
    }
    let mut others = Vec::new();
    while let Some(word) = words.next(&mut at) {
        let mut value = || words.next_os(&mut at);
        if word.is_escape() {
            others.extend(words.remaining(&mut at).map(OsStr::to_owned));
            break;
        } else if let Some((typed, attached)) = word.to_long() {
            let option = typed
                .ok()
                .map(|typed| long(command, typed, attached, &mut value))
                .transpose()?
                .flatten();
            spelled.push(option.unwrap_or_else(|| word.to_value_os().to_owned()));
        } else if let Some(letters) = word.to_short() {
            short(command, letters, &mut value, &mut spelled)?;
        } else {
            others.push(word.to_value_os().to_owned());
        }
    }
    if !others.is_empty() {
        spelled.push("--".into());
        spelled.append(&mut others);
    }
    Ok(spelled)
}

/// The first of the words, written out, that belongs to no option.
pub(super) fn first_argument(spelled: &[OsString]) -> Option<String> {
    let at = spelled.iter().position(|word| word == "--")?;
    spelled.get(at + 1)?.to_str().map(str::to_owned)
}

/// Writes out a long option, which may be shortened, and takes its value from the next word where it stands there. Nothing where there is no
/// such option.
fn long<'w>(
    command: &Command,
    typed: &str,
    attached: Option<&OsStr>,
    next: impl FnOnce() -> Option<&'w OsStr>,
) -> Result<Option<OsString>, String> {
    let Some((arg, name)) = resolve(command, typed)? else {
        return Ok(None);
    };
    match (values(arg), attached) {
        (Values::None, Some(_)) => Err(format!("option '--{name}' doesn't allow an argument")),
        (Values::None, None) | (Values::Attached, None) => Ok(Some(flag(arg))),
        (_, Some(value)) => Ok(Some(option(arg, value))),
        (Values::One, None) => match next() {
            Some(value) => Ok(Some(option(arg, value))),
            None => Err(format!("option '--{name}' requires an argument")),
        },
    }
}

/// Writes out the letters of a word, of which the last may have a value: what follows it, or the next word.
fn short<'w>(
    command: &Command,
    mut letters: ShortFlags<'w>,
    next: impl FnOnce() -> Option<&'w OsStr>,
    spelled: &mut Vec<OsString>,
) -> Result<(), String> {
    while let Some(letter) = letters.next_flag() {
        let invalid = |letter: &str| format!("invalid option -- '{letter}'");
        let letter = letter.map_err(|rest| invalid(&rest.to_string_lossy()))?;
        let arg = command
            .get_arguments()
            .find(|arg| arg.get_short() == Some(letter))
            .ok_or_else(|| invalid(&letter.to_string()))?;
        if values(arg) == Values::None {
            spelled.push(flag(arg));
            continue;
        }
        let value = letters.next_value_os().or_else(next);
        let value = value.ok_or_else(|| format!("option requires an argument -- '{letter}'"))?;
        spelled.push(option(arg, value));
        break;
    }
    Ok(())
}

/// How an option takes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    None,
    One,
    /// One or none: only what stands behind `=` is one.
    Attached,
}

fn values(arg: &Arg) -> Values {
    if !arg.get_action().takes_values() {
        return Values::None;
    }
    match arg.get_num_args() {
        Some(number) if number.min_values() == 0 => Values::Attached,
        _ => Values::One,
    }
}

/// The option that `typed` names or begins, with that name; nothing where there is none.
///
/// What is short for one option of the stock program alone is that, whatever options of our own begin in the same way.
fn resolve<'a>(command: &'a Command, typed: &str) -> Result<Option<(&'a Arg, &'a str)>, String> {
    let all = || {
        command
            .get_arguments()
            .flat_map(|arg| names(arg).map(move |name| (arg, name)))
    };
    if let Some(exact) = all().find(|(_, name)| *name == typed) {
        return Ok(Some(exact));
    }
    let stock = Stock::of(command);
    let begun: Vec<_> = all().filter(|(_, name)| name.starts_with(typed)).collect();
    let theirs: Vec<_> = begun
        .iter()
        .copied()
        .filter(|(arg, _)| !stock.lacks(arg))
        .collect();
    let possible = if theirs.is_empty() { begun } else { theirs };
    let Some(&(first, name)) = possible.first() else {
        return Ok(None);
    };
    if possible
        .iter()
        .all(|(arg, _)| arg.get_id() == first.get_id())
    {
        return Ok(Some((first, name)));
    }
    let names: Vec<_> = possible
        .iter()
        .map(|(_, name)| format!("'--{name}'"))
        .collect();
    Err(format!(
        "option '--{typed}' is ambiguous; possibilities: {}",
        names.join(" ")
    ))
}

/// All long names of an option.
fn names(arg: &Arg) -> impl Iterator<Item = &str> {
    let aliases = arg.get_all_aliases().unwrap_or_default();
    arg.get_long().into_iter().chain(aliases)
}

fn flag(arg: &Arg) -> OsString {
    format!("--{}", arg.get_long().unwrap_or_default()).into()
}

fn option(arg: &Arg, value: &OsStr) -> OsString {
    let mut spelled = flag(arg);
    spelled.push("=");
    spelled.push(value);
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    use crate::command_line::CommandLine;

    fn spelled(line: &str) -> Result<String, String> {
        let words = ["pgdumprs"].into_iter().chain(line.split(' '));
        let spelled = spell_out(&mut CommandLine::command(), words.map(OsString::from))?;
        let spelled: Vec<_> = spelled[1..]
            .iter()
            .map(|word| word.to_str().unwrap())
            .collect();
        Ok(spelled.join(" "))
    }

    #[test]
    fn options_are_written_out() {
        for (line, expected) in [
            ("-Fc -v", "--format=c --verbose"),
            ("-vafx db", "--verbose --data-only --file=x -- db"),
            ("db -f -x", "--file=-x -- db"),
            ("-f=x", "--file==x"),
            ("--file x --file=y=z", "--file=x --file=y=z"),
            ("--no-acl --blobs", "--no-privileges --large-objects"),
            ("--section=", "--section="),
            ("-- -v list", "-- -v list"),
            ("-", "-- -"),
            ("dump --da", "dump --data-only"),
            // Ours have no part in what pg_dump understands.
            (
                "--cr --q --arch=1.14",
                "--create --quote-all-identifiers --archive-version=1.14",
            ),
            ("--no-such=x", "--no-such=x"),
        ] {
            assert_eq!(spelled(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_values() {
        for (line, expected) in [
            (
                "--data-only=secret",
                "option '--data-only' doesn't allow an argument",
            ),
            ("-v -y", "invalid option -- 'y'"),
            ("-f", "option requires an argument -- 'f'"),
            ("--dbn", "option '--dbname' requires an argument"),
            (
                "--excl=secret",
                "option '--excl' is ambiguous; possibilities: '--exclude-table'",
            ),
        ] {
            let said = spelled(line).unwrap_err();
            assert!(
                said.starts_with(expected) && !said.contains("secret"),
                "{said}"
            );
        }
    }
}
