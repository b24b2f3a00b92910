//! Inheritance: parents, and what a child has from them without saying so.

use pgdumprs_catalog::{AttrDef, CatalogId, Column, NotNull, relkind};

use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Tie};
use crate::{Components, Error};

/// The expression of a column that has no default where its parents have one.
const NO_DEFAULT: &str = "NULL";

/// Links children to their parents and makes an object for each partition that is to be attached.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    let mut parents = vec![Vec::new(); dump.listing.tables.len()];
    for link in &dump.listing.inherits {
        // Partitioned indexes inherit too, but are not in the listing.
        let Some(child) = dump.find_table(link.child) else {
            continue;
        };
        let parent = dump.find_table(link.parent).ok_or_else(|| {
            dump.missing(
                dump.table_object(child),
                format!("parent with OID {}", link.parent),
            )
        })?;
        parents[child].push(parent);
    }
    dump.relations.parents = parents;
    for table in 0..dump.listing.tables.len() {
        let selected = dump.table_object(table).dumps(Components::DEFINITION);
        if selected && dump.listing.tables[table].is_partition {
            add_attachment(dump, table)?;
        }
    }
    Ok(())
}

/// A partition is attached when both it and its parent are there, whichever was created first.
fn add_attachment(dump: &mut Dump, table: usize) -> Result<(), Error> {
    let partition = dump.table_object(table);
    let &[parent] = dump.parents(table) else {
        return Err(dump.missing(
            partition,
            "the one partitioned table that a partition belongs to",
        ));
    };
    let (partition_id, name, namespace) =
        (partition.id, partition.name.clone(), partition.namespace);
    let parent_id = dump.table_ids[parent];
    let id = dump.objects.add(
        Kind::TableAttach(table),
        CatalogId::default(),
        name,
        namespace,
    );
    dump.objects.add_dependency(id, partition_id);
    dump.objects.add_dependency(id, parent_id);
    Ok(())
}

/// The columns of the same name in the parents of a table.
fn inherited<'a>(
    dump: &'a Dump,
    table: usize,
    column: &'a Column,
) -> impl Iterator<Item = (usize, &'a Column)> {
    dump.parents(table).iter().filter_map(move |&parent| {
        let columns = dump.columns(parent);
        // It mostly stands in the same place.
        let expected = usize::try_from(column.number - 1)
            .ok()
            .and_then(|position| columns.get(position));
        let found = expected
            .filter(|candidate| candidate.name == column.name)
            .or_else(|| {
                columns
                    .iter()
                    .find(|candidate| candidate.name == column.name)
            });
        found.map(|found| (parent, found))
    })
}

/// Whether a table has to declare a column's NOT NULL itself.
///
/// Before 18 the catalog does not tell, and any parent's NOT NULL counts as the origin of the child's. Since 18 it does; but
/// a valid one does not come from parents whose own are all NOT VALID.
pub(crate) fn declares_not_null(
    dump: &Dump,
    table: usize,
    column: &Column,
    not_null: &NotNull,
) -> bool {
    if dump.parents(table).is_empty() {
        return not_null.is_local;
    }
    let mut origins =
        inherited(dump, table, column).filter_map(|(_, parent)| parent.not_null.as_ref());
    if dump.listing.server.version >= 180000 {
        not_null.is_local || !origins.any(|origin| origin.is_valid)
    } else {
        not_null.is_local && origins.next().is_none()
    }
}

/// Warns of children that allow NULL in a column their parent forbids it in, as they may before 18: in a new table the parent's NOT
/// NULL holds again, and nothing that newer servers take as well would drop it.
pub(crate) fn warn_of_dropped_not_null(dump: &mut Dump) {
    if dump.listing.server.version >= 180000 || !dump.options.schema {
        return;
    }
    let mut warnings = Vec::new();
    for table in 0..dump.listing.tables.len() {
        let object = dump.table_object(table);
        if !object.dumps(Components::DEFINITION) {
            continue;
        }
        let columns = dump.columns(table).iter();
        for column in columns.filter(|column| !column.is_dropped && column.not_null.is_none()) {
            let parent =
                inherited(dump, table, column).find(|(_, parent)| parent.not_null.is_some());
            if let Some((parent, _)) = parent {
                warnings.push(format!(
                    "{object}: column \"{}\" allows NULL, and that of its parent \"{}\" does not; \
                     restored, it will not allow it either, and rows with NULL will be refused",
                    column.name, dump.listing.tables[parent].name
                ));
            }
        }
    }
    dump.warnings.extend(warnings);
}

