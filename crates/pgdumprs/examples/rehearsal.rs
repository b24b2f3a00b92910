//! A service with a `sqlx::PgPool` that tries a migration on a clone of its database before it makes it in earnest.
//!
//! ```console
//! $ cargo run -p pgdumprs --features sqlx --example rehearsal -- postgresql://app@localhost/shop migration.sql
//! ```
//!
//! The clone knows the database by the pool's own options: there is no second connection string. The role needs CREATEDB.

use anyhow::Context;
use pgdumprs::{CloneEnd, ConnectParams, DatabaseClone, Dump, Restore};
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, file] = arguments.as_slice() else {
        anyhow::bail!("usage: rehearsal URL FILE");
    };
    let pool = PgPool::connect(url).await?;
    migrate(&pool, &std::fs::read_to_string(file)?).await?;
    println!("migrated");
    Ok(())
}

/// Makes a migration on a clone, and where that works on the pool's database.
pub(crate) async fn migrate(pool: &PgPool, migration: &str) -> anyhow::Result<()> {
    let options = pool.connect_options();
    let database = options.get_database().unwrap_or(options.get_username());
    let rehearsal = format!("{database}_rehearsal");
    let quoted = format!("\"{}\"", rehearsal.replace('"', "\"\""));
    pool.execute(AssertSqlSafe(format!("CREATE DATABASE {quoted}")))
        .await
        .with_context(|| format!("could not create the database {rehearsal}"))?;
    let outcome = rehearse(&options, &rehearsal, migration).await;
    let dropped = pool
        .execute(AssertSqlSafe(format!("DROP DATABASE {quoted}")))
        .await;
    outcome.context("the rehearsal failed, and the database was not touched")?;
    dropped?;

    let mut transaction = pool.begin().await?;
    transaction
        .execute(AssertSqlSafe(migration.to_owned()))
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Clones the database into the empty one called `rehearsal`, and makes the migration there.
async fn rehearse(
    options: &PgConnectOptions,
    rehearsal: &str,
    migration: &str,
) -> anyhow::Result<()> {
    let source = ConnectParams::try_from(options)?;
    let options = options.clone().database(rehearsal);
    let target = ConnectParams::try_from(&options)?;
    let report = DatabaseClone::of(Dump::with_params(source), Restore::with_params(target))
        .run()
        .await?;
    anyhow::ensure!(report.end() == CloneEnd::Complete, "the clone is not whole");
    let mut connection = options.connect().await?;
    connection
        .execute(AssertSqlSafe(migration.to_owned()))
        .await?;
    connection.close().await?;
    Ok(())
}
