//! Extensions as people use them: members, what is changed about them, and what needs them.

mod support;

use anyhow::Result;
use pgdumprs_testkit::compare::Restore;
use pgdumprs_testkit::{Major, fixtures_dir, for_each_major};

use support::{ALL_WAYS, compare};

/// Majors whose tests have PostGIS: those that Debian has. The packages that the others come from have none.
const POSTGIS: &[Major] = &[Major::V13, Major::V15, Major::V17, Major::V18];

/// Majors for which pgvector is to be had: suites have it since trixie.
const PGVECTOR: &[Major] = &[Major::V17, Major::V18];

/// Compares a database that holds `fixtures/extensions/<name>.sql`, on the given majors. There, an extension that is missing
/// makes the test fail.
fn extensions(name: &str, majors: &[Major], restores: &[Restore]) {
    let folder = fixtures_dir();
    let file = folder.join("extensions").join(name).with_extension("sql");
    for_each_major(|server| -> Result<()> {
        if !majors.contains(&server.major()) {
            return Ok(());
        }
        let database = server.database();
        database.load_file(&folder.join("kinds/00_roles.sql"))?;
        database.load_file(&file)?;
        compare(&database, restores)
    });
}

#[test]
fn contrib() {
    extensions("contrib", &Major::ALL, ALL_WAYS);
}

/// Not restored: what hangs on members that no script makes cannot be, whoever wrote the archive.
#[test]
fn members() {
    extensions("members", &Major::ALL, &[]);
}

/// Not restored either: no script makes these tables.
#[test]
fn configuration() {
    extensions("configuration", &Major::ALL, &[]);
}

#[test]
fn postgis() {
    extensions("postgis", POSTGIS, ALL_WAYS);
}

#[test]
fn vector() {
    extensions("vector", PGVECTOR, ALL_WAYS);
}
