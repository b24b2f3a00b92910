//! Restores where several hosts are named.

use anyhow::{Result, ensure};
use pgdumprs::{Restore, RestoreEnd, RestoreOptions};
use pgdumprs_testkit::{Major, Server, checked_output, reference_pg_dump};

/// The database that is made, and all that comes into it, is of the server that was connected to first, though another host stands before it.
#[test]
fn a_new_database_is_made_and_filled_on_one_server() -> Result<()> {
    let [passed_by, taken] = [Major::V15, Major::V17].map(Server::get);
    let source = taken.database();
    source.execute_sql("CREATE TABLE item AS SELECT 1 AS id");
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    let mut pg_dump = reference_pg_dump();
    pg_dump.args(["-Fc", "-d", &source.conninfo(), "-f"]);
    checked_output(pg_dump.arg(&archive))?;
    source.execute_sql("DROP TABLE item");

    // Both have a database to connect to, and the one that is made. Only of the first database the first host is not what is wanted.
    let first = passed_by.database();
    let name = first.name();
    first.execute_sql(format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on"
    ));
    let admin = taken.conninfo("postgres");
    let psql = |conninfo: &str, database: &str, sql: String| -> Result<()> {
        let mut psql = pgdumprs_testkit::tool(Major::REFERENCE, "psql");
        let conninfo = conninfo.replace("dbname=postgres", &format!("dbname={database}"));
        checked_output(psql.args(["-X", "-d", &conninfo, "-c", &sql]))?;
        Ok(())
    };
    psql(&admin, "postgres", format!("CREATE DATABASE {name}"))?;
    psql(
        &passed_by.conninfo("postgres"),
        "postgres",
        format!("CREATE DATABASE {}", source.name()),
    )?;
    let hosts = format!(
        "host={},{} port={},{} user=postgres dbname={name} target_session_attrs=read-write",
        passed_by.socket_dir().display(),
        taken.socket_dir().display(),
        passed_by.port(),
        taken.port(),
    );
    let options = RestoreOptions {
        create: true,
        clean: true,
        if_exists: true,
        ..RestoreOptions::default()
    };
    let restore = Restore::new(&hosts)?.options(options).jobs(2);
    let runtime = tokio::runtime::Runtime::new()?;
    let report = runtime.block_on(restore.from_file(&archive));
    psql(&admin, "postgres", format!("DROP DATABASE {name}"))?;
    psql(
        &passed_by.conninfo("postgres"),
        "postgres",
        format!("DROP DATABASE {}", source.name()),
    )?;
    let report = report?;
    ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
    ensure!(source.psql("SELECT id FROM item").trim() == "1");
    Ok(())
}
