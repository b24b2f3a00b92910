//! Random schemas, restored by a role that owns its database and nothing else: into a server of the same major, and into an older one.

use std::ops::RangeInclusive;

use anyhow::{Context, Result, ensure};
use pgdumprs_script::Options;
use pgdumprs_testkit::random::{create_roles, random_schema};
use pgdumprs_testkit::{Major, Server};

use crate::case::{Case, dump};

/// Seeds where many are asked for.
const SEEDS: RangeInclusive<u64> = 1..=30;

/// One seed, or many where `PGDUMPRS_SCALE=1` asks for them; `PGDUMPRS_SEED=n` runs that one.
#[test]
fn what_a_plan_says_of_random_schemas_comes_true() -> Result<()> {
    let named = std::env::var("PGDUMPRS_SEED").ok();
    let seeds = match named {
        Some(seed) => {
            let seed = seed.parse()?;
            seed..=seed
        }
        None if std::env::var_os("PGDUMPRS_SCALE").is_some() => SEEDS,
        None => 1..=1,
    };
    let (newer, older) = (Server::get(Major::REFERENCE), Server::get(Major::V15));
    for server in [&newer, &older] {
        create_roles(server)?;
    }
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    let mut wrong = Vec::new();
    for seed in seeds {
        let source = newer.database();
        source.load_steps(&random_schema(seed, newer.major()))?;
        dump(&source, &archive)?;
        // Stock does not quote some names that need it, and some rows break constraints when they come in.
        let everything = source.empty_sibling()?;
        let by_superuser = Case {
            archive: archive.clone(),
            target: &everything,
            role: "postgres",
            options: Options::default(),
            arguments: &[],
        };
        let faulty = by_superuser.failures()?;
        for server in [&newer, &older] {
            let owner = server.role("LOGIN IN ROLE rnd_owner");
            let target = server.database();
            target.execute_sql(format!("ALTER DATABASE {} OWNER TO {owner}", target.name()));
            let case = Case {
                archive: archive.clone(),
                target: &target,
                role: &owner,
                options: Options::default(),
                arguments: &[],
            };
            let checked = case
                .check_but(&faulty)
                .with_context(|| format!("seed {seed} into {}", server.major()));
            if let Err(error) = checked {
                wrong.push(format!("{error:#}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}
