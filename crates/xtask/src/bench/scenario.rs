//! What is measured against what.

mod clones;
mod dumps;
mod restores;

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
    /// Clones against `pg_dump | pg_restore`, and against pgcopydb
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
    /// `pgcopydb clone`.
    Pgcopydb(Cloned),
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

/// One that is neither far nor costly, and wants to be so many times as fast.
const fn near(
    name: &'static str,
    title: &'static str,
    database: Kind,
    ours: &'static [&'static str],
    rival: Rival,
    speed: f64,
) -> Scenario {
    Scenario {
        name,
        title,
        database,
        far: false,
        ours,
        rival,
        wanted: times(speed),
        costs: Costs::Little,
    }
}

const NOTHING: Wanted = Wanted {
    speed: None,
    size: None,
};

/// All comparisons, dumps before restores and these before clones.
pub(super) fn all() -> impl Iterator<Item = &'static Scenario> {
    let pages = [dumps::ALL, restores::ALL, clones::ALL];
    pages.into_iter().flatten()
}

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
            Rival::Pipe(_) | Rival::Pgcopydb(_) => Page::Clones,
        }
    }

    /// What ours runs against, for messages.
    pub(super) fn rival_name(&self) -> &'static str {
        match self.rival {
            Rival::PgDump(_) => "pg_dump",
            Rival::Floor => "COPY",
            Rival::PgRestore(_) => "pg_restore",
            Rival::Pipe(_) => "pg_dump | pg_restore",
            Rival::Pgcopydb(_) => "pgcopydb",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let all: Vec<_> = all().collect();
        for (i, scenario) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| other.name != scenario.name));
        }
    }
}
