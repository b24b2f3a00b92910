//! What clap finds wrong with a command line, in one line of pg_dump's manner.

use std::error::Error;
use std::num::ParseIntError;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::command_line::words::{self, closest};

const TOO_MANY: &str = "too many command-line arguments";

/// Says what is wrong, without what stands where a database's name should: there may be a password in it. `first` is that, where `command`
/// is a dump.
pub(super) fn complaint(error: &clap::Error, command: &Command, first: Option<&str>) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let option = |kind| name(command, context(kind));
    let (typed, value) = (
        context(ContextKind::InvalidArg),
        context(ContextKind::InvalidValue),
    );
    match error.kind() {
        ErrorKind::UnknownArgument if typed.starts_with('-') => {
            let typed = typed.split('=').next().unwrap_or_default();
            let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
            let long = shown.filter_map(clap::Arg::get_long);
            match closest(long, typed.trim_start_matches('-')) {
                None => format!("unrecognized option '{typed}'"),
                Some(similar) => {
                    format!("unrecognized option '{typed}'; did you mean '--{similar}'?")
                }
            }
        }
        // A second word without an option, which clap takes for a command.
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => too_many(command, first),
        ErrorKind::ArgumentConflict if error.get(ContextKind::InvalidSubcommand).is_some() => {
            too_many(command, first)
        }
        ErrorKind::InvalidValue => format!(
            "invalid value \"{value}\" for option {}: it can be {}",
            option(ContextKind::InvalidArg),
            list(error.get(ContextKind::ValidValue))
        ),
        ErrorKind::ValueValidation => bad_value(&option(ContextKind::InvalidArg), value, error),
        ErrorKind::MissingRequiredArgument => format!(
            "missing on the command line: {}",
            list(error.get(ContextKind::InvalidArg)).replace(['<', '>'], "")
        ),
        ErrorKind::ArgumentConflict if error.get(ContextKind::PriorArg).is_some() => {
            // Of several, the first will do.
            let prior = match error.get(ContextKind::PriorArg) {
                Some(ContextValue::Strings(all)) => all.first().map_or("", String::as_str),
                _ => context(ContextKind::PriorArg),
            };
            format!(
                "options {} and {} cannot be used together",
                option(ContextKind::InvalidArg),
                name(command, prior)
            )
        }
        _ => {
            let message = error.to_string();
            let line = message.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    }
}

/// A second argument where a dump takes one, its database: the first may have been meant as a command.
fn too_many(command: &Command, first: Option<&str>) -> String {
    let Some(first) = first else {
        return TOO_MANY.to_owned();
    };
    match (words::advice(first), words::misspelled(command, first)) {
        (Some(advice), _) => advice,
        (None, Some(meant)) => format!("{TOO_MANY}; did you mean the command \"{meant}\"?"),
        (None, None) => format!("{TOO_MANY}: a dump takes one, its database"),
    }
}

/// What a parser of values finds wrong. Of numbers, clap says less to the point than pg_dump.
fn bad_value(option: &str, value: &str, error: &clap::Error) -> String {
    let reason = error.source().map(ToString::to_string).unwrap_or_default();
    if value.contains('@') {
        // The reason may quote a part of what is a connection string in the wrong place.
        format!("invalid value for option {option}")
    } else if let Some(range) = reason.strip_prefix(&format!("{value} is not in ")) {
        format!("{option} must be in range {}", range.replace("..=", ".."))
    } else if error
        .source()
        .is_some_and(|source| source.is::<ParseIntError>())
    {
        format!("invalid value \"{value}\" for option {option}")
    } else {
        format!("invalid value \"{value}\" for option {option}: {reason}")
    }
}

/// The values that a context holds.
fn list(context: Option<&ContextValue>) -> String {
    match context {
        Some(ContextValue::Strings(all)) => all.join(", "),
        Some(ContextValue::String(one)) => one.clone(),
        _ => String::new(),
    }
}

/// An option by both its names, `-j/--jobs`; `shown` is as clap shows it, `--jobs <NUM>`.
fn name(command: &Command, shown: &str) -> String {
    let long = shown.split([' ', '=', '[']).next().unwrap_or_default();
    let arg = command.get_arguments().find(|arg| {
        arg.get_long()
            .is_some_and(|name| long.strip_prefix("--") == Some(name))
    });
    match arg.and_then(clap::Arg::get_short) {
        Some(short) => format!("-{short}/{long}"),
        None if long.is_empty() => shown.to_owned(),
        None => long.to_owned(),
    }
}
