//! Casts.

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;
use pgdumprs_catalog::{Cast, CastDetails, CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::kinds::function;
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every cast. Having no name, it sorts by the names of its types.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.type_system.casts.len() {
        let row = &dump.listing.type_system.casts[i];
        let source = dump.objects.find_object(class::PG_TYPE, row.source);
        let target = dump.objects.find_object(class::PG_TYPE, row.target);
        let name = match (source, target) {
            (Some(source), Some(target)) => sql![source.name, " ", target.name],
            _ => BString::default(),
        };
        let catalog_id = CatalogId::new(class::PG_CAST, row.oid);
        let id = dump.objects.add(Kind::Cast(i), catalog_id, name, None);
        selection::select_unless_builtin(dump, id);
    }
}

/// Renders a cast and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.casts[index];
    let cast = details(dump, &dump.details.type_system.casts, object)?;
    let types = sql!["(", cast.source, " AS ", cast.target, ")"];
    if object.dumps(Components::DEFINITION) {
        let method = method(dump, object, row, cast)?;
        let context = match row.context {
            b'a' => " AS ASSIGNMENT",
            b'i' => " AS IMPLICIT",
            _ => "",
        };
        let text = sql!["CREATE CAST ", types, " ", method, context, ";\n"];
        let drop = sql!["DROP CAST ", types, ";\n"];
        toc.push(Entry {
            tag: Some(sql!["CAST ", types]),
            ..type_system::entry(dump, object, "CAST", None, text, drop)
        });
    }
    type_system::render_comment(dump, toc, object, "CAST", types, BStr::new(""));
    Ok(())
}

fn method(dump: &Dump, object: &Object, row: &Cast, cast: &CastDetails) -> Result<BString, Error> {
    match (row.method, row.function) {
        (b'b', _) => Ok("WITHOUT FUNCTION".into()),
        (b'i', _) => Ok("WITH INOUT".into()),
        (b'f', Some(oid)) => {
            let function = function::reference(dump, object, oid, &cast.argument_types)?;
            Ok(sql!["WITH FUNCTION ", function])
        }
        (other, _) => Err(type_system::unknown(object, "its method", other)),
    }
}
