//! The database that programs back up.

use anyhow::Result;
use pgdumprs_testkit::{Authority, Database, Major, Server};

use crate::identical::stock_dump;

/// The name that the server's certificate is for.
pub(crate) const HOST: &str = "localhost";

/// The password of the role that programs connect as.
pub(crate) const PASSWORD: &str = "ein gutes";

/// A server with a sample database, which takes a password, and offers TLS.
pub(crate) struct Source {
    pub(crate) server: Server,
    pub(crate) database: Database,
    /// What stock pg_dump says of the database.
    pub(crate) dump: Vec<u8>,
    /// The role that programs connect as.
    pub(crate) role: String,
    /// The certificate of the authority that vouches for the server, in PEM form.
    pub(crate) authority: String,
}

impl Source {
    pub(crate) fn new() -> Result<Source> {
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

    /// What programs are told of the server by variables: over TLS, with its certificate checked. Which authorities they trust is theirs to say.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PGHOST", HOST.to_owned()),
            ("PGPORT", self.server.port().to_string()),
            ("PGUSER", self.role.clone()),
            ("PGPASSWORD", PASSWORD.to_owned()),
            ("PGSSLMODE", "verify-full".to_owned()),
        ]
    }
}
