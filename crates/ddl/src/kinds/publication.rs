//! Publications, and the tables and schemas in them.

use std::collections::HashMap;

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Oid, Publication, PublicationRel, class};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::selection::{self, membership};
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object, Tie};
use crate::text::sql;
use crate::{Components, Error};

/// Makes an object of every publication, then of every table in one, then of every schema in one.
pub(crate) fn collect(dump: &mut Dump) {
    if !dump.options.publications {
        return;
    }
    for i in 0..dump.details.post_data.publications.len() {
        let row = &dump.details.post_data.publications[i];
        let (name, catalog_id) = (
            row.name.clone(),
            CatalogId::new(class::PG_PUBLICATION, row.oid),
        );
        let id = dump
            .objects
            .add(Kind::Publication(i), catalog_id, name, None);
        selection::select(dump, id);
    }
    let names: HashMap<Oid, BString> = (dump.details.post_data.publications.iter())
        .map(|row| (row.oid, row.name.clone()))
        .collect();
    for i in 0..dump.details.post_data.publication_rels.len() {
        let row = &dump.details.post_data.publication_rels[i];
        let Some(publication) = names.get(&row.publication) else {
            continue;
        };
        let Some(table) = dump.find_table(row.table) else {
            continue;
        };
        let catalog_id = CatalogId::new(class::PG_PUBLICATION_REL, row.oid);
        let table = dump.table_object(table);
        let (name, namespace) = (table.name.clone(), table.namespace);
        let id = dump
            .objects
            .add(Kind::PublicationRel(i), catalog_id, name, namespace);
        select_member(dump, id, publication);
    }
    for i in 0..dump.details.post_data.publication_namespaces.len() {
        let row = &dump.details.post_data.publication_namespaces[i];
        let Some(publication) = names.get(&row.publication) else {
            continue;
        };
        let catalog_id = CatalogId::new(class::PG_PUBLICATION_NAMESPACE, row.oid);
        let Some(schema) = dump.objects.find_object(class::PG_NAMESPACE, row.namespace) else {
            continue;
        };
        let name = schema.name.clone();
        let id = dump
            .objects
            .add(Kind::PublicationNamespace(i), catalog_id, name, None);
        select_member(dump, id, publication);
    }
}

/// What is in a publication goes where publications go, whatever becomes of its schema.
fn select_member(dump: &mut Dump, id: DumpId, publication: &BString) {
    dump.objects.get_mut(id).tie = Tie::Name(publication.clone());
    if !membership::check(dump, id) {
        dump.objects.get_mut(id).dump = selection::everything(dump);
    }
}

/// Renders a publication, its comment and label.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.details.post_data.publications[index];
    let name = dump.ident(&row.name);
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        toc.push(Entry {
            tag: Some(row.name.clone()),
            owner: Some(owner.to_owned()),
            definition: Some(definition(dump, row, &name)),
            drop: Some(sql!["DROP PUBLICATION ", name, ";\n"]),
            ..Toc::entry_of(object, "PUBLICATION", Section::PostData)
        });
    }
    let subject = Subject::of(dump, object, "PUBLICATION", name, owner);
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, &subject);
    }
    Ok(())
}

fn definition(dump: &Dump, row: &Publication, name: &BString) -> BString {
    let actions = [
        ("insert", row.insert),
        ("update", row.update),
        ("delete", row.delete),
        ("truncate", row.truncate),
    ];
    let actions = actions
        .iter()
        .filter(|(_, published)| *published)
        .map(|(action, _)| action);
    let mut text = sql!["CREATE PUBLICATION ", name];
    let scope = scope(dump, row);
    if !scope.is_empty() {
        push!(text, " FOR ", sql::join(scope, ", "));
    }
    push!(text, " WITH (publish = '", sql::join(actions, ", "), "'");
    if row.via_root {
        push!(text, ", publish_via_partition_root = true");
    }
    if row.stored_generated {
        push!(text, ", publish_generated_columns = stored");
    }
    push!(text, ");\n");
    text
}

/// What a publication is for by itself. Tables and schemas that it names are entries of their own.
fn scope(dump: &Dump, row: &Publication) -> Vec<BString> {
    let mut scope = Vec::new();
    if row.all_tables {
        let mut tables = sql!["ALL TABLES"];
        // Named even where they are not dumped: to publish them would be worse than not to restore.
        let except = row.except.iter().filter_map(|&oid| dump.find_table(oid));
        let except: Vec<BString> = except
            .map(|table| sql!["TABLE ONLY ", dump.qualified(dump.table_object(table))])
            .collect();
        if !except.is_empty() {
            push!(tables, " EXCEPT (", sql::join(except, ", "), ")");
        }
        scope.push(tables);
    }
    if row.all_sequences {
        scope.push(sql!["ALL SEQUENCES"]);
    }
    scope
}

