//! What is measured against what.

use super::database::Kind;

/// Connections that ours uses: as many as stock's parallel runs.
pub(super) const JOBS: &[&str] = &["-j2"];

/// One comparison: the same database dumped, or the same archive restored, in two ways.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    /// What `--only` knows it by.
    pub(super) name: &'static str,
    /// What is compared, for readers.
    pub(super) title: &'static str,
    pub(super) database: Kind,
    /// Whether the server is at the end of a link of 40 ms.
    pub(super) far: bool,
    /// Arguments of ours, besides those that every run has; `restore` itself is among those.
    pub(super) ours: &'static [&'static str],
    pub(super) rival: Rival,
    pub(super) wanted: Wanted,
    /// How much time it takes.
    pub(super) costs: Costs,
}

/// What is measured, each with a document of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Page {
    /// Dumps against `pg_dump`
    Dumps,
    /// Restores against `pg_restore`
    Restores,
    /// Clones against `pg_dump | pg_restore`
    Clones,
}

impl Page {
    pub(super) const ALL: [Page; 3] = [Page::Dumps, Page::Restores, Page::Clones];

    /// The names of its document and of the chart in there.
    pub(super) fn files(self) -> (&'static str, &'static str) {
        match self {
            Page::Dumps => ("benchmarks.md", "benchmarks.svg"),
            Page::Restores => ("benchmarks-restore.md", "benchmarks-restore.svg"),
            Page::Clones => ("benchmarks-clone.md", "benchmarks-clone.svg"),
        }
    }
}

/// How much time a comparison takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Costs {
    /// Little enough for any number of pairs.
    Little,
    /// Minutes for one run of stock, nearly all of them asleep, so that runs hardly differ: one pair is enough.
    Minutes,
    /// Ten minutes for one run of stock: one pair, and that only where it is asked for.
    TenMinutes,
}

/// What ours is measured against.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rival {
    /// `pg_dump` with these arguments.
    PgDump(&'static [&'static str]),
    /// Two sessions that copy half of the data each and throw it away.
    Floor,
    /// `pg_restore`.
    PgRestore(Restored),
    /// `pg_dump` and, behind it, `pg_restore`.
    Pipe(Cloned),
}

/// A clone into a database of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cloned {
    /// On a server of its own too.
    pub(super) elsewhere: bool,
}

/// A restore of an archive that stock has made of a database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restored {
    /// Arguments of stock, besides those that every run has.
    pub(super) stock: &'static [&'static str],
    /// The archive holds no rows.
    pub(super) schema_only: bool,
    /// The archive comes through a pipe.
    pub(super) piped: bool,
    /// Into a server whose commits are on disk when it says so.
    pub(super) durable: bool,
}

const FROM_FILE: Restored = Restored {
    stock: &[],
    schema_only: false,
    piped: false,
    durable: false,
};

/// What ours has to reach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// How many times as fast ours must be at least; for the floor, below 1.
    pub(super) speed: Option<f64>,
    /// How many times as large ours may be at most.
    pub(super) size: Option<f64>,
}

const fn times(speed: f64) -> Wanted {
    Wanted {
        speed: Some(speed),
        size: None,
    }
}

const NOTHING: Wanted = Wanted {
    speed: None,
    size: None,
};

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

const fn restore(
    name: &'static str,
    title: &'static str,
    database: Kind,
    ours: &'static [&'static str],
    restored: Restored,
    speed: f64,
) -> Scenario {
    Scenario {
        name,
        title,
        database,
        far: false,
        ours,
        rival: Rival::PgRestore(restored),
        wanted: times(speed),
        costs: Costs::Little,
    }
}

const fn clone(
    name: &'static str,
    title: &'static str,
    database: Kind,
    elsewhere: bool,
    speed: f64,
) -> Scenario {
    Scenario {
        name,
        title,
        database,
        far: false,
        ours: JOBS,
        rival: Rival::Pipe(Cloned { elsewhere }),
        wanted: times(speed),
        costs: Costs::Little,
    }
}

/// All comparisons, dumps before restores and these before clones, those with something to reach first.
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
    clone("clone-three", "three tables", Kind::Mixed, false, 1.8),
    clone(
        "clone-three-apart",
        "three tables, two servers",
        Kind::Mixed,
        true,
        1.8,
    ),
    clone(
        "clone-one",
        "one table holds 90%",
        Kind::OneLarge,
        false,
        2.0,
    ),
    clone(
        "clone-one-apart",
        "one table holds 90%, two servers",
        Kind::OneLarge,
        true,
        2.0,
    ),
    Scenario {
        far: true,
        costs: Costs::Minutes,
        ..clone(
            "clone-far",
            "1,000 tables, both over 40 ms",
            Kind::ThousandTables,
            false,
            20.0,
        )
    },
];

impl Scenario {
    /// Pairs of runs, of the number that others get: fewer where one takes minutes.
    pub(super) fn pairs(&self, others: usize) -> usize {
        match self.costs {
            Costs::Little => others,
            Costs::Minutes | Costs::TenMinutes => 1,
        }
    }

    /// The document that tells of it.
    pub(super) fn page(&self) -> Page {
        match self.rival {
            Rival::PgDump(_) | Rival::Floor => Page::Dumps,
            Rival::PgRestore(_) => Page::Restores,
            Rival::Pipe(_) => Page::Clones,
        }
    }

    /// What ours runs against, for messages.
    pub(super) fn rival_name(&self) -> &'static str {
        match self.rival {
            Rival::PgDump(_) => "pg_dump",
            Rival::Floor => "COPY",
            Rival::PgRestore(_) => "pg_restore",
            Rival::Pipe(_) => "pg_dump | pg_restore",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (i, scenario) in ALL.iter().enumerate() {
            assert!(ALL[i + 1..].iter().all(|other| other.name != scenario.name));
        }
    }
}
