//! Archives in the directory format: what is told of them, and what is left where they are given up.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs::archive::{Format, Reader};
use pgdumprs::{Compression, Error, ErrorKind, Event, Plain, SyncMethod};

use crate::{block_on, dump, shop};

fn is_empty(folder: &Path) -> Result<bool> {
    Ok(fs::read_dir(folder)?.next().is_none())
}

#[test]
fn the_report_counts_all_files() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    for (name, method) in [("each", SyncMethod::Fsync), ("all", SyncMethod::Syncfs)] {
        let path = folder.path().join(name);
        let (sender, events) = std::sync::mpsc::channel();
        let dump = dump(&database)?
            .verify(true)
            .sync_method(method)
            .watch(move |event| {
                // The receiver lives as long as the dump.
                let _ = sender.send(event);
            });
        let report = block_on(dump.to_directory(&path))??;
        ensure!((report.rows, report.tables, report.large_objects) == (50_002, 3, 1));
        let files = fs::read_dir(&path)?;
        let sizes = files.map(|file| Ok(file?.metadata()?.len()));
        ensure!(report.archive_bytes == sizes.sum::<Result<u64>>()?);
        ensure!(Reader::open_path(&path)?.format() == Format::Directory);
        let last: Vec<_> = events.iter().collect();
        let ends = [Event::Verifying, Event::Syncing];
        ensure!(ends.iter().all(|end| last.contains(end)), "{last:?}");
    }
    // Where nobody waits for the disk, and in a folder that is there.
    let there = folder.path().join("there");
    fs::create_dir(&there)?;
    block_on(dump(&database)?.sync(false).to_directory(&there))??;
    ensure!(there.join("toc.dat").exists());
    Ok(())
}

#[test]
fn a_folder_is_as_it_was_where_the_dump_is_dropped() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    let there = folder.path().join("there");
    fs::create_dir(&there)?;
    for path in [&there, &folder.path().join("new")] {
        for millis in [0, 5, 20, 60] {
            let dump = dump(&database)?.to_directory(path);
            let finished = block_on(async {
                tokio::time::timeout(Duration::from_millis(millis), dump).await
            })?;
            match finished {
                Ok(finished) => {
                    finished?;
                    fs::remove_dir_all(path)?;
                    if *path == there {
                        fs::create_dir(path)?;
                    }
                }
                Err(_) if *path == there => ensure!(is_empty(path)?, "after {millis} ms"),
                Err(_) => ensure!(!path.exists(), "after {millis} ms"),
            }
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_written_so_is_refused_before_anything_is_done() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("db");
    // Nobody listens there.
    let nowhere = || pgdumprs::Dump::new("host=127.0.0.1 port=1 dbname=d");
    let tar = || nowhere().map(|dump| dump.tar(Plain::default()));
    let refused = |error: Option<Error>| -> Result<String> {
        let error = error.context("it is not refused")?;
        ensure!(error.kind() == ErrorKind::Invalid, "{error:?}");
        ensure!(is_empty(folder.path())?);
        Ok(error.to_string())
    };
    let said = refused(block_on(tar()?.to_directory(&path))?.err())?;
    ensure!(said.contains("tar format is one file"), "{said}");
    let script = nowhere()?.plain(Plain::default());
    let said = refused(block_on(script.to_directory(&path))?.err())?;
    ensure!(said.contains("a script is one file"), "{said}");
    let packed = tar()?.compression(Compression::ZSTD);
    let said = refused(block_on(packed.to_file(&path))?.err())?;
    ensure!(said.contains("no compression"), "{said}");
    // The file is there to be looked at before.
    let mut plain = Plain::default();
    plain.options.tables = vec!["item".into()];
    let said = refused(block_on(nowhere()?.plain(plain.clone()).to_file(&path))?.err())?;
    ensure!(said.contains("option tables of its script"), "{said}");
    let writer = nowhere()?.tar(plain).to_std_writer(Vec::new());
    refused(block_on(writer)?.err())?;
    Ok(())
}

/// What goes wrong before the first byte leaves a file that is written in place as it was.
#[test]
fn a_script_that_cannot_be_made_empties_no_file() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("db.sql");
    fs::write(&path, "yesterday's")?;
    let file = fs::File::open(&path)?;
    // A file without a name has no place where another could be put.
    fs::remove_file(&path)?;
    let nameless = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    let mut plain = Plain::default();
    plain.options.if_exists = true;
    let error = block_on(dump(&database)?.plain(plain).to_file(&nameless))?.err();
    ensure!(matches!(error, Some(Error::Script(_))), "{error:?}");
    ensure!(fs::read(&nameless)? == b"yesterday's");
    block_on(dump(&database)?.plain(Plain::default()).to_file(&nameless))??;
    ensure!(fs::read(&nameless)?.starts_with(b"--"));
    Ok(())
}