/// Makes up for what children would inherit and do not have, and leaves out what they inherit anyway.
pub(crate) fn adjust_defaults(dump: &mut Dump) {
    for table in 0..dump.listing.tables.len() {
        let row = &dump.listing.tables[table];
        let never_child = matches!(
            row.relkind,
            relkind::SEQUENCE | relkind::VIEW | relkind::MATVIEW
        );
        if never_child || dump.table_object(table).dump.is_empty() || dump.parents(table).is_empty()
        {
            continue;
        }
        let is_partition = row.is_partition;
        let columns = dump
            .columns(table)
            .iter()
            .filter(|column| !column.is_dropped);
        let origins: Vec<_> = columns
            .map(|column| (column.number, Origin::of(dump, table, column)))
            .collect();
        for (number, origin) in origins {
            if origin.has_default && dump.attrdef(table, number).is_none() {
                add_no_default(dump, table, number);
            }
            if origin.same_generated && !origin.other_generated && !is_partition {
                // The server takes the expression over from the parents, and before 16 it refused to be told.
                let id = dump.relations.attrdefs[&(table, number)];
                dump.objects.get_mut(id).dump = Components::empty();
            }
        }
    }
}

/// What the parents of a column have where it may have a default.
#[derive(Default)]
struct Origin {
    has_default: bool,
    same_generated: bool,
    other_generated: bool,
}

impl Origin {
    fn of(dump: &Dump, table: usize, column: &Column) -> Self {
        let own = dump
            .attrdef(table, column.number)
            .map(|(_, row)| &row.expression);
        let mut origin = Self::default();
        for (parent, parent_column) in inherited(dump, table, column) {
            let expression = dump
                .attrdef(parent, parent_column.number)
                .map(|(_, row)| &row.expression);
            if parent_column.generated == 0 {
                origin.has_default |= expression.is_some_and(|expression| expression != NO_DEFAULT);
            } else if expression.is_some() && expression == own {
                origin.same_generated = true;
            } else {
                origin.other_generated = true;
            }
        }
        origin
    }
}

/// A child without a default has to say so, or it would get its parent's.
fn add_no_default(dump: &mut Dump, table: usize, number: i16) {
    let row = &dump.listing.tables[table];
    let written = dump
        .column(table, number)
        .is_ok_and(|column| dump.writes_column(row, column));
    let attrdef = AttrDef {
        oid: 0,
        table: row.oid,
        column: number,
        expression: NO_DEFAULT.into(),
    };
    let index = dump.details.relations.attrdefs.len();
    dump.details.relations.attrdefs.push(attrdef);
    let id = add_attrdef(dump, table, number, index, CatalogId::default());
    if !written {
        dump.objects.get_mut(id).separate = true;
        let table_id = dump.table_ids[table];
        dump.objects.add_dependency(id, table_id);
    }
}

