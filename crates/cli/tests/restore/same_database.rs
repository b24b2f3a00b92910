//! With the same options, `pg_restore` by us leaves the database that stock's leaves: as many statements fail, and the exit status is the same.

mod sets;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::compare::{compare_copy, stock_archive};
use pgdumprs_testkit::{
    Database, Major, Server, checked_output, fixtures_dir, for_each_major_at_scale,
    reference_pg_restore,
};

use crate::support::{pgdumprs, run};
use sets::{MORE, SETS};

/// How we restore; stock does over one connection, from a file.
#[derive(Clone, Copy, Debug)]
struct Way {
    jobs: usize,
    piped: bool,
}

const SERIAL: Way = Way {
    jobs: 1,
    piped: false,
};
const PARALLEL: Way = Way {
    jobs: 4,
    piped: false,
};
const PIPED: Way = Way {
    jobs: 4,
    piped: true,
};

/// By default on the newest major, and all sets only where there is time.
#[test]
fn the_same_options_leave_the_same_database() {
    let more = std::env::var_os("PGDUMPRS_SCALE").map_or("\n", |_| MORE);
    for_each_major_at_scale(|server| {
        let world = World::new(server)?;
        let sets = [SETS, more].map(|sets| sets.split_terminator('\n').skip(1));
        let sets = sets.into_iter().flatten();
        let sets = sets.filter(|set| can_stock(set, server.major()));
        let mut failures = Vec::new();
        for (number, set) in sets.enumerate() {
            // A list says the order, as far as one connection restores.
            let way = match number % 3 {
                _ if set.contains("list") => SERIAL,
                0 => SERIAL,
                1 => PARALLEL,
                _ => PIPED,
            };
            if let Err(error) = world.compare(set, way) {
                failures.push(format!("{set} ({way:?}): {error:#}"));
            }
        }
        ensure!(
            failures.is_empty(),
            "{} differ:\n{}",
            failures.len(),
            failures.join("\n")
        );
        Ok(())
    });
}

/// The sets by which stock makes what restores begin with.
const PREPARED: &[(&str, &str)] = &[
    ("before", "--section=pre-data"),
    ("rows", "--section=pre-data --section=data"),
    ("definitions", "-s"),
    ("everything", ""),
];

const TYPES: &str = r#"CREATE SCHEMA shop; CREATE SCHEMA "Odd ""schema""";
    CREATE TYPE shop.mood AS ENUM ('well', 'ill'); CREATE DOMAIN shop.amount AS integer;
    CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"#;

/// Subscriptions belong to the whole server: a copy by it has none.
const SUBSCRIPTION: &str = "CREATE SUBSCRIPTION shown CONNECTION 'host=nowhere' PUBLICATION shown WITH (connect = false, slot_name = NONE)";

/// A label, though no provider is at hand: an archive that holds it is restored whole without labels alone.
const LABEL: &str = "SET allow_system_table_mods = on;
    INSERT INTO pg_seclabel SELECT 'shop.event'::regclass, 'pg_class'::regclass, 0, 'nobody', 'a label'";

