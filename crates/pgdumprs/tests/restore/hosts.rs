//! Hosts of managed servers, emulated as far as a plain server can: their roles, schemas and event triggers.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use pgdumprs::{
    Adapt, AdaptKinds, Fate, MissingRoles, ProfileChoice, Restore, RestoreEnd, RestoreOptions,
    RestorePlan,
};
use pgdumprs_testkit::{Database, Major, Server};

use crate::{dump, run};

/// A host: its roles, and which of an event trigger, a publication and an extension its administrator may make.
struct Host {
    name: &'static str,
    title: &'static str,
    roles: &'static str,
    may: [bool; 3],
}

const HOSTS: &[Host] = &[
    Host {
        name: "supabase",
        title: "Supabase",
        roles: include_str!("hosts/supabase.sql"),
        may: [true, true, true],
    },
    Host {
        name: "neon",
        title: "Neon",
        roles: include_str!("hosts/neon.sql"),
        may: [false, true, true],
    },
    Host {
        name: "rds",
        title: "Amazon RDS",
        roles: include_str!("hosts/rds.sql"),
        may: [true, false, true],
    },
    Host {
        name: "cloud-sql",
        title: "Cloud SQL",
        roles: include_str!("hosts/cloud-sql.sql"),
        may: [true, true, true],
    },
    Host {
        name: "azure",
        title: "Azure Database for PostgreSQL",
        roles: include_str!("hosts/azure.sql"),
        may: [false, false, true],
    },
    Host {
        name: "heroku",
        title: "Heroku Postgres",
        roles: include_str!("hosts/heroku.sql"),
        may: [false, false, true],
    },
];

/// A database that a host's administrator owns.
fn of_administrator(server: &Server) -> Database {
    let target = server.database();
    let name = target.name();
    target.execute_sql(format!(
        "ALTER DATABASE {name} OWNER TO administrator; GRANT CREATE ON SCHEMA public TO administrator"
    ));
    target
}

/// A restore by that administrator.
fn restore(target: &Database, adapt: Adapt) -> Result<Restore> {
    let conninfo = format!("{} user=administrator", target.conninfo());
    let options = RestoreOptions {
        no_owner: true,
        ..RestoreOptions::default()
    };
    Ok(Restore::new(&conninfo)?.options(options).adapt(adapt))
}

fn planned(target: &Database, archive: &Path, profile: ProfileChoice) -> Result<RestorePlan> {
    let adapt = Adapt {
        profile,
        ..Adapt::default()
    };
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(restore(target, adapt)?.plan(archive))?)
}

/// Whether the plan's first entry of each of these kinds can be restored.
fn possible(plan: &RestorePlan) -> Result<[bool; 3]> {
    let mut found = [false; 3];
    for (at, kind) in ["EVENT TRIGGER", "PUBLICATION", "EXTENSION"]
        .iter()
        .enumerate()
    {
        let mut entries = plan.entries.iter();
        let entry = entries.find(|entry| entry.name.starts_with_str(format!("{kind} - ")));
        let fate = &entry.with_context(|| format!("no {kind}: {plan:?}"))?.fate;
        found[at] = matches!(fate, Fate::Done);
    }
    Ok(found)
}

#[test]
fn hosts_of_managed_servers_are_known() -> Result<()> {
    // Roles are the whole server's, and others' servers are not to be taken for hosts.
    let server = Server::builder(Major::V17).start()?;
    what_an_administrator_may_do_is_not_in_the_way(&server)?;
    what_the_archives_host_manages_is_left_to_it(&server)
}

