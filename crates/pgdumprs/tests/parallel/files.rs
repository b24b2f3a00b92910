//! Folders and tar files: what stock puts into them, put together from the parts that many connections read.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use pgdumprs::{ArchiveVersion, Compression, CreationTime, Dump, Inserts, Plain, Report};
use pgdumprs_testkit::compare::{Restore, compare_archives, compare_restored};
use pgdumprs_testkit::{
    Database, Major, Server, checked_output, for_each_major_at_scale, reference_pg_dump, tool,
    try_tool,
};

use crate::{METHODS, PART, database};

/// A database with large objects, of which most are gone: one by one they take long.
fn smaller(server: &Server) -> Database {
    let database = database(server);
    database.execute_sql(
        "SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid::bigint % 20 <> 0",
    );
    database
}

fn dump(database: &Database, change: impl FnOnce(Dump) -> Dump) -> Result<Dump> {
    let dump = Dump::new(&database.conninfo())?.jobs(4).part_bytes(PART);
    Ok(change(dump.verify(true)))
}

fn to_directory(database: &Database, path: &Path, compression: Compression) -> Result<Report> {
    let dump = dump(database, |dump| dump.compression(compression))?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime
        .block_on(dump.to_directory(path))
        .context("dumping with pgdumprs")
}

fn stock(database: &Database, format: &str, path: &Path) -> Result<()> {
    let mut command = reference_pg_dump();
    command.args([format, "-d", &database.conninfo(), "-f"]);
    checked_output(command.arg(path)).map(drop)
}

#[test]
fn folders_hold_what_stock_puts_there() {
    for_each_major_at_scale(|server| {
        let database = database(server);
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        stock(&database, "-Fd", &path("stock"))?;
        for method in METHODS {
            let ours = path(&format!("ours {method:?}"));
            let dump = dump(&database, |dump| {
                dump.compression(method)
                    .archive_version(ArchiveVersion::V1_16)
            })?;
            tokio::runtime::Runtime::new()?.block_on(dump.to_directory(&ours))?;
            let comparison = compare_archives(&path("stock"), &ours)?;
            ensure!(comparison.is_same(), "{method:?}\n{comparison}");
        }
        Ok(())
    });
}

#[test]
fn tar_files_hold_what_stock_puts_there() {
    for_each_major_at_scale(|server| {
        let database = database(server);
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        stock(&database, "-Ft", &path("stock.tar"))?;
        let dump = dump(&database, |dump| {
            dump.tar(Plain::default())
                .archive_version(ArchiveVersion::V1_16)
        })?;
        tokio::runtime::Runtime::new()?.block_on(dump.to_file(path("ours.tar")))?;
        let comparison = compare_archives(&path("stock.tar"), &path("ours.tar"))?;
        ensure!(comparison.is_same(), "{comparison}");
        let members = |name| {
            let output = checked_output(Command::new("tar").arg("-tf").arg(path(name)))?;
            Ok::<_, anyhow::Error>(output.stdout.lines().count())
        };
        ensure!(members("stock.tar")? == members("ours.tar")?);
        Ok(())
    });
}

#[test]
fn stock_restores_folders_and_tar_files() {
    for_each_major_at_scale(|server| {
        let database = smaller(server);
        let folder = tempfile::tempdir()?;
        for method in METHODS {
            // pg_restore before 16 knows neither lz4 nor zstd.
            if method.oldest_version() > ArchiveVersion::V1_14 && server.major().number() < 16 {
                continue;
            }
            let path = folder.path().join(format!("{method:?}"));
            to_directory(&database, &path, method)?;
            let comparison = compare_restored(&database, &path, &[Restore::Parallel])?;
            ensure!(comparison.is_same(), "{method:?}\n{comparison}");
        }
        let path = folder.path().join("a.tar");
        let dump = dump(&database, |dump| dump.tar(Plain::default()))?;
        tokio::runtime::Runtime::new()?.block_on(dump.to_file(&path))?;
        let comparison = compare_restored(&database, &path, &[Restore::Serial])?;
        ensure!(comparison.is_same(), "{comparison}");
        Ok(())
    });
}

