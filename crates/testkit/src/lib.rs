//! Throwaway PostgreSQL servers, stock tools and archive comparison for tests.
//!
//! ```no_run
//! use pgdumprs_testkit::{Major, Server, tool};
//!
//! let server = Server::get(Major::V17);
//! let database = server.database();
//! database.execute_sql("CREATE TABLE item (id int PRIMARY KEY)");
//! assert_eq!(database.psql("SELECT count(*) FROM item"), "0");
//! let dump = tool(Major::V17, "pg_dump").arg(database.url()).output();
//! ```
//!
//! A server lives as long as the process that asked for it, is shared by all tests of that process
//! and is stopped by a watchdog even when the process is killed. The binaries come from
//! [`provision`], which fetches what the machine does not have; `cargo xtask pg` does that ahead of
//! time.

mod certificates;
pub mod compare;
mod counting_link;
mod delicate;
mod each_major;
mod fixture;
mod major;
pub mod provision;
pub mod random;
mod release;
mod server;
mod slow_link;
mod small_disk;
mod tools;

pub use certificates::{Authority, Identity};
pub use delicate::{LARGE_OBJECTS, delicate_database};
pub use each_major::{for_each_major, for_each_major_at_scale, for_each_release};
pub use fixture::{fixture_files, fixtures_dir};
pub use major::{MAJORS_VARIABLE, Major};
pub use release::Release;
pub use server::{
    Database, DatabaseOptions, ObjectStore, Pooler, PoolerBuilder, Server, ServerBuilder,
    StoreTraffic,
};
pub use slow_link::{Fault, SlowLink, Traffic};
pub use small_disk::SmallDisk;
pub use tools::{
    checked_output, reference_pg_dump, reference_pg_restore, restoring_major, tool, try_tool,
};

/// The README's examples, so that they compile. They stand here since packages hold nothing from without their folders.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
