//! A restore that is planned by us and carried out by stock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bstr::BString;
use pgdumprs_archive::Reader;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_plan::{Obstacle, Plan, Target, Verdict};
use pgdumprs_script::{Options, Script};
use pgdumprs_testkit::{Database, Server, checked_output, reference_pg_dump, reference_pg_restore};
use tempfile::TempDir;

/// The role that makes a restore, and what it restores.
pub(crate) struct Case<'a> {
    pub(crate) archive: PathBuf,
    pub(crate) target: &'a Database,
    pub(crate) role: &'a str,
    pub(crate) options: Options,
    /// The options, as pg_restore has them.
    pub(crate) arguments: &'a [&'a str],
}

/// A database with something of everything, and its archive.
pub(crate) struct Source {
    folder: TempDir,
    pub(crate) boss: String,
    pub(crate) reader: String,
}

impl Source {
    /// Of what SQL makes, in which `<boss>` and `<reader>` are two roles.
    pub(crate) fn new(server: &Server, sql: &str) -> Result<Source> {
        let source = Source {
            folder: tempfile::tempdir()?,
            boss: server.role("NOLOGIN"),
            reader: server.role("NOLOGIN"),
        };
        let database = server.database();
        let sql = sql.replace("<boss>", &source.boss);
        database.execute_sql(sql.replace("<reader>", &source.reader));
        dump(&database, &source.archive())?;
        Ok(source)
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("a.dump")
    }

    pub(crate) fn case<'a>(
        &self,
        target: &'a Database,
        role: &'a str,
        options: Options,
        arguments: &'a [&'a str],
    ) -> Case<'a> {
        Case {
            archive: self.archive(),
            target,
            role,
            options,
            arguments,
        }
    }
}

/// Has stock dump a database.
pub(crate) fn dump(database: &Database, archive: &Path) -> Result<()> {
    let mut pg_dump = reference_pg_dump();
    pg_dump.args(["-Fc", "-d", &database.conninfo(), "-f"]);
    checked_output(pg_dump.arg(archive))?;
    Ok(())
}

impl Case<'_> {
    /// Makes a plan.
    pub(crate) fn plan(&self) -> Result<(Plan, Script)> {
        let reader = Reader::open_path(&self.archive)?;
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
    pub(crate) fn check(&self) -> Result<Plan> {
        self.check_but(&BTreeSet::new())
    }

    /// Entries that stock fails to restore, by their dump ids.
    pub(crate) fn failures(&self) -> Result<BTreeSet<i32>> {
        let (failed, _) = self.failed_entries(&self.conninfo())?;
        Ok(failed.into_keys().collect())
    }

    /// As `check`, but of some entries nobody has to foretell that they fail, whatever the target is.
    pub(crate) fn check_but(&self, faulty: &BTreeSet<i32>) -> Result<Plan> {
        let (plan, script) = self.plan()?;
        let (failed, is_warned) = self.failed_entries(&self.conninfo())?;
        let exists = |entry: usize| {
            let needed = plan.items.iter().find(|item| item.entry == entry);
            matches!(needed.map(|item| &item.verdict), Some(Verdict::Impossible(obstacles))
                if obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::Exists { .. })))
        };
        let wrong = plan.items.iter().filter_map(|item| {
            let entry = &script.entries()[item.entry];
            let has_failed = failed.contains_key(&entry.dump_id);
            let is_right = match &item.verdict {
                // Whose rights a query takes, and whether policies hide rows from it, is not looked at.
                Verdict::Done | Verdict::Adapted => {
                    !has_failed
                        || faulty.contains(&entry.dump_id)
                        || entry.descriptor == "MATERIALIZED VIEW DATA"
                }
                // Stock does not count it as an error that privileges were not granted, or that an extension is there.
                Verdict::Impossible(obstacles) => {
                    let is_passed_over = |obstacle: &Obstacle| {
                        is_warned && is_about_others(obstacle)
                            || matches!(obstacle, Obstacle::ExtensionElsewhere { .. })
                    };
                    has_failed || obstacles.iter().all(is_passed_over)
                }
                // It acts on what has been there under that name, if that was what is in the way.
                Verdict::HangsOn { entry } => has_failed || exists(*entry),
            };
            let (dump_id, label) = (entry.dump_id, entry.label());
            let said = failed.get(&dump_id);
            let needed = match &item.verdict {
                Verdict::HangsOn { entry } => script.entries()[*entry].label(),
                _ => BString::default(),
            };
            (!is_right).then(|| {
                format!(
                    "{dump_id} {label}: {:?} {needed}, but {said:?}",
                    item.verdict
                )
            })
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

    /// The entries at which stock meets an error, with the first line of it, and whether the server warned of privileges that it did not grant or take.
    fn failed_entries(&self, conninfo: &str) -> Result<(BTreeMap<i32, String>, bool)> {
        let mut pg_restore = reference_pg_restore();
        // Only then it says which entries they are.
        pg_restore.args(["-v", "-d", conninfo]).args(self.arguments);
        let output = pg_restore.arg(&self.archive).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let mut failed: BTreeMap<i32, String> = BTreeMap::new();
        let mut lines = said.lines();
        while let Some(line) = lines.next() {
            if let Some(rest) = line.strip_prefix("pg_restore: from TOC entry ") {
                let number = rest.split(';').next().unwrap_or_default();
                let number = number.parse().with_context(|| rest.to_owned())?;
                failed.insert(number, lines.next().unwrap_or_default().to_owned());
            }
        }
        Ok((failed, said.contains("WARNING:  no privileges ")))
    }
}

/// Whether what is in the way is that something belongs to somebody else.
fn is_about_others(obstacle: &Obstacle) -> bool {
    matches!(
        obstacle,
        Obstacle::ForeignSchema { .. }
            | Obstacle::ForeignObject { .. }
            | Obstacle::NotInherited { .. }
            | Obstacle::NeedsSuperuser {
                what: "change privileges on what belongs to the system"
            }
    )
}
