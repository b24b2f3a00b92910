//! Options that say where to connect and as whom.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use anyhow::bail;
use clap::{Args, ValueHint};
use pgdumprs::ConnectParams;

use crate::command_line::words;
use crate::message::say;
use crate::password;

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection options")]
pub(super) struct ConnectionArgs {
    /// Database to dump: a name, a connection URI or key=value pairs
    ///
    /// A connection string has the last word about what it says: it wins over the other options of this group. docs/connections.md has its
    /// parameters, among them those for several hosts, TLS and services.
    #[arg(short, long, value_name = "DBNAME", value_hint = ValueHint::Other)]
    dbname: Option<String>,

    #[command(flatten)]
    server: ServerArgs,
}

/// Where to connect and as whom, but for the database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection options")]
pub(crate) struct ServerArgs {
    /// Server's host name, or the folder of its socket
    ///
    /// Several, separated by commas, are tried in turn, each with its port where as many ports are given.
    #[arg(short, long, value_name = "HOSTNAME", value_hint = ValueHint::Hostname)]
    host: Option<String>,

    /// Server's port
    #[arg(short, long, value_name = "PORT")]
    port: Option<String>,

    /// User to connect as
    #[arg(short = 'U', long, value_name = "NAME", value_hint = ValueHint::Username)]
    username: Option<String>,

    /// Never ask for a password
    #[arg(short = 'w', long, overrides_with = "password")]
    no_password: bool,

    /// Ask for a password before connecting, rather than when the server wants one
    ///
    /// The question appears on the terminal, wherever standard input and output go. Without a terminal it is an error.
    #[arg(short = 'W', long, overrides_with = "no_password")]
    password: bool,
}

impl ConnectionArgs {
    /// Connection parameters, with what services and the environment add.
    pub(super) fn params(&self, positional_dbname: Option<&str>) -> anyhow::Result<ConnectParams> {
        if self.dbname.is_some() && positional_dbname.is_some() {
            // Which may be connection strings, with passwords.
            if let Some(advice) = positional_dbname.and_then(words::advice) {
                bail!(advice);
            }
            bail!(
                "too many command-line arguments: the database is named twice, by -d and without"
            );
        }
        self.server
            .params(self.dbname.as_deref().or(positional_dbname))
    }
}

impl ServerArgs {
    /// Whether a password may be asked for.
    pub(crate) fn asks_password(&self) -> bool {
        !self.no_password
    }

    /// Connection parameters to the database that `dbname` names, with what services and the environment add.
    ///
    /// As in stock's programs, a connection string in place of a database name wins over `-h`, `-p` and `-U`, and empty values of
    /// these say nothing.
    pub(crate) fn params(&self, dbname: Option<&str>) -> anyhow::Result<ConnectParams> {
        let mut params = self.named()?;
        if let Some(dbname) = dbname {
            params.merge(ConnectParams::from_dbname(dbname)?);
        }
        self.completed(params)
    }

    /// As [`ServerArgs::params`], by a connection string over which `-h`, `-p` and `-U` win, as in pg_dumpall. It takes no mere name.
    pub(crate) fn params_over(&self, conninfo: Option<&str>) -> anyhow::Result<ConnectParams> {
        let mut params = match conninfo {
            Some(conninfo) => ConnectParams::parse(conninfo)?,
            None => ConnectParams::new(),
        };
        params.merge(self.named()?);
        self.completed(params)
    }

    /// What the options say.
    fn named(&self) -> anyhow::Result<ConnectParams> {
        let mut params = ConnectParams::new();
        for (keyword, value) in [
            ("host", &self.host),
            ("port", &self.port),
            ("user", &self.username),
        ] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                params.set(keyword, value)?;
            }
        }
        Ok(params)
    }

    /// Adds what services and the environment say, and the password or who is asked for it.
    fn completed(&self, params: ConnectParams) -> anyhow::Result<ConnectParams> {
        let mut params = params.resolve(|name| std::env::var(name).ok())?;
        if self.password {
            let user = params.get("user").unwrap_or_default();
            let password = password::ask_first(user)?;
            params.set_password(password);
        } else if !self.no_password {
            // A person is asked once, however many sessions begin there, each with another database.
            let answers = Mutex::new(HashMap::new());
            params.ask_password(move |request| {
                let target = &request.target;
                let whose = (target.host.clone(), target.port, target.user.clone());
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(answer) = answers.get(&whose) {
                    return Ok(String::clone(answer));
                }
                if let Some(note) = &request.note {
                    say(format_args!("warning: {note}"));
                }
                let answer = password::ask_meanwhile(&target.user)?;
                answers.insert(whose, answer.clone());
                Ok(answer)
            });
        }
        Ok(params)
    }
}
