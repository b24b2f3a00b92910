//! Stand-alone composite types.

use bstr::{BStr, BString};
use pgdumprs_catalog::{CatalogId, CompositeAttribute, DataType, class};

use crate::Components;
use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::families::type_system;
use crate::state::dump::Dump;
use crate::state::object::Object;

fn attributes<'a>(dump: &'a Dump, object: &Object) -> &'a [CompositeAttribute] {
    // A type may have no attributes at all.
    let attributes = dump
        .details
        .type_system
        .attributes
        .get(&object.catalog_id.oid);
    attributes.map_or(&[], Vec::as_slice)
}

/// The statement that creates a composite type.
pub(crate) fn definition(dump: &Dump, object: &Object) -> BString {
    let mut text = sql!["CREATE TYPE ", dump.qualified(object), " AS ("];
    for (i, attribute) in attributes(dump, object).iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        let collate = type_system::collate(dump, attribute.collation.as_ref());
        push!(
            text,
            comma,
            "\n\t",
            dump.ident(&attribute.name),
            " ",
            attribute.type_name,
            collate
        );
    }
    push!(text, "\n);\n");
    text
}

/// Writes the comments on attributes. The catalog holds them with the relation behind the type.
pub(crate) fn render_comments(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    row: &DataType,
    owner: &BStr,
) {
    let Some(relation) = row.relation else { return };
    let relation = CatalogId::new(class::PG_CLASS, relation);
    let comments = dump.details.comments.get(&relation);
    if !object.dumps(Components::COMMENT) {
        return;
    }
    for comment in comments.into_iter().flatten() {
        let attribute = attributes(dump, object)
            .iter()
            .find(|attribute| attribute.number == comment.subid);
        let Some(attribute) = attribute else { continue };
        let name = sql![dump.ident(&row.name), ".", dump.ident(&attribute.name)];
        let subject = Subject::of(dump, object, "COLUMN", name, owner);
        comment::render_text(dump, toc, &subject, comment.text.as_ref());
    }
}
