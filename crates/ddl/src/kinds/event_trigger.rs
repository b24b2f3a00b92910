//! Event triggers.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, EventTrigger, class};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::kinds::trigger::state;
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::text::sql;
use crate::{Components, Error};

/// Makes an object of every event trigger.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.event_triggers.len() {
        let row = &dump.listing.event_triggers[i];
        let (name, catalog_id) = (
            row.name.clone(),
            CatalogId::new(class::PG_EVENT_TRIGGER, row.oid),
        );
        let id = dump
            .objects
            .add(Kind::EventTrigger(i), catalog_id, name, None);
        selection::select(dump, id);
    }
}

/// Renders an event trigger, its comment and label.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.event_triggers[index];
    let name = dump.ident(&row.name);
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        toc.push(Entry {
            tag: Some(row.name.clone()),
            owner: Some(owner.to_owned()),
            definition: Some(definition(dump, row, &name)),
            drop: Some(sql!["DROP EVENT TRIGGER ", name, ";\n"]),
            ..Toc::entry_of(object, "EVENT TRIGGER", Section::PostData)
        });
    }
    let subject = Subject::of(dump, object, "EVENT TRIGGER", name, owner);
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, &subject);
    }
    Ok(())
}

fn definition(dump: &Dump, row: &EventTrigger, name: &BString) -> BString {
    let mut text = sql![
        "CREATE EVENT TRIGGER ",
        name,
        " ON ",
        dump.ident(&row.event)
    ];
    if !row.tags.is_empty() {
        push!(
            text,
            "\n         WHEN TAG IN (",
            sql::join(row.tags.iter().map(|tag| dump.literal(tag)), ", "),
            ")"
        );
    }
    push!(text, "\n   EXECUTE FUNCTION ", row.function, "();\n");
    if row.enabled != b'O' {
        push!(
            text,
            "\nALTER EVENT TRIGGER ",
            name,
            " ",
            state(row.enabled),
            ";\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::Listing;

    use super::*;
    use crate::Options;

    #[test]
    fn tags_and_state_are_said_where_there_are_any() {
        let dump = Dump::new(Listing::default(), Options::default()).expect("an empty database");
        let plain = EventTrigger {
            oid: 16400,
            name: "e".into(),
            owner: 10,
            event: "sql_drop".into(),
            tags: Vec::new(),
            function: "public.f".into(),
            enabled: b'O',
        };
        assert_eq!(
            definition(&dump, &plain, &"e".into()),
            "CREATE EVENT TRIGGER e ON sql_drop\n   EXECUTE FUNCTION public.f();\n"
        );
        let narrow = EventTrigger {
            tags: vec!["CREATE TABLE".into(), "DROP TABLE".into()],
            enabled: b'R',
            ..plain
        };
        assert_eq!(
            definition(&dump, &narrow, &"e".into()),
            "CREATE EVENT TRIGGER e ON sql_drop\n         WHEN TAG IN ('CREATE TABLE', 'DROP TABLE')\n   \
             EXECUTE FUNCTION public.f();\n\nALTER EVENT TRIGGER e ENABLE REPLICA;\n"
        );
    }
}
