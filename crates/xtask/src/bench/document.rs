//! docs/benchmarks.md, docs/benchmarks-restore.md and docs/benchmarks-clone.md.

use std::fmt::Write;

use super::Report;
use super::contest::command_lines;
use super::database::Kind;
use super::scenario::{Costs, JOBS, Page, Rival};
use super::summary::Summary;
use crate::build::workspace;

/// The whole document.
pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    head(&mut text, report);
    results(&mut text, report);
    costs(&mut text, report);
    stages(&mut text, report);
    commands(&mut text, report);
    machine(&mut text, report);
    text
}

/// Writing to a string cannot fail.
macro_rules! line {
    ($text:expr) => { $text.push('\n') };
    ($text:expr, $($format:tt)+) => { let _ = writeln!($text, $($format)+); };
}

fn head(text: &mut String, report: &Report) {
    let (page, chart) = report.page.files();
    let (title, stock, what, how, page_option) = match report.page {
        Page::Dumps => (
            "Benchmarks",
            "pg_dump",
            "dump",
            "with the output written and synced.",
            "dumps",
        ),
        Page::Restores => (
            "Benchmarks of restores",
            "pg_restore",
            "restore",
            "into an empty database, which is then seen to have its source's objects and rows.",
            "restores",
        ),
        Page::Clones => (
            "Benchmarks of clones",
            "pg_dump | pg_restore",
            "clone",
            "into an empty database, which is then seen to have its source's objects and rows.",
            "clones",
        ),
    };
    // A page that was never written is none to lead to.
    let is_there = |page: &Page| workspace().join("docs").join(page.files().0).exists();
    let others = Page::ALL
        .into_iter()
        .filter(|page| *page != report.page && is_there(page));
    let others: Vec<String> = others
        .map(|page| format!("[{0}]({0})", page.files().0))
        .collect();
    line!(text, "# {title}");
    line!(text);
    line!(
        text,
        "pgdumprs against stock `{stock}`, on one machine that the server shares. `cargo xtask bench --page {page_option}` measures and writes \
         {page}; see also {}.",
        others.join(" and ")
    );
    line!(text);
    line!(text, "![Time of each {what} beside stock's]({chart})");
    line!(text);
    line!(
        text,
        "Both sides run in turn, and who begins changes with each pair. Times are medians, from start to end of the command, {how} \
         Absolute times differ from machine to machine and from hour to hour; ratios of one run are what counts."
    );
    if report.sizes.data != 1.0 || report.sizes.objects != 1.0 {
        line!(text);
        line!(
            text,
            "**This is a small run**: {} of the full amount of data and {} of the full number of objects, whatever the names below say.",
            report.sizes.data,
            report.sizes.objects
        );
    }
    line!(text);
}

fn results(text: &mut String, report: &Report) {
    line!(text, "## Time");
    line!(text);
    line!(
        text,
        "| stock mode | stock | pgdumprs | pgdumprs is | wanted | reached | pairs |"
    );
    line!(text, "| --- | ---: | ---: | ---: | ---: | --- | ---: |");
    for summary in &report.summaries {
        let (ours, theirs) = (&summary.ours, &summary.theirs);
        line!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            title(summary),
            seconds(theirs.wall),
            seconds(ours.wall),
            summary.ratio(),
            summary.wanted(),
            summary.verdict(),
            summary.pairs
        );
    }
    line!(text);
    let asleep = report.summaries.iter();
    for summary in asleep.filter(|summary| summary.scenario.costs != Costs::Little) {
        line!(
            text,
            "“{}” is run once: stock takes minutes for it, nearly all of which it waits for the link. Its time grows with the number of \
             objects.",
            summary.scenario.title
        );
        line!(text);
    }
}

