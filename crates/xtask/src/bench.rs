//! `cargo xtask bench`: pgdumprs against stock pg_dump and pg_restore.

mod chart;
mod cloning;
mod contest;
mod database;
mod document;
mod machine;
mod measure;
mod restoring;
mod scenario;
mod stages;
mod summary;
mod terminal;

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use pgdumprs_testkit::Database;

use self::contest::Ground;
use self::database::{Kind, Sizes};
use self::scenario::{Costs, Page, Scenario};
use self::summary::Summary;
use crate::build::{build, target, workspace};

/// Measure pgdumprs against stock pg_dump and pg_restore, in turn, on databases of its own.
///
/// A full run takes about 40 minutes and rewrites docs/benchmarks.md and its likes for restores and clones; --page is for one of them. A
/// smaller one (--quick, --scale, --objects, --only) writes the same to target/bench.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Small databases and two pairs of runs, to see in seconds that everything works
    #[arg(long, conflicts_with_all = ["scale", "objects", "pairs"])]
    quick: bool,

    /// Share of the full amount of data, which is 1 GB of COPY text
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    scale: f64,

    /// Share of the full number of objects, which is 5,000 tables and, in the rich schema, 2,500 entries
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    objects: f64,

    /// Pairs of runs for each comparison
    #[arg(long, value_name = "N", default_value_t = 5)]
    pairs: usize,

    /// Run also what takes stock ten minutes: 5,000 tables over a slow link, rather than 1,000 alone
    #[arg(long, conflicts_with = "only")]
    long: bool,

    /// Only what belongs to this page
    #[arg(long, conflicts_with = "only")]
    page: Option<Page>,

    /// Comparisons to run, by name, instead of all
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,

    /// List the comparisons
    #[arg(long)]
    list: bool,
}

/// Pairs and sizes of a quick run.
const QUICK: (usize, Sizes) = (
    2,
    Sizes {
        data: 0.01,
        objects: 0.01,
    },
);

/// Runs of each of the dumps that show where CPU time goes.
const STAGE_RUNS: usize = 2;

/// Everything that a page reports.
pub(crate) struct Report {
    page: Page,
    summaries: Vec<Summary>,
    stages: Vec<stages::Stage>,
    machine: Vec<(&'static str, String)>,
    sizes: Sizes,
}

/// Builds, measures and reports.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.list {
        for scenario in scenario::all() {
            println!("{:<16}{}", scenario.name, scenario.title);
        }
        return Ok(());
    }
    let chosen = choose(arguments)?;
    let (pairs, sizes) = if arguments.quick {
        QUICK
    } else {
        let sizes = Sizes {
            data: arguments.scale,
            objects: arguments.objects,
        };
        (arguments.pairs, sizes)
    };
    if pairs == 0 || sizes.data <= 0.0 || sizes.objects <= 0.0 {
        bail!("--pairs, --scale and --objects must be above 0");
    }

    let started = Instant::now();
    let mut ground = Ground::prepare(build()?)?;
    let databases = make_databases(&ground, &chosen, sizes)?;
    let mut summaries = Vec::new();
    for scenario in chosen {
        let database = &databases[&scenario.database];
        let outcome = contest::run(&mut ground, scenario, database, scenario.pairs(pairs))?;
        summaries.push(Summary::of(&outcome));
    }
    println!("\n{}", terminal::table(&summaries));
    let complete = arguments.only.is_empty() && sizes.data >= 1.0 && sizes.objects >= 1.0;
    let machine = machine::describe(&ground)?;
    for page in Page::ALL {
        let of_page = summaries.extract_if(.., |summary| summary.scenario.page() == page);
        let summaries: Vec<Summary> = of_page.collect();
        if summaries.is_empty() {
            continue;
        }
        let stages = match databases.get(&Kind::Mixed) {
            Some(mixed) if page == Page::Dumps => {
                stages::measure(&ground, mixed, STAGE_RUNS.min(pairs))?
            }
            _ => Vec::new(),
        };
        let report = Report {
            page,
            summaries,
            stages,
            machine: machine.clone(),
            sizes,
        };
        write(&report, complete)?;
    }
    println!("{} s in all.", started.elapsed().as_secs());
    Ok(())
}

/// The comparisons that were asked for, by name or by how long they may take.
fn choose(arguments: &Arguments) -> Result<Vec<&'static Scenario>> {
    if arguments.only.is_empty() {
        let wanted = |scenario: &&Scenario| {
            (arguments.long || scenario.costs != Costs::TenMinutes)
                && arguments.page.is_none_or(|page| page == scenario.page())
        };
        return Ok(scenario::all().filter(wanted).collect());
    }
    let find = |name: &String| {
        let found = scenario::all().find(|scenario| scenario.name == name);
        found.with_context(|| {
            format!("there is no comparison {name:?}; --list lists those there are")
        })
    };
    arguments.only.iter().map(find).collect()
}

fn make_databases(
    ground: &Ground,
    scenarios: &[&Scenario],
    sizes: Sizes,
) -> Result<BTreeMap<Kind, Database>> {
    let mut databases = BTreeMap::new();
    for scenario in scenarios {
        let kind = scenario.database;
        if databases.contains_key(&kind) {
            continue;
        }
        let started = Instant::now();
        let database = kind.make(&ground.server, sizes)?;
        let size = database.psql("SELECT pg_size_pretty(pg_database_size(current_database()))");
        println!(
            "Made the database {kind:?}: {size}, in {:.1} s.",
            started.elapsed().as_secs_f64()
        );
        databases.insert(kind, database);
    }
    Ok(databases)
}

/// Writes the document and its chart, of a complete run to where readers find it.
fn write(report: &Report, complete: bool) -> Result<()> {
    let folder = if complete {
        workspace().join("docs")
    } else {
        target().join("bench")
    };
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let (page, chart) = report.page.files();
    for (name, content) in [
        (page, document::write(report)),
        (chart, chart::draw(report.page, &report.summaries)),
    ] {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
        println!("Wrote {}.", path.display());
    }
    Ok(())
}
