//! How a restore is carried out.

use std::time::Duration;

/// How a restore is carried out, beside what its script says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Connections that load data and make indexes, at least one. A script that is one transaction, or a few large ones, is carried out over
    /// one in any case.
    pub jobs: usize,
    /// Stop at the first failure. A script of large transactions always does.
    pub exit_on_error: bool,
    /// Leave out the rows of tables that could not be made.
    pub no_data_for_failed_tables: bool,
    /// Tables that this restore has made, and whose data takes at least so many bytes in the archive, are loaded over all connections that
    /// have nothing else to do: rows then come in another order. Where the archive can be read only once, and sizes are not known, it is from
    /// 4 MiB of rows on, or less where this is less. `None` keeps each table to one connection.
    pub shared_from: Option<u64>,
    /// Bytes of data that may wait between the archive and the connections, about.
    pub memory: usize,
    /// Bytes for the server's parameter `maintenance_work_mem`, for each connection that makes indexes, rounded up to its kB. `None` leaves it
    /// as it is.
    pub maintenance_work_mem: Option<u64>,
    /// How long another connection is tried for when one is lost. Zero ends the restore there.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            jobs: 1,
            exit_on_error: false,
            no_data_for_failed_tables: false,
            shared_from: Some(16 << 20),
            memory: 64 << 20,
            maintenance_work_mem: None,
            patience: Duration::from_secs(60),
        }
    }
}
