//! Tables of which not all rows are dumped, by conditions that somebody gives, and the foreign keys that may not hold then.

use std::collections::{HashMap, HashSet};

use bstr::BString;
use pgdumprs_catalog::likeness::some_of;
use pgdumprs_catalog::{Oid, Purpose, relkind};

use crate::selection::rows;
use crate::state::dump::Dump;
use crate::state::object::Kind;
use crate::{Error, RowChoice};

/// The most foreign keys that a warning names.
const NAMED: usize = 10;

/// Since when a foreign key of a partitioned table may be `NOT VALID`.
const PARTITIONED_NOT_VALID: u32 = 180_000;

/// A table of which not all rows are dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChosenRows {
    /// OID of the table.
    pub oid: Oid,
    /// Qualified, quoted name.
    pub name: BString,
    /// What its rows have to meet: an SQL expression.
    pub condition: BString,
    /// A query for those rows, in which the expression can be nothing else.
    pub query: BString,
}

/// Finds the tables that each condition is for. One for a partitioned table is for its partitions.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    if dump.options.row_choices.is_empty() {
        return Ok(());
    }
    let mut partitions: HashMap<usize, Vec<usize>> = HashMap::new();
    for table in 0..dump.listing.tables.len() {
        if dump.listing.tables[table].is_partition {
            for &parent in dump.parents(table) {
                partitions.entry(parent).or_default().push(table);
            }
        }
    }
    for number in 0..dump.options.row_choices.len() {
        let matched = &dump.listing.matched;
        let tables = dump.listing.tables.iter().enumerate();
        let mut rest: Vec<usize> = tables
            .filter(|(_, row)| matched.contains(Purpose::ChooseRows(number), row.oid))
            .map(|(table, _)| table)
            .collect();
        let mut found = HashSet::new();
        while let Some(table) = rest.pop() {
            rest.extend(partitions.get(&table).into_iter().flatten());
            if has_rows(dump, table) {
                found.insert(table);
            }
        }
        if found.is_empty() {
            let pattern = dump.options.row_choices[number].pattern().clone();
            return Err(Error::NoRows { pattern });
        }
        for table in found {
            let other = dump.relations.row_choices.insert(table, number);
            if other.is_some() {
                let table = dump.qualified(dump.table_object(table));
                return Err(Error::TwoConditions { table });
            }
        }
    }
    Ok(())
}

/// Whether a relation has rows of its own that are dumped.
fn has_rows(dump: &Dump, table: usize) -> bool {
    let may_have = match dump.listing.tables[table].relkind {
        relkind::TABLE => true,
        relkind::FOREIGN_TABLE => rows::is_foreign(dump, table),
        _ => false,
    };
    may_have && rows::is_read(dump, table)
}

/// The condition for the rows of a table, if there is one.
pub(crate) fn of(dump: &Dump, table: usize) -> Option<&RowChoice> {
    let number = *dump.relations.row_choices.get(&table)?;
    dump.options.row_choices.get(number)
}

/// The clause of a query for the rows of a table that meet a condition, of those that meet the clause `own` where its extension has one.
pub(crate) fn clause(choice: &RowChoice, own: Option<&BString>, name: &BString) -> BString {
    let mut clause = sql!["WHERE (\n", choice.condition(), "\n)"];
    if let Some(own) = own {
        push!(
            clause,
            " AND ctid IN (SELECT ctid FROM ONLY ",
            name,
            " ",
            own,
            ")"
        );
    }
    clause
}

/// All tables of which not all rows are dumped, in the order of the listing.
pub(crate) fn all(dump: &Dump) -> Vec<ChosenRows> {
    let mut tables: Vec<usize> = dump.relations.row_choices.keys().copied().collect();
    tables.sort_unstable();
    let chosen = tables.into_iter().filter_map(|table| {
        let choice = of(dump, table)?;
        let row = &dump.listing.tables[table];
        let name = dump.qualified(dump.table_object(table));
        let only = match row.relkind {
            relkind::FOREIGN_TABLE => "",
            _ => "ONLY ",
        };
        let own = dump.relations.conditions.get(&table);
        let clause = clause(choice, own, &name);
        Some(ChosenRows {
            oid: row.oid,
            query: sql!["SELECT FROM ", only, name, " ", clause],
            name,
            condition: choice.condition().clone(),
        })
    });
    chosen.collect()
}

/// Warns of foreign keys of rows that are dumped to tables of which rows are left out, or lets them be `NOT VALID` where that was asked for.
pub(crate) fn doubt_foreign_keys(dump: &mut Dump) {
    let is_asked_for = dump.options.not_valid_foreign_keys;
    if dump.relations.row_choices.is_empty() && !is_asked_for {
        return;
    }
    let with_rows = with_ancestors(dump, dump.relations.data.keys().copied());
    let lacking = with_ancestors(dump, dump.relations.row_choices.keys().copied());
    let mut doubtful = Vec::new();
    for object in dump.objects.iter() {
        let Kind::FkConstraint(index) = object.kind else {
            continue;
        };
        let key = &dump.details.constraints[index];
        let definition = key.definition.clone().unwrap_or_default();
        if !key.is_validated || definition.ends_with(b" NOT ENFORCED") {
            continue;
        }
        let (Some(table), Some(references)) = (
            dump.find_table(key.table),
            key.references.and_then(|oid| dump.find_table(oid)),
        ) else {
            continue;
        };
        // A table whose rows are left out altogether lacks them too, but that was always so.
        let is_doubtful =
            lacking.contains(&references) || is_asked_for && !with_rows.contains(&references);
        if !with_rows.contains(&table) || !is_doubtful {
            continue;
        }
        let may_be_unchecked = dump.listing.tables[table].relkind != relkind::PARTITIONED_TABLE
            || dump.listing.server.version >= PARTITIONED_NOT_VALID;
        let name = format!(
            "{} of {} to {}",
            dump.ident(&key.name),
            dump.qualified(dump.table_object(table)),
            dump.qualified(dump.table_object(references))
        );
        doubtful.push((object.id, name, may_be_unchecked));
    }
    let mut named = Vec::new();
    for (id, name, may_be_unchecked) in doubtful {
        if is_asked_for && may_be_unchecked {
            dump.relations.unchecked_keys.insert(id);
        } else {
            named.push(name);
        }
    }
    if named.is_empty() {
        return;
    }
    let advice = if is_asked_for {
        "servers before 18 have none of partitioned tables that are NOT VALID"
    } else {
        "--not-valid-foreign-keys lets them be NOT VALID (in the library, Dump::not_valid_foreign_keys)"
    };
    dump.warnings.push(format!(
        "foreign keys may not hold, since rows that they refer to are left out: {}; {advice}",
        some_of(&named, NAMED, ", ")
    ));
}

/// These tables, and those that they are partitions of.
fn with_ancestors(dump: &Dump, tables: impl Iterator<Item = usize>) -> HashSet<usize> {
    let mut rest: Vec<usize> = tables.collect();
    let mut all = HashSet::new();
    while let Some(table) = rest.pop() {
        if all.insert(table) && dump.listing.tables[table].is_partition {
            rest.extend(dump.parents(table));
        }
    }
    all
}
