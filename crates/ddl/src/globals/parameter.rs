//! Privileges on configuration parameters.

use bstr::{BString, ByteSlice};
use pgdumprs_catalog::Globals;

use super::quoting::Quoting;
use crate::privileges::grant::{self, Target};

/// Statements that grant the privileges.
pub(super) fn render(globals: &Globals, quoting: Quoting) -> BString {
    let mut text = BString::default();
    for row in &globals.parameters {
        let Some(acl) = &row.acl.acl else { continue };
        let target = Target {
            prefix: BString::default(),
            kind: "PARAMETER",
            name: quoting.ident(&row.name),
            column: None,
            owner: row.owner.as_bstr(),
        };
        let ident = |name: &bstr::BStr| quoting.ident(name);
        push!(
            text,
            grant::commands(&target, acl, &row.acl.default, &ident)
        );
    }
    text
}
