//! The database of a drill: made, marked, and dropped.

use std::time::{Duration, Instant};

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_connect::{ConnectParams, Error, Session};

use super::DrillError;
use crate::failure_line::with_causes;

/// What the names of these databases begin with.
const PREFIX: &str = "pgdumprs_drill_";

/// How long a server is tried for that the database is to be dropped on.
const PATIENCE: Duration = Duration::from_secs(30);

/// SQLSTATE of what a role may not do.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// SQLSTATE of a database that others are connected to.
const OBJECT_IN_USE: &str = "55006";

/// A database that this drill has made. Nothing else makes one of these, and nothing is dropped without one.
pub(super) struct Made {
    name: String,
    params: ConnectParams,
    /// How it was made otherwise than the archive has it.
    pub(super) adaptations: Vec<String>,
}

impl Made {
    /// Makes a database as the archive's was: of its encoding and locale, where the server has them.
    pub(super) async fn make(
        session: &mut Session,
        params: &ConnectParams,
        entries: &[Entry],
        archive: &str,
    ) -> Result<Self, DrillError> {
        let name = format!("{PREFIX}{:016x}", fastrand::u64(..));
        let create = |properties: &[u8]| {
            let text = format!("CREATE DATABASE \"{name}\" WITH TEMPLATE = template0");
            [text.as_bytes(), properties].concat()
        };
        let archived = entries
            .iter()
            .find(|entry| entry.descriptor == "DATABASE")
            .and_then(|entry| properties(entry.definition.as_ref()?));
        let mut adaptations = Vec::new();
        let first = session
            .query(create(archived.as_deref().unwrap_or_default()))
            .await;
        if let Err(error) = first {
            let code = error.sqlstate().map(str::to_owned);
            match (code.as_deref(), &archived) {
                (Some(INSUFFICIENT_PRIVILEGE), _) => {
                    let role = session.target().user.clone();
                    return Err(DrillError::NotAllowed {
                        role,
                        source: error,
                    });
                }
                (None, _) => {
                    return Err(DrillError::Doubtful {
                        database: name,
                        source: error,
                    });
                }
                (Some(code), Some(archived)) if is_about_properties(code) => {
                    let plain = plain(archived);
                    match session.query(create(&plain)).await {
                        Ok(_) => {}
                        Err(second) if second.sqlstate().is_none() => {
                            return Err(DrillError::Doubtful {
                                database: name,
                                source: second,
                            });
                        }
                        Err(_) => return Err(DrillError::Create(error)),
                    }
                    adaptations.push(format!(
                        "the database is made{} rather than{}: {}",
                        plain.as_bstr(),
                        archived.as_bstr(),
                        error
                            .server_error()
                            .map(ToString::to_string)
                            .unwrap_or_default()
                    ));
                }
                (Some(_), _) => return Err(DrillError::Create(error)),
            }
        }
        let mut own = params.clone();
        // A name of letters, digits and underscores.
        let _ = own.set("dbname", &*name);
        let made = Made {
            name,
            params: own,
            adaptations,
        };
        let comment = pgdumprs_sql::literal(
            format!("pgdumprs drill of {archive}; to be dropped when that drill runs no more"),
            session.client_encoding(),
        );
        let mark = [
            format!("COMMENT ON DATABASE \"{}\" IS ", made.name).as_bytes(),
            &comment,
        ]
        .concat();
        if let Err(error) = session.query(mark).await {
            let said = made.drop_from(params).await.err();
            let source = error;
            return Err(match said {
                None => DrillError::Create(source),
                Some(_) => DrillError::Doubtful {
                    database: made.name,
                    source,
                },
            });
        }
        Ok(made)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to it.
    pub(super) fn params(&self) -> &ConnectParams {
        &self.params
    }

    /// Drops it, by a new connection to `params`, which is tried for again where it is lost.
    pub(super) async fn drop_from(&self, params: &ConnectParams) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let error = match self.try_drop(params).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // What a server that is there refuses, it refuses again, but for those who are connected to the database and may go.
            let is_final = error.sqlstate().is_some_and(|code| {
                !["08", "57", "53"]
                    .iter()
                    .any(|class| code.starts_with(class))
                    && ![INSUFFICIENT_PRIVILEGE, OBJECT_IN_USE].contains(&code)
            });
            if is_final || began.elapsed() > PATIENCE {
                return Err(with_causes(&error));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    async fn try_drop(&self, params: &ConnectParams) -> Result<(), Error> {
        let mut session = Session::connect(params).await?;
        // An answer that was lost may have been that it is gone.
        let statement = format!("DROP DATABASE IF EXISTS \"{}\"", self.name);
        let forced = session.query(format!("{statement} WITH (FORCE)")).await;
        let dropped = match forced {
            // Others' sessions may be ended by few roles, and so may autovacuum be, which leaves by itself where nobody is forced.
            Err(error) if error.sqlstate() == Some(INSUFFICIENT_PRIVILEGE) => {
                session.query(statement).await
            }
            forced => forced,
        };
        session.close().await;
        dropped.map(drop)
    }
}

/// Whether a server refuses to make a database for its encoding or locale: it does not have them, or does not know the words.
fn is_about_properties(sqlstate: &str) -> bool {
    ["22", "42", "0A"]
        .iter()
        .any(|class| sqlstate.starts_with(class))
}

/// Databases of earlier drills that nobody is connected to.
pub(super) async fn left_over(session: &mut Session) -> Result<Vec<String>, Error> {
    let found = session
        .query(format!(
            "SELECT d.datname FROM pg_catalog.pg_database AS d
             WHERE pg_catalog.starts_with(d.datname::pg_catalog.text, '{PREFIX}')
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)
             ORDER BY 1"
        ))
        .await?;
    let names = found.iter().map(|row| row.get::<BString>(0));
    let names: Result<Vec<_>, _> = names.collect();
    Ok(names?.iter().map(ToString::to_string).collect())
}

/// What a database was made with, without its tablespace, which the server may not have, and its name.
fn properties(definition: &BString) -> Option<Vec<u8>> {
    let (_, behind) = definition.split_once_str(" WITH TEMPLATE = template0")?;
    let (properties, _) = behind.rsplit_once_str(";")?;
    let end = properties
        .find(" TABLESPACE = ")
        .unwrap_or(properties.len());
    Some(properties[..end].to_vec())
}

/// Its encoding, with the locale that every server has.
fn plain(properties: &[u8]) -> Vec<u8> {
    let encoding = properties.find(" ENCODING = '").map(|start| {
        let rest = &properties[start..];
        let end = rest.find("' ").map_or(rest.len(), |end| {
            // Behind ENCODING = 'NAME' come other properties.
            end + 1
        });
        &rest[..end]
    });
    [encoding.unwrap_or_default(), b" LOCALE = 'C'"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_made_as_the_archives_was() {
        let found = properties(
            &"CREATE DATABASE \"x;\" WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'de_DE' TABLESPACE = fast;\n\n\n"
                .into(),
        )
        .unwrap();
        assert_eq!(
            found.as_bstr(),
            " ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'de_DE'"
        );
        assert_eq!(plain(&found).as_bstr(), " ENCODING = 'UTF8' LOCALE = 'C'");
        assert_eq!(plain(b"").as_bstr(), " LOCALE = 'C'");
    }
}
