//! A database of its own for each test.

use anyhow::{Result, bail};

use super::{Server, unique_name};
use crate::tools::run_script;

/// How a test's database is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// What the name begins with, in any characters; a number follows.
    pub name: String,
    /// The encoding, such as `UTF8`, `LATIN1` or `SQL_ASCII`.
    pub encoding: String,
    /// The locale for `LC_COLLATE` and `LC_CTYPE`; `C` works everywhere.
    pub locale: String,
    /// What else `CREATE DATABASE` shall say, such as `OWNER alice` or `LOCALE_PROVIDER builtin`.
    pub more: String,
}

impl Default for DatabaseOptions {
    fn default() -> DatabaseOptions {
        DatabaseOptions {
            name: "db".to_owned(),
            encoding: "UTF8".to_owned(),
            locale: "C".to_owned(),
            more: String::new(),
        }
    }
}

/// A database that is dropped with this value.
#[derive(Debug)]
pub struct Database {
    server: Server,
    name: String,
    options: DatabaseOptions,
}

impl Database {
    pub(super) fn create(server: &Server, options: &DatabaseOptions) -> Result<Database> {
        let DatabaseOptions {
            name,
            encoding,
            locale,
            more,
        } = options;
        let name = unique_name(name);
        server.run_sql(
            "postgres",
            &format!(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING '{encoding}' \
                 LC_COLLATE '{locale}' LC_CTYPE '{locale}' {more}",
                identifier(&name)
            ),
        )?;
        Ok(Database {
            server: server.clone(),
            name,
            options: options.clone(),
        })
    }

    /// Creates an empty database on the same server with the same encoding and locale.
    ///
    /// # Errors
    ///
    /// When the server refuses, with its message.
    pub fn empty_sibling(&self) -> Result<Database> {
        Database::create(&self.server, &self.options)
    }

    /// The database's name, which needs no quotes unless the options asked for an odd one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Connection parameters in libpq's keyword form, through the socket and as superuser.
    pub fn conninfo(&self) -> String {
        self.server.conninfo(&self.name)
    }

    /// A connection URL, through TCP and as superuser.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Runs a script of any length through psql, backslash commands included, and stops at the
    /// first error. The script ends outside a transaction.
    ///
    /// # Panics
    ///
    /// When a statement fails, with psql's message.
    pub fn execute_sql(&self, script: impl AsRef<[u8]>) {
        if let Err(error) = self.try_execute_sql(script) {
            panic!("SQL in {}: {error:#}", self.name);
        }
    }

    /// Like [`Database::execute_sql`].
    ///
    /// # Errors
    ///
    /// When a statement fails.
    pub fn try_execute_sql(&self, script: impl AsRef<[u8]>) -> Result<()> {
        let output = run_script(
            self.server
                .psql(&self.name)?
                // A server drops a session's temporary objects after the session's client has gone. Until
                // then pg_depend holds their rows, and one row more gives its unstable sort another order.
                .args(["-f", "-", "-c", "DISCARD TEMP"])
                .env("PGOPTIONS", "-c client_min_messages=warning"),
            script.as_ref(),
        )?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Runs one SQL command line and returns what psql printed: columns separated by `|`, no
    /// headings, no final newline.
    ///
    /// # Panics
    ///
    /// When it fails, with psql's message.
    pub fn psql(&self, sql: &str) -> String {
        self.server.ask(&self.name, sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = identifier(&self.name);
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // The server is thrown away soon; panicking here would hide a test's own failure.
        let _ = self.server.run_sql("postgres", &drop);
    }
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
