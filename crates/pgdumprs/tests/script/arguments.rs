//! The options of `pg_restore`, as words, and both programs run with them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bstr::ByteSlice;
use pgdumprs_archive::Reader;
use pgdumprs_script::{
    Options, RestrictKey, Script, Sections, TextOptions, Verbose, Warning, write_text,
};
use pgdumprs_testkit::reference_pg_restore;

/// The key of both, so that nothing random is in what they print.
const KEY: &str = "0fixed9";

/// Compares what stock and we make of an archive with some options: the text, or that both refuse.
///
/// # Errors
/// Where they differ, with the first lines that do.
pub(crate) fn compare(archive: &Path, arguments: &[String]) -> Result<Compared> {
    let mut stock = reference_pg_restore();
    stock
        .args(["-f", "-", "--restrict-key", KEY])
        .args(arguments)
        .arg(archive);
    let stock = stock.output().context("running pg_restore")?;
    let said = String::from_utf8_lossy(&stock.stderr).into_owned();
    let (text, warnings) = match (ours(archive, arguments), stock.status.success()) {
        (Ok(ours), true) => ours,
        // Of a tar file stock takes rows in the file's order alone, we in any. Where a list names what comes last in the file first, it finds
        // nothing behind it.
        (Ok(_), false)
            if said.contains("restoring data out of order is not supported")
                || said.contains("could not find header for file")
                    && arguments.iter().any(|word| word.starts_with("-L")) =>
        {
            return Ok(Compared::Refused);
        }
        (Err(_), false) => return Ok(Compared::Refused),
        (Ok(_), false) => bail!("stock refuses it, we do not: {said}"),
        (Err(error), true) => bail!("we refuse it, stock does not: {error:#}"),
    };
    let verbose = arguments.iter().any(|word| word == "-v");
    if !verbose {
        // With -v it says what it does as well.
        let theirs = said
            .lines()
            .filter(|line| line.contains("warning: "))
            .count();
        let own = warnings
            .iter()
            .filter(|warning| !matches!(warning, Warning::NoDefinitions))
            .count();
        ensure!(theirs == own, "we warn of {warnings:?}, stock says: {said}");
    }
    if let Some(difference) = first_difference(&stock.stdout, &text) {
        bail!("{difference}");
    }
    Ok(Compared::Same { bytes: text.len() })
}

/// How a comparison has ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    /// Both print so many bytes, and the same.
    Same { bytes: usize },
    /// Both refuse, or stock alone what it has not learnt.
    Refused,
}

fn ours(archive: &Path, arguments: &[String]) -> Result<(Vec<u8>, Vec<Warning>)> {
    let (options, verbose) = options(arguments)?;
    let mut reader = Reader::open_path(archive)?;
    let script = Script::new(reader.header(), reader.entries(), &options)?;
    let verbose = verbose.then(|| Verbose {
        started: Some(String::new()),
        now: String::new,
    });
    let text = TextOptions {
        restrict_key: RestrictKey::new(KEY)?,
        verbose,
    };
    let mut output = Vec::new();
    write_text(&script, &text, &mut reader, &mut output)?;
    Ok((output, script.warnings().to_vec()))
}

/// Reads options, and whether one of them is `-v`.
fn options(arguments: &[String]) -> Result<(Options, bool)> {
    let mut options = Options::default();
    let mut verbose = false;
    for argument in arguments {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, value),
            None if argument.starts_with("--") || argument.len() < 2 => (argument.as_str(), ""),
            None => argument.split_at(2),
        };
        let given = || bstr::BString::from(value);
        match name {
            "-a" => options.data_only = true,
            "-s" => options.schema_only = true,
            "--statistics-only" => options.statistics_only = true,
            "--no-data" => options.no_data = true,
            "--no-schema" => options.no_schema = true,
            "--no-statistics" => options.no_statistics = true,
            "--statistics" => options.statistics = true,
            "--section" => {
                options.sections |= match value {
                    "pre-data" => Sections::PRE_DATA,
                    "data" => Sections::DATA,
                    "post-data" => Sections::POST_DATA,
                    _ => bail!("no section"),
                }
            }
            "-L" => options.list = Some(std::fs::read(value)?.into()),
            "-n" => options.schemas.push(given()),
            "-N" => options.exclude_schemas.push(given()),
            "-t" => options.tables.push(given()),
            "-I" => options.indexes.push(given()),
            "-P" => options.functions.push(given()),
            "-T" => options.triggers.push(given()),
            "--strict-names" => options.strict_names = true,
            "-O" => options.no_owner = true,
            "-x" => options.no_privileges = true,
            "--no-comments" => options.no_comments = true,
            "--no-policies" => options.no_policies = true,
            "--no-publications" => options.no_publications = true,
            "--no-security-labels" => options.no_security_labels = true,
            "--no-subscriptions" => options.no_subscriptions = true,
            "--no-table-access-method" => options.no_table_access_method = true,
            "--no-tablespaces" => options.no_tablespaces = true,
            "-c" => options.clean = true,
            "--if-exists" => options.if_exists = true,
            "-C" => options.create = true,
            "-1" => options.single_transaction = true,
            "--transaction-size" => options.transaction_size = Some(value.parse()?),
            "--disable-triggers" => options.disable_triggers = true,
            "-S" => options.superuser = Some(given()),
            "--enable-row-security" => options.enable_row_security = true,
            "--role" => options.role = Some(given()),
            "--use-set-session-authorization" => options.use_set_session_authorization = true,
            "-v" => verbose = true,
            _ => bail!("this test does not know {argument}"),
        }
    }
    Ok((options, verbose))
}

/// Shows where two texts first differ, but for times.
fn first_difference(stock: &[u8], ours: &[u8]) -> Option<String> {
    let mut before = Vec::new();
    let mut lines = [stock.lines_with_terminator(), ours.lines_with_terminator()];
    for number in 1.. {
        let [stock, ours] = lines.each_mut().map(|lines| lines.next().map(without_time));
        if stock != ours {
            let shown = |line: Option<&[u8]>| line.map(|line| line.as_bstr().to_string());
            let before = before.join("");
            return Some(format!(
                "line {number} after\n{before}stock: {:?}\n ours: {:?}",
                shown(stock),
                shown(ours)
            ));
        }
        before.push(stock?.as_bstr().to_string());
        if before.len() > 4 {
            before.remove(0);
        }
    }
    None
}

/// A line of which the time is cut off.
fn without_time(line: &[u8]) -> &[u8] {
    let times = ["-- Started on ", "-- Completed on "].map(str::as_bytes);
    times
        .into_iter()
        .find(|start| line.starts_with(start))
        .unwrap_or(line)
}
