//! Connection parameters from those of sqlx.

use percent_encoding::percent_decode_str;
use sqlx_core::connection::ConnectOptions;
use sqlx_postgres::{PgConnectOptions, PgSslMode};

use crate::parameters::ConnectParams;
use crate::parameters::conninfo::ConnInfoError;

/// What stands before the path of a file in the URL of options; a certificate that was given as such stands there itself.
const FILE: &str = "file: ";

/// The parameters of a service that uses sqlx: those of a pool are `pool.connect_options()`. They are the whole truth then: what sqlx takes from the
/// environment and the password file is in them already.
///
/// Host, port, socket, user, password, database, `ssl_mode`, the files of certificates, `application_name` and `options` are carried over. This is different:
///
/// - `Require` with a file of authorities checks that one of them has signed the server's certificate, as libpq does; sqlx does not look.
/// - `VerifyCa` and `VerifyFull` without such a file become `sslmode=verify-full` with `sslrootcert=system`: everybody gets certificates from the authorities
///   that a system trusts, so that the name is looked at as well.
/// - `Allow` encrypts where the server insists on it, as libpq does; sqlx never does then.
/// - `statement_cache_capacity`, `extra_float_digits` and what sqlx logs say nothing to a dump or a restore.
///
/// ```
/// use pgdumprs_connect::ConnectParams;
/// use sqlx_postgres::PgConnectOptions;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options: PgConnectOptions = "postgresql://app@db.example.com/shop?sslmode=verify-full".parse()?;
/// let params = ConnectParams::try_from(&options)?;
/// assert_eq!(params.get("sslrootcert"), Some("system"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ConnInfoError`] for what libpq's parameters cannot say: certificates and keys that were given as bytes rather than as files, no host, a host's name with a
/// comma in it or like that of a socket, paths that are not UTF-8, a relative folder of a socket, and zero bytes.
impl TryFrom<&PgConnectOptions> for ConnectParams {
    type Error = ConnInfoError;

    fn try_from(options: &PgConnectOptions) -> Result<Self, ConnInfoError> {
        let mut params = ConnectParams::new();
        params.set("host", host(options)?)?;
        params.set_port(options.get_port());
        params.set("user", options.get_username())?;
        if let Some(database) = options.get_database() {
            params.set("dbname", database)?;
        }
        if let Some(name) = options.get_application_name() {
            params.set("application_name", name)?;
        }
        if let Some(text) = options.get_options() {
            params.set("options", text)?;
        }
        let unshown = Unshown::of(options)?;
        if let Some(password) = unshown.password {
            params.set("password", password)?;
        }
        for (keyword, path) in unshown.files {
            params.set(keyword, path)?;
        }
        let mode = match options.get_ssl_mode() {
            PgSslMode::Disable => "disable",
            PgSslMode::Allow => "allow",
            PgSslMode::Prefer => "prefer",
            PgSslMode::Require => "require",
            PgSslMode::VerifyCa if params.get("sslrootcert").is_some() => "verify-ca",
            PgSslMode::VerifyCa | PgSslMode::VerifyFull => "verify-full",
        };
        if mode == "verify-full" && params.get("sslrootcert").is_none() {
            params.set("sslrootcert", "system")?;
        }
        params.set("sslmode", mode)?;
        Ok(params)
    }
}

/// The host, or the folder of the socket, as libpq names it. What libpq would take for something else is refused.
fn host(options: &PgConnectOptions) -> Result<&str, ConnInfoError> {
    let host = match options.get_socket() {
        Some(folder) => folder
            .to_str()
            .filter(|_| folder.is_absolute())
            .ok_or_else(|| refused("the folder of their socket is relative, or not UTF-8"))?,
        // Addresses that came from a URL still have its brackets.
        None => options.get_host().trim_matches(['[', ']']),
    };
    match host {
        "" => Err(refused("they name no host")),
        host if host.contains(',') => Err(refused("their host has a comma in its name")),
        host if host.starts_with('@') => {
            Err(refused("the name of their host is like that of a socket"))
        }
        host => Ok(host),
    }
}