/// Makes the object of a default or generation expression.
pub(crate) fn add_attrdef(
    dump: &mut Dump,
    table: usize,
    number: i16,
    index: usize,
    catalog_id: CatalogId,
) -> DumpId {
    let whole = dump.table_object(table);
    let (whole_id, name, namespace, selected) =
        (whole.id, whole.name.clone(), whole.namespace, whole.dump);
    let id = dump
        .objects
        .add(Kind::AttrDef(index), catalog_id, name, namespace);
    let object = dump.objects.get_mut(id);
    object.dump = selected;
    object.part_of = Some(whole_id);
    object.tie = Tie::Number(number.into());
    dump.relations.attrdefs.insert((table, number), id);
    id
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::Column;

    use crate::testing::{Fixture, column, not_null, table};

    fn inherited(table: u32, number: i16, name: &str) -> Column {
        Column {
            is_local: false,
            ..column(table, number, name)
        }
    }

    fn family(version: u32) -> Fixture {
        Fixture::new(
            version,
            vec![table(20_000, "parent"), table(20_010, "child")],
        )
        .inherits(20_010, 20_000)
    }

    #[test]
    fn a_child_says_what_it_does_not_inherit() {
        let fixture = family(150_000)
            .column(column(20_000, 1, "a"))
            .column(column(20_000, 2, "b"))
            .column(inherited(20_010, 1, "a"))
            .column(column(20_010, 2, "b"))
            .attrdef(20_000, 1, "1")
            .attrdef(20_000, 2, "2");
        let entries = fixture.plan().entries;
        let child = entries
            .iter()
            .find(|entry| entry.tag == Some("child".into()))
            .unwrap();
        let definition = child.definition.as_ref().unwrap();
        assert_eq!(
            *definition,
            "CREATE TABLE public.child (\n    b integer DEFAULT NULL\n)\nINHERITS (public.parent);\n"
        );
        let default = entries
            .iter()
            .find(|entry| entry.descriptor == "DEFAULT")
            .unwrap();
        let expected = "ALTER TABLE ONLY public.child ALTER COLUMN a SET DEFAULT NULL;\n";
        assert_eq!(*default.definition.as_ref().unwrap(), expected);
        assert_eq!(default.dependencies, [child.dump_id]);
    }

    #[test]
    fn a_child_that_allows_what_its_parent_forbids_is_warned_of() {
        let warnings = |version| {
            let mut strict = column(20_000, 1, "a");
            strict.not_null = Some(not_null("parent_a_not_null"));
            let fixture = family(version).column(strict);
            let fixture = fixture.column(inherited(20_010, 1, "a"));
            fixture.plan().warnings
        };
        let [warning] = &warnings(170_000)[..] else {
            panic!("{:?}", warnings(170_000));
        };
        assert!(warning.contains("table \"child\""), "{warning}");
        assert!(warning.contains("column \"a\" allows NULL"), "{warning}");
        assert!(warnings(180_000).is_empty());
    }

    #[test]
    fn generation_expressions_are_inherited() {
        let generated = |mut column: Column| {
            column.generated = b's';
            column
        };
        let fixture = family(150_000)
            .column(generated(column(20_000, 1, "a")))
            .column(generated(column(20_010, 1, "a")))
            .attrdef(20_000, 1, "(1 + 1)")
            .attrdef(20_010, 1, "(1 + 1)");
        assert_eq!(
            fixture.definition("TABLE", "child"),
            "CREATE TABLE public.child (\n    a integer\n)\nINHERITS (public.parent);\n"
        );
    }

    #[test]
    fn not_null_comes_from_parents() {
        let with = |mut column: Column, is_valid: bool, is_local: bool| {
            let mut constraint = not_null("x");
            (constraint.is_valid, constraint.is_local) = (is_valid, is_local);
            column.not_null = Some(constraint);
            column
        };
        let definition = |version: u32, parent_is_valid: bool, child_is_local: bool| {
            family(version)
                .column(with(column(20_000, 1, "a"), parent_is_valid, true))
                .column(with(inherited(20_010, 1, "a"), true, child_is_local))
                .definition("TABLE", "child")
        };
        let silent = "CREATE TABLE public.child (\n)\nINHERITS (public.parent);\n";
        let loud = "CREATE TABLE public.child (\n    CONSTRAINT x NOT NULL a\n)\nINHERITS (public.parent);\n";
        assert_eq!(definition(180_000, true, false), silent);
        assert_eq!(definition(180_000, true, true), loud);
        assert_eq!(
            definition(180_000, false, false),
            loud,
            "valid here, not there"
        );
        assert_eq!(
            definition(170_000, true, true),
            silent,
            "nothing tells before 18"
        );
    }
}
