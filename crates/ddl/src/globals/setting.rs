//! Settings that sessions of roles start with.

use bstr::{BString, ByteSlice};
use pgdumprs_catalog::Globals;

use super::quoting::Quoting;
use crate::text::guc;

/// Statements that make the settings, under a heading for each role that has some.
pub(super) fn render(globals: &Globals, quoting: Quoting) -> BString {
    let mut text = BString::default();
    let mut last = None;
    for row in &globals.settings {
        if last != Some(&row.role) {
            last = Some(&row.role);
            let heading = match &row.role {
                Some(role) => sql![
                    "User Config \"",
                    role.replace("\n", " ").replace("\r", " "),
                    "\""
                ],
                None => "Config of all users".into(),
            };
            push!(text, "\n--\n-- ", heading, "\n--\n\n");
        }
        let whose = match &row.role {
            Some(role) => sql!["ROLE ", quoting.ident(role)],
            None => "ROLE ALL".into(),
        };
        let command = guc::set_command(
            quoting.version,
            &whose,
            &row.setting,
            |name| quoting.ident(name),
            |value| quoting.literal(value),
        );
        push!(text, command);
    }
    text
}