fn costs(text: &mut String, report: &Report) {
    line!(text, "## Size, memory and CPU");
    line!(text);
    line!(
        text,
        "Each cell: pgdumprs / stock. Memory is the peak of resident memory, summed over processes. CPU is in seconds, of the client and of \
         the server. The range is that of the times."
    );
    line!(text);
    line!(
        text,
        "| stock mode | size in MB | ratio | memory in MiB | CPU of the client | CPU of the server | range in s |"
    );
    line!(text, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for summary in &report.summaries {
        let (ours, theirs) = (&summary.ours, &summary.theirs);
        let (size, ratio) = match summary.size() {
            Some(ratio) => (
                format!("{:.1} / {:.1}", ours.size_mb, theirs.size_mb),
                format!("{ratio:.3}"),
            ),
            None if matches!(summary.scenario.rival, Rival::Floor) => {
                (format!("{:.1} / –", ours.size_mb), "–".to_owned())
            }
            None => ("–".to_owned(), "–".to_owned()),
        };
        line!(
            text,
            "| {} | {size} | {ratio} | {:.0} / {:.0} | {:.2} / {:.2} | {:.2} / {:.2} | {:.2}–{:.2} / {:.2}–{:.2} |",
            title(summary),
            ours.peak_mib,
            theirs.peak_mib,
            ours.client_cpu,
            theirs.client_cpu,
            ours.server_cpu,
            theirs.server_cpu,
            ours.fastest,
            ours.slowest,
            theirs.fastest,
            theirs.slowest
        );
    }
    line!(text);
}

fn stages(text: &mut String, report: &Report) {
    if report.stages.is_empty() {
        return;
    }
    line!(text, "## Where CPU time goes");
    line!(text);
    line!(
        text,
        "CPU seconds of pgdumprs and of its server for the first database below: the first two of a dump to nowhere without compression, \
         the others what a dump that also does this costs more."
    );
    line!(text);
    line!(text, "| stage | CPU seconds |");
    line!(text, "| --- | ---: |");
    for stage in &report.stages {
        line!(text, "| {} | {:.2} |", stage.what, stage.seconds);
    }
    line!(text);
}

fn commands(text: &mut String, report: &Report) {
    line!(text, "## Commands and databases");
    line!(text);
    line!(
        text,
        "`$DB` leads to the server's socket{}. `$FAR` leads over TCP to a proxy that holds every byte back for 20 ms in each direction, and \
         lets any number of bytes be under way.",
        match report.page {
            Page::Clones =>
                ", `$TARGET` to an empty database of that server and `$OTHER` to one of another server",
            Page::Dumps | Page::Restores => "",
        }
    );
    line!(text);
    line!(text, "```sh");
    for summary in &report.summaries {
        let (ours, theirs) = command_lines(summary.scenario);
        line!(
            text,
            "# {}, database {}",
            summary.scenario.title,
            database(summary.scenario.database)
        );
        line!(text, "{theirs}");
        line!(text, "{ours}");
    }
    line!(text, "```");
    line!(text);
    let is_used = |kind: &Kind| {
        let mut summaries = report.summaries.iter();
        summaries.any(|summary| summary.scenario.database == *kind)
    };
    for kind in KINDS.into_iter().filter(is_used) {
        line!(
            text,
            "- Database {}: {}.",
            database(kind),
            kind.describe(report.sizes)
        );
    }
    line!(text);
    line!(
        text,
        "The SQL that makes them is in `crates/xtask/src/bench/database.rs`. {}",
        match report.page {
            Page::Dumps => format!(
                "pgdumprs writes one file in the custom format with `{}`, also where stock writes a directory (`-Fd`), its only format \
                 that takes `-j`.",
                JOBS.join(" ")
            ),
            Page::Restores => "What is restored, `db.dump`, is what stock's `pg_dump -Fc` writes, with `-s` where entries are counted. “On \
                               disk” means a server with `fsync`, `synchronous_commit` and `full_page_writes`, as servers have them."
                .to_owned(),
            Page::Clones => "`$FAR_TARGET` is over such a proxy too. Stock reads and writes over one connection each. Servers that share this machine \
                              share its cores: no clone takes less than the server's CPU time divided by their number."
                .to_owned(),
        }
    );
    line!(text);
}

fn machine(text: &mut String, report: &Report) {
    line!(text, "## Machine");
    line!(text);
    line!(text, "| | |");
    line!(text, "| --- | --- |");
    for (what, value) in &report.machine {
        line!(text, "| {what} | {value} |");
    }
}

/// The databases, by number.
const KINDS: [Kind; 5] = [
    Kind::Mixed,
    Kind::OneLarge,
    Kind::ManyTables,
    Kind::ThousandTables,
    Kind::RichSchema,
];

fn database(kind: Kind) -> usize {
    KINDS
        .iter()
        .position(|other| *other == kind)
        .map_or(0, |position| position + 1)
}

fn title(summary: &Summary) -> String {
    match summary.scenario.rival {
        Rival::PgDump(_) => format!("`pg_dump` {}", summary.scenario.title),
        Rival::PgRestore(_) => format!("`pg_restore` {}", summary.scenario.title),
        Rival::Pgcopydb(_) => format!("`pgcopydb` {}", summary.scenario.title),
        Rival::Pipe(_) | Rival::Floor => summary.scenario.title.to_owned(),
    }
}

/// Short times to the hundredth, long ones to the tenth.
fn seconds(time: f64) -> String {
    if time < 10.0 {
        format!("{time:.2} s")
    } else {
        format!("{time:.1} s")
    }
}