fn what_an_administrator_may_do_is_not_in_the_way(server: &Server) -> Result<()> {
    let source = server.database();
    source.execute_sql(
        "CREATE TABLE item AS SELECT generate_series(1, 100) AS id;
         CREATE EXTENSION pg_buffercache;
         CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION on_event();
         CREATE PUBLICATION everything FOR ALL TABLES",
    );
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    dump(&source, &archive)?;
    for host in HOSTS {
        let target = server.database();
        target.execute_sql(host.roles);
        let name = target.name();
        target.execute_sql(format!(
            "ALTER DATABASE {name} OWNER TO administrator; GRANT CREATE ON SCHEMA public TO administrator"
        ));
        let plan = planned(&target, &archive, ProfileChoice::Detect)?;
        ensure!(plan.host.as_deref() == Some(host.title), "{:?}", plan.host);
        ensure!(plan.to_string().contains(host.title), "{plan}");
        ensure!(possible(&plan)? == host.may, "{}: {plan}", host.name);
        let named = ProfileChoice::Named(host.name.to_owned());
        ensure!(possible(&planned(&target, &archive, named)?)? == host.may);
        let plan = planned(&target, &archive, ProfileChoice::None)?;
        ensure!(
            plan.host.is_none() && possible(&plan)? == [false; 3],
            "{plan}"
        );

        // A plain server's administrator may not: what is left out is told.
        let adapt = Adapt {
            profile: ProfileChoice::None,
            ..Adapt::everything()
        };
        let report = run(restore(&target, adapt)?, &archive)?;
        ensure!(report.end() == RestoreEnd::Adapted, "{report:#?}");
        let mut adapted = report.adaptations.iter();
        ensure!(adapted.any(|entry| entry.name == "PUBLICATION - everything"));
        ensure!(target.psql("SELECT count(*) FROM item") == "100");
        drop_roles(server, target);
    }
    Ok(())
}

/// Drops a database, and all roles that a test has made.
fn drop_roles(server: &Server, target: Database) {
    target.execute_sql(
        "DO $$ DECLARE r name; BEGIN
             FOR r IN SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user LOOP
                 EXECUTE format('REASSIGN OWNED BY %I TO CURRENT_USER', r);
                 EXECUTE format('DROP OWNED BY %I', r);
             END LOOP;
         END $$",
    );
    drop(target);
    server.database().execute_sql(
        "DO $$ DECLARE r name; BEGIN
             FOR r IN SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user LOOP
                 EXECUTE format('DROP ROLE %I', r);
             END LOOP;
         END $$",
    );
}

fn what_the_archives_host_manages_is_left_to_it(server: &Server) -> Result<()> {
    let source = server.database();
    source.execute_sql(include_str!("hosts/supabase.sql"));
    source.execute_sql(include_str!("hosts/supabase_database.sql"));
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    dump(&source, &archive)?;
    let manages = |report: &pgdumprs::RestoreReport, name: &str| {
        let mut entries = report.adaptations.iter();
        let said = entries.find(|entry| entry.name == name);
        said.is_some_and(|entry| {
            entry.adaptations[0].to_string() == "left out: Supabase manages it where it comes from"
        })
    };

    // Rows are not left out with everything: here are those of the host's schema.
    let adapt = Adapt {
        profile: ProfileChoice::None,
        ..Adapt::everything()
    };
    let target = of_administrator(server);
    let report = run(restore(&target, adapt.clone())?, &archive)?;
    ensure!(report.end() == RestoreEnd::Adapted, "{report:#?}");
    for name in [
        "EVENT TRIGGER - pgrst_ddl_watch",
        "PUBLICATION - supabase_realtime",
        "SCHEMA - graphql_public",
        "FUNCTION graphql_public graphql()",
        "DEFAULT ACL public DEFAULT PRIVILEGES FOR TABLES",
    ] {
        ensure!(manages(&report, name), "{name}: {report:#?}");
    }
    let counts = "SELECT (SELECT count(*) FROM auth.users), (SELECT count(*) FROM profile)";
    ensure!(target.psql(counts) == "10|10");

    // Where that is asked for, they are.
    let target = of_administrator(server);
    let adapt = Adapt {
        kinds: AdaptKinds::all(),
        missing_roles: MissingRoles::Skip,
        ..adapt
    };
    let report = run(restore(&target, adapt)?, &archive)?;
    ensure!(report.end() == RestoreEnd::Adapted, "{report:#?}");
    for name in ["SCHEMA - auth", "TABLE auth users", "TABLE DATA auth users"] {
        ensure!(manages(&report, name), "{name}: {report:#?}");
    }
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'auth'";
    ensure!(target.psql(schemas) == "0" && target.psql("SELECT count(*) FROM profile") == "10");
    Ok(())
}
