//! What is said of tables of which not all rows were dumped or cloned.

use pgdumprs::ChosenRows;

use crate::message::say;

/// Says which tables they are, and how many rows there were.
pub(crate) fn say_chosen(tables: &[ChosenRows]) {
    for chosen in tables {
        let rows = match chosen.rows {
            Some(1) => "1 row".to_owned(),
            Some(rows) => format!("{rows} rows"),
            None => "not all rows".to_owned(),
        };
        let total = match chosen.estimated_total {
            Some(total) => format!(" of about {total}"),
            None => String::new(),
        };
        let (table, condition) = (&chosen.table, &chosen.condition);
        say(format_args!(
            "table {table}: {rows}{total}, where {condition}"
        ));
    }
}
