//! Constraints that are entries of their own: keys, exclusion constraints, foreign keys, and those CHECK and NOT NULL constraints
//! that could not be part of their table.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pgdumprs_catalog::{CatalogId, Constraint, Index, Oid, class, contype, relkind};

use crate::annotations::extension_dependency;
use crate::contents::toc::Toc;
use crate::families::table_part::{self, Whole};
use crate::kinds::index;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object};
use crate::text::reloptions;
use crate::{Components, Error};

/// Makes an object of every foreign key. The objects of other constraints come with their index or table.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    let attachments = attachments(dump);
    for i in 0..dump.details.constraints.len() {
        let row = &dump.details.constraints[i];
        if row.contype != contype::FOREIGN_KEY {
            continue;
        }
        let table = row.table;
        let (name, references, index) = (row.name.clone(), row.references, row.index);
        let catalog_id = CatalogId::new(class::PG_CONSTRAINT, row.oid);
        let id = table_part::add(dump, Kind::FkConstraint(i), catalog_id, name, table)?;
        let object = dump.objects.get_mut(id);
        object.dump = Components::all();
        object.separate = true;
        let referenced = references.and_then(|oid| dump.find_table(oid));
        let is_partitioned = referenced
            .is_some_and(|t| dump.listing.tables[t].relkind == relkind::PARTITIONED_TABLE);
        if let (true, Some(index)) = (is_partitioned, index) {
            await_attachments(dump, id, index, &attachments);
        }
    }
    Ok(())
}

/// For each partitioned index, the entries that attach its partitions, and those partitions.
type Attachments = HashMap<Oid, Vec<(DumpId, Oid)>>;

fn attachments(dump: &Dump) -> Attachments {
    let mut attachments = Attachments::new();
    for object in dump.objects.iter() {
        if let Kind::IndexAttach(i) = object.kind {
            let row = &dump.details.post_data.indexes[i];
            let Some(parent) = row.parent else { continue };
            attachments
                .entry(parent)
                .or_default()
                .push((object.id, row.oid));
        }
    }
    attachments
}

/// A partitioned index is valid, and can be referred to, when all its partitions are attached.
fn await_attachments(dump: &mut Dump, id: DumpId, index: Oid, attachments: &Attachments) {
    for &(attachment, partition) in attachments.get(&index).into_iter().flatten() {
        dump.objects.add_dependency(id, attachment);
        await_attachments(dump, id, partition, attachments);
    }
}

/// Renders a constraint and the comment on it.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    let row = &dump.details.constraints[index];
    if !dump.options.schema {
        return Ok(());
    }
    let table = Whole::find(dump, object, row.table)?;
    if object.dumps(Components::DEFINITION) {
        match row.contype {
            contype::PRIMARY_KEY | contype::UNIQUE | contype::EXCLUSION => {
                render_key(dump, toc, object, row, &table)?;
            }
            contype::FOREIGN_KEY => {
                // On a partitioned table it is for the partitions too; in inheritance it never is.
                let only = if table.row.relkind == relkind::PARTITIONED_TABLE {
                    ""
                } else {
                    "ONLY "
                };
                render_as_told(dump, toc, object, row, &table, "FK CONSTRAINT", only)?;
            }
            // No ONLY, so that children get it as well: those that inherit it have no entry for it.
            contype::CHECK if object.separate && row.is_local => {
                render_as_told(dump, toc, object, row, &table, "CHECK CONSTRAINT", "")?;
            }
            contype::NOT_NULL if object.separate && row.is_local => {
                render_as_told(dump, toc, object, row, &table, "CONSTRAINT", "")?;
            }
            contype::CHECK | contype::NOT_NULL => {}
            other => {
                return Err(Error::Unsupported {
                    object: object.to_string(),
                    reason: format!("constraints of type {:?} are not known", char::from(other)),
                });
            }
        }
    }
    if object.separate {
        render_comment(dump, toc, object, &table);
    }
    Ok(())
}

/// Writes the comment on a table's constraint, which hangs on the constraint's entry or, where it has none, on the table's.
pub(crate) fn render_comment(dump: &Dump, toc: &mut Toc, object: &Object, table: &Whole<'_>) {
    if object.dumps(Components::COMMENT) {
        let on = if object.separate {
            object.id
        } else {
            table.object.id
        };
        table.comment_on(dump, toc, object, "CONSTRAINT", on);
    }
}

/// A constraint whose definition the server writes in full.
fn render_as_told(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    row: &Constraint,
    table: &Whole<'_>,
    descriptor: &str,
    only: &str,
) -> Result<(), Error> {
    let name = dump.ident(&row.name);
    let alter = sql![table.alter(), " ", only, table.qualified];
    let mut entry = table.inner_entry(object, descriptor);
    entry.definition = Some(sql![
        alter,
        "\n    ADD CONSTRAINT ",
        name,
        " ",
        told(dump, object, row)?,
        if is_left_unchecked(dump, object) {
            " NOT VALID"
        } else {
            ""
        },
        ";\n"
    ]);
    entry.drop = Some(sql![alter, " DROP CONSTRAINT ", name, ";\n"]);
    toc.push(entry);
    Ok(())
}

/// Whether a foreign key is not held against rows that are there before it, since rows that they refer to were left out.
fn is_left_unchecked(dump: &Dump, object: &Object) -> bool {
    dump.relations.unchecked_keys.contains(&object.id)
}

fn told<'a>(dump: &Dump, object: &Object, row: &'a Constraint) -> Result<&'a BStr, Error> {
    let definition = row.definition.as_ref().map(AsRef::as_ref);
    definition.ok_or_else(|| dump.missing(object, "its definition"))
}

