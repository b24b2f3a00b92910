//! What is restored is what was dumped.

use anyhow::{Context, ensure};
use pgdumprs::{Restore, RestoreEnd, RestoreOptions};
use pgdumprs_testkit::compare::{compare_copy, stock_archive};
use pgdumprs_testkit::{Major, Server, fixture_files, fixtures_dir, for_each_major};

use super::{ALL_WAYS, Way, compare, dump};

#[test]
fn the_sample_database_by_stock_and_by_us() {
    for_each_major(|server| {
        let source = server.database();
        source.load_fixture("logistics")?;
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("archive.dump");
        stock_archive(&source, &archive, &[]).context("stock's archive")?;
        compare(&source, &archive, ALL_WAYS).context("stock's archive")?;
        dump(&source, &archive)?;
        compare(&source, &archive, ALL_WAYS).context("our archive")
    });
}

/// Files whose objects no archive, stock's included, brings back as they were.
const NOT_RESTORED_ALIKE: &[&str] = &[
    "inheritance_column_order",
    "partition_hash_enum",
    "security_label",
];

/// All kinds of objects, each file in a database of its own. By default that is done on the newest major.
#[test]
fn each_kind_of_object() {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    for_each_major(|server| {
        let major = server.major();
        if major != Major::REFERENCE && !is_thorough {
            return Ok(());
        }
        server
            .database()
            .load_file(&fixtures_dir().join("kinds/00_roles.sql"))?;
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("archive.dump");
        let mut failures = Vec::new();
        for file in fixture_files("kinds", major)? {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            if name == "00_roles" || NOT_RESTORED_ALIKE.contains(&&*name) {
                continue;
            }
            let source = server.database();
            source.load_file(&file)?;
            dump(&source, &archive)?;
            let ways = match is_thorough {
                true => &[
                    Way {
                        jobs: 1,
                        shares: false,
                    },
                    Way {
                        jobs: 4,
                        shares: true,
                    },
                ][..],
                false => &[Way {
                    jobs: 2,
                    shares: true,
                }],
            };
            if let Err(error) = compare(&source, &archive, ways) {
                failures.push(format!("{name}: {error:#}"));
            }
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        Ok(())
    });
}

/// Statements in the place of rows, an archive from a pipe, archives in other formats, and the database itself.
#[test]
fn archives_of_all_sorts() -> anyhow::Result<()> {
    let source = Server::get(Major::REFERENCE).database();
    source.load_fixture("logistics")?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let sorts: [(&str, &[&str]); 6] = [
        ("inserts", &["--inserts"]),
        ("rows", &["--rows-per-insert=7", "--column-inserts"]),
        ("folder", &["-Fd"]),
        ("folder-lz4", &["-Fd", "--compress=lz4"]),
        ("tar", &["-Ft"]),
        ("plain", &["--compress=none"]),
    ];
    for (name, arguments) in sorts {
        stock_archive(&source, &path(name), arguments).context(name)?;
        compare(&source, &path(name), &ALL_WAYS[2..]).context(name)?;
    }
    dump(&source, &path("ours"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let target = source.empty_sibling()?;
    let restore = Restore::new(&target.conninfo())?;
    let report = runtime.block_on(restore.from_std_reader(std::fs::File::open(path("ours"))?))?;
    ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
    let comparison = compare_copy(&source, &target, "from a pipe")?;
    ensure!(comparison.is_same(), "{comparison}");

    // The copy stands for what the source was.
    let options = RestoreOptions {
        create: true,
        clean: true,
        if_exists: true,
        ..RestoreOptions::default()
    };
    for jobs in [1, 3] {
        let restore = Restore::new(&source.server().conninfo("postgres"))?;
        let restore = restore.options(options.clone()).jobs(jobs);
        let report = runtime.block_on(restore.from_file(path("ours")))?;
        ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
        let comparison = compare_copy(&target, &source, "created again")?;
        ensure!(comparison.is_same(), "{comparison}");
    }
    Ok(())
}