/// The publication that a member names.
fn publication<'a>(dump: &'a Dump, member: &Object, oid: Oid) -> Result<&'a Publication, Error> {
    match dump
        .objects
        .find_object(class::PG_PUBLICATION, oid)
        .map(|object| object.kind)
    {
        Some(Kind::Publication(i)) => Ok(&dump.details.post_data.publications[i]),
        _ => Err(dump.missing(member, format!("publication with OID {oid}"))),
    }
}

/// Renders that a table is in a publication. It ends with either of them, so nothing drops it.
pub(crate) fn render_rel(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema || !object.dumps(Components::DEFINITION) {
        return Ok(());
    }
    let row = &dump.details.post_data.publication_rels[index];
    let publication = publication(dump, object, row.publication)?;
    toc.push(Entry {
        tag: Some(sql![publication.name, " ", object.name]),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(dump.role(object, publication.owner)?.to_owned()),
        definition: Some(rel_definition(dump, object, row, publication)),
        ..Toc::entry_of(object, "PUBLICATION TABLE", Section::PostData)
    });
    Ok(())
}

fn rel_definition(dump: &Dump, object: &Object, row: &PublicationRel, of: &Publication) -> BString {
    let (publication, table) = (dump.ident(&of.name), dump.qualified(object));
    let mut text = sql!["ALTER PUBLICATION ", publication, " ADD TABLE ONLY ", table];
    if let Some(columns) = &row.columns {
        push!(
            text,
            " (",
            sql::join(columns.iter().map(|column| dump.ident(column)), ", "),
            ")"
        );
    }
    if let Some(filter) = &row.filter {
        push!(text, " WHERE (", filter, ")");
    }
    push!(text, ";\n");
    text
}

/// Renders that all tables of a schema are in a publication.
pub(crate) fn render_namespace(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema || !object.dumps(Components::DEFINITION) {
        return Ok(());
    }
    let row = &dump.details.post_data.publication_namespaces[index];
    let publication = publication(dump, object, row.publication)?;
    let (name, schema) = (dump.ident(&publication.name), dump.ident(&object.name));
    toc.push(Entry {
        tag: Some(sql![publication.name, " ", object.name]),
        namespace: Some(object.name.clone()),
        owner: Some(dump.role(object, publication.owner)?.to_owned()),
        definition: Some(sql![
            "ALTER PUBLICATION ",
            name,
            " ADD TABLES IN SCHEMA ",
            schema,
            ";\n"
        ]),
        ..Toc::entry_of(object, "PUBLICATION TABLES IN SCHEMA", Section::PostData)
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, table};

    fn publication() -> Publication {
        Publication {
            oid: 16400,
            name: "p".into(),
            owner: 10,
            all_tables: false,
            all_sequences: false,
            except: Vec::new(),
            insert: true,
            update: true,
            delete: true,
            truncate: true,
            via_root: false,
            stored_generated: false,
        }
    }

    /// What is written of `row` in a database with two tables.
    fn definition_of(row: Publication) -> String {
        let tables = vec![table(20_000, "t"), table(20_010, "Order")];
        let mut fixture = Fixture::new(190_000, tables);
        fixture.details.post_data.publications.push(row);
        fixture.definition("PUBLICATION", "p")
    }

    #[test]
    fn actions_are_listed_even_where_there_are_none() {
        assert_eq!(
            definition_of(publication()),
            "CREATE PUBLICATION p WITH (publish = 'insert, update, delete, truncate');\n"
        );
        let silent = Publication {
            insert: false,
            update: false,
            delete: false,
            truncate: false,
            ..publication()
        };
        assert_eq!(
            definition_of(silent),
            "CREATE PUBLICATION p WITH (publish = '');\n"
        );
    }

    #[test]
    fn options_follow_the_actions() {
        let row = Publication {
            all_tables: true,
            update: false,
            delete: false,
            via_root: true,
            stored_generated: true,
            ..publication()
        };
        assert_eq!(
            definition_of(row),
            "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert, truncate', \
             publish_via_partition_root = true, publish_generated_columns = stored);\n"
        );
    }

    #[test]
    fn what_is_left_out_is_named_in_the_order_of_the_catalog() {
        let sequences = Publication {
            all_sequences: true,
            truncate: false,
            delete: false,
            ..publication()
        };
        assert_eq!(
            definition_of(sequences.clone()),
            "CREATE PUBLICATION p FOR ALL SEQUENCES WITH (publish = 'insert, update');\n"
        );
        let both = Publication {
            all_tables: true,
            except: vec![20_010, 20_000],
            ..sequences
        };
        assert_eq!(
            definition_of(both),
            "CREATE PUBLICATION p FOR ALL TABLES EXCEPT (TABLE ONLY public.\"Order\", TABLE ONLY public.t), \
             ALL SEQUENCES WITH (publish = 'insert, update');\n"
        );
    }
}
