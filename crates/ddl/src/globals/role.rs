//! Roles, with their comments and labels.

use bstr::BString;
use pgdumprs_catalog::{Globals, Role};

use super::quoting::Quoting;
use crate::GlobalsOptions;

/// Statements that make the roles. Their properties are set apart from that, so that one that is there already gets them too.
pub(super) fn render(globals: &Globals, options: &GlobalsOptions, quoting: Quoting) -> BString {
    let mut text = BString::default();
    for role in &globals.roles {
        let name = quoting.ident(&role.name);
        push!(text, "CREATE ROLE ", name, ";\n");
        push!(
            text,
            "ALTER ROLE ",
            name,
            " WITH",
            properties(role, quoting),
            ";\n"
        );
        let target = sql!["ROLE ", name];
        if options.comments {
            push!(text, comment(role.comment.as_ref(), &target, quoting));
        }
        push!(text, labels(globals, false, role.oid, &target, quoting));
    }
    text
}

/// What follows `WITH`.
fn properties(role: &Role, quoting: Quoting) -> BString {
    let mut text = BString::default();
    for (has, yes, no) in [
        (role.is_superuser, "SUPERUSER", "NOSUPERUSER"),
        (role.inherits, "INHERIT", "NOINHERIT"),
        (role.creates_roles, "CREATEROLE", "NOCREATEROLE"),
        (role.creates_databases, "CREATEDB", "NOCREATEDB"),
        (role.may_log_in, "LOGIN", "NOLOGIN"),
        (role.replicates, "REPLICATION", "NOREPLICATION"),
        (role.bypasses_row_security, "BYPASSRLS", "NOBYPASSRLS"),
    ] {
        push!(text, " ", if has { yes } else { no });
    }
    if role.connection_limit != -1 {
        push!(
            text,
            " CONNECTION LIMIT ",
            role.connection_limit.to_string()
        );
    }
    if let Some(password) = &role.password {
        push!(text, " PASSWORD ", quoting.literal(password));
    }
    if let Some(until) = &role.valid_until {
        push!(text, " VALID UNTIL ", quoting.literal(until));
    }
    text
}

/// Statements that drop the roles.
pub(super) fn drops(globals: &Globals, if_exists: &str, quoting: Quoting) -> BString {
    let mut text = BString::default();
    for role in &globals.roles {
        push!(
            text,
            "DROP ROLE ",
            if_exists,
            quoting.ident(&role.name),
            ";\n"
        );
    }
    text
}

/// The statement that sets the comment of a role or a tablespace, named as `target`, if there is one.
pub(super) fn comment(comment: Option<&BString>, target: &BString, quoting: Quoting) -> BString {
    match comment.filter(|comment| !comment.is_empty()) {
        Some(comment) => sql![
            "COMMENT ON ",
            target,
            " IS ",
            quoting.literal(comment),
            ";\n"
        ],
        None => BString::default(),
    }
}

/// Statements that set the labels of a role or a tablespace, named as `target`.
pub(super) fn labels(
    globals: &Globals,
    is_tablespace: bool,
    object: u32,
    target: &BString,
    quoting: Quoting,
) -> BString {
    let mut text = BString::default();
    let of_object = globals
        .labels
        .iter()
        .filter(|label| label.is_tablespace == is_tablespace && label.object == object);
    for label in of_object {
        push!(
            text,
            "SECURITY LABEL FOR ",
            quoting.ident(&label.provider),
            " ON ",
            target,
            " IS ",
            quoting.literal(&label.label),
            ";\n"
        );
    }
    text
}