/// What of a database a dump of it without `--create` does not tell, statistics included.
const PROPERTIES: &str = "
    SELECT datdba::regrole, datacl, datconnlimit, shobj_description(oid, 'pg_database'),
        (SELECT array_agg(row(setrole::regrole, setconfig)::text ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)
        FROM pg_database d WHERE datname = current_database();
    SELECT oid::regclass, relpages, reltuples FROM pg_class WHERE relnamespace >= 16384 OR relname ~ '^plain' ORDER BY oid::regclass::text;
    SELECT schemaname, tablename, attname, null_frac, n_distinct, most_common_vals, histogram_bounds FROM pg_stats
        WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 1, 2, 3, inherited;
    SELECT count(*) FROM pg_statistic_ext_data";

/// A source, archives of it, and what restores begin with.
struct World {
    source: Database,
    /// The name of the source when it was dumped, which is what `-C` creates.
    created: String,
    /// From which others are dropped and renamed.
    admin: Database,
    folder: tempfile::TempDir,
    prepared: Vec<(&'static str, Database)>,
    /// What stands for what in a set.
    fillers: Vec<(&'static str, String)>,
}

impl World {
    fn new(server: &Server) -> Result<World> {
        let folder = tempfile::tempdir()?;
        let [source, admin] = [server.database(), server.database()];
        admin.load_file(&fixtures_dir().join("kinds/00_roles.sql"))?;
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/restore/same_database/source.sql");
        source.load_file(&file)?;
        let path = |name: &str| folder.path().join(name);
        // Older servers do not take all statistics that stock's archives hold.
        let with_statistics: &[&str] = match server.major() {
            Major::REFERENCE => &["--statistics"],
            _ => &[],
        };
        stock_archive(&source, &path("archive"), with_statistics)?;
        source.try_execute_sql(LABEL)?;
        stock_archive(&source, &path("labelled"), with_statistics)?;
        symlink(pgdumprs().get_program(), path("pg_restore"))?;

        let mut list = reference_pg_restore();
        let list = checked_output(list.arg("-l").arg(path("archive")))?.stdout;
        let list = String::from_utf8(list)?;
        // Where a large object is not there stock gives up altogether, so that those come first, in either list.
        let (large, others): (Vec<&str>, Vec<&str>) = list
            .lines()
            .partition(|line| line.contains(" BLOB") || line.contains("LARGE OBJECT"));
        let reversed = [large.clone(), others.iter().rev().copied().collect()].concat();
        let some = others.chunks(3).flat_map(|chunk| &chunk[..1]).copied();
        let some = [large, some.collect()].concat();
        let filter = "include schema shop\nexclude schema public\ninclude table item\ninclude index item_note\n\
                      include trigger touch\ninclude function twice(integer)\n";
        let mut fillers = vec![
            ("{superuser}", server.role("SUPERUSER")),
            ("{nobody}", server.role("")),
        ];
        for (name, text) in [
            ("{list}", list.clone()),
            ("{reversed list}", reversed.join("\n")),
            ("{list of some}", some.join("\n")),
            ("{filter}", filter.to_owned()),
        ] {
            fs::write(path(name), text)?;
            fillers.push((name, path(name).display().to_string()));
        }
        let created = source.name().to_owned();
        let aside = server.database();
        admin.execute_sql(format!(
            "DROP DATABASE {0}; ALTER DATABASE {created} RENAME TO {0}",
            aside.name()
        ));

        let mut world = World {
            source: aside,
            created,
            admin,
            folder,
            prepared: Vec::new(),
            fillers,
        };
        let database = server.database();
        database.execute_sql(TYPES);
        world.prepared.push(("types", database));
        for (name, set) in PREPARED {
            let database = server.database();
            let mut stock = reference_pg_restore();
            world.fill_in(stock.arg(world.archive(set)), set, &database.conninfo());
            let stock = run(&mut stock);
            // Subscriptions are written with options of 16.
            let is_whole = refused(&stock, server) == Some(0);
            ensure!(is_whole || server.major() < Major::V16, "{stock:?}");
            world.prepared.push((name, database));
        }
        Ok(world)
    }

    /// Restores with one set of options by stock and by us.
    fn compare(&self, set: &str, way: Way) -> Result<()> {
        let mut program = reference_pg_restore();
        program.arg(self.archive(set));
        let (theirs, stock) = self.restored(program, set)?;
        let (program, mut reader) = self.ours(set, way)?;
        let (copy, ours) = self.restored(program, set)?;
        if let Some(reader) = &mut reader {
            reader.wait()?;
        }
        let same = self.compare_ends(set, [&stock, &ours]);
        let same = same.and_then(|()| compare_databases(&theirs, &copy, set));
        same.with_context(|| {
            let [stock, ours] =
                [stock, ours].map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
            format!("stock said:\n{stock}\nours said:\n{ours}\n")
        })?;
        // No database with a subscription can be dropped.
        for database in [theirs, copy] {
            database.execute_sql("DROP SUBSCRIPTION IF EXISTS shown");
        }
        Ok(())
    }

    /// Our program and what it has to read, with the process that writes that into a pipe.
    fn ours(&self, set: &str, way: Way) -> Result<(Command, Option<Child>)> {
        let mut program = Command::new(self.folder.path().join("pg_restore"));
        if !is_in_few_transactions(set) {
            program.arg(format!("--jobs={}", way.jobs));
        }
        if !way.piped {
            program.arg(self.archive(set));
            return Ok((program, None));
        }
        let mut reader = Command::new("cat");
        let mut reader = reader
            .arg(self.archive(set))
            .stdout(Stdio::piped())
            .spawn()?;
        program.stdin(reader.stdout.take().context("the pipe")?);
        Ok((program, Some(reader)))
    }

    fn compare_ends(&self, set: &str, ends: [&Output; 2]) -> Result<()> {
        let [there, here] = ends.map(|output| refused(output, self.source.server()));
        // Stock does not count where one error is the end of it.
        let is_same = match there {
            None => here == Some(1) && ends_at_once(set),
            Some(_) => here == there,
        };
        ensure!(
            is_same,
            "stock ends with {there:?} errors, ours with {here:?}"
        );
        Ok(())
    }

    /// What a program makes of the archive with a set of options.
    fn restored(&self, mut program: Command, set: &str) -> Result<(Database, Output)> {
        let target = self.source.server().database();
        let (prepared, options) = set.split_once(": ").unwrap_or((set, ""));
        let creates = options.starts_with("-C");
        let name = if creates {
            &self.created
        } else {
            target.name()
        };
        if prepared != "nothing" {
            let before = self.prepared.iter().find(|(other, _)| *other == prepared);
            let (_, before) = before.with_context(|| prepared.to_owned())?;
            let subscription = match prepared {
                "everything" | "definitions" if !creates => SUBSCRIPTION,
                _ => "",
            };
            self.admin.execute_sql(format!(
                "DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} TEMPLATE {}",
                before.name()
            ));
            target.execute_sql(subscription);
        }
        let place = if creates {
            self.admin.conninfo()
        } else {
            target.conninfo()
        };
        self.fill_in(&mut program, options, &place);
        let output = run(&mut program);
        if creates {
            self.admin.execute_sql(format!(
                "DROP DATABASE {0}; ALTER DATABASE {name} RENAME TO {0}",
                target.name()
            ));
        }
        Ok((target, output))
    }

    /// Gives a program its arguments.
    fn fill_in(&self, program: &mut Command, set: &str, target: &str) {
        // Words begin with a hyphen: there may be blanks within them.
        let words = set.strip_prefix('-').map(|set| set.split(" -"));
        for word in words.into_iter().flatten() {
            let fill_in =
                |word: String, (name, filler): &(&str, String)| word.replace(name, filler);
            program.arg(self.fillers.iter().fold(format!("-{word}"), fill_in));
        }
        program.args(["-d", target]);
    }

    fn archive(&self, set: &str) -> PathBuf {
        let has_labels = set.contains("security-labels");
        let name = if has_labels { "labelled" } else { "archive" };
        self.folder.path().join(name)
    }
}

/// Whether stock can restore so into a server of a major. On one before 17 it meets an error of its own at once, and on one before 15 it
/// creates no database, whose provider of locales it names.
fn can_stock(set: &str, server: Major) -> bool {
    (server >= Major::V17 || !ends_at_once(set)) && (server >= Major::V15 || !set.contains(": -C"))
}

/// Whether one error is the end of it.
fn ends_at_once(set: &str) -> bool {
    is_in_few_transactions(set) || set.contains(" -e")
}

fn is_in_few_transactions(set: &str) -> bool {
    set.contains(" -1") || set.contains("--transaction-size")
}

/// How many statements the server has refused, where the program counts them: none where it ends well. Stock's sets a parameter that servers
/// before 17 do not know, on each of its connections.
fn refused(output: &Output, server: &Server) -> Option<usize> {
    if output.status.success() {
        return Some(0);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = ["errors ignored on restore: ", "the server refused "]
        .iter()
        .find_map(|before| said.rsplit_once(before))?;
    let number = counted.1.split(|c: char| !c.is_ascii_digit()).next()?;
    let its_own = said.lines().filter(|line| {
        server.major() < Major::V17
            && line.contains("error: ")
            && line.contains("\"transaction_timeout\"")
    });
    number
        .parse()
        .ok()
        .map(|number: usize| number - its_own.count())
}

fn compare_databases(theirs: &Database, copy: &Database, set: &str) -> Result<()> {
    let [there, here] = [theirs, copy].map(|database| database.psql(PROPERTIES));
    let only_in = |one: &str, other: &str| {
        let mut lines: Vec<_> = one.lines().collect();
        lines.retain(|line| !other.lines().any(|found| found == *line));
        lines.join("\n")
    };
    ensure!(
        there == here,
        "stock leaves {}\nours leaves {}",
        only_in(&there, &here),
        only_in(&here, &there)
    );
    let comparison = compare_copy(theirs, copy, set)?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}
