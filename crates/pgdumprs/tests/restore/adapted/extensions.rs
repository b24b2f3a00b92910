//! Extensions that have their objects in another schema than in the archive.

use anyhow::{Result, ensure};
use bstr::ByteSlice;
use pgdumprs::{Adapt, RestoreEnd};
use pgdumprs_testkit::Database;
use pgdumprs_testkit::compare::stock_archive;

use super::{Contents, Move, said};
use crate::{dump, run};

/// Into a database that has one of the extensions in another schema, and makes the others there: because it is said, or because the first is.
pub(super) fn with_extensions_elsewhere(moved: &Move, is_mapped: bool) -> Result<()> {
    let source = moved.source.server().database();
    source.execute_sql(include_str!("extensions.sql"));
    let archive = moved.folder.path().join("extensions.dump");
    dump(&source, &archive)?;
    let (target, me) = moved.target();
    target.execute_sql(format!(
        "CREATE SCHEMA extensions; GRANT ALL ON SCHEMA extensions TO {me}; CREATE EXTENSION citext SCHEMA extensions"
    ));
    let mut adapt = Adapt::everything();
    if is_mapped {
        let schemas = &mut adapt.extension_schemas;
        schemas.insert("ext".into(), "extensions".into());
    }
    let restore = moved.restore(&target, &me, &adapt)?;
    let report = run(restore, &archive)?;
    ensure!(
        report.end() == RestoreEnd::Adapted,
        "{:#?}",
        report.failures
    );
    // By what reads it, the copy is the source with the extensions' names in the other schema.
    let read = |database: &Database, name: &str| {
        let path = moved.folder.path().join(name);
        stock_archive(database, &path, &[])?;
        Contents::read(&path)
    };
    let (before, after) = (read(&source, "a")?, read(&target, "b")?);
    let mut wrong = Vec::new();
    for (name, (entry, rows)) in &before.0 {
        let elsewhere = |text: &str| {
            let mut text = text.to_owned();
            for made in ["citext", "hstore", "gin_trgm_ops", "similarity("] {
                text = text.replace(&format!("ext.{made}"), &format!("extensions.{made}"));
            }
            // Strings only look like names.
            text = text.replace("'extensions.", "'ext.");
            for operator in ["=", "->", "%"] {
                text = text.replace(
                    &format!("(ext.{operator})"),
                    &format!("(extensions.{operator})"),
                );
            }
            text
        };
        let definition = entry.definition.as_ref().map(|text| text.to_str_lossy());
        // What the bodies of functions in quotes say stays.
        let expected = definition.map(|text| match text.split_once("AS $$") {
            Some((before, body)) => format!("{}AS $${body}", elsewhere(before)),
            None => elsewhere(&text),
        });
        let found = after.0.get(&elsewhere(name));
        let written = found.and_then(|(entry, _)| entry.definition.as_ref());
        let is_same = match (&expected, written) {
            (Some(expected), Some(written)) => *written == *expected,
            (expected, written) => expected.is_none() && written.is_none(),
        };
        let is_kept = name.contains("COMMENT - EXTENSION") || entry.descriptor == "EXTENSION";
        if !is_same && !is_kept || found.is_some_and(|(_, found)| found != rows) {
            wrong.push(format!("{name}: {written:?}, not {expected:?}"));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    let said = said(&report);
    for expected in [
        "EXTENSION - hstore: the extension's schema \"ext\" is \"extensions\"",
        "FUNCTION app quoted(): its body names the schema \"ext\", and is left as it is",
    ] {
        let is_said = said.iter().any(|line| line == expected);
        ensure!(is_said, "no {expected:?} in {said:#?}");
    }
    Ok(())
}
