//! Clones against `pg_dump | pg_restore`, and against pgcopydb.

use super::{Cloned, Costs, JOBS, Rival, Scenario, near};
use crate::bench::database::Kind;

const fn clone(
    name: &'static str,
    title: &'static str,
    database: Kind,
    rival: Rival,
    speed: f64,
) -> Scenario {
    near(name, title, database, JOBS, rival, speed)
}

/// Into another database of the server.
const HERE: Cloned = Cloned { elsewhere: false };

/// Into another server.
const APART: Cloned = Cloned { elsewhere: true };

pub(super) const ALL: &[Scenario] = &[
    clone(
        "clone-three",
        "three tables",
        Kind::Mixed,
        Rival::Pipe(HERE),
        1.8,
    ),
    clone(
        "clone-three-apart",
        "three tables, two servers",
        Kind::Mixed,
        Rival::Pipe(APART),
        1.8,
    ),
    clone(
        "clone-one",
        "one table holds 90%",
        Kind::OneLarge,
        Rival::Pipe(HERE),
        2.0,
    ),
    clone(
        "clone-one-apart",
        "one table holds 90%, two servers",
        Kind::OneLarge,
        Rival::Pipe(APART),
        2.0,
    ),
    clone(
        "pgcopydb-three",
        "three tables",
        Kind::Mixed,
        Rival::Pgcopydb(HERE),
        1.0,
    ),
    clone(
        "pgcopydb-three-apart",
        "three tables, two servers",
        Kind::Mixed,
        Rival::Pgcopydb(APART),
        1.0,
    ),
    clone(
        "pgcopydb-one",
        "one table holds 90%",
        Kind::OneLarge,
        Rival::Pgcopydb(HERE),
        1.0,
    ),
    clone(
        "pgcopydb-one-apart",
        "one table holds 90%, two servers",
        Kind::OneLarge,
        Rival::Pgcopydb(APART),
        1.0,
    ),
    Scenario {
        far: true,
        costs: Costs::Minutes,
        ..clone(
            "clone-far",
            "1,000 tables, both over 40 ms",
            Kind::ThousandTables,
            Rival::Pipe(HERE),
            20.0,
        )
    },
];
