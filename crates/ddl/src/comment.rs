//! Comments: entries that hang on the object they speak of.

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;
use pgdumprs_catalog::CatalogId;

use crate::dump::Dump;
use crate::object::{DumpId, Object};
use crate::sql;
use crate::toc::Toc;

/// The object that a comment or a security label is on, as SQL names it.
#[derive(Debug, Clone)]
pub(crate) struct Subject<'a> {
    /// The key word for its kind: `TABLE`, `FUNCTION`, `TRIGGER`.
    pub(crate) kind: &'a str,
    /// The name after the key word, quoted, without schema: `orders`, `f(integer)`, `t ON orders`.
    pub(crate) name: BString,
    /// Name of the schema, unquoted, where the object's name takes one.
    pub(crate) namespace: Option<&'a BStr>,
    /// Name of the owner; empty where the kind has none.
    pub(crate) owner: &'a BStr,
    /// Catalog row.
    pub(crate) catalog_id: CatalogId,
    /// Entry to hang on.
    pub(crate) dump_id: DumpId,
}

impl<'a> Subject<'a> {
    /// A subject from an object: everything but the name and owner is taken from it.
    pub(crate) fn of(
        dump: &'a Dump,
        object: &Object,
        kind: &'a str,
        name: BString,
        owner: &'a BStr,
    ) -> Self {
        Self {
            kind,
            name,
            namespace: dump.namespace_name(object),
            owner,
            catalog_id: object.catalog_id,
            dump_id: object.id,
        }
    }
}

/// Writes the comment on the object itself, where there is one.
pub(crate) fn render(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>) {
    if let Some(text) = dump.details.comment(subject.catalog_id, 0) {
        render_text(dump, toc, subject, text);
    }
}

/// Writes a given comment text on the object; the empty text removes a comment that the target would have by itself.
pub(crate) fn render_text(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>, text: &BStr) {
    // Comments belong to the schema, but those on large objects to the data.
    let wanted = if subject.kind == "LARGE OBJECT" { dump.options.data } else { dump.options.schema };
    if !dump.options.comments || !wanted {
        return;
    }
    let qualifier = subject.namespace.map(|name| sql![dump.ident(name), "."]).unwrap_or_default();
    let entry = toc.entry_on("COMMENT", &[subject.dump_id]);
    toc.push(Entry {
        tag: Some(sql![subject.kind, " ", subject.name]),
        namespace: subject.namespace.map(BStr::to_owned),
        owner: Some(subject.owner.to_owned()),
        definition: Some(sql![
            "COMMENT ON ", subject.kind, " ", qualifier, subject.name, " IS ", sql::literal(text), ";\n"
        ]),
        ..entry
    });
}
