//! What is restored is what was dumped.

use anyhow::{Context, ensure};
use pgdumprs_testkit::compare::stock_archive;
use pgdumprs_testkit::{Major, fixture_files, fixtures_dir, for_each_major};

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
