//! A database is never cloned into itself.

use anyhow::{Result, ensure};
use pgdumprs::{CloneError, RestoreOptions};
use pgdumprs_testkit::{Major, Server};

use super::{DIVIDED, over, run};

#[test]
fn a_database_is_not_cloned_into_itself() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = server.database();
    source.execute_sql("CREATE TABLE t AS SELECT 1 AS id");
    let dropping = RestoreOptions {
        clean: true,
        if_exists: true,
        ..RestoreOptions::default()
    };
    let making = RestoreOptions {
        create: true,
        ..dropping.clone()
    };
    // By its socket and by its port, and by way of another database from which it would be made anew.
    let targets = [
        (source.conninfo(), dropping.clone()),
        (source.url(), dropping),
        (server.conninfo("postgres"), making),
    ];
    for (target, options) in targets {
        let clone = over(&source.conninfo(), &target, DIVIDED)?;
        let error = run(clone.target(|restore| restore.options(options).regardless(true))).err();
        ensure!(
            matches!(&error, Some(CloneError::SameDatabase { database }) if database == source.name()),
            "{target}: {error:?}"
        );
    }
    ensure!(source.psql("SELECT count(*) FROM t") == "1");
    Ok(())
}

#[test]
fn a_standby_is_not_cloned_into_its_primary() -> Result<()> {
    let primary = Server::builder(Major::REFERENCE).start()?;
    let database = primary.database();
    database.execute_sql("CREATE TABLE t AS SELECT 1 AS id");
    let standby = primary.standby().start()?;
    standby.catch_up_with(&primary)?;
    let clone = over(
        &standby.conninfo(database.name()),
        &database.conninfo(),
        DIVIDED,
    )?;
    let error = run(clone).err();
    ensure!(
        matches!(error, Some(CloneError::SameDatabase { .. })),
        "{error:?}"
    );

    // Into another database of that server it is, and from the standby over as many connections as its release allows.
    let target = primary.database();
    let clone = over(
        &standby.conninfo(database.name()),
        &target.conninfo(),
        DIVIDED,
    )?;
    let report = run(clone)?;
    super::check(&database, &target, &report, "from a standby")
}
