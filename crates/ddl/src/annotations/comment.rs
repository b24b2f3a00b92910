//! Comments: entries that hang on the object they speak of.

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;
use pgdumprs_catalog::{CatalogId, class, relkind};

use crate::Components;
use crate::contents::toc::Toc;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Object};

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

/// Marks what has comments: they are reason enough to render an object.
pub(crate) fn collect(dump: &mut Dump) {
    if !dump.options.comments {
        return;
    }
    let holders: Vec<_> = dump
        .details
        .comments
        .values()
        .flatten()
        .filter_map(|comment| holder(dump, comment.object, comment.subid))
        .collect();
    for id in holders {
        dump.objects.get_mut(id).components |= Components::COMMENT;
    }
}

/// The object that says a comment or label on `object`, or on its column `subid` where that is not 0.
///
/// Columns of a composite type belong to the relation behind it, which is not dumped; the type says what they have.
pub(crate) fn holder(dump: &Dump, object: CatalogId, subid: i32) -> Option<DumpId> {
    let is_column = subid != 0 && object.tableoid == class::PG_CLASS;
    let relation = is_column
        .then(|| dump.find_table(object.oid))
        .flatten()
        .map(|table| &dump.listing.tables[table]);
    match relation {
        Some(relation) if relation.relkind == relkind::COMPOSITE_TYPE => {
            let row_type = CatalogId::new(class::PG_TYPE, relation.row_type);
            dump.objects.find(row_type)
        }
        _ => dump.objects.find(object),
    }
}

/// Writes the comment on the object itself, where there is one.
pub(crate) fn render(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>) {
    if let Some(text) = dump.details.comment(subject.catalog_id, 0) {
        render_text(dump, toc, subject, text);
    }
}

/// Writes the comment on something whose name counts only within its table or domain. The subject names the whole: by its
/// name, schema and owner; kind, catalog row and entry are those of the part. `preposition` is `ON` or `ON DOMAIN`.
pub(crate) fn render_within(
    dump: &Dump,
    toc: &mut Toc,
    subject: &Subject<'_>,
    preposition: &str,
    part: &BStr,
) {
    if let Some(text) = dump.details.comment(subject.catalog_id, 0) {
        push_entry(
            dump,
            toc,
            subject,
            &sql![subject.kind, " ", part, " ", preposition],
            text,
        );
    }
}

/// Writes a given comment text on the object; the empty text removes a comment that the target would have by itself.
pub(crate) fn render_text(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>, text: &BStr) {
    push_entry(dump, toc, subject, &subject.kind.into(), text);
}

fn push_entry(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>, kind: &BString, text: &BStr) {
    // Comments belong to the schema, but those on large objects to the data.
    let wanted = if subject.kind == "LARGE OBJECT" {
        dump.options.data
    } else {
        dump.options.schema
    };
    if !dump.options.comments || !wanted {
        return;
    }
    let qualifier = subject
        .namespace
        .map(|name| sql![dump.ident(name), "."])
        .unwrap_or_default();
    let entry = toc.entry_on("COMMENT", &[subject.dump_id]);
    toc.push(Entry {
        tag: Some(sql![kind, " ", subject.name]),
        namespace: subject.namespace.map(BStr::to_owned),
        owner: Some(subject.owner.to_owned()),
        definition: Some(sql![
            "COMMENT ON ",
            kind,
            " ",
            qualifier,
            subject.name,
            " IS ",
            dump.literal(text),
            ";\n"
        ]),
        ..entry
    });
}
