//! A server that asks for passwords and speaks TLS, shared by the tests.

use std::sync::OnceLock;
use std::time::Duration;

use pgdumprs_connect::{ConnectParams, Error, Session};
use pgdumprs_testkit::{Authority, Identity, Major, Server};
use rcgen::CertificateParams;
use tokio::net::TcpSocket;

/// The password of every role here. It must never show in an error.
pub(crate) const PASSWORD: &str = "sp ice:\\'ä";

/// The name of the authority.
pub(crate) const AUTHORITY: &str = "pgdumprs test authority";

/// The serial number of the server's certificate.
pub(crate) const SERVER_SERIAL: u64 = 4711;

/// A server with TLS and password rules, and the authority that signed its certificate.
pub(crate) struct Secured {
    pub(crate) server: Server,
    pub(crate) authority: Authority,
}

/// The server that the tests of a process share.
///
/// Each way to authenticate has a role of the same name. The certificate is for `localhost` alone,
/// so that `127.0.0.1` is a name it does not hold.
pub(crate) fn secured() -> &'static Secured {
    static SECURED: OnceLock<Secured> = OnceLock::new();
    SECURED.get_or_init(|| {
        let authority = Authority::new(AUTHORITY).unwrap();
        let mut certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
        certificate.serial_number = Some(SERVER_SERIAL.into());
        let server = Server::builder(Major::V15)
            .tls(&authority.sign(certificate).unwrap())
            .setting("ssl_ca_file", "root.crt")
            .file("root.crt", authority.pem())
            .access_rules(
                "local all scram scram-sha-256\n\
                 hostssl all certified all cert\n\
                 host all scram all scram-sha-256\n\
                 host all md5 all md5\n\
                 host all cleartext all password\n\
                 hostssl all only_tls all scram-sha-256\n\
                 hostnossl all only_plain all scram-sha-256\n\
                 host all postgres all trust",
            )
            .start()
            .unwrap();
        let quoted = format!("E'{}'", PASSWORD.replace('\\', "\\\\").replace('\'', "\\'"));
        server.database().execute_sql(format!(
            "CREATE ROLE scram LOGIN PASSWORD {quoted};
             CREATE ROLE only_tls LOGIN PASSWORD {quoted};
             CREATE ROLE only_plain LOGIN PASSWORD {quoted};
             CREATE ROLE certified LOGIN;
             CREATE ROLE cleartext LOGIN PASSWORD {quoted};
             SET password_encryption = 'md5';
             CREATE ROLE md5 LOGIN PASSWORD {quoted};"
        ));
        Secured { server, authority }
    })
}

/// Parameters for the database `postgres` of the secured server, through TCP, with the right
/// password.
pub(crate) fn params(host: &str, user: &str, more: &str) -> ConnectParams {
    let mut params = ConnectParams::parse(more).unwrap();
    params.set_host(host);
    params.set_port(secured().server.port());
    params.set_user(user);
    params.set_dbname("postgres");
    params.set_password(PASSWORD);
    params
}

/// Opens a session and tells what the server knows about its encryption: `t` or `f`.
pub(crate) async fn encrypted(params: &ConnectParams) -> Result<String, Error> {
    let mut session = Session::connect(params).await?;
    let rows = session
        .query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        .await?;
    let text = rows
        .one()?
        .bytes(0)
        .expect("the column is not null")
        .to_string();
    session.close().await;
    Ok(text)
}

/// Fails to open a session; checks that the error keeps the password to itself.
pub(crate) async fn refused(params: &ConnectParams) -> Error {
    let error = Session::connect(params)
        .await
        .expect_err("this connection must fail");
    for text in [
        error.to_string(),
        format!("{error:?}"),
        format!("{params:?}"),
    ] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
    error
}

/// A server with a certificate of its own, which no authority has signed, and the certificate in PEM form.
pub(crate) fn self_signed(
    major: Major,
    certificate: CertificateParams,
    settings: &[(&str, &str)],
) -> (Server, String) {
    let identity = Identity::self_signed(certificate).unwrap();
    let mut builder = Server::builder(major).tls(&identity);
    for (name, value) in settings {
        builder = builder.setting(name, value);
    }
    (builder.start().unwrap(), identity.certificate)
}

/// Cancels a statement that would run for a minute; returns what it failed with.
pub(crate) async fn cancelled(mut session: Session) -> Option<String> {
    let token = session.cancel_token();
    let mut watcher = session.another().await.unwrap();
    let own = session.query("SELECT pg_backend_pid()").await.unwrap();
    let process: i32 = own.one().unwrap().get(0).unwrap();
    // On a task of its own, as a caller would: sessions can move between threads.
    let sleeping = tokio::spawn(async move { session.query("SELECT pg_sleep(60)").await });
    // A request that comes before the statement cancels nothing.
    let sleeps =
        format!("SELECT FROM pg_stat_activity WHERE pid = {process} AND wait_event = 'PgSleep'");
    while watcher.query(&sleeps).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    token.cancel().await.unwrap();
    let error = sleeping.await.unwrap().unwrap_err();
    error.sqlstate().map(str::to_owned)
}

/// A port of this machine where nobody listens, nor will: it stays taken by a socket that does not.
pub(crate) fn closed_port() -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    // For as long as the process lives.
    std::mem::forget(socket);
    port
}