fn render_key(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    row: &Constraint,
    table: &Whole<'_>,
) -> Result<(), Error> {
    let missing = || dump.missing(object, "its index");
    let index_object = row
        .index
        .and_then(|oid| dump.objects.find_object(class::PG_CLASS, oid))
        .ok_or_else(missing)?;
    let Kind::Index(i) = index_object.kind else {
        return Err(missing());
    };
    let index_row = &dump.details.post_data.indexes[i];
    let name = dump.ident(&row.name);
    let index_name = dump.qualified(index_object);
    let alter = sql![table.alter(), " ONLY ", table.qualified];
    let mut text = sql![alter, "\n    ADD CONSTRAINT ", name, " "];
    if row.contype == contype::EXCLUSION {
        push!(text, told(dump, object, row)?);
    } else {
        push!(text, key(dump, row, index_row));
    }
    push!(
        text,
        ";\n",
        index::cluster(dump, index_row, table),
        index::statistics_targets(index_row, &index_name),
        index::replica_identity(dump, index_row, table),
        extension_dependency::statements(dump, index_object, &sql!["INDEX ", index_name]),
    );
    let mut entry = table.inner_entry(object, "CONSTRAINT");
    entry.tablespace = Some(index_row.tablespace.clone().unwrap_or_default());
    entry.definition = Some(text);
    entry.drop = Some(sql![alter, " DROP CONSTRAINT ", name, ";\n"]);
    toc.push(entry);
    Ok(())
}

/// A primary key or unique constraint from its key word on. The server would name the tablespace too.
fn key(dump: &Dump, row: &Constraint, index: &Index) -> BString {
    let names =
        |columns: &[BString]| crate::text::sql::join(columns.iter().map(|c| dump.ident(c)), ", ");
    let is_primary = row.contype == contype::PRIMARY_KEY;
    let mut text = sql![if is_primary { "PRIMARY KEY" } else { "UNIQUE" }];
    // A primary key could once be made from such an index, but cannot be declared so.
    if index.nulls_not_distinct && !is_primary {
        push!(text, " NULLS NOT DISTINCT");
    }
    push!(text, " (", names(&index.key_columns));
    if row.is_period {
        push!(text, " WITHOUT OVERLAPS");
    }
    if !index.included_columns.is_empty() {
        push!(text, ") INCLUDE (", names(&index.included_columns));
    }
    push!(text, ")");
    if !index.options.is_empty() {
        push!(
            text,
            " WITH (",
            reloptions::list(dump, &index.options, ""),
            ")"
        );
    }
    if row.is_deferrable {
        push!(text, " DEFERRABLE");
        if row.is_deferred {
            push!(text, " INITIALLY DEFERRED");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::Listing;

    use super::*;
    use crate::Options;

    fn constraint(contype: u8) -> Constraint {
        Constraint {
            oid: 16401,
            name: "k".into(),
            contype,
            table: 16400,
            definition: None,
            index: Some(16402),
            references: None,
            is_deferrable: false,
            is_deferred: false,
            is_period: false,
            is_local: true,
            is_validated: true,
        }
    }

    fn index(key_columns: &[&str], included_columns: &[&str]) -> Index {
        let names = |columns: &[&str]| columns.iter().map(|&column| column.into()).collect();
        Index {
            oid: 16402,
            name: "k".into(),
            table: 16400,
            definition: BString::default(),
            constraint: Some(16401),
            key_columns: names(key_columns),
            included_columns: names(included_columns),
            nulls_not_distinct: false,
            parent: None,
            tablespace: None,
            options: Vec::new(),
            is_clustered: false,
            is_replica_identity: false,
            statistics_targets: Vec::new(),
            pages: 0,
            tuples: "-1".into(),
            all_visible: 0,
            all_frozen: 0,
        }
    }

    fn key_of(row: &Constraint, index: &Index) -> String {
        let dump = Dump::new(Listing::default(), Options::default()).expect("an empty database");
        key(&dump, row, index).to_string()
    }

    #[test]
    fn keys_name_their_columns() {
        let primary = constraint(contype::PRIMARY_KEY);
        assert_eq!(key_of(&primary, &index(&["id"], &[])), "PRIMARY KEY (id)");
        let unique = Constraint {
            is_deferrable: true,
            ..constraint(contype::UNIQUE)
        };
        assert_eq!(
            key_of(&unique, &index(&["A", "b"], &["order"])),
            "UNIQUE (\"A\", b) INCLUDE (\"order\") DEFERRABLE"
        );
        let temporal = Constraint {
            is_period: true,
            ..primary
        };
        assert_eq!(
            key_of(&temporal, &index(&["id", "during"], &[])),
            "PRIMARY KEY (id, during WITHOUT OVERLAPS)"
        );
    }

    #[test]
    fn options_come_between_columns_and_timing() {
        let row = Constraint {
            is_deferrable: true,
            is_deferred: true,
            ..constraint(contype::UNIQUE)
        };
        let index = Index {
            options: vec!["fillfactor=70".into()],
            ..index(&["a"], &[])
        };
        assert_eq!(
            key_of(&row, &index),
            "UNIQUE (a) WITH (fillfactor='70') DEFERRABLE INITIALLY DEFERRED"
        );
    }

    #[test]
    fn a_primary_key_never_says_that_nulls_are_not_distinct() {
        let index = Index {
            nulls_not_distinct: true,
            ..index(&["a"], &[])
        };
        let unique = constraint(contype::UNIQUE);
        assert_eq!(key_of(&unique, &index), "UNIQUE NULLS NOT DISTINCT (a)");
        assert_eq!(
            key_of(&constraint(contype::PRIMARY_KEY), &index),
            "PRIMARY KEY (a)"
        );
    }
}
