//! The page `docs/cli.md`.

use std::fmt::Write;

use clap::{Arg, Command};

use super::sections::{Content, SECTIONS};
use crate::stock::Stock;

const HEAD: &str = "# Command line\n\n\
     <!-- Written by `cargo xtask docs` from the definitions of the options: change those. -->\n\n\
     What `pgdumprs --help` shows, in full, and where it is not what `pg_dump` and `pg_restore` 19 have. `pgdumprs --generate man` prints the same as a \
     man page, `pgdumprs --generate bash` (or `zsh`, `fish`, `powershell`) completions for a shell.\n\n\
     More: [connections](connections.md), with every parameter of libpq; [looking into archives](archives.md); [recipes](recipes/README.md).\n";

/// The page.
pub(super) fn page(command: &Command) -> String {
    let mut page = HEAD.to_owned();
    usage(&mut page, command);
    options(&mut page, command, "##");
    let others = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "dump" && !sub.is_hide_set());
    for sub in others {
        let about = sub.get_long_about().or(sub.get_about());
        let about = about.map(ToString::to_string).unwrap_or_default();
        line(
            &mut page,
            &format!("\n## pgdumprs {}\n\n{about}.", sub.get_name()),
        );
        usage(&mut page, sub);
        options(&mut page, sub, "###");
        if let Some(closing) = sub.get_after_help() {
            line(&mut page, &format!("\n{closing}"));
        }
    }
    for section in SECTIONS {
        line(&mut page, &format!("\n## {}\n", section.title));
        for content in section.content {
            line(
                &mut page,
                &match content {
                    Content::Paragraph(text) => (*text).to_owned(),
                    Content::Item(name, text) => format!("- `{name}`: {text}"),
                    Content::Example(command, text) => format!("- {text} `{command}`"),
                },
            );
        }
    }
    against(&mut page, command);
    for name in ["restore", "pg_dumpall"] {
        if let Some(command) = command.find_subcommand(name) {
            against(&mut page, command);
        }
    }
    page
}

fn line(page: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}

fn usage(page: &mut String, command: &Command) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let usage: Vec<_> = usage.lines().map(str::trim).collect();
    line(page, &format!("\n```text\n{}\n```", usage.join("\n")));
}

/// The options of a command under their headings, in the order of `--help`.
fn options(page: &mut String, command: &Command, level: &str) {
    let shown = || command.get_arguments().filter(|arg| !arg.is_hide_set());
    let mut headings = Vec::new();
    for arg in shown() {
        let heading = arg.get_help_heading();
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for heading in headings {
        line(
            page,
            &format!("\n{level} {}\n", heading.unwrap_or("Arguments")),
        );
        for arg in shown().filter(|arg| arg.get_help_heading() == heading) {
            line(page, &item(arg));
        }
    }
}

/// An option as an item of a list: its names, what it does, and more about it in paragraphs of their own.
fn item(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut item = format!("- {}: {help}.", with_values(arg));
    let values: Vec<_> = arg
        .get_possible_values()
        .into_iter()
        .filter(|value| !value.is_hide_set() && arg.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        item += &format!(" One of {}.", values.join(", "));
    }
    let defaults = arg.get_default_values();
    if arg.get_action().takes_values() && !arg.is_hide_default_value_set() && !defaults.is_empty() {
        let defaults: Vec<_> = defaults
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        item += &format!(" The default is `{}`.", defaults.join(" "));
    }
    let long = arg
        .get_long_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    for paragraph in long.split("\n\n").skip(1) {
        item += &format!("\n\n  {}", paragraph.replace('\n', " "));
    }
    item
}

/// An option's names and its value: `-f`, `--file FILE`.
fn with_values(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_value_names().unwrap_or_default().iter().collect();
    let values: String = match arg.get_action().takes_values() {
        true if arg.is_require_equals_set() => {
            values.iter().map(|value| format!("[={value}]")).collect()
        }
        true => values.iter().map(|value| format!(" {value}")).collect(),
        false => String::new(),
    };
    match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("`-{short}`, `--{long}{values}`"),
        (None, Some(long)) => format!("`--{long}{values}`"),
        _ => format!("`{}`", values.trim_start()),
    }
}

fn names(short: Option<char>, long: &str) -> String {
    match short {
        Some(short) => format!("`-{short}`, `--{long}`"),
        None => format!("`--{long}`"),
    }
}

/// What of a stock program's command line is not the same in that of `command`: a table of its options, by name, and what else there is.
fn against(page: &mut String, command: &Command) {
    let stock = Stock::of(command);
    let (name, tests) = (stock.name, stock.compared_by);
    line(
        page,
        &format!(
            "\n## Against {name} 19\n\n\
             Every option of `{name}` 19, with those that it takes without mentioning them. A test compares this list with `{name} --help`; \
             each is tried beside stock (`{tests}`).\n\n\
             | {name} | pgdumprs | difference |\n| --- | --- | --- |"
        ),
    );
    let mut rows = Vec::new();
    for arg in command.get_arguments() {
        let Some(long) = arg.get_long().filter(|_| !stock.lacks(arg)) else {
            continue;
        };
        let ours = names(arg.get_short(), long);
        let difference = stock.difference(long).unwrap_or("none");
        rows.push((long, format!("| {ours} | {ours} | {difference} |")));
        for alias in arg.get_all_aliases().unwrap_or_default() {
            rows.push((alias, format!("| `--{alias}` | {ours} | {difference} |")));
        }
    }
    rows.sort();
    for (_, row) in rows {
        line(page, &row);
    }
    line(page, "\nBesides:\n");
    let mut commands = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set())
        .map(|sub| format!("`{}`", sub.get_name()))
        .peekable();
    if commands.peek().is_some() {
        let commands: Vec<_> = commands.collect();
        line(
            page,
            &format!(
                "- A first argument that is the name of a command ({}) is that command: a database that has such a name is dumped with `-d`.",
                commands.join(", ")
            ),
        );
    }
    for difference in stock.other_differences {
        line(page, &format!("- {difference}"));
    }
    let own = command
        .get_arguments()
        .filter(|arg| stock.lacks(arg) && !arg.is_hide_set());
    let own: Vec<_> = own
        .filter_map(Arg::get_long)
        .map(|long| format!("`--{long}`"))
        .collect();
    if !own.is_empty() {
        line(
            page,
            &format!(
                "\nOptions that `{name}` has not: {}. An abbreviation that `{name}` understands means the same here, whatever these are called.",
                own.join(", ")
            ),
        );
    }
}
