//! A service with a `tokio_postgres::Config` that backs its database up before it changes the schema, and only then.
//!
//! ```console
//! $ cargo run -p pgdumprs --features tokio-postgres --example before_migrations -- \
//!       "host=/run/postgresql dbname=shop" /var/backups/shop
//! ```
//!
//! The service and the dump know the database by the same configuration: there is no second connection string, and no `PG*` variable has a say.

use std::path::{Path, PathBuf};

use anyhow::Context;
use pgdumprs::{Compression, ConnectParams, Dump};
use tokio_postgres::{Client, Config, NoTls};

/// What made of an empty database the one of today; the number of those that were made is in the database.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE item (id bigint PRIMARY KEY, name text NOT NULL)",
    "ALTER TABLE item ADD price numeric NOT NULL DEFAULT 0",
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [connection, folder] = arguments.as_slice() else {
        anyhow::bail!("usage: before_migrations CONNECTION FOLDER");
    };
    let config = connection.parse()?;
    match migrate(&config, &MIGRATIONS, Path::new(folder)).await? {
        Some(backup) => println!(
            "migrated; the database of before is in {}",
            backup.display()
        ),
        None => println!("up to date"),
    }
    Ok(())
}

/// Carries out the migrations that the database has not seen yet, all or none of them. Before the first, all of it is dumped into `folder`, and the file's
/// path is returned; a migration that fails names it.
pub(crate) async fn migrate(
    config: &Config,
    migrations: &[&str],
    folder: &Path,
) -> anyhow::Result<Option<PathBuf>> {
    // A service has its TLS connector here; see the conversion's documentation for what that means to the dump.
    let (mut client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    let version = version(&client).await?;
    let Some(pending) = migrations.get(version..).filter(|more| !more.is_empty()) else {
        return Ok(None);
    };

    let backup = folder.join(format!("before-migration-{}.dump", version + 1));
    Dump::with_params(ConnectParams::try_from(config)?)
        .compression(Compression::ZSTD)
        .verify(true)
        .to_file(&backup)
        .await?;

    let transaction = client.transaction().await?;
    for (number, migration) in (version + 1..).zip(pending) {
        let made = transaction.batch_execute(migration).await;
        made.with_context(|| {
            let backup = backup.display();
            format!("migration {number} failed and nothing was changed; {backup} has all of it")
        })?;
    }
    let made = i32::try_from(migrations.len())?;
    transaction
        .execute("UPDATE schema_version SET made = $1", &[&made])
        .await?;
    transaction.commit().await?;
    Ok(Some(backup))
}

/// How many migrations the database has seen.
async fn version(client: &Client) -> anyhow::Result<usize> {
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_version (made int NOT NULL);
             INSERT INTO schema_version SELECT 0 WHERE NOT EXISTS (SELECT FROM schema_version)",
        )
        .await?;
    let row = client
        .query_one("SELECT made FROM schema_version", &[])
        .await?;
    Ok(usize::try_from(row.get::<_, i32>(0))?)
}
