//! Dumps that read back what they wrote.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use pgdumprs::{Error, ErrorKind, Event};

use crate::{block_on, dump, shop};

/// The file in the making, in a folder that has nothing else but one of yesterday.
fn partial(folder: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(folder)
        .ok()?
        .filter_map(|file| Some(file.ok()?.path()));
    files.find(|path| {
        path.extension()
            .is_some_and(|extension| extension == "partial")
    })
}

#[test]
fn a_file_that_was_damaged_on_its_way_does_not_get_its_name() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shop.dump");
    fs::write(&path, "yesterday's")?;
    // As a disk does that tells lies.
    let damages: [fn(&mut File) -> std::io::Result<()>; 2] = [
        |file| {
            let middle = file.metadata()?.len() / 2;
            file.seek(SeekFrom::Start(middle))?;
            file.write_all(&[0xa5; 64])
        },
        |file| file.set_len(file.metadata()?.len() - 3),
    ];
    for damage in damages {
        let place = folder.path().to_owned();
        let dump = dump(&database)?.verify(true).watch(move |event| {
            if event == Event::Verifying {
                let path = partial(&place).expect("the file is there");
                let file = File::options().write(true).open(path);
                file.and_then(|mut file| damage(&mut file))
                    .expect("it can be written to");
            }
        });
        let error = block_on(dump.to_file(&path))?
            .err()
            .context("it was damaged")?;
        ensure!(matches!(error, Error::Verify(_)), "{error:?}");
        ensure!(error.kind() == ErrorKind::Output);
        ensure!(fs::read(&path)? == b"yesterday's");
        ensure!(partial(folder.path()).is_none(), "nothing is left behind");
    }
    Ok(())
}

#[test]
fn another_archive_in_its_place_is_noticed() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    let other = folder.path().join("other.dump");
    block_on(dump(&database)?.exclude_table_data("item").to_file(&other))??;
    let place = folder.path().to_owned();
    let path = folder.path().join("shop.dump");
    let dump = dump(&database)?.verify(true).watch(move |event| {
        if event == Event::Verifying {
            let path = partial(&place).expect("the file is there");
            fs::copy(place.join("other.dump"), path).expect("it can be written to");
        }
    });
    let error = block_on(dump.to_file(&path))?
        .err()
        .context("it was another")?;
    ensure!(matches!(error, Error::Miscounted { .. }), "{error:?}");
    ensure!(!path.exists());
    Ok(())
}

#[test]
fn a_sound_file_is_verified_and_kept() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shop.dump");
    let mut dump = dump(&database)?.verify(true);
    let mut events = dump.events();
    let report = block_on(dump.to_file(&path))??;
    let mut verified = false;
    block_on(async {
        while let Some(event) = events.next().await {
            verified |= event == Event::Verifying;
        }
    })?;
    ensure!(verified);
    let mut reader = pgdumprs::archive::Reader::open_path(&path)?;
    let found = reader.verify()?;
    ensure!(found.rows() == report.rows && found.archive_bytes == report.archive_bytes);
    Ok(())
}

#[test]
fn what_is_no_file_is_not_verified() -> Result<()> {
    let database = shop()?;
    let error = block_on(dump(&database)?.verify(true).to_writer(tokio::io::sink()))?;
    ensure!(matches!(error, Err(Error::VerifyNeedsFile)));
    let error = block_on(dump(&database)?.verify(true).to_file("/dev/null"))?;
    ensure!(matches!(error, Err(Error::VerifyNeedsFile)));
    Ok(())
}
