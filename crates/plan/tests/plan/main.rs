//! What a plan says comes true, entry by entry: stock's pg_restore meets errors where it says so, and nowhere else.

mod case;
mod encodings;
mod owners;
mod random;

use anyhow::{Result, ensure};
use pgdumprs_plan::Obstacle;
use pgdumprs_script::Options;
use pgdumprs_testkit::{Major, Server, for_each_major};

use case::Source;

/// Something of everything that a server may refuse.
const EVERYTHING: &str = include_str!("source.sql");

/// By default on the oldest major, the newest, and the first that knows who may become which role.
#[test]
fn what_a_plan_says_comes_true() {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    for_each_major(|server| -> Result<()> {
        let is_milestone = matches!(server.major(), Major::V13 | Major::V16 | Major::V19);
        if !is_milestone && !is_thorough {
            return Ok(());
        }
        let source = Source::new(server, EVERYTHING)?;
        let owner = server.role("LOGIN");
        let owned = || {
            let target = server.database();
            target.execute_sql(format!("ALTER DATABASE {} OWNER TO {owner}", target.name()));
            target
        };
        // A superuser, into an empty database: nothing is in the way.
        let target = server.database();
        let everything = source.case(&target, "postgres", Options::default(), &[]);
        let plan = everything.check()?;
        ensure!(plan.is_possible(), "{plan:?}");
        // 17 brought it.
        let unknown = Obstacle::UnknownSetting {
            setting: "transaction_timeout".into(),
        };
        let is_told = plan.settings == [unknown];
        ensure!(
            is_told == (server.major() < Major::V17),
            "{:?}",
            plan.settings
        );
        // Once more: all is there, and stays.
        let plan = everything.check()?;
        let all_exist =
            |(obstacle, _): &(&Obstacle, _)| matches!(obstacle, Obstacle::Exists { .. });
        ensure!(!plan.is_possible(), "{plan:?}");
        ensure!(plan.obstacles().iter().any(all_exist), "{plan:?}");
        // And in the place of what is there.
        let clean = Options {
            clean: true,
            if_exists: true,
            ..Options::default()
        };
        let plan = source
            .case(&target, "postgres", clean, &["-c", "--if-exists"])
            .check()?;
        ensure!(plan.is_possible(), "{plan:?}");

        // Where there is nothing to be dropped, that fails, and nothing else.
        let bold = Options {
            clean: true,
            ..Options::default()
        };
        let plan = source
            .case(&server.database(), "postgres", bold, &["-c"])
            .check()?;
        let is_missing =
            |(obstacle, _): &(&Obstacle, _)| matches!(obstacle, Obstacle::NotThere { .. });
        ensure!(plan.obstacles().iter().all(is_missing), "{plan:?}");

        // An extension is there, but not where the archive looks for what it makes.
        let target = server.database();
        target.execute_sql("CREATE EXTENSION citext SCHEMA public");
        let plan = source
            .case(&target, "postgres", Options::default(), &[])
            .check()?;
        let is_elsewhere = |(obstacle, _): &(&Obstacle, _)| {
            matches!(obstacle, Obstacle::ExtensionElsewhere { .. })
        };
        ensure!(plan.obstacles().iter().all(is_elsewhere), "{plan:?}");
        ensure!(!plan.is_possible(), "{plan:?}");

        // A role that owns the database and nothing else.
        source
            .case(&owned(), &owner, Options::default(), &[])
            .check()?;
        let own = Options {
            no_owner: true,
            no_privileges: true,
            ..Options::default()
        };
        source.case(&owned(), &owner, own, &["-O", "-x"]).check()?;
        // Only rows, where no tables are.
        let rows = Options {
            data_only: true,
            ..Options::default()
        };
        source.case(&owned(), &owner, rows, &["-a"]).check()?;
        // A superuser who acts as that role.
        let act = |role: &str| Options {
            role: Some(role.into()),
            ..Options::default()
        };
        let target = owned();
        source
            .case(&target, "postgres", act(&owner), &["--role", &owner])
            .check()?;
        // And a role that may act as a superuser.
        let deputy = server.role("LOGIN");
        let target = server.database();
        target.execute_sql(format!("GRANT postgres TO {deputy}"));
        let plan = source
            .case(&target, &deputy, act("postgres"), &["--role", "postgres"])
            .check()?;
        ensure!(plan.is_possible(), "{plan:?}");
        // A role that may make nothing at all.
        let stranger = server.role("LOGIN");
        source
            .case(&server.database(), &stranger, Options::default(), &[])
            .check()?;
        Ok(())
    });
}

/// On a server that has none of the roles.
#[test]
fn missing_roles_are_told() -> Result<()> {
    let source = Source::new(&Server::get(Major::V17), EVERYTHING)?;
    let elsewhere = Server::builder(Major::V17).start()?;
    let target = elsewhere.database();
    let plan = source
        .case(&target, "postgres", Options::default(), &[])
        .check()?;
    let said: Vec<_> = plan
        .obstacles()
        .iter()
        .map(|(obstacle, entries)| format!("{obstacle} ({}): {}", entries.len(), obstacle.cure()))
        .collect();
    let [boss, reader] = [&source.boss, &source.reader];
    for expected in [
        format!(
            "the server has no role \"{boss}\", which is the owner (2): --map-role, --missing-roles or --no-owner"
        ),
        format!(
            "the server has no role \"{reader}\", which a policy is for (1): --map-role, --missing-roles or --no-policies"
        ),
        format!(
            "the server has no role \"{reader}\", which privileges are about (3): --map-role, --missing-roles or --no-privileges"
        ),
    ] {
        ensure!(said.contains(&expected), "no {expected:?} in {said:#?}");
    }
    Ok(())
}

/// Into a database that the restore makes, what the one that is asked has in it does not matter.
#[test]
fn a_database_of_its_own_has_nothing_in_the_way() -> Result<()> {
    let source = Source::new(&Server::get(Major::V17), EVERYTHING)?;
    let elsewhere = Server::builder(Major::V17).start()?;
    let target = elsewhere.database();
    target.execute_sql(format!(
        "CREATE ROLE {}; CREATE ROLE {}; CREATE SCHEMA app; CREATE TABLE app.item ()",
        source.boss, source.reader
    ));
    let options = Options {
        create: true,
        ..Options::default()
    };
    let (plan, _) = source.case(&target, "postgres", options, &["-C"]).plan()?;
    ensure!(plan.is_possible(), "{plan:?}");
    Ok(())
}
