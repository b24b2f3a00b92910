//! Each method of compression, in one file by many connections.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use pgdumprs::{ArchiveVersion, Compression, CreationTime, Dump};
use pgdumprs_testkit::compare::{Restore, compare_archives, compare_restored, stock_archive};
use pgdumprs_testkit::{Database, Major, for_each_major, reference_pg_restore};

use crate::{METHODS, PART, database, dump_with};

#[test]
fn the_file_is_the_same_whatever_the_number_of_connections() {
    for_each_major(|server| {
        let database = database(server);
        let folder = tempfile::tempdir()?;
        for method in METHODS {
            let mut first: Option<Vec<u8>> = None;
            for jobs in [1, 2, 8] {
                let path = folder.path().join("a.dump");
                // Enough for eight times what `long` takes.
                let (report, warnings) = dump_with(&database, &path, jobs, |dump| {
                    dump.compression(method).memory(2 << 30)
                })?;
                ensure!(warnings.is_empty(), "{warnings:?}");
                ensure!(report.large_objects == 602, "{report:?}");
                let bytes = fs::read(&path)?;
                ensure!(
                    *first.get_or_insert_with(|| bytes.clone()) == bytes,
                    "{method:?} with {jobs} connections makes another file than with 1"
                );
            }
        }
        Ok(())
    });
}

#[test]
fn data_are_those_of_one_copy() {
    for_each_major(|server| {
        let database = database(server);
        let folder = tempfile::tempdir()?;
        let (stock, ours) = (
            folder.path().join("stock.dump"),
            folder.path().join("ours.dump"),
        );
        stock_archive(&database, &stock, &[])?;
        dump_with(&database, &ours, 4, |dump| {
            dump.archive_version(ArchiveVersion::V1_16)
        })?;
        let comparison = compare_archives(&stock, &ours)?;
        ensure!(comparison.is_same(), "{comparison}");
        Ok(())
    });
}

#[test]
fn stock_restores_every_method() {
    for_each_major(|server| {
        let database = database(server);
        // What restores large objects one by one is no concern here, and takes long.
        database.execute_sql(
            "SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid::bigint % 20 <> 0",
        );
        let folder = tempfile::tempdir()?;
        // What a method's blocks look like does not depend on the server: all of them are for the newest, and for all at scale.
        let sampled = match std::env::var_os("PGDUMPRS_SCALE") {
            None if server.major() != Major::REFERENCE => &METHODS[1..2],
            _ => &METHODS[..],
        };
        for &method in sampled {
            // pg_restore before 16 knows neither lz4 nor zstd.
            if method.oldest_version() > ArchiveVersion::V1_14 && server.major().number() < 16 {
                continue;
            }
            let path = folder.path().join("a.dump");
            dump_with(&database, &path, 4, |dump| dump.compression(method))?;
            let comparison =
                compare_restored(&database, &path, &[Restore::Serial, Restore::Parallel])?;
            ensure!(comparison.is_same(), "{method:?}\n{comparison}");
            check_pipes(&database, &path, method).with_context(|| format!("{method:?}"))?;
        }
        Ok(())
    });
}

/// An archive that was written to a pipe, and one that is read from a pipe, say what one on disk says.
fn check_pipes(database: &Database, archive: &Path, method: Compression) -> Result<()> {
    let piped = archive.with_extension("piped");
    let dump = Dump::new(&database.conninfo())?
        .jobs(4)
        .part_bytes(PART)
        .created(CreationTime::default())
        .compression(method);
    let output = File::create(&piped).context("creating a file")?;
    tokio::runtime::Runtime::new()?.block_on(dump.to_std_writer(output))?;

    let on_disk = script(archive, Stdio::null())?;
    ensure!(on_disk == script(&piped, Stdio::null())?, "without offsets");
    let from_pipe = script(Path::new("-"), cat(archive)?)?;
    ensure!(on_disk == from_pipe, "from a pipe");
    let from_pipe = script(Path::new("-"), cat(&piped)?)?;
    ensure!(on_disk == from_pipe, "without offsets, from a pipe");
    Ok(())
}

/// What pg_restore prints of an archive, but for its random keys; `-` stands for standard input.
fn script(archive: &Path, input: Stdio) -> Result<Vec<u8>> {
    let mut command = reference_pg_restore();
    command.args(["-f", "-"]).stdin(input);
    if archive != Path::new("-") {
        command.arg(archive);
    }
    let output = command.output().context("starting pg_restore")?;
    ensure!(output.status.success(), "{}", output.stderr.as_bstr());
    let lines = output.stdout.split_inclusive(|&byte| byte == b'\n');
    Ok(lines
        .filter(|line| !line.starts_with(b"\\restrict") && !line.starts_with(b"\\unrestrict"))
        .flatten()
        .copied()
        .collect())
}

/// A pipe that a file is written to.
fn cat(path: &Path) -> Result<Stdio> {
    let mut cat = std::process::Command::new("cat")
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .context("starting cat")?;
    let output = cat.stdout.take().context("cat has an output")?;
    // Ends with its output, when whoever reads it has ended; a thread takes its exit status.
    std::thread::spawn(move || cat.wait());
    Ok(output.into())
}
