//! Restores by a role that owns its database and nothing else, on a server that does not have the archive's roles: what differs from the
//! source is what the report says, entry by entry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bstr::{BString, ByteSlice};
use pgdumprs::archive::{Entry, Reader};
use pgdumprs::{
    Adapt, Adaptation, AdaptedEntry, MissingRoles, Restore, RestoreEnd, RestoreError,
    RestoreOptions, RestoreReport,
};
use pgdumprs_testkit::compare::stock_archive;
use pgdumprs_testkit::{Database, Major, Server};

use super::{dump, run};

mod extensions;
mod members;

use extensions::with_extensions_elsewhere;
use members::by_a_member;

/// Two servers, of which one has a database with roles that the other lacks.
struct Move {
    source: Database,
    elsewhere: Server,
    folder: tempfile::TempDir,
    /// Roles of the source by what they are called in its script.
    roles: [(&'static str, String); 3],
}

impl Move {
    fn new(major: Major) -> Result<Move> {
        let server = Server::get(major);
        let roles = ["boss", "reader", "peer"].map(|name| (name, server.role("NOLOGIN")));
        let source = server.database();
        let mut sql = include_str!("hosted.sql").to_owned();
        for (name, role) in &roles {
            sql = sql.replace(&format!("<{name}>"), role);
        }
        source.execute_sql(sql);
        let elsewhere = Server::builder(major).start()?;
        let folder = tempfile::tempdir()?;
        dump(&source, &folder.path().join("source.dump"))?;
        Ok(Move {
            source,
            elsewhere,
            folder,
            roles,
        })
    }

    fn role(&self, called: &str) -> &str {
        let role = self.roles.iter().find(|(name, _)| *name == called);
        role.map_or("", |(_, role)| role)
    }

    /// A database that a role owns which may do nothing beside.
    fn target(&self) -> (Database, String) {
        let owner = self.elsewhere.role("LOGIN");
        let target = self.elsewhere.database();
        target.execute_sql(format!("ALTER DATABASE {} OWNER TO {owner}", target.name()));
        (target, owner)
    }

    fn restore(&self, target: &Database, role: &str, adapt: &Adapt) -> Result<Restore> {
        let conninfo = format!("{} user={role}", target.conninfo());
        Ok(Restore::new(&conninfo)?.adapt(adapt.clone()).jobs(2))
    }

    fn archive(&self) -> std::path::PathBuf {
        self.folder.path().join("source.dump")
    }

    /// Restores, and holds what stock says of the copy against what it says of the source.
    fn explain(&self, target: &Database, role: &str, adapt: &Adapt) -> Result<RestoreReport> {
        let report = run(self.restore(target, role, adapt)?, &self.archive())?;
        ensure!(
            report.end() == RestoreEnd::Adapted,
            "{:#?}",
            report.failures
        );
        let stock = |database: &Database, name: &str| {
            let path = self.folder.path().join(name);
            stock_archive(database, &path, &[])?;
            Contents::read(&path)
        };
        let (before, after) = (stock(&self.source, "a")?, stock(target, "b")?);
        let unexplained = before.differences(&after, &report.adaptations, role);
        ensure!(
            unexplained.is_empty(),
            "not explained:\n{}\nby:\n{}",
            unexplained.join("\n"),
            said(&report).join("\n")
        );
        Ok(report)
    }
}

/// What is told of adaptations, a line each.
fn said(report: &RestoreReport) -> Vec<String> {
    let lines = report.adaptations.iter().flat_map(|entry| {
        let of = |adaptation: &Adaptation| format!("{}: {adaptation}", entry.name);
        entry.adaptations.iter().map(of)
    });
    lines.collect()
}

/// An archive by the names of its entries, with the rows of tables in one order.
struct Contents(BTreeMap<String, (Entry, Vec<Vec<u8>>)>);

impl Contents {
    fn read(path: &Path) -> Result<Contents> {
        let mut reader = Reader::open_path(path)?;
        let mut contents = BTreeMap::new();
        for mut entry in reader.entries().to_vec() {
            // The copy has another name.
            if entry.descriptor == "DATABASE" {
                continue;
            }
            let mut rows = Vec::new();
            if entry.descriptor == "TABLE DATA" {
                let mut data = Vec::new();
                let mut block = reader.block(entry.dump_id)?;
                if let pgdumprs::archive::Block::Data(block) = &mut block {
                    std::io::Read::read_to_end(block, &mut data)?;
                }
                rows = data
                    .split(|&byte| byte == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect();
                rows.sort();
            }
            entry.definition = entry.definition.map(|text| without_versions(&text));
            contents.insert(entry.label().to_string(), (entry, rows));
        }
        Ok(Contents(contents))
    }

    /// What differs, and is not what was adapted; and what was adapted without a difference.
    fn differences(&self, after: &Contents, adapted: &[AdaptedEntry], me: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let adapted: BTreeMap<String, &[Adaptation]> = adapted
            .iter()
            .map(|entry| (entry.name.to_string(), &entry.adaptations[..]))
            .collect();
        for (name, (entry, rows)) in &self.0 {
            let adaptations = adapted.get(name).copied().unwrap_or_default();
            let is_left_out = adaptations.iter().any(Adaptation::is_omission);
            let Some((other, other_rows)) = after.0.get(name) else {
                if !is_left_out {
                    wrong.push(format!("{name} is missing"));
                }
                continue;
            };
            let same = (
                entry.definition == other.definition,
                entry.table_am == other.table_am,
                entry.owner == other.owner || other.owner.as_ref().is_some_and(|owner| owner == me),
                rows == other_rows,
            );
            // Before 15 every database has privileges on that schema which are said.
            let is_gone = is_left_out && name != "ACL - SCHEMA public";
            if is_gone || adaptations.is_empty() && same != (true, true, true, true) {
                wrong.push(format!("{name}: {same:?}: {entry:#?} {other:#?}"));
            }
            if !same.2 || !same.3 {
                wrong.push(format!("{name}: {same:?}"));
            }
            let has_changed = entry.definition != other.definition
                || entry.table_am != other.table_am
                || entry.owner != other.owner;
            if !adaptations.is_empty() && !has_changed {
                wrong.push(format!("{name} is the same, but {adaptations:?}"));
            }
        }
        let names: BTreeSet<_> = after
            .0
            .keys()
            .filter(|name| !self.0.contains_key(*name))
            .collect();
        wrong.extend(
            names
                .into_iter()
                .map(|name| format!("{name} was not there")),
        );
        wrong
    }
}

/// A definition without the versions of columns, which each server counts for itself.
fn without_versions(definition: &BString) -> BString {
    let lines = definition.split_inclusive(|&byte| byte == b'\n');
    let lines: Vec<_> = lines
        .filter(|line| !line.contains_str("SET (pg_attver="))
        .collect();
    lines.concat().into()
}

/// By default on one major.
#[test]
fn what_differs_is_what_is_said() -> Result<()> {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    let majors = match is_thorough {
        true => Major::covered()?,
        false => vec![Major::V17],
    };
    for major in majors {
        let moved = Move::new(major)?;
        let in_major = || format!("on {}", major.number());
        nothing_without_leave(&moved).with_context(in_major)?;
        by_an_owner(&moved).with_context(in_major)?;
        once_more(&moved).with_context(in_major)?;
        with_other_roles(&moved).with_context(in_major)?;
        with_new_roles(&moved).with_context(in_major)?;
        for is_mapped in [true, false] {
            with_extensions_elsewhere(&moved, is_mapped).with_context(in_major)?;
        }
        by_a_member(&moved).with_context(in_major)?;
    }
    Ok(())
}

/// Nobody has asked for adaptations.
fn nothing_without_leave(moved: &Move) -> Result<()> {
    let (target, me) = moved.target();
    let restore = moved.restore(&target, &me, &Adapt::default())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let ended = runtime.block_on(restore.from_file(moved.archive()));
    ensure!(
        matches!(ended, Err(RestoreError::Impossible(_))),
        "{ended:?}"
    );
    ensure!(target.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'app'") == "0");
    Ok(())
}

/// By a role that owns its database and nothing else, on a server without the roles.
fn by_an_owner(moved: &Move) -> Result<()> {
    let (target, me) = moved.target();
    let report = moved.explain(&target, &me, &Adapt::everything())?;
    let said = said(&report);
    let [boss, reader, peer] = ["boss", "reader", "peer"].map(|called| moved.role(called));
    for expected in [
        "EVENT TRIGGER - watch: left out: only superusers make event triggers".to_owned(),
        "COMMENT - EVENT TRIGGER watch: left out with EVENT TRIGGER - watch".to_owned(),
        "VIEW app behind: left out with FOREIGN DATA WRAPPER - w".to_owned(),
        "FUNCTION app sure(integer): LEAKPROOF is left out: only superusers make leakproof functions".to_owned(),
        "TABLE app piled: its access method is heap, rather than \"pile\"".to_owned(),
        format!("TABLE private paid: it belongs to the role that makes it, rather than to \"{boss}\""),
        format!("ACL private TABLE paid: role \"{boss}\" is \"{me}\""),
        format!("ACL private TABLE paid: what \"{reader}\" granted is granted by the owner instead"),
        format!("POLICY app item one: left out: the server has no role \"{reader}\", which a policy is for"),
        format!(
            "DEFAULT ACL - DEFAULT PRIVILEGES FOR TABLES: left out: the server has no role \"{peer}\", for which default privileges are set"
        ),
    ] {
        ensure!(said.contains(&expected), "no {expected:?} in {said:#?}");
    }
    // The owner had no right to delete, and row security is on, though no policy is left that lets anybody see a row.
    let psql = |sql: &str| target.psql(sql);
    ensure!(
        psql(
            "SELECT has_table_privilege(relowner, oid, 'SELECT'), has_table_privilege(relowner, oid, 'DELETE') \
                  FROM pg_class WHERE relname = 'paid'"
        ) == "t|f"
    );
    ensure!(psql("SELECT relrowsecurity FROM pg_class WHERE oid = 'app.item'::regclass") == "t");
    ensure!(psql("SELECT string_agg(polname, ' ') FROM pg_policy") == "boss");
    Ok(())
}

/// Where the roles are, but not the role that restores in them; and things that are there already, and are not its own.
fn once_more(moved: &Move) -> Result<()> {
    let (target, me) = moved.target();
    let [reader, peer] = ["reader", "peer"].map(|called| moved.role(called));
    target.execute_sql(format!(
        "CREATE ROLE {reader}; CREATE SCHEMA app; GRANT ALL ON SCHEMA app TO {me};
         CREATE EXTENSION citext SCHEMA app; CREATE EXTENSION pageinspect"
    ));
    let options = RestoreOptions {
        no_subscriptions: true,
        ..RestoreOptions::default()
    };
    let restore = moved.restore(&target, &me, &Adapt::everything())?;
    let report = run(restore.options(options), &moved.archive())?;
    ensure!(
        report.end() == RestoreEnd::Adapted,
        "{:#?}",
        report.failures
    );
    let said = said(&report);
    for expected in [
        "SCHEMA - app: the schema that is there already is taken as it is".to_owned(),
        "ACL - SCHEMA app: left out: the schema \"app\" is there and belongs to somebody else".to_owned(),
        "COMMENT - EXTENSION citext: left out: the extension \"citext\" is there and belongs to somebody else".to_owned(),
        "ACL app FUNCTION citext_eq(app.citext, app.citext): left out: FUNCTION citext_eq(app.citext, app.citext) belongs to somebody else, \
         as what extensions make does"
            .to_owned(),
        format!("POLICY app item a_few: it is not for the role \"{peer}\""),
    ] {
        ensure!(said.contains(&expected), "no {expected:?} in {said:#?}");
    }
    let roles = "SELECT string_agg(polname || ' ' || polroles::regrole[]::text, ', ' ORDER BY polname) FROM pg_policy";
    let expected = format!("a_few {{{reader}}}, boss {{-}}, one {{{reader}}}");
    ensure!(target.psql(roles) == expected, "{}", target.psql(roles));
    ensure!(target.psql("SELECT count(*) FROM app.item") == "100");
    let pages = "SELECT count(*) FROM app.pages";
    ensure!(target.psql(pages) == "1");
    target.execute_sql(format!("DROP OWNED BY {reader}; DROP ROLE {reader}"));
    Ok(())
}

/// By a superuser, where roles have other names.
fn with_other_roles(moved: &Move) -> Result<()> {
    let target = moved.elsewhere.database();
    let mut adapt = Adapt::default();
    for (called, role) in &moved.roles {
        let name = format!("{called} \"of\" {}", target.name());
        target.execute_sql(format!("CREATE ROLE \"{}\"", name.replace('"', "\"\"")));
        adapt.roles.insert(role.as_str().into(), name.into());
    }
    let report = run(
        moved.restore(&target, "postgres", &adapt)?,
        &moved.archive(),
    )?;
    ensure!(
        report.end() == RestoreEnd::Adapted,
        "{:#?}",
        report.failures
    );
    let name = |called: &str| format!("{called} \"of\" {}", target.name());
    let (boss, reader, peer) = (name("boss"), name("reader"), name("peer"));
    let [old_boss, old_reader] = ["boss", "reader"].map(|called| moved.role(called));
    for (sql, expected) in [
        (
            "SELECT relowner::regrole FROM pg_class WHERE relname = 'paid'",
            quoted(&boss),
        ),
        (
            "SELECT count(*) FROM pg_user_mappings WHERE usename = $$<reader>$$",
            "1".to_owned(),
        ),
        (
            "SELECT grantor FROM information_schema.table_privileges WHERE table_name = 'paid' AND grantee = $$<peer>$$",
            reader.clone(),
        ),
        (
            "SELECT defaclrole::regrole FROM pg_default_acl WHERE defaclnamespace <> 0",
            quoted(&boss),
        ),
        (
            "SELECT count(*) FROM pg_policy WHERE $$<reader>$$ IN (SELECT rolname FROM pg_roles WHERE oid = ANY (polroles))",
            "2".to_owned(),
        ),
        // What only looks like them stays.
        ("SELECT DISTINCT note FROM app.item", old_boss.to_owned()),
        (
            "SELECT DISTINCT who FROM private.paid",
            old_reader.to_owned(),
        ),
        (
            "SELECT obj_description('private.paid'::regclass)",
            format!("TO {old_reader}, \"{old_boss}\""),
        ),
        (
            "SELECT pg_get_expr(polqual, polrelid) LIKE '%' || $$<old_reader>$$ || '%' FROM pg_policy WHERE polname = 'a_few'",
            "t".to_owned(),
        ),
    ] {
        let sql = sql
            .replace("<reader>", &reader)
            .replace("<peer>", &peer)
            .replace("<old_reader>", old_reader);
        let found = target.psql(&sql);
        ensure!(found == expected, "{sql}: {found}, not {expected}");
    }
    let report = said(&report);
    let expected = format!("TABLE private paid: role \"{old_boss}\" is \"{boss}\"");
    ensure!(report.contains(&expected), "no {expected} in {report:#?}");
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// By a superuser, who creates the roles: then nothing else differs.
fn with_new_roles(moved: &Move) -> Result<()> {
    let target = moved.elsewhere.database();
    let adapt = Adapt {
        missing_roles: MissingRoles::Create,
        ..Adapt::default()
    };
    let report = moved.explain(&target, "postgres", &adapt)?;
    let expected: BTreeSet<_> = moved
        .roles
        .iter()
        .map(|(_, role)| format!("ROLE - {role}: role \"{role}\" is created, without login"))
        .collect();
    let said: BTreeSet<_> = said(&report).into_iter().collect();
    ensure!(said == expected, "{said:#?}");
    Ok(())
}