/// Files that were compressed apart are one file to every `pg_restore` that knows the compression.
#[test]
fn every_major_reads_all_of_a_file() -> Result<()> {
    let database = smaller(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let custom = dump(&database, |dump| dump)?;
    tokio::runtime::Runtime::new()?.block_on(custom.to_file(path("custom.dump")))?;
    let tar = dump(&database, |dump| dump.tar(Plain::default()))?;
    tokio::runtime::Runtime::new()?.block_on(tar.to_file(path("a.tar")))?;
    for method in METHODS {
        to_directory(&database, &path(&format!("{method:?}")), method)?;
    }
    for major in Major::ALL {
        let Ok(mut tool) = try_tool(major, "pg_restore") else {
            continue;
        };
        let data = |command: &mut Command, name: &str| -> Result<Vec<u8>> {
            let mut command = Command::new(command.get_program());
            let output = checked_output(command.args(["-a", "-f", "-"]).arg(path(name)))
                .with_context(|| format!("pg_restore {major} of {name}"))?;
            let lines = output.stdout.split_inclusive(|byte| *byte == b'\n');
            // A key is another each time.
            let lines = lines.filter(|line| !line.contains_str("restrict "));
            Ok(lines.collect::<Vec<_>>().concat())
        };
        let expected = data(&mut tool, "custom.dump")?;
        ensure!(expected.len() > 1_000_000, "{}", expected.len());
        ensure!(data(&mut tool, "a.tar")? == expected, "{major}: tar");
        for method in METHODS {
            // 16 knows the other methods, but its tools to be had were built without them.
            if method.oldest_version() > ArchiveVersion::V1_14 && major < Major::V17 {
                continue;
            }
            let read = data(&mut tool, &format!("{method:?}"))?;
            ensure!(read == expected, "{major}: {method:?}");
        }
    }
    Ok(())
}

/// The script within a tar file makes the database anew, rows and large objects included, where it is told where the files are.
#[test]
fn the_script_of_a_tar_file_restores_it() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let database = smaller(&server);
    let content = || -> Result<Vec<Vec<u8>>> {
        let mut command = reference_pg_dump();
        command.args(["--restrict-key=k", "-d", &database.conninfo()]);
        let lines = checked_output(&mut command)?.stdout;
        let lines = lines.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        Ok(lines)
    };
    let before = content()?;
    for inserts in [false, true] {
        let folder = tempfile::tempdir()?;
        // The server runs as another user.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let tar = folder.path().join("a.tar");
        let dump = dump(&database, |dump| {
            let dump = dump.tar(Plain::default());
            if inserts {
                dump.inserts(Inserts::default())
            } else {
                dump
            }
        })?;
        tokio::runtime::Runtime::new()?.block_on(dump.to_file(&tar))?;
        let mut unpack = Command::new("tar");
        unpack.args(["-xf", "a.tar", "--no-same-owner"]);
        checked_output(unpack.current_dir(folder.path()))?;
        for file in fs::read_dir(folder.path())? {
            fs::set_permissions(file?.path(), Permissions::from_mode(0o644))?;
        }
        let script = folder.path().join("restore.sql");
        let path = folder.path().to_str().context("the folder's name")?;
        fs::write(&script, fs::read(&script)?.replace("$$PATH$$", path))?;
        let mut psql = tool(Major::REFERENCE, "psql");
        psql.args(["-qX", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(server.conninfo("postgres"));
        checked_output(psql.arg("-f").arg(&script))?;
        ensure!(content()? == before, "inserts: {inserts}");
    }
    Ok(())
}

/// As in one file, what is in the files is decided by the plan, and not by who reads when.
#[test]
fn files_are_the_same_whatever_the_number_of_connections() -> Result<()> {
    let database = smaller(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir()?;
    let files = |jobs| -> Result<BTreeMap<OsString, Vec<u8>>> {
        let path = folder.path().join(format!("{jobs}"));
        let dump = dump(&database, |dump| {
            dump.jobs(jobs).created(CreationTime::default())
        })?;
        tokio::runtime::Runtime::new()?.block_on(dump.to_directory(&path))?;
        let files = fs::read_dir(&path)?;
        let files = files.map(|file| {
            let file = file?;
            Ok((file.file_name(), fs::read(file.path())?))
        });
        files.collect()
    };
    let one = files(1)?;
    ensure!(one.len() > 100 && files(8)? == one);
    Ok(())
}
