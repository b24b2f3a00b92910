//! Archives in one encoding and databases in another.

use anyhow::{Result, ensure};
use pgdumprs_plan::{Obstacle, Verdict};
use pgdumprs_script::Options;
use pgdumprs_testkit::{Database, DatabaseOptions, Major, Server};

use crate::case::{Case, dump};

/// Only what is written with letters that the database cannot hold is in the way, and all else is still looked at.
#[test]
fn letters_that_a_database_cannot_hold_are_told() -> Result<()> {
    let server = Server::get(Major::V17);
    let database = |encoding: &str| {
        server.database_with(&DatabaseOptions {
            encoding: encoding.to_owned(),
            ..DatabaseOptions::default()
        })
    };
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    let told = |source: &Database, target: &Database, options: Options, arguments: &[&str]| {
        dump(source, &archive)?;
        let case = Case {
            archive: archive.clone(),
            target,
            role: "postgres",
            options,
            arguments,
        };
        let (plan, script) = case.plan()?;
        case.check()?;
        let impossible = plan.items.iter().filter_map(|item| {
            let entry = &script.entries()[item.entry];
            let label = entry.label().to_string();
            match &item.verdict {
                Verdict::Impossible(obstacles) => Some((label, obstacles.clone())),
                _ => None,
            }
        });
        anyhow::Ok(impossible.collect::<Vec<_>>())
    };
    let lacks = |encoding: &str| Obstacle::Encoding {
        encoding: encoding.into(),
    };

    let source = database("UTF8");
    source.execute_sql(
        "CREATE TABLE naïve (à integer); COMMENT ON TABLE naïve IS '漢';
         CREATE SCHEMA 字; CREATE TABLE 字.item AS SELECT 1 AS id; CREATE TABLE plain ()",
    );
    let target = database("LATIN1");
    target.execute_sql("CREATE TABLE plain ()");
    let found = told(&source, &target, Options::default(), &[])?;
    let labels: Vec<_> = found.iter().map(|(label, _)| label.as_str()).collect();
    ensure!(
        labels
            == [
                "SCHEMA - 字",
                "COMMENT public TABLE \"naïve\"",
                "TABLE public plain",
                "TABLE 字 item",
                "TABLE DATA 字 item"
            ],
        "{found:#?}"
    );
    let is_lacking =
        |(_, obstacles): &&(String, Vec<Obstacle>)| obstacles.contains(&lacks("LATIN1"));
    ensure!(found.iter().filter(is_lacking).count() == 4, "{found:#?}");

    // The target has names that the archive's encoding does not have, and the table all the same.
    let source = database("LATIN1");
    source.execute_sql("CREATE TABLE naïve (à integer); CREATE TABLE plain ()");
    let target = database("UTF8");
    target.execute_sql("CREATE TABLE 漢 (); CREATE TABLE plain ()");
    let found = told(&source, &target, Options::default(), &[])?;
    ensure!(
        found.len() == 1 && found[0].0 == "TABLE public plain",
        "{found:#?}"
    );

    // Bytes that nobody has said the meaning of.
    let source = database("SQL_ASCII");
    source.execute_sql("SET client_encoding = 'SQL_ASCII'; CREATE TABLE plain (); COMMENT ON TABLE plain IS E'\\xe9'");
    let found = told(&source, &database("UTF8"), Options::default(), &[])?;
    ensure!(
        found.len() == 1 && found[0].1 == [lacks("UTF8")],
        "{found:#?}"
    );
    Ok(())
}
