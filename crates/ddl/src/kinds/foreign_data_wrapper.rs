//! Foreign-data wrappers.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, class};

use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::privileges::acl::{self, Privileges};
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every foreign-data wrapper.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.foreign_data_wrappers.len() {
        let row = &dump.listing.foreign_data_wrappers[i];
        let (name, has_acl) = (row.name.clone(), row.acl.acl.is_some());
        let catalog_id = CatalogId::new(class::PG_FOREIGN_DATA_WRAPPER, row.oid);
        let id = dump
            .objects
            .add(Kind::ForeignDataWrapper(i), catalog_id, name, None);
        if has_acl {
            dump.objects.get_mut(id).components |= Components::ACL;
        }
        selection::select(dump, id);
    }
}

/// The OPTIONS clause, with a space before it; empty where there are no options.
pub(crate) fn options_clause(options: Option<&BString>) -> BString {
    options
        .map(|options| sql![" OPTIONS (\n    ", options, "\n)"])
        .unwrap_or_default()
}

/// Renders a foreign-data wrapper, its comment and privileges. It cannot have security labels.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.foreign_data_wrappers[index];
    let name = dump.ident(&row.name);
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let mut definition = sql!["CREATE FOREIGN DATA WRAPPER ", name];
        let functions = [
            (" HANDLER ", &row.handler),
            (" VALIDATOR ", &row.validator),
            (" CONNECTION ", &row.connection),
        ];
        for (clause, function) in functions {
            if let Some(function) = function {
                push!(definition, clause, function);
            }
        }
        push!(definition, options_clause(row.options.as_ref()), ";\n");
        toc.push(Entry {
            tag: Some(row.name.clone()),
            owner: Some(owner.to_owned()),
            definition: Some(definition),
            drop: Some(sql!["DROP FOREIGN DATA WRAPPER ", name, ";\n"]),
            ..Toc::entry_of(object, "FOREIGN DATA WRAPPER", Section::PreData)
        });
    }
    let subject = Subject::of(dump, object, "FOREIGN DATA WRAPPER", name, owner);
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::ACL) {
        let privileges = Privileges::of(dump, object.catalog_id, &row.acl);
        acl::render(dump, toc, &subject, &privileges);
    }
    Ok(())
}
