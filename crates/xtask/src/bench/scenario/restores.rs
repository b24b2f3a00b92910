//! Restores against `pg_restore`.

use super::{Costs, Restored, Rival, Scenario, near};
use crate::bench::database::Kind;

const FROM_FILE: Restored = Restored {
    stock: &[],
    schema_only: false,
    piped: false,
    durable: false,
};

const fn restore(
    name: &'static str,
    title: &'static str,
    database: Kind,
    ours: &'static [&'static str],
    restored: Restored,
    speed: f64,
) -> Scenario {
    near(
        name,
        title,
        database,
        ours,
        Rival::PgRestore(restored),
        speed,
    )
}

pub(super) const ALL: &[Scenario] = &[
    restore(
        "restore-three",
        "-j 2, three tables",
        Kind::Mixed,
        &["-j2"],
        Restored {
            stock: &["-j2"],
            ..FROM_FILE
        },
        1.0,
    ),
    restore(
        "restore-one",
        "-j 2, one table holds 90%",
        Kind::OneLarge,
        &["-j2"],
        Restored {
            stock: &["-j2"],
            ..FROM_FILE
        },
        1.5,
    ),
    restore(
        "restore-pipe",
        "from a pipe, three tables",
        Kind::Mixed,
        &["-j2"],
        Restored {
            piped: true,
            ..FROM_FILE
        },
        1.5,
    ),
    restore(
        "restore-entries",
        "40,000 entries, on disk",
        Kind::ManyTables,
        &[],
        Restored {
            schema_only: true,
            durable: true,
            ..FROM_FILE
        },
        3.0,
    ),
    Scenario {
        far: true,
        costs: Costs::Minutes,
        ..restore(
            "restore-far",
            "2,500 entries over 40 ms",
            Kind::RichSchema,
            &[],
            Restored {
                schema_only: true,
                ..FROM_FILE
            },
            20.0,
        )
    },
];
