//! Schemas.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Purpose, class};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::privileges::acl::{self, Privileges};
use crate::selection::membership;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// OID of the predefined role `pg_database_owner`, which owns schema `public` since 15.
const PG_DATABASE_OWNER: u32 = 6171;

/// The comment that initdb gives to schema `public`.
const PUBLIC_COMMENT: &str = "standard public schema";

/// Makes an object of every schema, system schemas too: everything else is linked to its schema.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.namespaces.len() {
        let row = &dump.listing.namespaces[i];
        let (name, oid) = (row.name.clone(), row.oid);
        let (owner, has_acl) = (row.owner, row.acl.acl.is_some());
        let selected = selected(dump, &name, oid);
        let id = dump.objects.add(
            Kind::Namespace(i),
            CatalogId::new(class::PG_NAMESPACE, oid),
            name.clone(),
            None,
        );
        dump.namespace_ids.push(id);
        let is_standard = is_standard(dump, &name);
        let object = dump.objects.get_mut(id);
        object.dump = selected;
        object.dump_contains = selected;
        if has_acl || name == "public" {
            // Those of schema public are compared with a fixed state, so that having none is a difference.
            object.components |= Components::ACL;
        }
        if is_standard {
            // It exists in every new database: what can be restored are changes to it. Its comment may have been removed, so it
            // counts as there.
            object.components |= Components::COMMENT;
            if owner == PG_DATABASE_OWNER {
                object.dump.remove(Components::DEFINITION);
            }
        }
        membership::check(dump, id);
    }
}

/// What is dumped of a schema, and of what is in it.
fn selected(dump: &Dump, name: &BString, oid: u32) -> Components {
    let (patterns, matched) = (&dump.options.patterns, &dump.listing.matched);
    if patterns.any(Purpose::IncludeTable) || matched.contains(Purpose::ExcludeSchema, oid) {
        Components::empty()
    } else if patterns.any(Purpose::IncludeSchema) {
        if matched.contains(Purpose::IncludeSchema, oid) {
            Components::all()
        } else {
            Components::empty()
        }
    } else if name == "pg_catalog" {
        // Privileges on system objects may have been changed since initdb.
        Components::ACL
    } else if name.starts_with(b"pg_") || name == "information_schema" {
        Components::empty()
    } else {
        Components::all()
    }
}

/// Whether a schema is the one that is in every new database, and not asked for by name: then it is dumped like any other.
fn is_standard(dump: &Dump, name: &BString) -> bool {
    let patterns = &dump.options.patterns;
    name == "public"
        && !patterns.any(Purpose::IncludeTable)
        && !patterns.any(Purpose::IncludeSchema)
}

/// Renders a schema, its comment, label and privileges.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.namespaces[index];
    let is_standard = is_standard(dump, &row.name);
    let name = dump.ident(row.name.as_bstr());
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let (definition, drop) = if is_standard {
            (
                "-- *not* creating schema, since initdb creates it\n".into(),
                "-- *not* dropping schema, since initdb creates it\n".into(),
            )
        } else {
            (
                sql!["CREATE SCHEMA ", name, ";\n"],
                sql!["DROP SCHEMA ", name, ";\n"],
            )
        };
        toc.push(Entry {
            tag: Some(row.name.clone()),
            owner: Some(owner.to_owned()),
            definition: Some(definition),
            drop: Some(drop),
            ..Toc::entry_of(object, "SCHEMA", Section::PreData)
        });
    }
    let subject = Subject::of(dump, object, "SCHEMA", name.clone(), owner);
    if object.dumps(Components::COMMENT) {
        // As pg_dump has it, which does not know the schema's name in quotes.
        let has_standard_comment = is_standard && !dump.options.quote_all_identifiers;
        match dump.details.comment(object.catalog_id, 0) {
            Some(text) if has_standard_comment && text == PUBLIC_COMMENT => {}
            Some(text) => comment::render_text(dump, toc, &subject, text),
            None if has_standard_comment => {
                comment::render_text(dump, toc, &subject, BStr::new(""))
            }
            None => {}
        }
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, &subject);
    }
    if object.dumps(Components::ACL) {
        let mut privileges = Privileges::of(dump, object.catalog_id, &row.acl);
        if row.name == "public" {
            // What it has in a new database since 15, once its owner has been set: schema and owner may have been dropped
            // and made again since initdb, so that what initdb noted says nothing.
            privileges.initial = Some(acl::public_schema_default(owner).into());
        }
        acl::render(dump, toc, &subject, &privileges);
    }
    Ok(())
}
