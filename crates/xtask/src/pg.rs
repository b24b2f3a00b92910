//! `cargo xtask pg`: has stock PostgreSQL and PgBouncer ready for the tests.

use anyhow::{Result, bail};
use pgdumprs_testkit::provision::{Installation, UpToDate, bring_up_to_date, cache_dir, pgbouncer};
use pgdumprs_testkit::{Major, Release};

/// Find or fetch stock PostgreSQL for each release that tests cover, in its newest minor, and PgBouncer, and say where they are.
///
/// The majors are those in PGDUMPRS_TEST_MAJORS, or 13 to 19. The reference, 19, is always among
/// them. Fetched servers are kept in PGDUMPRS_PG_CACHE, or else in the user's cache folder
/// (/var/cache/pgdumprs for root); one that is older than what its source offers is fetched again.
#[derive(Default, clap::Args)]
pub(crate) struct Arguments {
    /// Majors to have ready instead, such as 13,17.
    #[arg(value_delimiter = ',')]
    majors: Vec<Major>,
}

/// Provisions and prints a table; fails when any release is missing.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut majors = if arguments.majors.is_empty() {
        Major::covered()?
    } else {
        arguments.majors.clone()
    };
    if !majors.contains(&Major::REFERENCE) {
        majors.push(Major::REFERENCE);
    }
    majors.sort();
    majors.dedup();
    let releases: Vec<_> = majors.into_iter().flat_map(Release::all_of).collect();

    eprintln!("cache: {}", cache_dir()?.display());
    let mut rows = vec![["major", "version", "source", "server", "tools"].map(str::to_owned)];
    let mut failures = Vec::new();
    for (release, outcome) in bring_up_to_date(&releases) {
        match outcome {
            Ok(UpToDate {
                installation,
                remark,
            }) => {
                rows.push(row(&installation));
                if let Some(remark) = remark {
                    eprintln!("PostgreSQL {release}: {remark}");
                }
            }
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    print_table(&rows);
    match pgbouncer() {
        Ok(program) => println!("PgBouncer: {}", program.display()),
        Err(error) => failures.push(format!("{error:#}")),
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(())
}

fn row(installation: &Installation) -> [String; 5] {
    let server = installation.server_bin();
    let tools = match installation.tools_bin() {
        Some(tools) if tools == server => "with the server".to_owned(),
        Some(tools) => tools.display().to_string(),
        None => "none published; newer ones serve".to_owned(),
    };
    [
        installation.major().to_string(),
        installation.version().to_owned(),
        installation.source().to_owned(),
        server.display().to_string(),
        tools,
    ]
}

fn print_table(rows: &[[String; 5]]) {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<_> = (0..5).map(width).collect();
    for row in rows {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("{}", cells.join("  ").trim_end());
    }
}
