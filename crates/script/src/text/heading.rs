//! The comment before an entry.

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;

use crate::command::Content;
use crate::options::Options;

/// Appends the heading of an entry. `verbose` holds where its data is, if that shall be said, and asks for more to be said.
pub(super) fn push(
    entry: &Entry,
    content: Content,
    options: &Options,
    verbose: Option<Option<&BStr>>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"--\n");
    if verbose.is_some() {
        let id = entry.catalog_id;
        let number = format!(
            "-- TOC entry {} (class {} OID {})\n",
            entry.dump_id, id.tableoid, id.oid
        );
        out.extend_from_slice(number.as_bytes());
        if !entry.dependencies.is_empty() {
            out.extend_from_slice(b"-- Dependencies:");
            for dump_id in &entry.dependencies {
                out.extend_from_slice(format!(" {dump_id}").as_bytes());
            }
            out.push(b'\n');
        }
    }
    let what = match content {
        Content::Definition => "",
        Content::Data => "Data for ",
        Content::Statistics => "Statistics for ",
    };
    out.extend_from_slice(b"-- ");
    out.extend_from_slice(what.as_bytes());
    out.extend_from_slice(b"Name: ");
    push_line(entry.tag.as_ref(), "", out);
    out.extend_from_slice(b"; Type: ");
    out.extend_from_slice(&entry.descriptor);
    out.extend_from_slice(b"; Schema: ");
    push_line(entry.namespace.as_ref(), "-", out);
    out.extend_from_slice(b"; Owner: ");
    push_line(entry.owner.as_ref().filter(|_| !options.no_owner), "-", out);
    let tablespace = entry.tablespace.as_ref().filter(|name| !name.is_empty());
    if let Some(tablespace) = tablespace.filter(|_| !options.no_tablespaces) {
        out.extend_from_slice(b"; Tablespace: ");
        push_line(Some(tablespace), "", out);
    }
    out.push(b'\n');
    if let Some(place) = verbose.flatten() {
        out.extend_from_slice(b"-- ");
        out.extend_from_slice(place);
        out.push(b'\n');
    }
    out.extend_from_slice(b"--\n\n");
}

/// Appends a name, or what stands for none. What would end the line becomes a space: it would end the comment.
fn push_line(name: Option<&BString>, none: &str, out: &mut Vec<u8>) {
    match name {
        None => out.extend_from_slice(none.as_bytes()),
        Some(name) => out.extend(name.iter().map(|byte| match byte {
            b'\n' | b'\r' => b' ',
            other => *other,
        })),
    }
}
