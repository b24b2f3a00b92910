//! What belongs to no database, brought to what a dump has of it.

use std::collections::{HashMap, HashSet};

use bstr::{BString, ByteSlice};
use pgdumprs_catalog::{GlobalScope, Globals};
use pgdumprs_connect::Session;
use pgdumprs_ddl::{GlobalsOptions, GlobalsScript};

use super::ServerRestoreError;
use super::report::{GlobalFailure, GlobalsReport};
use super::statement::{object, statements, subject, without_needless_quotes};
use crate::settings::SessionSettings;
use crate::{Error, transaction};

/// Fails where the server has one of these databases.
pub(super) async fn refuse_existing(
    session: &mut Session,
    names: &[&str],
) -> Result<(), ServerRestoreError> {
    let asked = session
        .query("SELECT datname FROM pg_catalog.pg_database ORDER BY 1")
        .await;
    let rows = asked.map_err(ServerRestoreError::Ask)?;
    let mut found = Vec::new();
    for row in &rows {
        let name: BString = row
            .get(0)
            .map_err(|error| ServerRestoreError::Ask(error.into()))?;
        found.extend(
            names
                .iter()
                .find(|wanted| name == **wanted)
                .map(|name| format!("\"{name}\"")),
        );
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(ServerRestoreError::Exist { names: found }),
    }
}

/// Executes what the server does not have yet.
pub(super) async fn restore(
    session: &mut Session,
    script: &BString,
) -> Result<GlobalsReport, ServerRestoreError> {
    let wanted = statements(script);
    let there = existing(session, encoding(&wanted)).await?;
    let mut report = GlobalsReport::default();
    for statement in wanted {
        // What is about the session alone has to be done in any case.
        if ["SET ", "RESET ", "SELECT "]
            .iter()
            .any(|word| statement.starts_with(word.as_bytes()))
        {
            if let Err(error) = session.query(&statement).await {
                report
                    .failures
                    .push(GlobalFailure::new(None, &statement, &error));
            }
            continue;
        }
        let about = subject(&statement);
        let (key, compared) = compared(&statement);
        match (&about, there.says.get(&key)) {
            (_, Some(found)) if *found == compared => report.there += 1,
            // What it is set to may be a password.
            (Some(about), Some(_)) => report.different.push(about.clone()),
            // To take a privilege away is to change what is there, where to give one only adds something.
            _ if compared.starts_with(b"REVOKE ")
                && object(&compared).is_some_and(|object| there.objects.contains(&object)) =>
            {
                let text = statement.strip_suffix(b";").unwrap_or(&statement);
                report.different.push(text.into());
            }
            _ => match session.query(&statement).await {
                Ok(_) => report.done += 1,
                Err(error) => report
                    .failures
                    .push(GlobalFailure::new(about, &statement, &error)),
            },
        }
    }
    Ok(report)
}

/// The encoding that a script is in.
fn encoding(script: &[BString]) -> Option<String> {
    let mut values = script
        .iter()
        .filter_map(|statement| statement.strip_prefix(b"SET client_encoding = '"));
    let value = values.next()?.strip_suffix(b"';")?;
    Some(value.to_str().ok()?.to_owned())
}

/// What a statement is known by, which is what it is about, or itself where it only adds something; and what it says. Both are the same however names are
/// quoted.
fn compared(statement: &BString) -> (BString, BString) {
    let compared = without_needless_quotes(statement);
    let key = subject(&compared).unwrap_or_else(|| compared.clone());
    (key, compared)
}

/// What the server has.
struct There {
    /// The statements that would make it, as [`compared`] has them.
    says: HashMap<BString, BString>,
    /// Tablespaces, and what has privileges of its own of parameters and of the tablespaces that every server has.
    objects: HashSet<BString>,
}

/// Asks the server what it has.
async fn existing(
    session: &mut Session,
    encoding: Option<String>,
) -> Result<There, ServerRestoreError> {
    let settings = SessionSettings {
        encoding,
        ..SessionSettings::default()
    };
    transaction::begin(session, false, &settings).await?;
    let scope = GlobalScope {
        roles: true,
        tablespaces: true,
        passwords: true,
        security_labels: true,
    };
    let globals = Globals::read(session, scope).await.map_err(Error::from)?;
    transaction::end(session).await.map_err(Error::Ending)?;
    let script = GlobalsScript::render(&globals, &GlobalsOptions::default(), true, true, None);
    let says: HashMap<_, _> = statements(&script.text).iter().map(compared).collect();
    let objects = says
        .values()
        .filter_map(|statement| object(statement))
        .collect();
    Ok(There { says, objects })
}
