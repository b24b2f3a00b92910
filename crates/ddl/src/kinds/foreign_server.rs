//! Foreign servers.

use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, class};

use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::kinds::foreign_data_wrapper::options_clause;
use crate::kinds::user_mapping;
use crate::privileges::acl::{self, Privileges};
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every foreign server.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.foreign_servers.len() {
        let row = &dump.listing.foreign_servers[i];
        let (name, has_acl) = (row.name.clone(), row.acl.acl.is_some());
        let catalog_id = CatalogId::new(class::PG_FOREIGN_SERVER, row.oid);
        let id = dump
            .objects
            .add(Kind::ForeignServer(i), catalog_id, name, None);
        let object = dump.objects.get_mut(id);
        object.components |= Components::USERMAP;
        if has_acl {
            object.components |= Components::ACL;
        }
        selection::select(dump, id);
    }
}

/// Renders a foreign server, its comment, privileges and user mappings. It cannot have security labels.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.foreign_servers[index];
    let name = dump.ident(&row.name);
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let mut definition = sql!["CREATE SERVER ", name];
        for (key, value) in [("TYPE", &row.server_type), ("VERSION", &row.version)] {
            if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                push!(definition, " ", key, " ", dump.literal(value));
            }
        }
        let options = options_clause(row.options.as_ref());
        let wrapper = (row.wrapper.as_ref())
            .ok_or_else(|| dump.missing(object, "its foreign-data wrapper"))?;
        push!(
            definition,
            " FOREIGN DATA WRAPPER ",
            dump.ident(wrapper),
            options,
            ";\n"
        );
        toc.push(Entry {
            tag: Some(row.name.clone()),
            owner: Some(owner.to_owned()),
            definition: Some(definition),
            drop: Some(sql!["DROP SERVER ", name, ";\n"]),
            ..Toc::entry_of(object, "SERVER", Section::PreData)
        });
    }
    let subject = Subject::of(dump, object, "SERVER", name, owner);
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::ACL) {
        // GRANT has another word for it than everything else.
        let subject = Subject {
            kind: "FOREIGN SERVER",
            ..subject
        };
        let privileges = Privileges::of(dump, object.catalog_id, &row.acl);
        acl::render(dump, toc, &subject, &privileges);
    }
    if object.dumps(Components::USERMAP) {
        user_mapping::render(dump, toc, row, owner)?;
    }
    Ok(())
}
