//! What all connections of a restore have in common.

use std::collections::HashMap;

use pgdumprs_script::Script;

use crate::ledger::Ledger;
use crate::load::shared::Board;
use crate::source::Source;

/// What is the same for all connections of a restore.
#[derive(Clone, Copy)]
pub(crate) struct Task<'s> {
    pub(crate) script: &'s Script,
    /// The positions of entries, by their dump ids.
    pub(crate) positions: &'s HashMap<i32, usize>,
    pub(crate) source: &'s Source,
    pub(crate) ledger: &'s Ledger,
    pub(crate) board: &'s Board,
    /// Connections that load rows.
    pub(crate) jobs: usize,
    pub(crate) rules: Rules,
}

/// How a restore goes about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Nothing is sent before what was sent last has succeeded.
    pub(crate) is_careful: bool,
    /// Rows of tables that could not be made are left out.
    pub(crate) no_data_for_failed_tables: bool,
    /// Bytes from which a table that this restore has made is loaded over several connections.
    pub(crate) shared_from: Option<u64>,
    /// Bytes of rows that are held to find out whether a table has more, where the archive's sizes are not known.
    pub(crate) ahead: usize,
    /// Backslashes in the archive's string literals are just that.
    pub(crate) standard_strings: bool,
    /// The server knows the parameter `transaction_timeout`.
    pub(crate) knows_transaction_timeout: bool,
    /// kB for the server's `maintenance_work_mem`, where it is not to be what it is.
    pub(crate) maintenance_work_mem: Option<u64>,
    /// What is committed need not be on disk before the end.
    pub(crate) commits_lazily: bool,
    /// Settings are taken back before the transaction ends, since others will use the server's session.
    pub(crate) takes_back_settings: bool,
}
