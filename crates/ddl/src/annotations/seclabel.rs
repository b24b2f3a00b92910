//! Security labels: entries that hang on the object they are on.

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;

use crate::Components;
use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::state::dump::Dump;

/// Marks what has security labels: they are reason enough to render an object.
pub(crate) fn collect(dump: &mut Dump) {
    if !dump.options.security_labels {
        return;
    }
    let labelled: Vec<_> = dump
        .details
        .security_labels
        .values()
        .flatten()
        .filter_map(|label| comment::holder(dump, label.object, label.subid))
        .collect();
    for id in labelled {
        dump.objects.get_mut(id).components |= Components::SECLABEL;
    }
}

/// Writes the security labels on the object itself, where there are any.
pub(crate) fn render(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>) {
    render_with(dump, toc, subject, &[]);
}

/// Writes the security labels on a relation and on its columns, all in one entry.
///
/// `columns` gives the columns' names by attribute number, quoted; labels on other columns are left out, as on dropped ones.
pub(crate) fn render_relation(
    dump: &Dump,
    toc: &mut Toc,
    subject: &Subject<'_>,
    columns: &[(i16, BString)],
) {
    render_with(dump, toc, subject, columns);
}

fn render_with(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>, columns: &[(i16, BString)]) {
    let Some(labels) = dump.details.security_labels.get(&subject.catalog_id) else {
        return;
    };
    // Labels belong to the schema, but those on large objects to the data.
    let wanted = if subject.kind == "LARGE OBJECT" {
        dump.options.data
    } else {
        dump.options.schema
    };
    if !dump.options.security_labels || !wanted {
        return;
    }
    let qualifier = subject
        .namespace
        .map(|name| sql![dump.ident(name), "."])
        .unwrap_or_default();
    let mut commands = BString::default();
    for label in labels {
        let literal = dump.literal(&label.label);
        let target = if label.subid == 0 {
            sql![subject.kind, " ", qualifier, subject.name]
        } else {
            let column = columns
                .iter()
                .find(|(attnum, _)| i32::from(*attnum) == label.subid);
            let Some((_, column)) = column else { continue };
            sql!["COLUMN ", qualifier, subject.name, ".", column]
        };
        push!(
            commands,
            command(dump, label.provider.as_ref(), &target, &literal)
        );
    }
    push_entry(toc, subject, commands);
}

/// One statement that sets a label, given as a literal.
pub(crate) fn command(dump: &Dump, provider: &BStr, target: &BString, label: &BString) -> BString {
    sql![
        "SECURITY LABEL FOR ",
        dump.ident(provider),
        " ON ",
        target,
        " IS ",
        label,
        ";\n"
    ]
}

/// Adds the entry that sets a subject's labels, unless there are none.
pub(crate) fn push_entry(toc: &mut Toc, subject: &Subject<'_>, commands: BString) {
    if commands.is_empty() {
        return;
    }
    let entry = toc.entry_on("SECURITY LABEL", &[subject.dump_id]);
    toc.push(Entry {
        tag: Some(sql![subject.kind, " ", subject.name]),
        namespace: subject.namespace.map(BStr::to_owned),
        owner: Some(subject.owner.to_owned()),
        definition: Some(commands),
        ..entry
    });
}
