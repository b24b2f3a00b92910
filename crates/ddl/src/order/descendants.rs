//! Entries that wait for the rows of a table's descendants: its partitions, its children, and theirs.
//!
//! A parallel pg_restore begins an entry when those that it depends on are done, and runs no two entries at once, indexes apart,
//! that depend on the same table. Some statements go down from the table that they name to all its descendants, and pg_dump tells
//! pg_restore of the table alone. A partitioned table has no rows to wait for, so the statement may come before the rows of the
//! partitions: a trigger then fires for rows that are being restored, and changes or refuses them; a NOT VALID constraint refuses
//! the rows that it was NOT VALID for; a foreign key is checked row by row. And it may wait for locks that another worker holds
//! while that worker waits for its own.
//!
//! So these entries depend on the descendants too. pg_restore itself takes a dependency on a table for one on the table's data.

use std::collections::HashSet;

use pgdumprs_catalog::{Oid, contype, relkind};

use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};

/// Who inherits from whom, from parents down.
#[derive(Debug)]
pub(crate) struct Descendants {
    /// Children of each relation, by index in the listing.
    children: Vec<Vec<usize>>,
}

impl Descendants {
    pub(crate) fn new(dump: &Dump) -> Self {
        let mut children = vec![Vec::new(); dump.listing.tables.len()];
        for (child, parents) in dump.relations.parents.iter().enumerate() {
            for &parent in parents {
                children[parent].push(child);
            }
        }
        Self { children }
    }

    /// Adds to the dependencies of an object's entry the relations that its statement reaches and that are not among them yet. What
    /// is not in the archive hands nothing on. Most objects reach none.
    pub(crate) fn add_to(
        &self,
        dump: &Dump,
        object: &Object,
        has_entry: &[bool],
        dependencies: &mut Vec<i32>,
    ) {
        let goes_on = |table: &usize| has_entry[dump.table_ids[*table].index()];
        let mut pending = roots(dump, object);
        pending.retain(goes_on);
        if pending.is_empty() {
            return;
        }
        let mut seen: HashSet<_> = pending.iter().copied().collect();
        let mut known: HashSet<_> = dependencies.iter().copied().collect();
        while let Some(table) = pending.pop() {
            for &child in &self.children[table] {
                if goes_on(&child) && seen.insert(child) {
                    pending.push(child);
                    let id = dump.table_ids[child].as_i32();
                    if known.insert(id) {
                        dependencies.push(id);
                    }
                }
            }
        }
    }
}

