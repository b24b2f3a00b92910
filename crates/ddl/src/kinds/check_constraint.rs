//! CHECK constraints of tables, and NOT NULL constraints that are NOT VALID.

use pgdumprs_catalog::{CatalogId, class, contype};

use crate::Error;
use crate::state::dump::Dump;
use crate::state::object::{Kind, LoopRole, Tie};

/// Makes an object of every such constraint, and decides which are part of CREATE TABLE.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    for index in 0..dump.details.constraints.len() {
        let row = &dump.details.constraints[index];
        let oid = row.table;
        if !matches!(row.contype, contype::CHECK | contype::NOT_NULL) {
            continue;
        }
        let is_check = row.contype == contype::CHECK;
        // What rows violate must be loaded before. CREATE TABLE cannot make a NOT NULL that is NOT VALID at all.
        let separate = !is_check || !row.is_validated;
        let (name, catalog_id) = (
            row.name.clone(),
            CatalogId::new(class::PG_CONSTRAINT, row.oid),
        );
        let table = dump.find_table(oid).ok_or_else(|| Error::Missing {
            object: format!("constraint \"{name}\""),
            target: format!("table with OID {oid}"),
        })?;
        let whole = dump.table_object(table);
        let (table_id, namespace, selected) = (whole.id, whole.namespace, whole.dump);
        let id = dump
            .objects
            .add(Kind::Constraint(index), catalog_id, name, namespace);
        let object = dump.objects.get_mut(id);
        object.dump = selected;
        object.part_of = Some(table_id);
        object.tie = Tie::Part;
        object.separate = separate;
        if is_check {
            object.loop_role = LoopRole::Check;
            dump.relations.checks.entry(table).or_default().push(id);
        }
        if !separate {
            dump.objects.add_dependency(table_id, id);
        }
    }
    verify_counts(dump)
}

/// A constraint that the table counts and the catalog does not show would be left out in silence.
fn verify_counts(dump: &Dump) -> Result<(), Error> {
    for (table, row) in dump.listing.tables.iter().enumerate() {
        let found = dump.relations.checks.get(&table).map_or(0, Vec::len);
        let expected = usize::try_from(row.check_count).unwrap_or_default();
        let asked_for = dump.details.relations.columns.contains_key(&row.oid);
        if asked_for && expected != found {
            let target = format!("{expected} check constraints, of which {found} were found");
            return Err(dump.missing(dump.table_object(table), target));
        }
    }
    Ok(())
}
