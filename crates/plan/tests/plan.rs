//! What a plan says comes true, entry by entry: stock's pg_restore meets errors where it says so, and nowhere else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use pgdumprs_archive::Reader;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_plan::{Obstacle, Plan, Target, Verdict};
use pgdumprs_script::{Options, Script};
use pgdumprs_testkit::{
    Database, Major, Server, checked_output, for_each_major, reference_pg_dump,
    reference_pg_restore,
};
use tempfile::TempDir;

/// The role that makes a restore, and what it restores.
struct Case<'a> {
    archive: &'a Path,
    target: &'a Database,
    role: &'a str,
    options: Options,
    /// The options, as pg_restore has them.
    arguments: &'a [&'a str],
}

/// By default on the oldest major, the newest, and the first that knows who may become which role.
#[test]
fn what_a_plan_says_comes_true() {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    for_each_major(|server| -> Result<()> {
        let is_milestone = matches!(server.major(), Major::V13 | Major::V16 | Major::V19);
        if !is_milestone && !is_thorough {
            return Ok(());
        }
        let source = Source::new(server)?;
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
    let source = Source::new(&Server::get(Major::V17))?;
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
    let source = Source::new(&Server::get(Major::V17))?;
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

/// A database with something of everything, and its archive.
struct Source {
    _folder: TempDir,
    archive: PathBuf,
    boss: String,
    reader: String,
}

impl Source {
    fn new(server: &Server) -> Result<Source> {
        let (boss, reader) = (server.role("NOLOGIN"), server.role("NOLOGIN"));
        let database = server.database();
        let sql = include_str!("source.sql").replace("<boss>", &boss);
        let sql = sql.replace("<reader>", &reader);
        database.execute_sql(sql);
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("a.dump");
        let mut pg_dump = reference_pg_dump();
        pg_dump
            .args(["-Fc", "-d", &database.conninfo(), "-f"])
            .arg(&archive);
        checked_output(&mut pg_dump)?;
        Ok(Source {
            _folder: folder,
            archive,
            boss,
            reader,
        })
    }
}

impl Source {
    fn case<'a>(
        &'a self,
        target: &'a Database,
        role: &'a str,
        options: Options,
        arguments: &'a [&'a str],
    ) -> Case<'a> {
        Case {
            archive: &self.archive,
            target,
            role,
            options,
            arguments,
        }
    }
}

impl Case<'_> {
    /// Makes a plan.
    fn plan(&self) -> Result<(Plan, Script)> {
        let reader = Reader::open_path(self.archive)?;
        let script = Script::new(reader.header(), reader.entries(), &self.options)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let found = runtime.block_on(async {
            let params = ConnectParams::parse(&self.conninfo())?;
            let mut session = Session::connect(&params).await?;
            let target = Target::read(&mut session, &script).await;
            session.close().await;
            anyhow::Ok(target?)
        })?;
        Ok((Plan::new(&script, &found), script))
    }

    fn conninfo(&self) -> String {
        format!("{} user={}", self.target.conninfo(), self.role)
    }

    /// Makes a plan, has stock restore, and compares.
    fn check(&self) -> Result<Plan> {
        let (plan, script) = self.plan()?;
        let (failed, is_warned) = self.failed_entries(&self.conninfo())?;
        let exists = |entry: usize| {
            let needed = plan.items.iter().find(|item| item.entry == entry);
            matches!(needed.map(|item| &item.verdict), Some(Verdict::Impossible(obstacles))
                if obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::Exists { .. })))
        };
        let wrong = plan.items.iter().filter_map(|item| {
            let entry = &script.entries()[item.entry];
            let has_failed = failed.contains(&entry.dump_id);
            let is_right = match &item.verdict {
                Verdict::Done | Verdict::Adapted => !has_failed,
                // Stock does not count it as an error that privileges were not granted.
                Verdict::Impossible(obstacles) => {
                    has_failed || is_warned && obstacles.iter().all(is_about_others)
                }
                // It acts on what has been there under that name, if that was what is in the way.
                Verdict::HangsOn { entry } => has_failed || exists(*entry),
            };
            let (dump_id, label) = (entry.dump_id, entry.label());
            (!is_right).then(|| format!("{dump_id} {label}: {:?}", item.verdict))
        });
        let wrong: Vec<_> = wrong.collect();
        ensure!(
            wrong.is_empty(),
            "as {} by {:?}:\n{}",
            self.role,
            self.arguments,
            wrong.join("\n")
        );
        Ok(plan)
    }

    /// The entries at which stock meets an error, and whether the server warned of privileges that it did not grant or take.
    fn failed_entries(&self, conninfo: &str) -> Result<(BTreeSet<i32>, bool)> {
        let mut pg_restore = reference_pg_restore();
        // Only then it says which entries they are.
        pg_restore.args(["-v", "-d", conninfo]).args(self.arguments);
        let output = pg_restore.arg(self.archive).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let entries = said
            .lines()
            .filter_map(|line| line.strip_prefix("pg_restore: from TOC entry "));
        let entries = entries.map(|rest| {
            let number = rest.split(';').next().unwrap_or_default();
            number.parse().with_context(|| rest.to_owned())
        });
        let entries: Result<BTreeSet<i32>> = entries.collect();
        Ok((entries?, said.contains("WARNING:  no privileges ")))
    }
}

/// Whether what is in the way is that something belongs to somebody else.
fn is_about_others(obstacle: &Obstacle) -> bool {
    matches!(
        obstacle,
        Obstacle::ForeignSchema { .. } | Obstacle::ForeignObject { .. }
    )
}
