//! Options that have a say in each other.

use pgdumprs_testkit::{Database, Major, Server, for_each_major};

use crate::against::{all_same, refusals};

/// Schemas `app` and `log`, with tables whose rows can only be loaded in a certain order, or in none.
fn sample(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(include_str!("names.sql"));
    database.execute_sql(
        "CREATE TABLE app.a_last (id int PRIMARY KEY);
         CREATE TABLE app.b_middle (id int PRIMARY KEY, up int REFERENCES app.a_last);
         CREATE TABLE app.c_own (id int PRIMARY KEY, up int REFERENCES app.c_own);
         CREATE TABLE app.d_first (id int PRIMARY KEY, up int);
         ALTER TABLE app.a_last ADD up int REFERENCES app.d_first;
         CREATE TABLE log.hen (id int PRIMARY KEY, egg int);
         CREATE TABLE log.egg (id int PRIMARY KEY, hen int REFERENCES log.hen);
         ALTER TABLE log.hen ADD FOREIGN KEY (egg) REFERENCES log.egg;
         INSERT INTO app.d_first VALUES (1); INSERT INTO app.a_last VALUES (1, 1);
         INSERT INTO app.b_middle VALUES (1, 1); INSERT INTO app.c_own VALUES (1, 1);
         ANALYZE app.parent, app.\"Order\";",
    );
    database
}

/// Tables and schemas, parents and children, sequences and what owns them.
#[test]
fn names_with_names() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "-t parent -n log",
            "-t parent -N app",
            "-n app -T app.*",
            "-n app -t log.free -T \"Order\"",
            "-n app -N app",
            "-t measured -T measured_2023",
            "-t measured -t log.measured_2024 -T log.measured_2024_01",
            "-t measured_2023 -T measured",
            "--table-and-children=app.parent --exclude-table-data=log.child",
            "-n log --exclude-table-and-children=app.measured",
            "--exclude-table=app.parent --exclude-schema=log --schema=app",
            "-t parent_id_seq -T parent",
            "-t app.\"Order\" -T app.owned",
            "-t app.config -e hstore",
            "-n app --extension=pg_trgm --exclude-extension=pg_trgm",
            "-t parent -T nothing -N nothing --strict-names",
        ],
    );
}

/// What is chosen by name, and which part of it.
#[test]
fn names_with_parts() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "-t measured -s",
            "-t measured_2023 -a",
            "-t log.free -s",
            "-t log.free -s --sequence-data",
            "-t app.owned -a",
            "-t parent --section=pre-data",
            "-n app --section=data --section=post-data",
            "-t seen -a",
            "-t kept --section=post-data --no-data",
            "-n log -a --exclude-table-data=log.child",
            "-t parent --statistics-only",
            "-n app --statistics --section=data",
            "-n app --statistics --no-schema --no-data",
            "-T app.* -a",
            "-t parent -b -a",
            "-n app -b --section=pre-data",
            "-s --section=pre-data --section=data --section=post-data -b",
            "-a -B --section=post-data",
        ],
    );
}

/// Where foreign keys say what is loaded first, and where they run in a circle.
#[test]
fn data_alone_in_the_order_of_foreign_keys() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "-a -t app.?_*",
            "-a -n app",
            "-a -n log --disable-triggers",
            "-a -t log.hen -t log.egg",
            "-a -t app.c_own",
            "-a --inserts -t app.?_* --on-conflict-do-nothing",
            "--no-schema --section=data",
        ],
    );
}

/// The form of what was chosen.
#[test]
fn names_and_parts_with_forms() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "-x -O --no-comments --quote-all-identifiers -t *.\"Order\"",
            "-s -c --if-exists -C --no-tablespaces -n log",
            "-t measured --load-via-partition-root -a",
            "-t measured_2023 --load-via-partition-root --column-inserts",
            "--rows-per-insert=2 --exclude-table-data-and-children=app.parent -n app -n log",
            "--inserts -t app.scratch --no-unlogged-table-data",
            "-n app --no-policies --enable-row-security --disable-dollar-quoting",
            "-E SQL_ASCII --quote-all-identifiers -t parent",
            "--use-set-session-authorization -S postgres -t parent -a --disable-triggers",
            "--format=custom --no-sync --compress=zstd:1 -n app",
        ],
    );
}

#[test]
fn on_every_major() {
    for_each_major(|server| {
        all_same(
            &sample(server),
            &[
                "-a -n app -n log -T log.config",
                "-t measured -t parent_id_seq --section=data --section=post-data",
                "-n app -N log -T app.m* -x -s",
            ],
        );
        Ok(())
    });
}

#[test]
fn what_leaves_nothing_is_refused_as_by_stock() {
    let database = sample(&Server::get(Major::REFERENCE));
    let conninfo = database.conninfo();
    for line in [
        "-n app -t nothing",
        "-n nothing -t parent --strict-names",
        "-e nothing -s",
        "--table-and-children=nothing -n app",
        "-t parent --include-foreign-data=nothing",
    ] {
        let arguments: Vec<_> = line.split(' ').collect();
        let (stock, ours) = refusals(&conninfo, &arguments);
        assert_eq!(stock, ours, "{line}");
    }
}
