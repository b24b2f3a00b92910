//! The script as text, for psql.

pub(crate) mod connect;
pub(crate) mod heading;
pub(crate) mod large_object;
pub(crate) mod write;

use bstr::BStr;

use crate::command::Command;
use crate::restrict_key::RestrictKey;
use crate::script::Script;
use large_object::LargeObjectText;

/// How a script looks.
#[derive(Clone, Debug)]
pub struct TextOptions {
    /// The key that keeps psql from taking commands out of what was dumped.
    pub restrict_key: RestrictKey,
    /// What `--verbose` adds, if it shall.
    pub verbose: Option<Verbose>,
}

/// What a script with `--verbose` says beyond others. Headings also say each entry's number and dependencies, and where its data is.
#[derive(Clone, Debug)]
pub struct Verbose {
    /// When the archive was made.
    pub started: Option<String>,
    /// Tells the time at the script's end.
    pub now: fn() -> String,
}

/// Puts a script's commands into words, all but the data.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    script: &'a Script,
    options: &'a TextOptions,
}

impl<'a> Text<'a> {
    /// For the commands of one script.
    pub fn new(script: &'a Script, options: &'a TextOptions) -> Self {
        Text { script, options }
    }

    /// Appends what stands before the first command.
    pub fn push_opening(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"--\n-- PostgreSQL database dump\n--\n\n");
        self.push_key("restrict", "\n\n", out);
        let versions = [
            (
                &b"-- Dumped from database version "[..],
                &self.script.server_version,
            ),
            (
                b"-- Dumped by pg_dump version ",
                &self.script.dumper_version,
            ),
        ];
        for (what, version) in versions {
            if let Some(version) = version {
                out.extend_from_slice(what);
                out.extend_from_slice(version);
                out.push(b'\n');
            }
        }
        out.push(b'\n');
        if let Some(started) = self
            .options
            .verbose
            .as_ref()
            .and_then(|verbose| verbose.started.as_ref())
        {
            push_time("Started on", started, out);
        }
    }

    /// Appends a command, without the data that belongs to it. `place` says of a heading's entry where its data is.
    pub fn push_command(&self, command: &Command<'_>, place: Option<&BStr>, out: &mut Vec<u8>) {
        match command {
            Command::Heading { entry, content } => {
                let verbose = self.options.verbose.is_some();
                heading::push(
                    entry,
                    *content,
                    &self.script.options,
                    verbose.then_some(place),
                    out,
                );
            }
            Command::Sql(sql) => {
                out.extend_from_slice(&sql.text);
                out.extend_from_slice(sql.breaks.as_bytes());
            }
            Command::EmptyLine => out.push(b'\n'),
            Command::Copy { statement, .. } => out.extend_from_slice(statement),
            Command::Statements { .. } => {}
            Command::LargeObjects { transaction, .. } => {
                if *transaction {
                    out.extend_from_slice(b"BEGIN;\n\n");
                }
            }
            Command::Connect { database } => {
                self.push_key("unrestrict", "\n", out);
                let quote_all = self.script.setup.quote_all_identifiers;
                connect::push(database, quote_all, out);
                self.push_key("restrict", "\n\n", out);
            }
        }
    }

    /// Appends the call that opens a large object, and gives what puts its content into words.
    pub fn large_object(&self, oid: u32, out: &mut Vec<u8>) -> LargeObjectText {
        LargeObjectText::begin(oid, self.script.setup.standard_strings, out)
    }

    /// Appends what stands behind the data of a command.
    pub fn push_end_of_data(&self, command: &Command<'_>, out: &mut Vec<u8>) {
        if let Command::LargeObjects {
            transaction: true, ..
        } = command
        {
            out.extend_from_slice(b"COMMIT;\n\n");
        }
    }

    /// Appends what stands behind the last command.
    pub fn push_closing(&self, out: &mut Vec<u8>) {
        if let Some(verbose) = &self.options.verbose {
            push_time("Completed on", &(verbose.now)(), out);
        }
        out.extend_from_slice(b"--\n-- PostgreSQL database dump complete\n--\n\n");
        self.push_key("unrestrict", "\n\n", out);
    }

    /// Locks psql, or unlocks it.
    fn push_key(&self, command: &str, breaks: &str, out: &mut Vec<u8>) {
        let key = self.options.restrict_key.as_str();
        out.extend_from_slice(format!("\\{command} {key}{breaks}").as_bytes());
    }
}

fn push_time(what: &str, time: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("-- {what} {time}\n\n").as_bytes());
}
