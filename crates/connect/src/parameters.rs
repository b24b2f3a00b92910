//! Connection parameters as they were given: in strings, by options, by the environment.

pub(crate) mod conninfo;
pub(crate) mod environment;
pub(crate) mod foreign;
#[cfg(feature = "sqlx")]
mod from_sqlx;
#[cfg(feature = "tokio-postgres")]
mod from_tokio_postgres;
pub(crate) mod hosts;
pub(crate) mod keywords;
pub(crate) mod names;
pub(crate) mod plan;
pub(crate) mod service;
pub(crate) mod shown;
pub(crate) mod uri;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::authentication::password::{PasswordRequest, PasswordSource};
use crate::parameters::conninfo::{ConnInfoError, Setting, parse_key_values};
use crate::parameters::hosts::{Host, Place};
use crate::parameters::shown::{HIDDEN, shown};
use crate::parameters::uri::{check_scheme, has_stray_at, parse_uri, strip_scheme};

/// Variables that libpq turns into settings of the session, unless they say `default`.
const SESSION_VARIABLES: [(&str, &str); 3] = [
    ("PGDATESTYLE", "datestyle"),
    ("PGTZ", "timezone"),
    ("PGGEQO", "geqo"),
];

/// Connection parameters under libpq's keywords.
///
/// Values are checked when a session is opened. An empty value counts as given: it keeps the
/// environment out. For names, numbers of ports and files it stands for the built-in default, as in libpq; where a parameter chooses
/// among words, or is a number, it is refused then. `Debug` never shows a password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConnectParams {
    settings: BTreeMap<&'static str, String>,
    /// The folder where libpq looks for the user's files: the home folder, or that of PostgreSQL in the profile on Windows.
    home: Option<PathBuf>,
    /// Settings of the session that the environment asks for.
    session_settings: Vec<(&'static str, String)>,
    password_source: Option<PasswordSource>,
}

impl ConnectParams {
    /// Where the password file is when nothing names it, as people write it.
    pub const USUAL_PASSFILE: &'static str = environment::USUAL_PASSWORD_FILE;

    /// No parameters at all: everything at its default.
    pub fn new() -> Self {
        ConnectParams::default()
    }

    /// Reads a connection string: a `postgresql://` or `postgres://` URI, or `keyword=value` pairs.
    ///
    /// # Errors
    ///
    /// [`ConnInfoError`] for malformed strings, for URLs of other schemes, and for keywords that libpq does not know, all at once.
    pub fn parse(text: &str) -> Result<Self, ConnInfoError> {
        let mut params = ConnectParams::default();
        if let Some(rest) = strip_scheme(text) {
            params.set_all(parse_uri(rest)?, |_| has_stray_at(rest))?;
            return Ok(params);
        }
        check_scheme(text)?;
        let settings = parse_key_values(text)?;
        for (keyword, value) in &settings {
            names::check(keyword, value)?;
        }
        let password = settings.iter().position(|(name, _)| name == "password");
        params.set_all(settings, |index| {
            password.is_some_and(|password| password < index)
        })?;
        Ok(params)
    }

    /// Reads what PostgreSQL's programs take in place of a database name: a connection string if it
    /// is a URI or holds an equals sign, the name of a database otherwise.
    ///
    /// # Errors
    ///
    /// As for [`ConnectParams::parse`].
    pub fn from_dbname(text: &str) -> Result<Self, ConnInfoError> {
        if strip_scheme(text).is_some() || text.contains('=') {
            return ConnectParams::parse(text);
        }
        check_scheme(text)?;
        names::check("dbname", text)?;
        let mut params = ConnectParams::default();
        params.set_dbname(text);
        Ok(params)
    }

