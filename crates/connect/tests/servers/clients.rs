//! Parameters that came from the configurations of other clients, against a real server.

use std::path::PathBuf;

use pgdumprs_connect::{ConnectParams, Error, Session};
use rcgen::{CertificateParams, DnType};
use sqlx_postgres::{PgConnectOptions, PgSslMode};
use tempfile::TempDir;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslMode};

use crate::secured::{PASSWORD, encrypted, refused, secured};

/// What the server knows of a session: user, database, name, path, encryption.
async fn known(params: &ConnectParams) -> Result<Vec<String>, Error> {
    let mut session = Session::connect(params).await?;
    let rows = session
        .query(
            "SELECT current_user, current_database(), current_setting('application_name'),
                    current_setting('search_path'), current_setting('geqo'), ssl
             FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        )
        .await?;
    let row = rows.one()?;
    let known = (0..6).map(|column| row.bytes(column).expect("not null").to_string());
    let known = known.collect();
    session.close().await;
    Ok(known)
}

const KNOWN: [&str; 6] = ["scram", "template1", "the service", "a, b", "off", "t"];

/// The authority of the secured server, in a file.
fn root_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.pem");
    std::fs::write(&path, secured().authority.pem()).unwrap();
    (folder, path)
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .host("localhost")
        .port(secured().server.port())
        .user("scram")
        .password(PASSWORD)
        .dbname("template1")
        .application_name("the service")
        .options("-c search_path=a,\\ b -c geqo=off");
    config
}

fn options() -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("localhost")
        .port(secured().server.port())
        .username("scram")
        .password(PASSWORD)
        .database("template1")
        .application_name("the service")
        .options([("search_path", "a, b"), ("geqo", "off")])
}

#[tokio::test]
async fn what_a_config_says_arrives() {
    let (_folder, root) = root_file();
    let mut config = config();
    config
        .ssl_mode(SslMode::Require)
        .channel_binding(ChannelBinding::Require);
    let mut params = ConnectParams::try_from(&config).unwrap();

    // No system trusts the authority of this test, and a connector that does not either is what is taken for granted.
    let error = refused(&params).await;
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert!(error.to_string().contains("sslrootcert"), "{error}");

    params.set("sslrootcert", root.to_str().unwrap()).unwrap();
    assert_eq!(known(&params).await.unwrap(), KNOWN);

    params.set("sslrootcert", "").unwrap();
    params.set("sslmode", "require").unwrap();
    assert_eq!(known(&params).await.unwrap(), KNOWN);

    config
        .ssl_mode(SslMode::Disable)
        .channel_binding(ChannelBinding::Prefer);
    let params = ConnectParams::try_from(&config).unwrap();
    assert_eq!(encrypted(&params).await.unwrap(), "f");
}

#[tokio::test]
async fn a_config_names_several_servers_as_it_does_there() {
    // Nobody listens at the first address.
    let config: Config = format!(
        "host=a,localhost hostaddr=127.0.0.1,127.0.0.1 port=1,{} user=scram sslmode=disable dbname=postgres \
         target_session_attrs=read-write connect_timeout=60",
        secured().server.port()
    )
    .parse()
    .unwrap();
    let mut config = config;
    config.password(PASSWORD);
    let params = ConnectParams::try_from(&config).unwrap();
    assert_eq!(encrypted(&params).await.unwrap(), "f");

    // A socket, of which the port is a part.
    let mut config = Config::new();
    config
        .host_path(secured().server.socket_dir())
        .port(secured().server.port())
        .user("scram")
        .password(PASSWORD)
        .dbname("postgres");
    let params = ConnectParams::try_from(&config).unwrap();
    assert_eq!(encrypted(&params).await.unwrap(), "f");
}

#[tokio::test]
async fn what_connect_options_say_arrives() {
    let (_folder, root) = root_file();
    let verified = options()
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert(&root);
    let params = ConnectParams::try_from(&verified).unwrap();
    assert_eq!(known(&params).await.unwrap(), KNOWN);

    let error = refused(&ConnectParams::try_from(&verified.host("127.0.0.1")).unwrap()).await;
    assert!(
        error.to_string().contains("for another host name"),
        "{error}"
    );

    let systems = options().ssl_mode(PgSslMode::VerifyCa);
    let error = refused(&ConnectParams::try_from(&systems).unwrap()).await;
    assert!(matches!(error, Error::Tls { .. }), "{error}");

    let plain = options().ssl_mode(PgSslMode::Disable);
    let params = ConnectParams::try_from(&plain).unwrap();
    assert_eq!(encrypted(&params).await.unwrap(), "f");

    let socket = plain.socket(secured().server.socket_dir());
    let params = ConnectParams::try_from(&socket).unwrap();
    assert_eq!(known(&params).await.unwrap()[..5], KNOWN[..5]);
}

#[tokio::test]
async fn connect_options_bring_their_certificate() {
    let (folder, root) = root_file();
    let mut certificate = CertificateParams::default();
    certificate
        .distinguished_name
        .push(DnType::CommonName, "certified");
    let identity = secured().authority.sign(certificate).unwrap();
    let paths = ["client.pem", "client key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&paths[0], identity.certificate).unwrap();
    std::fs::write(&paths[1], identity.key.serialize_pem()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&paths[1], std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let options = options()
        .username("certified")
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert(&root)
        .ssl_client_cert(&paths[0])
        .ssl_client_key(&paths[1]);
    let params = ConnectParams::try_from(&options).unwrap();
    assert_eq!(known(&params).await.unwrap()[0], "certified");
}
