//! F1 to F5 of the design: our archives against those of the newest stock pg_dump, on every major in its newest minor, and on older minors of two.

mod support;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use pgdumprs::ArchiveVersion;
use pgdumprs_testkit::compare::{Restore, compare_archives, stock_archive_by};
use pgdumprs_testkit::{
    Database, Major, Release, Server, checked_output, fixture_files, fixtures_dir,
    for_each_release, tool,
};
use support::{ALL_WAYS, compare, dump};

#[test]
fn empty_database() {
    for_each_release(|server| compare(&server.database(), ALL_WAYS));
}

#[test]
fn sample_database() {
    for_each_release(|server| {
        let database = server.database();
        database.load_fixture("logistics")?;
        if server.release().is_older() && server.major() == Major::V17 {
            // 17.10 takes the indexes of an exclusion constraint for different when a partition's is attached: no archive restores there,
            // whoever wrote it.
            database.execute_sql("ALTER TABLE audit.logins DROP CONSTRAINT logins_once_a_day");
        }
        compare(&database, ALL_WAYS)
    });
}

#[test]
fn pgbench_database() {
    for_each_release(|server| {
        let database = server.database();
        let mut pgbench = tool(Major::REFERENCE, "pgbench");
        checked_output(
            pgbench
                .args(["-i", "-q", "-s", "2", "--partitions=3", "--foreign-keys"])
                .arg(database.url()),
        )?;
        compare(&database, ALL_WAYS)
    });
}

/// Files whose objects no archive, stock's included, brings back as they were.
const NOT_RESTORED_ALIKE: &[(&str, &str)] = &[
    (
        "inheritance_column_order",
        "a child's inherited columns move before its own",
    ),
    (
        "partition_hash_enum",
        "rows move between hash partitions, since enum values hash by OID",
    ),
    (
        "security_label",
        "no server here has a provider that takes labels",
    ),
];

/// Compares a database that holds nothing but `fixtures/kinds/<name>.sql`, on the majors that understand the file.
///
/// The files go for odd corners, in some of which a parallel restore trips over itself, whoever wrote the archive.
fn kind(name: &str) {
    let file = fixtures_dir()
        .join("kinds")
        .join(name)
        .with_extension("sql");
    for_each_release(|server| {
        if !fixture_files("kinds", server.major())?.contains(&file) {
            return Ok(());
        }
        create_roles(server)?;
        let database = server.database();
        database.load_file(&file)?;
        let restored_alike = NOT_RESTORED_ALIKE.iter().all(|(other, _)| *other != name);
        compare(
            &database,
            if restored_alike {
                &[Restore::Serial]
            } else {
                &[]
            },
        )?;
        // Stock 18 is heard about the oldest servers and its own: what it says of those between is of the same two sorts.
        if [Major::V13, Major::V18].contains(&server.major()) {
            return compare_at_newest(Major::V18, &database)
                .context("stock 18, the second witness");
        }
        Ok(())
    });
}

/// Only archives of version 1.16 have room for the access method of a partitioned table.
#[test]
fn access_methods_of_partitioned_tables() {
    for_each_release(|server| {
        if server.major() < Major::V17 {
            return Ok(());
        }
        let database = server.database();
        database.execute_sql(
            "CREATE ACCESS METHOD \"Heap 2\" TYPE TABLE HANDLER heap_tableam_handler;
             CREATE TABLE p (a integer) PARTITION BY LIST (a) USING \"Heap 2\";
             CREATE TABLE p1 PARTITION OF p DEFAULT PARTITION BY LIST (a);
             CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2) USING heap;
             CREATE TABLE p11 PARTITION OF p1 DEFAULT;",
        );
        compare_at_newest(Major::REFERENCE, &database)
    });
}

/// F1 to F4 at archive version 1.16, with stock pg_dump of a major.
fn compare_at_newest(by: Major, database: &Database) -> Result<()> {
    let folder = tempfile::tempdir().context("creating a folder for archives")?;
    let (stock, ours) = (
        folder.path().join("stock.dump"),
        folder.path().join("ours.dump"),
    );
    stock_archive_by(by, database, &stock, &[])?;
    dump(database, Some(ArchiveVersion::V1_16), &ours)?;
    let comparison = compare_archives(&stock, &ours)?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

/// Creates the roles that the kinds' files speak of, once a server: two tests at once would be in each other's way.
fn create_roles(server: &Server) -> Result<()> {
    static DONE: Mutex<Option<HashSet<Release>>> = Mutex::new(None);
    let mut done = DONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if done.get_or_insert_default().insert(server.release()) {
        server
            .database()
            .load_file(&fixtures_dir().join("kinds/00_roles.sql"))?;
    }
    Ok(())
}

macro_rules! kinds {
    ($($name:ident)*) => {
        $(#[test] fn $name() { kind(stringify!($name)); })*

        #[test]
        fn every_file_has_its_test() -> Result<()> {
            let tested: HashSet<&str> = [$(stringify!($name)),*].into();
            let files: Vec<PathBuf> = fixture_files("kinds", Major::REFERENCE)?;
            for file in files {
                let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                ensure!(name == "00_roles" || tested.contains(name.as_str()), "no test for {name}.sql");
            }
            Ok(())
        }
    };
}

kinds! {
    aggregate
    aggregate_since_19
    base_type
    base_type_since_14
    cast
    collation
    collation_since_16
    collation_since_17
    column
    column_since_14
    column_since_18
    comment
    constraint
    constraint_since_15
    constraint_since_18
    constraint_since_19
    conversion
    data
    default_privilege
    domain
    domain_since_17
    event_trigger
    foreign
    foreign_since_19
    function
    function_body_since_14
    function_options
    function_since_14
    function_since_19
    index
    index_state
    index_since_14
    inheritance
    inheritance_column_order
    inheritance_not_null
    language
    large_object
    loops
    loops_since_14
    matview
    names
    operator
    partition
    partition_hash_enum
    partition_override
    policy
    privilege
    procedure
    publication
    publication_since_15
    publication_since_18
    publication_since_19
    range_type
    range_type_since_14
    relation
    rule
    schema
    security_label
    sequence
    sequence_since_15
    statistics_ext
    statistics_ext_since_14
    statistics_ext_since_19
    subscription
    subscription_options_since_16
    subscription_since_17
    subscription_since_19
    table
    table_since_18
    tablespace
    text_search
    trigger
    type_composite
    type_enum
    view
    view_since_15
}
