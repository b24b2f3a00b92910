//! Column defaults and generation expressions.

use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, class, relkind};

use crate::Error;
use crate::contents::toc::Toc;
use crate::kinds::inherit;
use crate::state::dump::Dump;
use crate::state::object::Object;

/// Makes an object of every default, and decides which are part of CREATE TABLE.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    for index in 0..dump.details.relations.attrdefs.len() {
        let attrdef = &dump.details.relations.attrdefs[index];
        let (number, catalog_id) = (
            attrdef.column,
            CatalogId::new(class::PG_ATTRDEF, attrdef.oid),
        );
        let table = dump
            .find_table(attrdef.table)
            .ok_or_else(|| Error::Missing {
                object: format!("default with OID {}", attrdef.oid),
                target: format!("table with OID {}", attrdef.table),
            })?;
        let column = dump.column(table, number)?;
        if column.is_dropped {
            continue;
        }
        let row = &dump.listing.tables[table];
        // There is no statement that makes an existing column a generated one. A view's columns have no place for a default
        // in CREATE VIEW.
        let separate = column.generated == 0
            && (row.relkind == relkind::VIEW || !dump.writes_column(row, column));
        let id = inherit::add_attrdef(dump, table, number, index, catalog_id);
        if separate {
            dump.objects.get_mut(id).separate = true;
        } else {
            // What the expression needs has to be there before the table. Sorting makes the default separate where that
            // cannot be.
            let table_id = dump.table_ids[table];
            dump.objects.add_dependency(table_id, id);
        }
    }
    Ok(())
}

/// Renders a default that is set after the table was created.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema || !object.separate || !object.dumps(crate::Components::DEFINITION) {
        return Ok(());
    }
    let attrdef = &dump.details.relations.attrdefs[index];
    let table = dump
        .find_table(attrdef.table)
        .ok_or_else(|| dump.missing(object, format!("table with OID {}", attrdef.table)))?;
    let row = &dump.listing.tables[table];
    let column = dump.column(table, attrdef.column)?;
    let foreign = if row.relkind == relkind::FOREIGN_TABLE {
        "FOREIGN "
    } else {
        ""
    };
    let (name, column_name) = (
        dump.qualified(dump.table_object(table)),
        dump.ident(&column.name),
    );
    toc.push(Entry {
        tag: Some(sql![row.name, " ", column.name]),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(dump.role(object, row.owner)?.to_owned()),
        definition: Some(sql![
            "ALTER ",
            foreign,
            "TABLE ONLY ",
            name,
            " ALTER COLUMN ",
            column_name,
            " SET DEFAULT ",
            attrdef.expression,
            ";\n"
        ]),
        drop: Some(sql![
            "ALTER ",
            foreign,
            "TABLE ",
            name,
            " ALTER COLUMN ",
            column_name,
            " DROP DEFAULT;\n"
        ]),
        ..Toc::entry_of(object, "DEFAULT", Section::PreData)
    });
    Ok(())
}