/// The relations that an object's statement goes down from, by index in the listing.
fn roots(dump: &Dump, object: &Object) -> Vec<usize> {
    // Only a partitioned table hands down its triggers and foreign keys, and is referred to with all that is below it.
    let partitioned =
        |table: &usize| dump.listing.tables[*table].relkind == relkind::PARTITIONED_TABLE;
    let find = |table: Oid| dump.find_table(table);
    match object.kind {
        Kind::Trigger(i) => {
            let row = &dump.details.post_data.triggers[i];
            find(row.table).into_iter().filter(partitioned).collect()
        }
        Kind::FkConstraint(i) => {
            let row = &dump.details.constraints[i];
            let ends = [Some(row.table), row.references];
            let tables = ends.into_iter().flatten().filter_map(find);
            tables.filter(partitioned).collect()
        }
        // Separate are those that are NOT VALID or were taken out of their table to break a loop.
        Kind::Constraint(i) if object.separate => {
            let row = &dump.details.constraints[i];
            match row.contype {
                contype::CHECK | contype::NOT_NULL => find(row.table).into_iter().collect(),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::{Constraint, Purpose, Table, TableDefinition, Trigger};

    use super::*;
    use crate::testing::{Fixture, table};

    const TOP: u32 = 20_000;
    const BELOW: u32 = 20_010;
    const LEAVES: [u32; 2] = [20_020, 20_030];
    const ALONE: u32 = 20_040;

    /// A table, one below it, two below that one, and one that stands alone.
    fn family(upper_relkind: u8) -> Fixture {
        let of = |oid, name| Table {
            relkind: upper_relkind,
            ..table(oid, name)
        };
        let [one, two] = LEAVES;
        let tables = vec![
            of(TOP, "top"),
            of(BELOW, "below"),
            table(one, "one"),
            table(two, "two"),
            table(ALONE, "alone"),
        ];
        let mut fixture = Fixture::new(180_000, tables)
            .inherits(BELOW, TOP)
            .inherits(one, BELOW)
            .inherits(two, BELOW);
        // Asked for where tables are partitioned; others may have it as well.
        for table in [TOP, BELOW] {
            let definition = TableDefinition {
                table,
                of_type: None,
                partition_key: Some("LIST (a)".into()),
                partition_bound: None,
                server: None,
                foreign_options: Vec::new(),
            };
            let definitions = &mut fixture.details.relations.definitions;
            definitions.insert(table, definition);
        }
        fixture
    }

    fn with_trigger(mut fixture: Fixture, table: u32) -> Fixture {
        fixture.details.post_data.triggers.push(Trigger {
            oid: 30_000,
            name: "t".into(),
            table,
            definition: "CREATE TRIGGER t".into(),
            enabled: b'O',
            is_clone: false,
        });
        fixture
    }

    fn with_constraint(
        mut fixture: Fixture,
        contype: u8,
        on: u32,
        references: Option<u32>,
    ) -> Fixture {
        let tables = &mut fixture.listing.tables;
        let row = tables.iter_mut().find(|row| row.oid == on).unwrap();
        row.check_count = i16::from(contype == contype::CHECK);
        fixture.details.constraints.push(Constraint {
            oid: 40_000,
            name: "c".into(),
            contype,
            table: on,
            definition: Some("CHECK (true) NOT VALID".into()),
            index: None,
            references,
            is_deferrable: false,
            is_deferred: false,
            is_period: false,
            is_local: true,
            is_validated: false,
        });
        fixture
    }

    /// Names of the tables that the entry `descriptor` depends on beyond its own, which pg_depend would name.
    fn awaited(fixture: Fixture, descriptor: &str) -> Vec<String> {
        let entries = fixture.plan().entries;
        let entry = entries.iter().find(|entry| entry.descriptor == descriptor);
        let name = |id: &i32| {
            let on = entries.iter().find(|entry| entry.dump_id == *id).unwrap();
            on.tag.as_ref().unwrap().to_string()
        };
        let mut names: Vec<_> = entry.unwrap().dependencies.iter().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn a_trigger_of_a_partitioned_table_waits_for_all_below() {
        let partitioned = || family(relkind::PARTITIONED_TABLE);
        let of_top = awaited(with_trigger(partitioned(), TOP), "TRIGGER");
        assert_eq!(of_top, ["below", "one", "two"]);
        let of_below = awaited(with_trigger(partitioned(), BELOW), "TRIGGER");
        assert_eq!(of_below, ["one", "two"]);
        let inherited = awaited(with_trigger(family(relkind::TABLE), TOP), "TRIGGER");
        assert!(inherited.is_empty(), "children do not get it");
    }

    #[test]
    fn what_is_not_dumped_hands_nothing_on() {
        let excluding = |table: u32| {
            let mut fixture = family(relkind::PARTITIONED_TABLE);
            let matched = &mut fixture.listing.matched;
            matched.insert(Purpose::ExcludeTable, table);
            with_constraint(fixture, contype::FOREIGN_KEY, ALONE, Some(TOP))
        };
        assert_eq!(
            awaited(excluding(LEAVES[0]), "FK CONSTRAINT"),
            ["below", "two"]
        );
        assert!(awaited(excluding(BELOW), "FK CONSTRAINT").is_empty());
        assert!(awaited(excluding(TOP), "FK CONSTRAINT").is_empty());
    }

    #[test]
    fn a_foreign_key_waits_for_partitions_at_both_ends() {
        let key = |on, references| {
            let fixture = family(relkind::PARTITIONED_TABLE);
            let fixture = with_constraint(fixture, contype::FOREIGN_KEY, on, Some(references));
            awaited(fixture, "FK CONSTRAINT")
        };
        assert_eq!(key(BELOW, ALONE), ["one", "two"]);
        assert_eq!(key(ALONE, BELOW), ["one", "two"]);
        assert!(key(ALONE, LEAVES[0]).is_empty());
    }

    #[test]
    fn a_constraint_that_is_not_valid_waits_for_children() {
        let check = |on| {
            let fixture = family(relkind::TABLE);
            let fixture = with_constraint(fixture, contype::CHECK, on, None);
            awaited(fixture, "CHECK CONSTRAINT")
        };
        assert_eq!(check(TOP), ["below", "one", "two"]);
        assert!(check(LEAVES[0]).is_empty());
    }
}
