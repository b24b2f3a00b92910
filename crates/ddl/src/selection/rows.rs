//! Of which relations the data is dumped.

use pgdumprs_catalog::{Purpose, relkind};

use crate::Components;
use crate::state::dump::Dump;

/// Whether the data of a relation is not dumped although the relation may be.
pub(crate) fn is_left_out(dump: &Dump, table: usize) -> bool {
    let row = &dump.listing.tables[table];
    let matched = &dump.listing.matched;
    row.persistence == b'u' && !dump.options.unlogged_table_data
        || matched.contains(Purpose::ExcludeTableData, row.oid)
}

/// Whether the rows of a foreign table are dumped, as its server was named for that.
pub(crate) fn is_foreign(dump: &Dump, table: usize) -> bool {
    let server = dump.listing.tables[table].foreign_server;
    let matched = &dump.listing.matched;
    server.is_some_and(|server| matched.contains(Purpose::IncludeForeignData, server))
}

/// Whether the data of a relation will be read, where it is of a kind that has any.
pub(crate) fn is_read(dump: &Dump, table: usize) -> bool {
    let wanted = match dump.listing.tables[table].relkind {
        relkind::SEQUENCE => dump.options.dumps_positions(),
        _ => dump.options.data,
    };
    let selected = dump.table_object(table).dumps(Components::DATA);
    let selected = selected || dump.relations.data.contains_key(&table);
    wanted && selected && !is_left_out(dump, table)
}
