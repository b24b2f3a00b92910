//! Collations.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, CollationDetails, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object, Tie};
use crate::{Components, Error};

/// Makes an object of every collation.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.collations.len() {
        let row = dump.listing.type_system.collations[i].clone();
        let catalog_id = CatalogId::new(class::PG_COLLATION, row.oid);
        let kind = Kind::Collation(i);
        let id = type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
        dump.objects.get_mut(id).tie = Tie::Number(row.encoding);
    }
    Ok(())
}

/// Renders a collation and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.collations[index];
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let collation = details(dump, &dump.details.type_system.collations, object)?;
        let name = dump.qualified(object);
        let options = options(dump, object, collation)?;
        let text = sql!["CREATE COLLATION ", name, " (", options, ");\n"];
        let drop = sql!["DROP COLLATION ", name, ";\n"];
        toc.push(type_system::entry(
            dump,
            object,
            "COLLATION",
            Some(owner),
            text,
            drop,
        ));
    }
    let name = dump.ident(&row.name);
    type_system::render_comment(dump, toc, object, "COLLATION", name, owner);
    Ok(())
}

fn options(dump: &Dump, object: &Object, collation: &CollationDetails) -> Result<BString, Error> {
    let text = |value: &Option<BString>| dump.literal(value.as_ref().map_or(&b""[..], |text| text));
    let provider = match collation.provider {
        b'b' => "builtin",
        b'c' => "libc",
        b'i' => "icu",
        b'd' => "default",
        other => return Err(type_system::unknown(object, "its provider", other)),
    };
    let mut options = sql!["provider = ", provider];
    if !collation.is_deterministic {
        push!(options, ", deterministic = false");
    }
    let (lc_collate, lc_ctype) = (&collation.lc_collate, &collation.lc_ctype);
    match provider {
        "builtin" | "icu" => push!(options, ", locale = ", text(&collation.locale)),
        "libc" if lc_collate == lc_ctype && lc_collate.is_some() => {
            push!(options, ", locale = ", text(lc_collate));
        }
        "libc" => {
            push!(
                options,
                ", lc_collate = ",
                text(lc_collate),
                ", lc_ctype = ",
                text(lc_ctype)
            );
        }
        // The default collation stands for whatever the database has.
        _ => {}
    }
    if provider == "icu" && collation.icu_rules.is_some() {
        push!(options, ", rules = ", text(&collation.icu_rules));
    }
    Ok(options)
}
