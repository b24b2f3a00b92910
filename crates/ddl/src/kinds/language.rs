//! Procedural languages.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, Language, Oid, class};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::families::type_system;
use crate::privileges::acl::{self, Privileges};
use crate::selection;
use crate::selection::{LAST_BUILTIN_OID, membership};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every procedural language.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.type_system.languages.len() {
        let row = &dump.listing.type_system.languages[i];
        let catalog_id = CatalogId::new(class::PG_LANGUAGE, row.oid);
        let (name, has_acl) = (row.name.clone(), row.acl.acl.is_some());
        let id = dump.objects.add(Kind::Language(i), catalog_id, name, None);
        if !membership::check(dump, id) {
            // Of those that initdb made, only the privileges can have changed.
            let builtin = catalog_id.oid <= LAST_BUILTIN_OID;
            let most = if builtin {
                Components::ACL
            } else {
                Components::all()
            };
            dump.objects.get_mut(id).dump = selection::everything(dump) & most;
        }
        if has_acl {
            dump.objects.get_mut(id).components |= Components::ACL;
        }
    }
}

/// Renders a language with its comment, label and privileges.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.languages[index];
    let name = dump.ident(&row.name);
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let drop = sql!["DROP PROCEDURAL LANGUAGE ", name, ";\n"];
        let definition = definition(dump, row);
        let descriptor = "PROCEDURAL LANGUAGE";
        toc.push(type_system::entry(
            dump,
            object,
            descriptor,
            Some(owner),
            definition,
            drop,
        ));
    }
    let subject = Subject::of(dump, object, "LANGUAGE", name, owner);
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, &subject);
    }
    // Nobody can be given the right to use an untrusted language.
    if row.is_trusted && object.dumps(Components::ACL) {
        acl::render(
            dump,
            toc,
            &subject,
            &Privileges::of(dump, object.catalog_id, &row.acl),
        );
    }
    Ok(())
}

fn definition(dump: &Dump, row: &Language) -> BString {
    let name = dump.ident(&row.name);
    let Some(functions) = functions(dump, row) else {
        // Its functions come from elsewhere. The server takes this for CREATE EXTENSION, which may have happened already.
        return sql!["CREATE OR REPLACE PROCEDURAL LANGUAGE ", name, ";\n"];
    };
    let trusted = if row.is_trusted { "TRUSTED " } else { "" };
    sql![
        "CREATE ",
        trusted,
        "PROCEDURAL LANGUAGE ",
        name,
        functions,
        ";\n"
    ]
}

/// The clauses for a language's functions; nothing unless all of them are dumped too.
fn functions(dump: &Dump, row: &Language) -> Option<BString> {
    let dumped = |oid: Oid| {
        let function = dump.objects.find_object(class::PG_PROC, oid)?;
        (!function.dump.is_empty()).then(|| dump.qualified(function))
    };
    let mut text = sql![" HANDLER ", dumped(row.handler)?];
    if let Some(inline) = row.inline {
        push!(text, " INLINE ", dumped(inline)?);
    }
    if let Some(validator) = row.validator {
        push!(text, " VALIDATOR ", dumped(validator)?);
    }
    Some(text)
}
