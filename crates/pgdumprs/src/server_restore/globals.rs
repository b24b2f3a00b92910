//! What belongs to no database, brought to what a dump has of it.

use std::collections::HashMap;

use bstr::BString;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_sql::Encoding;

use super::ServerRestoreError;
use super::existing::{Standing, There};
use super::form::Form;
use super::report::{GlobalFailure, GlobalsReport};
use super::rights;
use super::statement::{client_encoding, find, object, statements, subject, with_quotes};

/// What belongs to no database, on its way to a server.
pub(super) struct GlobalsRestore {
    form: Form,
    there: There,
    /// Statements about the session alone.
    session: Vec<BString>,
    /// Settings of roles, which wait until the databases are there: one of the restore's own role may keep it from writing, or from connecting.
    later: Vec<BString>,
    report: GlobalsReport,
}

impl GlobalsRestore {
    /// Executes what the server does not have yet, but for settings of roles. `bootstrap` is the superuser that the dumped server was made with.
    pub(super) async fn begin(
        session: &mut Session,
        script: &BString,
        bootstrap: Option<&str>,
    ) -> Result<Self, ServerRestoreError> {
        let name = client_encoding(script);
        let encoding = name.map_or(Encoding::Utf8, |name| Encoding::named(name.as_bytes()));
        let standing = Standing::of(session).await?;
        let form = Form::new(encoding, &standing, bootstrap);
        let there = There::of(session, name, &form).await?;
        let mut restore = Self {
            form,
            there,
            session: Vec::new(),
            later: Vec::new(),
            report: GlobalsReport {
                unprivileged: (!standing.is_superuser).then_some(standing.role),
                ..GlobalsReport::default()
            },
        };
        let mut wanted = HashMap::new();
        for statement in statements(script, encoding) {
            if is_about_session(&statement) {
                restore.set_up(session, &statement).await;
                restore.session.push(statement);
                continue;
            }
            let statement = restore.form.executed(&statement);
            wanted.extend([restore.form.compared(&statement)]);
            match restore.is_setting(&statement) {
                true => restore.later.push(statement),
                false => restore.bring(session, statement).await,
            }
        }
        let more = rights::more(&wanted, &restore.there.says, encoding);
        let more = more
            .iter()
            .map(|statement| with_quotes(statement, encoding));
        restore.report.more = more.collect();
        Ok(restore)
    }

    /// Executes the settings of roles, in a session of their own.
    pub(super) async fn end(mut self, params: &ConnectParams) -> GlobalsReport {
        if self.later.is_empty() {
            return self.report;
        }
        match Session::connect(params).await {
            Ok(mut session) => {
                for statement in std::mem::take(&mut self.session) {
                    self.set_up(&mut session, &statement).await;
                }
                for statement in std::mem::take(&mut self.later) {
                    self.bring(&mut session, statement).await;
                }
                session.close().await;
            }
            Err(error) => {
                for statement in self.later {
                    let about = subject(&statement, self.form.encoding);
                    let failure = GlobalFailure::new(about, &statement, &error);
                    self.report.failures.push(failure);
                }
            }
        }
        self.report
    }

    async fn set_up(&mut self, session: &mut Session, statement: &BString) {
        if let Err(error) = session.query(statement).await {
            let failure = GlobalFailure::new(None, statement, &error);
            self.report.failures.push(failure);
        }
    }

    /// Executes a statement where the server does not have what it makes.
    async fn bring(&mut self, session: &mut Session, statement: BString) {
        let encoding = self.form.encoding;
        let about = subject(&statement, encoding);
        let (key, compared) = self.form.compared(&statement);
        match (about, self.there.says.get(&key)) {
            (_, Some(found)) if *found == compared => {
                self.report.there += 1;
                let has_password = find(&statement, " PASSWORD ", encoding).is_some();
                if !self.form.reads_passwords && key.starts_with(b"ALTER ROLE ") && has_password {
                    self.report.uncompared.push(with_quotes(&key, encoding));
                }
            }
            // What it is set to may be a password.
            (Some(about), Some(_)) => self.report.different.push(about),
            // To take a privilege away is to change what is there, where to give one only adds something.
            _ if compared.starts_with(b"REVOKE ")
                && object(&compared, encoding)
                    .is_some_and(|object| self.there.objects.contains(&object)) =>
            {
                let text = statement.strip_suffix(b";").unwrap_or(&statement);
                self.report.different.push(text.into());
            }
            (about, _) => {
                for part in self.form.parted(statement) {
                    match session.query(&part).await {
                        Ok(_) => self.report.done += 1,
                        Err(error) => {
                            let about = match is_alone(&part) {
                                true => None,
                                false => about.clone(),
                            };
                            let failure = GlobalFailure::new(about, &part, &error);
                            self.report.failures.push(failure);
                        }
                    }
                }
            }
        }
    }

    /// Whether a statement sets what sessions of a role begin with.
    fn is_setting(&self, statement: &BString) -> bool {
        statement.starts_with(b"ALTER ROLE ")
            && find(statement, " WITH ", self.form.encoding).is_none()
            && find(statement, " SET ", self.form.encoding).is_some()
    }
}

/// Whether a statement is about the session alone, and so has to be executed in any case.
fn is_about_session(statement: &BString) -> bool {
    let words = ["SET ", "RESET ", "SELECT "];
    words
        .iter()
        .any(|word| statement.starts_with(word.as_bytes()))
}

/// Whether a statement gives a role one property, and no password.
fn is_alone(statement: &BString) -> bool {
    let properties = [" WITH SUPERUSER;", " WITH REPLICATION;", " WITH BYPASSRLS;"];
    properties
        .iter()
        .any(|end| statement.ends_with(end.as_bytes()))
}
