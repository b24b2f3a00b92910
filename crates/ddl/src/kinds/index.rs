//! Indexes.

use std::collections::HashMap;

use bstr::BString;
use pgdumprs_catalog::{CatalogId, Index, Oid, class, contype};

use crate::annotations::{comment, extension_dependency};
use crate::contents::toc::Toc;
use crate::families::table_part::{self, Whole};
use crate::kinds::relation_statistics;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every index and, right behind it, of the constraint it belongs to.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    let is_key = |kind: u8| {
        matches!(
            kind,
            contype::PRIMARY_KEY | contype::UNIQUE | contype::EXCLUSION
        )
    };
    let keys: HashMap<Oid, usize> = (dump.details.constraints.iter().enumerate())
        .filter(|(_, row)| is_key(row.contype))
        .map(|(i, row)| (row.oid, i))
        .collect();
    for i in 0..dump.details.post_data.indexes.len() {
        let row = &dump.details.post_data.indexes[i];
        let (name, table, constraint) = (row.name.clone(), row.table, row.constraint);
        let catalog_id = CatalogId::new(class::PG_CLASS, row.oid);
        let id = table_part::add(dump, Kind::Index(i), catalog_id, name, table)?;
        // An index is part of another index, if of anything: see the second pass.
        dump.objects.get_mut(id).part_of = None;
        let statistics = relation_statistics::add_index(dump, i, id);
        let Some(oid) = constraint else { continue };
        let &key = keys.get(&oid).ok_or_else(|| {
            dump.missing(dump.objects.get(id), format!("constraint with OID {oid}"))
        })?;
        let name = dump.details.constraints[key].name.clone();
        let catalog_id = CatalogId::new(class::PG_CONSTRAINT, oid);
        let key = table_part::add(dump, Kind::Constraint(key), catalog_id, name, table)?;
        dump.objects.get_mut(key).separate = true;
        if let Some(statistics) = statistics {
            // There is no index before its constraint is there.
            dump.objects.add_dependency(statistics, key);
        }
    }
    link_partitions(dump);
    Ok(())
}

/// Makes partitions of indexes part of their parents, as far as those are known.
fn link_partitions(dump: &mut Dump) {
    for row in &dump.details.post_data.indexes {
        let find = |oid| dump.objects.find(CatalogId::new(class::PG_CLASS, oid));
        if let (Some(id), Some(parent)) = (find(row.oid), row.parent.and_then(find)) {
            dump.objects.get_mut(id).part_of = Some(parent);
        }
    }
}

/// Renders an index and the comment on it. An index that belongs to a constraint comes with it, and so does its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.details.post_data.indexes[index];
    let table = Whole::find(dump, object, row.table)?;
    if row.constraint.is_none() && object.dumps(Components::DEFINITION) {
        let mut entry = table.entry(object, "INDEX");
        entry.tablespace = Some(row.tablespace.clone().unwrap_or_default());
        entry.definition = Some(definition(dump, object, row, &table));
        // A partition of an index cannot be dropped: it goes with its table or its parent.
        entry.drop = Some(match row.parent {
            None => sql!["DROP INDEX ", dump.qualified(object), ";\n"],
            Some(_) => BString::default(),
        });
        toc.push(entry);
    }
    if object.dumps(Components::COMMENT) {
        let mut subject = table.subject(dump, object, "INDEX");
        if let Some(oid) = row.constraint {
            subject.dump_id = dump
                .objects
                .find(CatalogId::new(class::PG_CONSTRAINT, oid))
                .ok_or_else(|| dump.missing(object, format!("constraint with OID {oid}")))?;
        }
        comment::render(dump, toc, &subject);
    }
    Ok(())
}

fn definition(dump: &Dump, object: &Object, row: &Index, table: &Whole<'_>) -> BString {
    let qualified = dump.qualified(object);
    sql![
        row.definition,
        ";\n",
        cluster(dump, row, table),
        statistics_targets(row, &qualified),
        extension_dependency::statements(dump, object, &sql!["INDEX ", qualified]),
        replica_identity(dump, row, table)
    ]
}

/// Says how closely ANALYZE looks at the index's expressions, where that was said.
pub(crate) fn statistics_targets(row: &Index, qualified: &BString) -> BString {
    let mut text = BString::default();
    for (column, target) in &row.statistics_targets {
        let (column, target) = (column.to_string(), target.to_string());
        push!(
            text,
            "ALTER INDEX ",
            qualified,
            " ALTER COLUMN ",
            column,
            " SET STATISTICS ",
            target,
            ";\n"
        );
    }
    text
}

/// Says that the table is clustered by the index, where it is.
pub(crate) fn cluster(dump: &Dump, row: &Index, table: &Whole<'_>) -> BString {
    if !row.is_clustered {
        return BString::default();
    }
    sql![
        "\nALTER TABLE ",
        table.qualified,
        " CLUSTER ON ",
        dump.ident(&row.name),
        ";\n"
    ]
}

/// Says that the index is the table's replica identity, where it is.
pub(crate) fn replica_identity(dump: &Dump, row: &Index, table: &Whole<'_>) -> BString {
    if !row.is_replica_identity {
        return BString::default();
    }
    let name = dump.ident(&row.name);
    sql![
        "\nALTER TABLE ONLY ",
        table.qualified,
        " REPLICA IDENTITY USING INDEX ",
        name,
        ";\n"
    ]
}