    /// Fills in what is not set yet, as libpq does: from the service that `service` or `PGSERVICE` names, from the `PG*`
    /// variables, from the password file's usual place and, for the user, from the operating system.
    ///
    /// `variable` looks up an environment variable; a program passes `|name|
    /// std::env::var(name).ok()`.
    ///
    /// # Errors
    ///
    /// [`ConnInfoError`] where the service is not defined or its file is wrong.
    pub fn resolve(
        mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConnInfoError> {
        self.home = environment::home(&variable);
        self.resolve_service(&variable)?;
        let variables = keywords::KEYWORDS
            .iter()
            .filter(|keyword| !keywords::is_about_services(keyword.name));
        for keyword in variables {
            if self.settings.contains_key(keyword.name) {
                continue;
            }
            if let Some(value) = keyword.variable.and_then(&variable) {
                names::check(keyword.name, &value)?;
                self.settings.insert(keyword.name, value);
            }
        }
        // What PGSSLMODE replaced; libpq still goes by it.
        if variable("PGREQUIRESSL").is_some_and(|value| value.starts_with('1')) {
            self.settings
                .entry("sslmode")
                .or_insert_with(|| "require".into());
        }
        let asked_for = SESSION_VARIABLES
            .into_iter()
            .filter_map(|(name, setting)| Some((setting, variable(name)?)))
            .filter(|(_, value)| !value.eq_ignore_ascii_case("default"));
        self.session_settings = asked_for.collect();
        let is_usual = self.non_empty("passfile").is_none();
        if let Some(home) = self.home.as_ref().filter(|_| is_usual) {
            let passfile = home.join(environment::PASSWORD_FILE);
            let passfile = passfile.to_string_lossy().into_owned();
            self.settings.insert("passfile", passfile);
        }
        if self.non_empty("user").is_none() {
            if let Some(user) = environment::user(&variable) {
                self.set_user(user);
            }
        }
        Ok(self)
    }

    /// Replaces a service's name by its parameters, where they are not set yet.
    fn resolve_service(
        &mut self,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<(), ConnInfoError> {
        let mut take =
            |keyword, name: &str| self.settings.remove(keyword).or_else(|| variable(name));
        let name = take("service", "PGSERVICE");
        let file = take("servicefile", "PGSERVICEFILE");
        let Some(name) = name else { return Ok(()) };
        let places = service::Places {
            file: file.map(PathBuf::from),
            home: self.home.clone(),
            system: variable("PGSYSCONFDIR").map(PathBuf::from),
        };
        for (keyword, value) in service::look_up(&name, &places)? {
            self.settings.entry(keyword).or_insert(value);
        }
        Ok(())
    }

    /// Has `ask` called when a server asks for a password and neither these parameters nor the password file have one.
    ///
    /// It may take its time, as a person does who types: it runs on a thread of its own, with the connection closed, and
    /// the password serves every connection that is opened from then on with the same session
    /// ([`Session::another`](crate::Session::another)).
    pub fn ask_password(
        &mut self,
        ask: impl Fn(&PasswordRequest) -> io::Result<String> + Send + Sync + 'static,
    ) {
        self.password_source = Some(PasswordSource::new(ask));
    }

    /// The value of a parameter, by libpq's keyword; `None` where it is not set.
    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.settings.get(keyword).map(String::as_str)
    }

    /// Sets a parameter by libpq's keyword, in place of what was set.
    ///
    /// # Errors
    ///
    /// [`ConnInfoError`] where libpq knows no such keyword, and where a connection string is given as the name of a user or a database.
    pub fn set(&mut self, keyword: &str, value: impl Into<String>) -> Result<(), ConnInfoError> {
        let value = value.into();
        names::check(keyword, &value)?;
        self.set_all([(keyword.to_owned(), value)].into(), |_| false)
    }

    /// Adds the parameters of `other` to these; where both have one, that of `other` stays.
    pub fn merge(&mut self, other: ConnectParams) {
        self.settings.extend(other.settings);
        self.home = other.home.or(self.home.take());
        self.session_settings.extend(other.session_settings);
        self.password_source = other.password_source.or(self.password_source.take());
    }

    /// Sets the host: a name, an address, or the folder of a Unix socket.
    pub fn set_host(&mut self, host: impl Into<String>) {
        self.settings.insert("host", host.into());
    }

    /// Sets the port.
    pub fn set_port(&mut self, port: impl fmt::Display) {
        self.settings.insert("port", port.to_string());
    }

    /// Makes a host the only one, at an address if that is known.
    pub(crate) fn keep_to(&mut self, host: &Host, address: Option<IpAddr>) {
        let folder = match &host.place {
            Place::Socket(path) => path.parent().and_then(Path::to_str),
            _ => None,
        };
        self.set_host(folder.unwrap_or(&host.name));
        self.set_port(host.port);
        self.settings.remove("hostaddr");
        // The number of a link, which some addresses need, stands in the name alone.
        let address = address.filter(|_| folder.is_none() && !host.name.contains('%'));
        if let Some(address) = address {
            self.settings.insert("hostaddr", address.to_string());
        }
    }

    /// Sets the user.
    pub fn set_user(&mut self, user: impl Into<String>) {
        self.settings.insert("user", user.into());
    }

    /// Sets the database.
    pub fn set_dbname(&mut self, dbname: impl Into<String>) {
        self.settings.insert("dbname", dbname.into());
    }

    /// Sets the password.
    pub fn set_password(&mut self, password: impl Into<String>) {
        self.settings.insert("password", password.into());
    }

    /// The value of a parameter, unless it is unset or empty, which both stand for the default.
    pub(crate) fn non_empty(&self, keyword: &str) -> Option<&str> {
        self.get(keyword).filter(|value| !value.is_empty())
    }

    /// A file of TLS in the user's folder where libpq looks for it.
    pub(crate) fn home_file(&self, name: &str) -> Option<PathBuf> {
        let folder = self.home.as_ref()?.join(environment::TLS_FOLDER);
        Some(folder.join(name))
    }

    /// Settings of the session that the environment asks for, by their names.
    pub(crate) fn session_settings(&self) -> &[(&'static str, String)] {
        &self.session_settings
    }

    /// What to ask for a password.
    pub(crate) fn password_source(&self) -> Option<&PasswordSource> {
        self.password_source.as_ref()
    }

    /// Sets parameters, or none of them. Whether the one of an index may be the middle of a password rather than a parameter is said by
    /// `is_doubtful`.
    fn set_all(
        &mut self,
        settings: Vec<Setting>,
        is_doubtful: impl Fn(usize) -> bool,
    ) -> Result<(), ConnInfoError> {
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for (index, (keyword, value)) in settings.into_iter().enumerate() {
            match keywords::find(&keyword) {
                Some(found) if value.contains('\0') => {
                    return Err(ConnInfoError::new(format!(
                        "the connection parameter {:?} holds a zero byte",
                        found.name
                    )));
                }
                Some(found) => known.push((found.name, value)),
                None => unknown.push((keyword, is_doubtful(index))),
            }
        }
        if !unknown.is_empty() {
            return Err(foreign::unknown(&unknown));
        }
        self.settings.extend(known);
        Ok(())
    }
}

impl fmt::Debug for ConnectParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.settings.iter().map(|(&name, value)| {
            let secret = keywords::find(name).is_none_or(|keyword| keyword.secret);
            (name, if secret { HIDDEN } else { shown(value) })
        });
        f.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_both_forms() {
        let uri = ConnectParams::parse("postgres://u:p@h:1/d?sslmode=require").unwrap();
        let pairs =
            ConnectParams::parse("user=u password=p host=h port=1 dbname=d sslmode=require");
        assert_eq!(uri, pairs.unwrap());
        assert_eq!(
            ConnectParams::from_dbname("shop").unwrap().get("dbname"),
            Some("shop")
        );
        assert_eq!(
            ConnectParams::from_dbname("dbname=shop")
                .unwrap()
                .get("dbname"),
            Some("shop")
        );
        assert!(ConnectParams::parse("shop").is_err());
    }

    #[test]
    fn unknown_parameters_are_named() {
        let error = ConnectParams::parse("hots=a").unwrap_err().to_string();
        assert!(error.contains("\"hots\""), "{error}");
        let error = ConnectParams::parse("postgresql://h/d?schema=public")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\"schema\"") && error.contains("Prisma"),
            "{error}"
        );
        assert!(
            ConnectParams::new()
                .set("database", "x")
                .unwrap_err()
                .to_string()
                .contains("dbname")
        );
    }

    #[test]
    fn the_password_never_shows() {
        let params = ConnectParams::parse("host=h password=hunter2 sslpassword=hunter2").unwrap();
        let shown = format!("{params:?}");
        assert!(
            shown.contains("\"host\": \"h\"") && !shown.contains("hunter2"),
            "{shown}"
        );
    }

    #[test]
    fn given_values_win_over_the_environment() {
        let variables = |name: &str| {
            let value = match name {
                "PGHOST" => "envhost",
                "PGPORT" => "6000",
                "PGUSER" => "envuser",
                "PGPASSWORD" => "envpass",
                "HOME" => "/home/ada",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let params = ConnectParams::parse("host=given port=''")
            .unwrap()
            .resolve(variables)
            .unwrap();
        assert_eq!(params.get("host"), Some("given"));
        assert_eq!(
            params.get("port"),
            Some(""),
            "an empty value keeps the environment out"
        );
        assert_eq!(params.get("user"), Some("envuser"));
        assert_eq!(params.get("password"), Some("envpass"));
        assert_eq!(params.get("passfile"), Some("/home/ada/.pgpass"));
        assert_eq!(
            params.home_file("root.crt"),
            Some("/home/ada/.postgresql/root.crt".into())
        );
    }

    #[test]
    fn a_service_stands_between_the_string_and_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("services");
        std::fs::write(&file, "[shop]\nhost=service\nport=1\nuser=ada\n").unwrap();
        let variables = |name: &str| match name {
            "PGSERVICE" => Some("shop".to_owned()),
            "PGSERVICEFILE" => Some(file.to_string_lossy().into_owned()),
            "PGPORT" | "PGDATABASE" => Some("2".to_owned()),
            _ => None,
        };
        let params = ConnectParams::parse("host=given").unwrap();
        let params = params.resolve(variables).unwrap();
        for (keyword, value) in [
            ("host", Some("given")),
            ("port", Some("1")),
            ("dbname", Some("2")),
            ("user", Some("ada")),
            ("service", None),
        ] {
            assert_eq!(params.get(keyword), value, "{keyword}");
        }
        let params = ConnectParams::parse("service=none").unwrap();
        let error = params.resolve(variables).unwrap_err().to_string();
        assert!(error.contains("\"none\" is not defined"), "{error}");
    }

    #[test]
    fn variables_that_are_no_parameters_count_too() {
        let variables = |name: &str| match name {
            "PGREQUIRESSL" => Some("1".to_owned()),
            "PGTZ" => Some("Asia/Tokyo".to_owned()),
            "PGGEQO" => Some("DEFAULT".to_owned()),
            _ => None,
        };
        let params = ConnectParams::new().resolve(variables).unwrap();
        assert_eq!(params.get("sslmode"), Some("require"));
        assert_eq!(
            params.session_settings(),
            [("timezone", "Asia/Tokyo".to_owned())]
        );
    }

    #[test]
    fn later_parameters_replace_earlier_ones_on_merge() {
        let mut params = ConnectParams::parse("host=a port=1").unwrap();
        params.merge(ConnectParams::parse("host=b").unwrap());
        assert_eq!(
            (params.get("host"), params.get("port")),
            (Some("b"), Some("1"))
        );
    }
}
