//! Definitions, data, statistics, sections.

use std::path::Path;

use pgdumprs_testkit::compare::descriptors;
use pgdumprs_testkit::{Database, Major, Server, for_each_major};

use crate::against::{all_conflict, all_same, same};
use crate::support::{pgdumprs, run};

fn sample(server: &Server) -> Database {
    let database = server.database();
    database.load_fixture("logistics").unwrap();
    database
}

#[test]
fn parts_of_the_database() {
    let database = sample(&Server::get(Major::REFERENCE));
    all_same(
        &database,
        &[
            "--data-only",
            "--no-data --no-statistics",
            "--no-schema",
            "--no-schema --no-data",
            "--statistics",
            "--statistics-only",
            "--no-data --sequence-data",
            "--section=pre-data",
            "--section=post-data --section=pre-data",
            "--section=data --statistics",
            "--section=data --schema-only",
        ],
    );
}

#[test]
fn on_every_major() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(include_str!("names.sql"));
        all_same(&database, &["-s", "-a", "--section=post-data"]);
        Ok(())
    });
}

/// The rows of configuration tables are asked for even where no data is dumped, and left out in the end.
#[test]
fn extensions_keep_their_rows_to_themselves() {
    let database = Server::get(Major::REFERENCE).database();
    let folder = tempfile::tempdir().unwrap();
    // Any table can be marked as an extension's, without an extension's files.
    database.execute_sql(
        "CREATE TABLE config (id serial, name text);
         INSERT INTO config (name) VALUES ('a'), ('b');
         UPDATE pg_extension SET extconfig = ARRAY['config'::regclass::oid, 'config_id_seq'::regclass::oid],
                                 extcondition = ARRAY['WHERE id > 1', ''] WHERE extname = 'plpgsql';
         INSERT INTO pg_depend SELECT 'pg_class'::regclass, c, 0, 'pg_extension'::regclass, e.oid, 0, 'e'
             FROM pg_extension e, unnest(ARRAY['config'::regclass, 'config_id_seq'::regclass]) c WHERE extname = 'plpgsql'",
    );
    all_same(
        &database,
        &["-s", "-s --sequence-data", "-a", "--no-schema"],
    );
    let archive = folder.path().join("s.dump");
    same(&database, &["-s"]);
    schema_only(&database, &archive);
    assert!(
        !descriptors(&archive)
            .unwrap()
            .contains(&"TABLE DATA".to_owned())
    );
}

fn schema_only(database: &Database, archive: &Path) {
    let output = run(pgdumprs()
        .args(["-s", "-d", &database.conninfo(), "-f"])
        .arg(archive));
    assert!(output.status.success());
}

#[test]
fn what_contradicts_itself_is_refused_as_by_stock() {
    all_conflict(&[
        "-s -a",
        "-s --statistics-only",
        "-a --statistics-only",
        "-a --no-data",
        "-s --no-schema",
        "--statistics-only --no-statistics",
        "--statistics --no-statistics",
        "-a --statistics",
        "-s --statistics",
    ]);
}
