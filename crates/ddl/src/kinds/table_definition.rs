//! CREATE TABLE, CREATE FOREIGN TABLE, CREATE MATERIALIZED VIEW and CREATE VIEW.

use bstr::BString;
use pgdumprs_catalog::{Constraint, Table, TableDefinition, relkind};

use crate::Error;
use crate::annotations::extension_dependency;
use crate::kinds::{column, view};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::text::{reloptions, sql};

/// What SQL calls the kinds of relation that can be created by name.
pub(crate) fn type_name(row: &Table) -> &'static str {
    match row.relkind {
        relkind::VIEW => "VIEW",
        relkind::MATVIEW => "MATERIALIZED VIEW",
        relkind::FOREIGN_TABLE => "FOREIGN TABLE",
        relkind::SEQUENCE => "SEQUENCE",
        _ => "TABLE",
    }
}

/// The statements that create a relation other than a sequence.
pub(crate) fn create(dump: &Dump, object: &Object, table: usize) -> Result<BString, Error> {
    let row = &dump.listing.tables[table];
    let name = dump.qualified(object);
    let mut text = match row.relkind {
        relkind::VIEW => {
            let body = if object.dummy_view {
                view::dummy_body(dump, table)
            } else {
                view::body(dump, object, table)?
            };
            sql!["CREATE VIEW ", name, body, ";\n"]
        }
        _ => create_table(dump, object, table, &name)?,
    };
    let has_identity = matches!(
        row.relkind,
        relkind::TABLE | relkind::PARTITIONED_TABLE | relkind::MATVIEW
    );
    // An index as the identity is said where the index is created.
    match row.replica_identity {
        b'n' if has_identity => push!(
            text,
            "\nALTER TABLE ONLY ",
            name,
            " REPLICA IDENTITY NOTHING;\n"
        ),
        b'f' if has_identity => push!(
            text,
            "\nALTER TABLE ONLY ",
            name,
            " REPLICA IDENTITY FULL;\n"
        ),
        _ => {}
    }
    if row.force_row_security {
        push!(
            text,
            "\nALTER TABLE ONLY ",
            name,
            " FORCE ROW LEVEL SECURITY;\n"
        );
    }
    Ok(text)
}

fn create_table(
    dump: &Dump,
    object: &Object,
    table: usize,
    name: &BString,
) -> Result<BString, Error> {
    let row = &dump.listing.tables[table];
    let none = TableDefinition::default();
    let definition = dump
        .details
        .relations
        .definitions
        .get(&row.oid)
        .unwrap_or(&none);
    let is_matview = row.relkind == relkind::MATVIEW;
    // Since 18 a partitioned table cannot be unlogged; before, it made no difference.
    let unlogged = row.persistence == b'u' && row.relkind != relkind::PARTITIONED_TABLE;
    let mut text = sql![
        "CREATE ",
        if unlogged { "UNLOGGED " } else { "" },
        type_name(row),
        " ",
        name
    ];
    if row.of_type.is_some() {
        let of_type = definition
            .of_type
            .as_ref()
            .ok_or_else(|| dump.missing(object, "its type"))?;
        push!(text, " OF ", of_type);
    }
    if !is_matview {
        push_elements(dump, &mut text, table);
        push_nature(dump, &mut text, object, table, definition)?;
    }
    push_storage_parameters(dump, &mut text, row);
    if !definition.foreign_options.is_empty() {
        push!(
            text,
            "\nOPTIONS (\n    ",
            sql::join(&definition.foreign_options, ",\n    "),
            "\n)"
        );
    }
    if is_matview {
        // Data comes by a refresh, when everything that it reads is there.
        push!(
            text,
            " AS\n",
            view::query(dump, object, table)?,
            "\n  WITH NO DATA"
        );
    }
    push!(text, ";\n");
    if is_matview {
        let named = sql!["MATERIALIZED VIEW ", name];
        push!(text, extension_dependency::statements(dump, object, &named));
    }
    for column in dump.columns(table) {
        push!(text, column::alter_not_null(dump, table, name, column));
    }
    for column in dump.columns(table) {
        push!(text, column::alterations(dump, row, name, column));
    }
    Ok(text)
}

/// The list in parentheses: columns and constraints.
fn push_elements(dump: &Dump, text: &mut BString, table: usize) {
    let row = &dump.listing.tables[table];
    let mut elements: Vec<BString> = dump
        .columns(table)
        .iter()
        .filter_map(|column| column::clause(dump, table, column))
        .collect();
    for (object, check) in checks(dump, table) {
        // A partition has to have its parent's constraints before it can be attached.
        if object.separate || !(check.is_local || row.is_partition) {
            continue;
        }
        let definition = check.definition.clone().unwrap_or_default();
        elements.push(sql![
            "CONSTRAINT ",
            dump.ident(&check.name),
            " ",
            definition
        ]);
    }
    if !elements.is_empty() {
        push!(*text, " (\n    ", sql::join(elements, ",\n    "), "\n)");
    } else if row.of_type.is_none() {
        push!(*text, " (\n)");
    }
}

/// CHECK constraints of a table, by name.
pub(crate) fn checks(dump: &Dump, table: usize) -> impl Iterator<Item = (&Object, &Constraint)> {
    let ids = dump
        .relations
        .checks
        .get(&table)
        .map_or(&[][..], Vec::as_slice);
    ids.iter()
        .map(|&id| dump.objects.get(id))
        .filter_map(|object| match object.kind {
            Kind::Constraint(index) => Some((object, &dump.details.constraints[index])),
            _ => None,
        })
}

/// Parents, partition key, foreign server.
fn push_nature(
    dump: &Dump,
    text: &mut BString,
    object: &Object,
    table: usize,
    definition: &TableDefinition,
) -> Result<(), Error> {
    let row = &dump.listing.tables[table];
    let parents = dump.parents(table);
    if !parents.is_empty() && !row.is_partition {
        let names = parents
            .iter()
            .map(|&parent| dump.qualified(dump.table_object(parent)));
        push!(*text, "\nINHERITS (", sql::join(names, ", "), ")");
    }
    if row.relkind == relkind::PARTITIONED_TABLE {
        let key = definition.partition_key.as_ref();
        push!(
            *text,
            "\nPARTITION BY ",
            key.ok_or_else(|| dump.missing(object, "its partition key"))?
        );
    }
    if row.relkind == relkind::FOREIGN_TABLE {
        let server = definition.server.as_ref();
        let server = server.ok_or_else(|| dump.missing(object, "its foreign server"))?;
        push!(*text, "\nSERVER ", dump.ident(server));
    }
    Ok(())
}

fn push_storage_parameters(dump: &Dump, text: &mut BString, row: &Table) {
    let lists = [(&row.options, ""), (&row.toast_options, "toast.")];
    let lists = lists.iter().filter(|(options, _)| !options.is_empty());
    let parameters = sql::join(
        lists.map(|(options, prefix)| reloptions::list(dump, options, prefix)),
        ", ",
    );
    if !parameters.is_empty() {
        push!(*text, "\nWITH (", parameters, ")");
    }
}
