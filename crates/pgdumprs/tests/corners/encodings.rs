//! Databases in other encodings than UTF-8, and one whose bytes are in none.

use anyhow::{Result, bail, ensure};
use pgdumprs::Dump;
use pgdumprs_testkit::compare::Restore;
use pgdumprs_testkit::{DatabaseOptions, fixtures_dir, for_each_major};

use crate::support::{ALL_WAYS, compare};

/// Compares a database of an encoding that holds `fixtures/encodings/<file>.sql`.
fn encoding(encoding: &str, file: &str, restores: &[Restore]) {
    let file = fixtures_dir().join("encodings").join(file);
    for_each_major(|server| {
        let database = server.database_with(&DatabaseOptions {
            encoding: encoding.to_owned(),
            ..DatabaseOptions::default()
        });
        database.load_file(&file)?;
        compare(&database, restores)
    });
}

#[test]
fn utf8() {
    encoding("UTF8", "utf8.sql", ALL_WAYS);
}

#[test]
fn latin1() {
    encoding("LATIN1", "latin1.sql", &[Restore::Serial]);
}

#[test]
fn win1252() {
    encoding("WIN1252", "win1252.sql", &[Restore::Serial]);
}

#[test]
fn euc_jp() {
    encoding("EUC_JP", "euc_jp.sql", &[Restore::Serial]);
}

#[test]
fn sql_ascii() {
    encoding("SQL_ASCII", "sql_ascii.sql", &[Restore::Serial]);
}

/// Not every encoding can be made of every other.
#[test]
fn conversions_that_a_server_lacks() {
    for_each_major(|server| -> Result<()> {
        let database = server.database_with(&DatabaseOptions {
            encoding: "EUC_JP".to_owned(),
            ..DatabaseOptions::default()
        });
        let dump = Dump::new(&database.conninfo())?.encoding("LATIN2");
        let outcome = tokio::runtime::Runtime::new()?.block_on(dump.to_std_writer(std::io::sink()));
        let Err(error) = outcome else {
            bail!("there is a dump");
        };
        let hint = error.hint().unwrap_or_default();
        let said = format!("{:#}", anyhow::Error::new(error));
        ensure!(said.contains("LATIN2") && said.contains("EUC_JP"), "{said}");
        ensure!(hint.contains("--encoding"), "{hint}");
        Ok(())
    });
}

/// Names of roles are the whole server's, as the bytes that the database had in which they were made. In another database they
/// may be no text at all, and are written so that every server refuses them: they can be restored there by nobody.
#[test]
fn roles_made_in_a_database_of_another_encoding() {
    for_each_major(|server| -> Result<()> {
        let latin1 = server.database_with(&DatabaseOptions {
            encoding: "LATIN1".to_owned(),
            ..DatabaseOptions::default()
        });
        latin1.execute_sql(
            "SET client_encoding = 'UTF8';
             CREATE ROLE \"rôle made in latin1\"",
        );
        let utf8 = server.database();
        utf8.execute_sql(
            "CREATE TABLE t (a integer);
             CREATE FUNCTION pg_temp.grantee() RETURNS oid LANGUAGE sql AS
                 $$ SELECT oid FROM pg_authid WHERE rolname::bytea LIKE '%made in latin1' $$;
             UPDATE pg_class SET relowner = pg_temp.grantee() WHERE relname = 't';
             UPDATE pg_class SET relacl = ARRAY[makeaclitem(pg_temp.grantee(), 10, 'SELECT', true)] WHERE relname = 't'",
        );
        let owner = utf8.psql("SELECT encode(relowner::regrole::text::bytea, 'escape') FROM pg_class WHERE relname = 't'");
        ensure!(owner.contains("\\364"), "the name is {owner}");
        compare(&utf8, &[])
    });
}
