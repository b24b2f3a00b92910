//! Both sides of a restore, each into an empty database.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use pgdumprs_testkit::{
    Database, Major, Server, checked_output, reference_pg_dump, reference_pg_restore,
};

use super::contest::{Ground, clean};
use super::database::Kind;
use super::measure::{self, Cost};
use super::scenario::{Restored, Scenario};

/// What a restored database must have as its source has it: objects, and rows of each table.
const CONTENT: &str = "
    SELECT 'relations', count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'constraints', count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'functions', count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'types', count(*) FROM pg_type WHERE typnamespace = 'public'::regnamespace
    UNION ALL SELECT 'triggers', count(*) FROM pg_trigger
    UNION ALL SELECT 'comments', count(*) FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid >= 16384
    ORDER BY 1";
const ROWS: &str = "
    SELECT relname, (xpath('//n/text()', query_to_xml(format('SELECT count(*) AS n FROM ONLY public.%I', relname), false, true, '')))[1]
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname";

/// What is restored in the comparisons.
#[derive(Default)]
pub(super) struct Archives {
    made: BTreeMap<(Kind, bool), Made>,
}

struct Made {
    path: PathBuf,
    /// What a restored database has.
    content: String,
}

impl Archives {
    /// Stock's archive of a database, made when it is first asked for.
    fn of(
        &mut self,
        ground: &Ground,
        kind: Kind,
        database: &Database,
        schema_only: bool,
    ) -> Result<&Made> {
        let entry = match self.made.entry((kind, schema_only)) {
            Entry::Occupied(made) => return Ok(made.into_mut()),
            Entry::Vacant(entry) => entry,
        };
        let name = format!("{kind:?}-{schema_only}.dump");
        let path = ground.folder.path().join(name);
        let mut dump = reference_pg_dump();
        dump.args(["-Fc", "-d", &database.conninfo(), "-f"])
            .arg(&path);
        checked_output(if schema_only {
            dump.arg("-s")
        } else {
            &mut dump
        })?;
        let content = content(database, schema_only);
        Ok(entry.insert(Made { path, content }))
    }
}

/// A server like the others', but one whose commits are on disk when it says so.
pub(super) fn durable_server() -> Result<Server> {
    Server::builder(Major::V17)
        .on_disk()
        .setting("fsync", "on")
        .setting("synchronous_commit", "on")
        .setting("full_page_writes", "on")
        .setting("max_locks_per_transaction", "1000")
        .setting("shared_buffers", "1GB")
        .setting("max_wal_size", "8GB")
        .start()
}

/// Restores `source` by ours or by stock, and makes sure that all of it is there.
pub(super) fn run(
    ground: &mut Ground,
    scenario: &Scenario,
    restored: &Restored,
    source: &Database,
    ours: bool,
) -> Result<Cost> {
    if restored.durable && ground.durable.is_none() {
        ground.durable = Some(durable_server()?);
    }
    let mut archives = std::mem::take(&mut ground.archives);
    let made = archives.of(ground, scenario.database, source, restored.schema_only)?;
    let server = match &ground.durable {
        Some(durable) if restored.durable => durable,
        _ => &ground.server,
    };
    let target = server.database();
    let conninfo = if scenario.far {
        ground.link.conninfo(target.name())
    } else {
        target.conninfo()
    };
    let mut command = if ours {
        let mut command = clean(&ground.pgdumprs);
        command.arg("restore").args(scenario.ours);
        command
    } else {
        let mut command = reference_pg_restore();
        command.args(restored.stock);
        command
    };
    command.args(["-d", &conninfo]);
    if restored.piped {
        command = behind_cat(&command, &made.path);
    } else {
        command.arg(&made.path);
    }
    let cost = measure::run(&mut [command], None, &[measure::postmaster(server)?])?;
    let found = content(&target, restored.schema_only);
    ensure!(
        found == made.content,
        "{}: the restored database has not what its source has:\n{found}\nrather than\n{}",
        scenario.name,
        made.content
    );
    if restored.schema_only {
        ground.kept.push(target);
    } else {
        drop(target);
    }
    // What the next run would have to write back is written now.
    server.database().try_execute_sql("CHECKPOINT")?;
    ground.archives = archives;
    Ok(cost)
}

/// What a database has: objects and, unless it is there without them, rows of each table.
pub(super) fn content(database: &Database, schema_only: bool) -> String {
    let mut content = database.psql(CONTENT);
    if !schema_only {
        content.push('\n');
        content.push_str(&database.psql(ROWS));
    }
    content
}

/// The command with the archive coming through a pipe.
fn behind_cat(command: &Command, archive: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "archive=$1; shift; cat \"$archive\" | \"$@\"", "sh"]);
    shell.arg(archive).arg(command.get_program());
    shell.args(command.get_args().map(OsString::from));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// Both command lines, as a reader would type them.
pub(super) fn command_lines(scenario: &Scenario, restored: &Restored) -> (String, String) {
    let server = if scenario.far { "\"$FAR\"" } else { "\"$DB\"" };
    let line = |program: &str, arguments: &[&str]| {
        let arguments: String = arguments.iter().map(|one| format!(" {one}")).collect();
        match restored.piped {
            true => format!("cat db.dump | {program}{arguments} -d {server}"),
            false => format!("{program}{arguments} -d {server} db.dump"),
        }
    };
    (
        line("pgdumprs restore", scenario.ours),
        line("pg_restore", restored.stock),
    )
}
