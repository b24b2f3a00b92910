//! Services that know their databases by another library's configuration: a backup before migrations, and a rehearsal on a clone.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use pgdumprs::{ConnectParams, Restore, RestoreEnd};
use pgdumprs_testkit::{Database, Major, Server};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::runtime::Runtime;
use tokio_postgres::Config;

use crate::{before_migrations, rehearsal};

const MIGRATIONS: [&str; 3] = [
    "CREATE TABLE item (id bigint); INSERT INTO item SELECT generate_series(1, 100)",
    "ALTER TABLE item ADD name text DEFAULT 'none'",
    "ALTER TABLE item ADD name text",
];

/// The configuration of a service for that database, with nothing of the environment in it.
fn config(database: &Database) -> Config {
    let mut config = Config::new();
    config
        .host_path(database.server().socket_dir())
        .port(database.server().port())
        .user("postgres")
        .dbname(database.name());
    config
}

fn migrate(config: &Config, count: usize, folder: &Path) -> Result<Option<std::path::PathBuf>> {
    Runtime::new()?.block_on(before_migrations::migrate(
        config,
        &MIGRATIONS[..count],
        folder,
    ))
}

#[test]
fn a_config_makes_a_backup_before_migrations_and_restores_it() -> Result<()> {
    let database = Server::try_get(Major::V17)?.database();
    let config = config(&database);
    let folder = tempfile::tempdir()?;
    ensure!(migrate(&config, 0, folder.path())?.is_none());

    let first = migrate(&config, 1, folder.path())?.context("nothing to migrate")?;
    ensure!(first.ends_with("before-migration-1.dump") && first.exists());
    ensure!(migrate(&config, 1, folder.path())?.is_none());
    let second = migrate(&config, 2, folder.path())?.context("nothing to migrate")?;

    let error = migrate(&config, 3, folder.path()).expect_err("the column is there already");
    ensure!(
        format!("{error:#}").contains("before-migration-3.dump"),
        "{error:#}"
    );
    ensure!(database.psql("SELECT made FROM schema_version") == "2");

    // The database as it was before the second migration, by a Config as well.
    let other = database.empty_sibling()?;
    let params = ConnectParams::try_from(&self::config(&other))?;
    let report = Runtime::new()?.block_on(Restore::with_params(params).from_file(&second))?;
    ensure!(report.end() == RestoreEnd::Complete);
    ensure!(other.psql("SELECT count(*), sum(id) FROM item") == "100|5050");
    ensure!(other.psql("SELECT made FROM schema_version") == "1");
    Ok(())
}

/// A pool for that database, with nothing of the environment in it.
async fn pool(database: &Database) -> Result<PgPool> {
    let options = PgConnectOptions::new_without_pgpass()
        .socket(database.server().socket_dir())
        .port(database.server().port())
        .username("postgres")
        .database(database.name());
    Ok(PgPoolOptions::new().connect_with(options).await?)
}

#[test]
fn a_pool_rehearses_on_a_clone() -> Result<()> {
    let database = Server::try_get(Major::V17)?.database();
    database.try_execute_sql(MIGRATIONS[0])?;
    let migrate = |migration: &str| -> Result<()> {
        Runtime::new()?.block_on(async {
            let pool = pool(&database).await?;
            let outcome = rehearsal::migrate(&pool, migration).await;
            pool.close().await;
            outcome
        })
    };
    migrate(MIGRATIONS[1])?;
    ensure!(database.psql("SELECT DISTINCT name FROM item") == "none");

    // It can only fail where rows are.
    let error = migrate("ALTER TABLE item ADD CHECK (id < 100)").expect_err("a row is against it");
    let said = format!("{error:#}");
    ensure!(said.contains("the database was not touched"), "{said}");
    ensure!(said.contains("item_id_check"), "{said}");
    let left = "SELECT count(*) FROM pg_database WHERE datname LIKE '%_rehearsal'";
    ensure!(database.psql(left) == "0");
    Ok(())
}
