//! The settings that the rest of the archive relies on: its first three entries.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};

use crate::contents::toc::Toc;
use crate::state::dump::Dump;

/// Writes the entries ENCODING, STDSTRINGS and SEARCHPATH.
///
/// The dump's own transaction runs with standard strings and an empty search path, so that is what all definitions are written
/// for. The encoding is the one in which the server sent names, definitions and data.
pub(crate) fn render(dump: &Dump, toc: &mut Toc) {
    let encoding = dump.literal(&dump.listing.database.client_encoding);
    push(
        toc,
        "ENCODING",
        sql!["SET client_encoding = ", encoding, ";\n"],
    );
    push(
        toc,
        "STDSTRINGS",
        "SET standard_conforming_strings = 'on';\n".into(),
    );
    push(
        toc,
        "SEARCHPATH",
        "SELECT pg_catalog.set_config('search_path', '', false);\n".into(),
    );
}

fn push(toc: &mut Toc, name: &str, definition: BString) {
    let entry = toc.entry_on(name, &[]);
    toc.push(Entry {
        tag: Some(name.into()),
        section: Section::PreData,
        definition: Some(definition),
        ..entry
    });
}
