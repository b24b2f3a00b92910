//! Transforms.

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;
use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::kinds::function;
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::text::sql;
use crate::{Components, Error};

/// Makes an object of every transform. Having no name, it sorts by the names of its type and language.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.type_system.transforms.len() {
        let row = &dump.listing.type_system.transforms[i];
        let data_type = dump.objects.find_object(class::PG_TYPE, row.data_type);
        let name = data_type
            .zip(row.language.as_ref())
            .map(|(data_type, language)| sql![data_type.name, " ", dump.ident(language)])
            .unwrap_or_default();
        let catalog_id = CatalogId::new(class::PG_TRANSFORM, row.oid);
        let id = dump.objects.add(Kind::Transform(i), catalog_id, name, None);
        selection::select(dump, id);
    }
}

/// Renders a transform and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.transforms[index];
    let transform = details(dump, &dump.details.type_system.transforms, object)?;
    let language = (row.language.as_ref()).ok_or_else(|| dump.missing(object, "its language"))?;
    let name = sql![
        "FOR ",
        transform.type_name,
        " LANGUAGE ",
        dump.ident(language)
    ];
    if object.dumps(Components::DEFINITION) {
        let clause = |what: &str, oid: Option<u32>, arguments: &[BString]| {
            oid.map(|oid| {
                let function = function::reference(dump, object, oid, arguments)?;
                Ok(sql![what, " SQL WITH FUNCTION ", function])
            })
            .transpose()
        };
        let from_sql = clause("FROM", row.from_sql, &transform.from_sql_arguments)?;
        let to_sql = clause("TO", row.to_sql, &transform.to_sql_arguments)?;
        let functions = sql::join(from_sql.into_iter().chain(to_sql), ", ");
        let text = sql!["CREATE TRANSFORM ", name, " (", functions, ");\n"];
        let drop = sql!["DROP TRANSFORM ", name, ";\n"];
        toc.push(Entry {
            tag: Some(sql!["TRANSFORM ", name]),
            // pg_dump gives these as they are, with objects among them that have no entry.
            dependencies: object.dependencies.iter().map(|id| id.as_i32()).collect(),
            ..type_system::entry(dump, object, "TRANSFORM", None, text, drop)
        });
    }
    type_system::render_comment(dump, toc, object, "TRANSFORM", name, BStr::new(""));
    Ok(())
}