/// What options do not tell but in a URL.
struct Unshown {
    password: Option<String>,
    files: Vec<(&'static str, String)>,
}

impl Unshown {
    fn of(options: &PgConnectOptions) -> Result<Unshown, ConnInfoError> {
        // Users and hosts stand in that URL as they are, and there are some that make it none.
        let options = options.clone().username("user").socket("/");
        let url = options.to_url_lossy();
        let password = url.password().map(|password| {
            let password = percent_decode_str(password).decode_utf8();
            password.map_err(|_| refused("their password is not UTF-8"))
        });
        let password = password.transpose()?.map(Into::into);
        let mut files = Vec::new();
        for (name, value) in url.query_pairs() {
            let keywords = ["sslrootcert", "sslcert", "sslkey"];
            let Some(keyword) = keywords.into_iter().find(|&keyword| keyword == name) else {
                continue;
            };
            let Some(path) = value.strip_prefix(FILE) else {
                return Err(refused(&format!(
                    "their {keyword} is given as bytes; write it into a file, with access for nobody else, and give its path"
                )));
            };
            if path.contains(char::REPLACEMENT_CHARACTER) {
                return Err(refused(&format!(
                    "the path of their {keyword} is not UTF-8"
                )));
            }
            files.push((keyword, path.to_owned()));
        }
        Ok(Unshown { password, files })
    }
}

fn refused(why: &str) -> ConnInfoError {
    ConnInfoError::new(format!("the PgConnectOptions cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Options that owe nothing to the environment.
    fn options() -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("h")
            .port(1)
            .username("ada")
            .password("hunter2")
            .database("shop")
            .application_name("app")
            .ssl_mode(PgSslMode::Prefer)
    }

    fn params(options: &PgConnectOptions) -> ConnectParams {
        ConnectParams::try_from(options).unwrap()
    }

    fn said(options: &PgConnectOptions) -> String {
        ConnectParams::try_from(options).unwrap_err().to_string()
    }

    #[test]
    fn everything_is_carried_over() {
        let options = options()
            .options([("search_path", "s"), ("geqo", "off")])
            .ssl_mode(PgSslMode::VerifyCa)
            .ssl_root_cert("/etc/root.pem")
            .ssl_client_cert("/etc/my.pem")
            .ssl_client_key("/etc/my key.pem");
        let expected = "host=h port=1 user=ada password=hunter2 dbname=shop application_name=app \
                        options='-c search_path=s -c geqo=off' sslmode=verify-ca sslrootcert=/etc/root.pem \
                        sslcert=/etc/my.pem sslkey='/etc/my key.pem'";
        assert_eq!(params(&options), ConnectParams::parse(expected).unwrap());
    }

    #[test]
    fn strange_names_and_passwords_arrive() {
        let options = options()
            .username("a@b/c#d ä")
            .password("p@ss/w%20ö#?")
            .database("x?y=z");
        let places = ["h", "::1", "/run/pg"].map(|host| options.clone().host(host));
        let socket = cfg!(unix).then(|| options.socket("/run/a b"));
        for options in places.iter().chain(&socket) {
            let params = params(options);
            assert_eq!(params.get("user"), Some("a@b/c#d ä"));
            assert_eq!(params.get("password"), Some("p@ss/w%20ö#?"));
            assert_eq!(params.get("dbname"), Some("x?y=z"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_wins_over_a_host() {
        assert_eq!(
            params(&options().socket("/run/pg")).get("host"),
            Some("/run/pg")
        );
        assert_eq!(
            params(&options().host("/run/pg")).get("host"),
            Some("/run/pg")
        );
    }

    #[test]
    fn an_address_out_of_a_url_loses_its_brackets() {
        let options: PgConnectOptions = "postgresql://ada@[::1]:1/shop".parse().unwrap();
        assert_eq!(params(&options).get("host"), Some("::1"));
    }

    #[test]
    fn without_a_file_the_systems_authorities_and_the_name_count() {
        for mode in [PgSslMode::VerifyCa, PgSslMode::VerifyFull] {
            let params = params(&options().ssl_mode(mode));
            assert_eq!(params.get("sslmode"), Some("verify-full"));
            assert_eq!(params.get("sslrootcert"), Some("system"));
        }
        let params = params(&options().ssl_mode(PgSslMode::Require));
        assert_eq!(params.get("sslmode"), Some("require"));
        assert_eq!(params.get("sslrootcert"), None);
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let pem = b"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----".to_vec();
        for (options, part) in [
            (
                options().ssl_client_key_from_pem(&pem),
                "sslkey is given as bytes",
            ),
            (
                options().ssl_root_cert_from_pem(pem),
                "sslrootcert is given as bytes",
            ),
            (options().host("a,b"), "comma"),
            (options().host(""), "no host"),
            (options().host("@pg"), "socket"),
            (options().socket("run/pg"), "folder"),
            (options().password("hunter2\0"), "zero byte"),
        ] {
            let said = said(&options);
            assert!(said.contains(part) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn the_password_never_shows() {
        assert!(!format!("{:?}", params(&options())).contains("hunter2"));
    }
}
