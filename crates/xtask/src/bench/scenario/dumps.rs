//! Dumps against `pg_dump`.

use super::{Costs, NOTHING, Rival, Scenario, Wanted, times};
use crate::bench::database::Kind;

const fn mixed(
    name: &'static str,
    title: &'static str,
    ours: &'static [&'static str],
    stock: &'static [&'static str],
    wanted: Wanted,
) -> Scenario {
    Scenario {
        name,
        title,
        database: Kind::Mixed,
        far: false,
        ours,
        rival: Rival::PgDump(stock),
        wanted,
        costs: Costs::Little,
    }
}

/// Those with something to reach first.
pub(super) const ALL: &[Scenario] = &[
    mixed(
        "default",
        "-Fc, gzip (the default)",
        &["-Fc"],
        &["-Fc"],
        Wanted {
            speed: Some(2.5),
            size: Some(1.02),
        },
    ),
    mixed(
        "default-folder",
        "-Fd -j 2, gzip (the default)",
        &["-Fc"],
        &["-Fd", "-j2"],
        times(1.4),
    ),
    mixed(
        "zstd",
        "-Fc, zstd",
        &["-Fc", "-Zzstd:3"],
        &["-Fc", "-Zzstd:3"],
        times(1.4),
    ),
    mixed(
        "zstd-folder",
        "-Fd -j 2, zstd",
        &["-Fc", "-Zzstd:3"],
        &["-Fd", "-j2", "-Zzstd:3"],
        times(1.0),
    ),
    Scenario {
        database: Kind::OneLarge,
        ..mixed(
            "one-large",
            "-Fc, one table holds 90%",
            &["-Fc"],
            &["-Fc"],
            times(2.3),
        )
    },
    Scenario {
        database: Kind::RichSchema,
        far: true,
        ..mixed(
            "schema-far",
            "-s over 40 ms, 2,500 entries",
            &["-Fc", "-s"],
            &["-Fc", "-s"],
            times(15.0),
        )
    },
    Scenario {
        database: Kind::ThousandTables,
        far: true,
        costs: Costs::Minutes,
        ..mixed(
            "tables-far",
            "-Fc over 40 ms, 1,000 tables",
            &["-Fc"],
            &["-Fc"],
            times(20.0),
        )
    },
    Scenario {
        database: Kind::ManyTables,
        far: true,
        costs: Costs::TenMinutes,
        ..mixed(
            "tables-far-5000",
            "-Fc over 40 ms, 5,000 tables",
            &["-Fc"],
            &["-Fc"],
            times(20.0),
        )
    },
    Scenario {
        database: Kind::ManyTables,
        ..mixed(
            "schema",
            "-s, 5,000 tables (40,000 entries)",
            &["-Fc", "-s"],
            &["-Fc", "-s"],
            times(1.0),
        )
    },
    Scenario {
        rival: Rival::Floor,
        ..mixed(
            "floor",
            "two COPYs to nowhere (the floor)",
            &["-Fc", "-Znone"],
            &[],
            times(1.0 / 1.3),
        )
    },
    mixed(
        "lz4",
        "-Fc, lz4",
        &["-Fc", "-Zlz4"],
        &["-Fc", "-Zlz4"],
        NOTHING,
    ),
    mixed(
        "lz4-folder",
        "-Fd -j 2, lz4",
        &["-Fc", "-Zlz4"],
        &["-Fd", "-j2", "-Zlz4"],
        NOTHING,
    ),
    mixed(
        "none",
        "-Fc, uncompressed",
        &["-Fc", "-Znone"],
        &["-Fc", "-Znone"],
        NOTHING,
    ),
    mixed(
        "none-folder",
        "-Fd -j 2, uncompressed",
        &["-Fc", "-Znone"],
        &["-Fd", "-j2", "-Znone"],
        NOTHING,
    ),
    Scenario {
        database: Kind::ManyTables,
        ..mixed("tables", "-Fc, 5,000 tables", &["-Fc"], &["-Fc"], NOTHING)
    },
];
