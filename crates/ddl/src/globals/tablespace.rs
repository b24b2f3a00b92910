//! Tablespaces, with their options, privileges, comments and labels.

use bstr::{BString, ByteSlice};
use pgdumprs_catalog::{Globals, Tablespace};

use super::quoting::Quoting;
use super::role::{comment, labels};
use crate::GlobalsOptions;
use crate::privileges::grant::{self, Target};

/// Statements that make the tablespaces. Those that every server has are changed to what they are.
pub(super) fn render(globals: &Globals, options: &GlobalsOptions, quoting: Quoting) -> BString {
    let mut text = BString::default();
    for row in &globals.tablespaces {
        let name = quoting.ident(&row.name);
        if !row.is_built_in {
            // One within the data directory is made so by an empty name.
            let location = if is_absolute(&row.location) {
                quoting.literal(&row.location)
            } else {
                "''".into()
            };
            let owner = quoting.ident(&row.owner);
            push!(
                text,
                "CREATE TABLESPACE ",
                name,
                " OWNER ",
                owner,
                " LOCATION ",
                location,
                ";\n"
            );
        }
        if let Some(set) = row.options.as_ref().filter(|set| !set.is_empty()) {
            push!(text, "ALTER TABLESPACE ", name, " SET (", set, ");\n");
        }
        if options.privileges {
            push!(text, privileges(row, &name, quoting));
        }
        let target = sql!["TABLESPACE ", name];
        if options.comments {
            push!(text, comment(row.comment.as_ref(), &target, quoting));
        }
        push!(text, labels(globals, true, row.oid, &target, quoting));
    }
    text
}

fn privileges(row: &Tablespace, name: &BString, quoting: Quoting) -> BString {
    let Some(acl) = &row.acl.acl else {
        return BString::default();
    };
    let target = Target {
        prefix: BString::default(),
        kind: "TABLESPACE",
        name: name.clone(),
        column: None,
        owner: row.owner.as_bstr(),
    };
    grant::commands(&target, acl, &row.acl.default, &|name| quoting.ident(name))
}

/// Statements that drop the tablespaces.
pub(super) fn drops(globals: &Globals, if_exists: &str, quoting: Quoting) -> BString {
    let mut names: Vec<_> = globals
        .tablespaces
        .iter()
        .filter(|row| !row.is_built_in)
        .map(|row| &row.name)
        .collect();
    names.sort();
    let mut text = BString::default();
    for name in names {
        push!(
            text,
            "DROP TABLESPACE ",
            if_exists,
            quoting.ident(name),
            ";\n"
        );
    }
    text
}

/// Whether a path on the server, which may run on Windows, names its folder from the root on.
fn is_absolute(path: &[u8]) -> bool {
    match path {
        [b'/' | b'\\', ..] => true,
        [letter, b':', b'/' | b'\\', ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}
