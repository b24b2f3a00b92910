//! The database that programs back up.

use anyhow::Result;
use pgdumprs_testkit::{Authority, Database, Major, Server};

use crate::identical::stock_dump;

/// The name that the server's certificate is for.
pub(super) const HOST: &str = "localhost";

/// The password of the role that programs connect as.
pub(super) const PASSWORD: &str = "ein gutes";

/// A server with a sample database, which takes a password, and offers TLS.
pub(super) struct Source {
    pub(super) server: Server,
    pub(super) database: Database,
    /// What stock pg_dump says of the database.
    pub(super) dump: Vec<u8>,
    /// The role that programs connect as.
    pub(super) role: String,
    /// The certificate of the authority that vouches for the server, in PEM form.
    pub(super) authority: String,
}

impl Source {
    pub(super) fn new() -> Result<Source> {
        let authority = Authority::new("An authority of this run")?;
        let server = Server::builder(Major::V17)
            .tls(&authority.sign_host(HOST)?)
            .access_rules(
                "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
            )
            .start()?;
        let role = server.role(&format!("LOGIN SUPERUSER PASSWORD '{PASSWORD}'"));
        let database = server.database();
        database.load_fixture("logistics")?;
        Ok(Source {
            dump: stock_dump(&database)?,
            authority: authority.pem(),
            server,
            database,
            role,
        })
    }
}
