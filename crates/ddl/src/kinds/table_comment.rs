//! Comments on tables, their columns and the constraints that are written inside them.

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;

use crate::Components;
use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::kinds::{column, table_definition};
use crate::state::dump::Dump;
use crate::state::object::Object;

/// Writes the comments on a relation and on its columns, by column.
pub(crate) fn render(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>, table: usize) {
    comment::render(dump, toc, subject);
    let columns = dump.columns(table);
    let Some(comments) = dump.details.comments.get(&subject.catalog_id) else {
        return;
    };
    for comment in comments {
        let position = usize::try_from(comment.subid)
            .ok()
            .and_then(|subid| subid.checked_sub(1));
        if let Some(column) = position.and_then(|position| columns.get(position)) {
            let name = sql![subject.name, ".", dump.ident(&column.name)];
            comment::render_text(
                dump,
                toc,
                &Subject {
                    kind: "COLUMN",
                    name,
                    ..subject.clone()
                },
                comment.text.as_ref(),
            );
        }
    }
}

/// Writes the comments on constraints that have no entry of their own: NOT NULL of columns, and CHECK.
pub(crate) fn render_constraints(
    dump: &Dump,
    toc: &mut Toc,
    subject: &Subject<'_>,
    object: &Object,
    table: usize,
) {
    if !dump.options.comments || !dump.options.schema {
        return;
    }
    let row = &dump.listing.tables[table];
    for column in dump.columns(table) {
        let Some(not_null) = column
            .not_null
            .as_ref()
            .filter(|not_null| not_null.is_valid)
        else {
            continue;
        };
        if let (Some(name), Some(text)) =
            (column::shown_name(row, column, not_null), &not_null.comment)
        {
            push_constraint(dump, toc, subject, object, name, text.as_ref());
        }
    }
    for (check_object, check) in table_definition::checks(dump, table) {
        if check_object.separate || !check.is_local || !check_object.dumps(Components::COMMENT) {
            continue;
        }
        if let Some(text) = dump.details.comment(check_object.catalog_id, 0) {
            push_constraint(dump, toc, subject, object, &check.name, text);
        }
    }
}

fn push_constraint(
    dump: &Dump,
    toc: &mut Toc,
    subject: &Subject<'_>,
    object: &Object,
    name: &BString,
    text: &BStr,
) {
    let constraint = sql!["CONSTRAINT ", dump.ident(name), " ON "];
    let entry = toc.entry_on("COMMENT", &[subject.dump_id]);
    toc.push(Entry {
        tag: Some(sql![constraint, subject.name]),
        namespace: subject.namespace.map(BStr::to_owned),
        owner: Some(subject.owner.to_owned()),
        definition: Some(sql![
            "COMMENT ON ",
            constraint,
            dump.qualified(object),
            " IS ",
            dump.literal(text),
            ";\n"
        ]),
        ..entry
    });
}
