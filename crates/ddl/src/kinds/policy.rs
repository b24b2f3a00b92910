//! Row security: whether it is enabled, and its policies.

use pgdumprs_catalog::{CatalogId, Policy, class, relkind};

use crate::contents::toc::Toc;
use crate::families::table_part::{self, Whole};
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object, Tie};
use crate::{Components, Error};

/// OIDs of the relations whose policies are dumped, if they have any.
pub(crate) fn wanted(dump: &Dump) -> Vec<u32> {
    secured(dump)
        .map(|index| dump.listing.tables[index].oid)
        .collect()
}

/// Relations that may have row security and of which it is dumped, by index in the listing.
fn secured(dump: &Dump) -> impl Iterator<Item = usize> {
    let has_rows = |kind: u8| matches!(kind, relkind::TABLE | relkind::PARTITIONED_TABLE);
    (0..dump.listing.tables.len()).filter(move |&index| {
        dump.options.policies
            && has_rows(dump.listing.tables[index].relkind)
            && dump.table_object(index).dumps(Components::POLICY)
    })
}

/// Makes an object for each table that row security is enabled on, and one of every policy.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    let enabled: Vec<usize> = secured(dump)
        .filter(|&index| dump.listing.tables[index].row_security)
        .collect();
    for index in enabled {
        let row = &dump.listing.tables[index];
        // The catalog's dependencies of the table are not this object's, so it names no catalog.
        let (catalog_id, name, table) = (CatalogId::new(0, row.oid), row.name.clone(), row.oid);
        let id = table_part::add(dump, Kind::RowSecurity(index), catalog_id, name, table)?;
        count_as_dumped(dump, id);
    }
    for i in 0..dump.details.post_data.policies.len() {
        let row = &dump.details.post_data.policies[i];
        let (catalog_id, name, table) = (
            CatalogId::new(class::PG_POLICY, row.oid),
            row.name.clone(),
            row.table,
        );
        let id = table_part::add(dump, Kind::Policy(i), catalog_id, name, table)?;
        count_as_dumped(dump, id);
    }
    Ok(())
}

/// Only tables whose policies are dumped were asked for any.
fn count_as_dumped(dump: &mut Dump, id: DumpId) {
    let object = dump.objects.get_mut(id);
    object.dump = Components::all();
    object.tie = Tie::Part;
    if let Some(table) = object.part_of {
        dump.objects.get_mut(table).components |= Components::POLICY;
    }
}

/// Renders the statement that enables row security on a table, which is `table` in the listing.
pub(crate) fn render_enabled(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    table: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let table = Whole::find(dump, object, dump.listing.tables[table].oid)?;
    let mut entry = table.entry(object, "ROW SECURITY");
    entry.definition = Some(sql![
        "ALTER TABLE ",
        table.qualified,
        " ENABLE ROW LEVEL SECURITY;"
    ]);
    entry.dependencies = vec![table.object.id.as_i32()];
    toc.push(entry);
    Ok(())
}

/// Renders a policy and the comment on it.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.details.post_data.policies[index];
    let table = Whole::find(dump, object, row.table)?;
    if object.dumps(Components::DEFINITION) {
        if let Some(oid) = row.missing_role {
            dump.role(object, oid)?;
        }
        let on_table = sql!["POLICY ", dump.ident(&row.name), " ON ", table.qualified];
        let kind = if row.is_permissive {
            ""
        } else {
            " AS RESTRICTIVE"
        };
        let mut definition = sql!["CREATE ", on_table, kind, command(object, row)?];
        if let Some(roles) = &row.roles {
            push!(definition, " TO ", roles);
        }
        if let Some(using) = &row.using {
            push!(definition, " USING (", using, ")");
        }
        if let Some(check) = &row.check {
            push!(definition, " WITH CHECK (", check, ")");
        }
        push!(definition, ";\n");
        let mut entry = table.inner_entry(object, "POLICY");
        entry.definition = Some(definition);
        entry.drop = Some(sql!["DROP ", on_table, ";\n"]);
        toc.push(entry);
    }
    if object.dumps(Components::COMMENT) {
        table.comment_on(dump, toc, object, "POLICY", object.id);
    }
    Ok(())
}

fn command(object: &Object, row: &Policy) -> Result<&'static str, Error> {
    Ok(match row.command {
        b'*' => "",
        b'r' => " FOR SELECT",
        b'a' => " FOR INSERT",
        b'w' => " FOR UPDATE",
        b'd' => " FOR DELETE",
        other => {
            return Err(Error::Unsupported {
                object: object.to_string(),
                reason: format!("policies for command {:?} are not known", char::from(other)),
            });
        }
    })
}
