//! The numbers of columns in a restored table: those that were dropped leave no gap there, and what a child inherits comes first.

use std::collections::HashMap;

use bstr::BString;
use pgdumprs_catalog::Column;

use super::dump::Dump;

/// The number that each column of a table will have, by the number that it has. Dropped columns have none.
pub(crate) fn numbers(dump: &Dump, table: usize) -> HashMap<i16, i16> {
    let mut known = HashMap::new();
    learn(dump, table, &mut known);
    let names = &known[&table];
    let numbers = live_columns(dump, table).filter_map(|column| {
        let position = names.iter().position(|name| **name == column.name)?;
        Some((column.number, i16::try_from(position + 1).ok()?))
    });
    numbers.collect()
}

/// Puts the names of a table's columns into `known`, in the order that the server will give them.
fn learn<'a>(dump: &'a Dump, table: usize, known: &mut HashMap<usize, Vec<&'a BString>>) {
    if known.contains_key(&table) {
        return;
    }
    let row = &dump.listing.tables[table];
    let mut names: Vec<&BString> = Vec::new();
    // A partition is made by itself and attached later.
    if !row.is_partition {
        for &parent in dump.parents(table) {
            learn(dump, parent, known);
            for &name in &known[&parent] {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    // What is inherited and not of those parents is of ancestors whose columns nobody has read, because they are not dumped: before its own.
    let (own, inherited): (Vec<_>, Vec<_>) =
        live_columns(dump, table).partition(|column| dump.writes_column(row, column));
    for column in inherited.into_iter().chain(own) {
        if !names.contains(&&column.name) {
            names.push(&column.name);
        }
    }
    known.insert(table, names);
}

fn live_columns(dump: &Dump, table: usize) -> impl Iterator<Item = &Column> {
    let columns = dump.columns(table).iter();
    columns.filter(|column| !column.is_dropped)
}
