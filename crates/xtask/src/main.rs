//! Development tasks: bench, demo, dist, docs, fuzz, library, pg, portability, release-notes and test.

mod bench;
mod build;
mod cross;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod identical;
mod library;
mod minimum_rust;
mod pg;
mod portability;
mod published;
mod release_notes;
mod test;
mod trial;
mod workflows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development tasks of pgdumprs.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Bench(bench::Arguments),
    Demo(demo::Arguments),
    Dist(dist::Arguments),
    Docs(docs::Arguments),
    Fuzz(fuzz::Arguments),
    Library(library::Arguments),
    Pg(pg::Arguments),
    Portability(portability::Arguments),
    ReleaseNotes(release_notes::Arguments),
    Test(test::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Dist(arguments) => dist::run(&arguments),
        Task::Docs(arguments) => docs::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Library(arguments) => library::run(&arguments),
        Task::Pg(arguments) => pg::run(&arguments),
        Task::Portability(arguments) => portability::run(&arguments),
        Task::ReleaseNotes(arguments) => release_notes::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
