//! Kinds of objects and properties that are left out, and options that an archive takes no notice of.

use pgdumprs_testkit::{Major, Server, for_each_major};

use crate::against::{all_conflict, all_same};

#[test]
fn kinds_are_left_out() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql(include_str!("names.sql"));
    all_same(
        &database,
        &[
            "-b -t parent",
            "-B",
            "--blobs -n app",
            "--no-blobs -t parent",
            "-b -B -s",
            "-B -a",
            "-x",
            "--no-acl --no-comments -n app",
            "--no-comments --no-security-labels",
            "--no-policies",
            "--no-publications --no-subscriptions",
            "--no-tablespaces --no-toast-compression",
            "--no-unlogged-table-data",
            "--no-large-objects --section=data",
            // These are for pg_restore.
            "-c --if-exists -C -O -S postgres -R",
            "--disable-triggers --use-set-session-authorization --no-table-access-method -s",
        ],
    );
}

#[test]
fn on_every_major() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(include_str!("names.sql"));
        all_same(
            &database,
            &["-B -x --no-comments --no-policies --no-publications --no-unlogged-table-data"],
        );
        Ok(())
    });
}

#[test]
fn what_contradicts_itself_is_refused_as_by_stock() {
    all_conflict(&[
        "--if-exists",
        "-a -c",
        "-s --include-foreign-data=x",
        "--on-conflict-do-nothing",
        "--restrict-key=x",
    ]);
}
