//! Rows as INSERT statements rather than for COPY.

use bstr::BString;
use pgdumprs_catalog::{ValueType, identity};

use crate::Inserts;
use crate::selection::row_choice;
use crate::state::dump::Dump;

/// How the rows of one table become INSERT statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertForm {
    /// What comes before the values; the whole statement where there are no columns.
    pub head: BString,
    /// How the value of each column that is read is written.
    pub values: Vec<InsertValue>,
    /// Rows in a statement.
    pub rows: usize,
    /// What ends a statement.
    pub tail: BString,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertValue {
    /// By its type.
    Typed(ValueType),
    /// As a string.
    Text,
    /// As `DEFAULT`.
    Default,
}

/// The statement that reads the rows of a table for INSERT statements, and how these are written. Rows are read from `name` and go
/// into `target`.
pub(crate) fn form(
    dump: &Dump,
    inserts: &Inserts,
    table: usize,
    name: &BString,
    target: &BString,
) -> (BString, InsertForm) {
    let oid = dump.listing.tables[table].oid;
    let columns: Vec<_> = (dump.columns(table).iter())
        .filter(|column| !(column.is_dropped || inserts.columns && column.generated != 0))
        .collect();
    let types = &dump.details.relations.value_types;
    let (mut read, mut names, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for column in &columns {
        let ident = dump.ident(&column.name);
        if column.generated != 0 {
            read.push(BString::from("NULL"));
            values.push(InsertValue::Default);
        } else {
            read.push(ident.clone());
            let value = types.get(&(oid, column.number)).copied();
            values.push(value.map_or(InsertValue::Text, InsertValue::Typed));
        }
        names.push(ident);
    }
    if read.is_empty() {
        read.push("NULL".into());
    }
    let own = dump.relations.conditions.get(&table);
    let condition = match row_choice::of(dump, table) {
        Some(choice) => Some(row_choice::clause(choice, own, name)),
        None => own.cloned(),
    };
    let condition = condition.map(|text| sql![" ", text]).unwrap_or_default();
    let list = crate::text::sql::join(read.iter(), ", ");
    let copy = sql![
        "COPY (SELECT ",
        list,
        " FROM ONLY ",
        name,
        condition,
        ") TO stdout;"
    ];
    let mut head = sql!["INSERT INTO ", target, " "];
    if columns.is_empty() {
        push!(head, "DEFAULT VALUES;\n");
    } else {
        if inserts.columns {
            push!(head, "(", crate::text::sql::join(names.iter(), ", "), ") ");
        }
        if columns
            .iter()
            .any(|column| column.identity == identity::ALWAYS)
        {
            push!(head, "OVERRIDING SYSTEM VALUE ");
        }
        push!(head, "VALUES");
    }
    let tail = if inserts.on_conflict_do_nothing {
        " ON CONFLICT DO NOTHING;\n"
    } else {
        ";\n"
    };
    let form = InsertForm {
        head,
        values,
        rows: inserts.rows,
        tail: tail.into(),
    };
    (copy, form)
}
