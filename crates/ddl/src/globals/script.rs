//! The script of a server's globals, in its sections.

use bstr::{BString, ByteSlice};
use pgdumprs_catalog::{Encoding, Globals};

use super::quoting::Quoting;
use super::{membership, parameter, role, setting, tablespace};
use crate::GlobalsOptions;

/// The statements of a server's globals, under pg_dumpall's headings.
#[derive(Debug, Clone)]
pub struct GlobalsScript {
    /// The statements and headings.
    pub text: BString,
    /// What is damaged in the catalogs and was not dumped as it is.
    pub warnings: Vec<String>,
}

impl GlobalsScript {
    /// Renders the globals that were read. `roles` and `tablespaces` say which of the two there are sections for, and `databases`
    /// are those that the script drops before all else, where it drops.
    pub fn render(
        globals: &Globals,
        options: &GlobalsOptions,
        roles: bool,
        tablespaces: bool,
        databases: Option<&[BString]>,
    ) -> Self {
        let quoting = Quoting::of(globals, options);
        let mut text = BString::default();
        let mut warnings = unsaid(globals);
        if options.clean {
            let if_exists = if options.if_exists { "IF EXISTS " } else { "" };
            if let Some(databases) = databases {
                let mut drops = BString::default();
                for name in databases {
                    push!(
                        drops,
                        "DROP DATABASE ",
                        if_exists,
                        quoting.ident(name),
                        ";\n"
                    );
                }
                push!(
                    text,
                    heading("Drop databases (except postgres and template1)"),
                    drops,
                    "\n\n"
                );
            }
            if tablespaces {
                let drops = tablespace::drops(globals, if_exists, quoting);
                push_section(&mut text, "Drop tablespaces", &drops);
            }
            if roles {
                let drops = role::drops(globals, if_exists, quoting);
                push_section(&mut text, "Drop roles", &drops);
            }
        }
        if roles {
            let mut made = role::render(globals, options, quoting);
            if !globals.roles.is_empty() {
                push!(made, "\n--\n-- User Configurations\n--\n");
            }
            push!(made, setting::render(globals, quoting));
            push_section(&mut text, "Roles", &made);
            let granted = membership::render(globals, quoting, &mut warnings);
            push_section(&mut text, "Role memberships", &granted);
            if globals.version >= 150000 && options.privileges {
                let granted = parameter::render(globals, quoting);
                push_section(
                    &mut text,
                    "Role privileges on configuration parameters",
                    &granted,
                );
            }
        }
        if tablespaces {
            let made = tablespace::render(globals, options, quoting);
            push_section(&mut text, "Tablespaces", &made);
        }
        Self { text, warnings }
    }
}

/// What is said of texts that cannot be written in the encoding of the script: they come from databases in others.
fn unsaid(globals: &Globals) -> Vec<String> {
    if globals.encoding != Encoding::Utf8 {
        return Vec::new();
    }
    let roles = globals.roles.iter();
    let roles = roles.map(|row| ("role", &row.name, row.comment.as_ref()));
    let tablespaces = globals.tablespaces.iter();
    let tablespaces = tablespaces.map(|row| ("tablespace", &row.name, row.comment.as_ref()));
    let mut warnings = Vec::new();
    for (kind, name, comment) in roles.chain(tablespaces) {
        if !name.is_utf8() {
            warnings.push(format!(
                "the name of {kind} \"{name}\" is no UTF-8, and the script has another in its place: have it renamed, or dump the globals by \
                 way of a database in the encoding SQL_ASCII"
            ));
        }
        if comment.is_some_and(|comment| !comment.is_utf8()) {
            warnings.push(spoiled(&format!("comment of {kind} \"{name}\"")));
        }
    }
    let settings = globals.settings.iter();
    for row in settings.filter(|row| !row.setting.is_utf8()) {
        let (name, _) = row.setting.split_once_str("=").unwrap_or_default();
        warnings.push(spoiled(&match &row.role {
            Some(role) => format!("setting {} of role \"{role}\"", name.as_bstr()),
            None => format!("setting {} of all roles", name.as_bstr()),
        }));
    }
    warnings
}

/// What is said of a text that can be set again.
fn spoiled(what: &str) -> String {
    format!(
        "the {what} is no UTF-8, and servers refuse what the script has in its place: set it again, or dump the globals by way of a database \
         in the encoding SQL_ASCII"
    )
}

/// Adds statements under a heading, if there are some, and what follows a section in any case.
fn push_section(text: &mut BString, name: &str, statements: &BString) {
    if !statements.is_empty() {
        push!(*text, heading(name), statements);
    }
    push!(*text, "\n\n");
}

fn heading(name: &str) -> BString {
    sql!["--\n-- ", name, "\n--\n\n"]
}
