//! The databases of a server, chosen by patterns for their names.

use bstr::{BString, ByteSlice};
use pgdumprs_connect::{Encoding, Session};

use crate::Error;
use crate::query::cells::Cells;
use crate::query::flight::{Flight, Ticket};
use crate::selection::{matching, pattern};

/// A database that the server has.
#[derive(Debug, Clone)]
pub struct ListedDatabase {
    /// Name, unquoted.
    pub name: BString,
    /// Whether anybody may connect to it.
    pub allows_connections: bool,
    /// Whether dropping it was begun and did not end, so that nobody can connect.
    pub is_invalid: bool,
    /// Bytes on disk; 0 where the role may not ask.
    pub size: i64,
}

/// Which databases are meant, by patterns as psql takes them.
#[derive(Debug, Clone, Default)]
pub struct DatabaseChoice {
    /// Patterns of which each must match some database; without any, all are meant.
    pub include: Vec<BString>,
    /// Patterns of what is not meant in any case.
    pub exclude: Vec<BString>,
}

impl DatabaseChoice {
    /// Those of some names that are meant, in their order. No database needs to have them: the server matches patterns, and no more.
    ///
    /// # Errors
    ///
    /// As for [`ListedDatabase::read`].
    pub async fn among(
        &self,
        session: &mut Session,
        names: &[BString],
    ) -> Result<Vec<BString>, Error> {
        let mut list = BString::from("(SELECT pg_catalog.unnest(ARRAY[");
        for (at, name) in names.iter().enumerate() {
            list.extend_from_slice(if at > 0 { b", " } else { b"" });
            matching::push_literal(&mut list, name);
        }
        list.extend_from_slice(b"]::pg_catalog.text[]) AS datname) AS names");
        let encoding = session.client_encoding();
        let mut flight = Flight::new(session.server_version().num);
        let include = ask(&mut flight, &self.include, &list, encoding)?;
        let exclude = ask(&mut flight, &self.exclude, &list, encoding)?;
        let landed = flight.run(session).await?;
        let mut included = Vec::new();
        for (pattern, ticket) in include {
            let found = landed.take(ticket)?;
            if found.is_empty() {
                return Err(no_match(pattern, names.iter()));
            }
            included.extend(found);
        }
        let mut excluded = Vec::new();
        for (_, ticket) in exclude {
            excluded.extend(landed.take(ticket)?);
        }
        let is_meant = |name: &&BString| {
            (self.include.is_empty() || included.contains(name)) && !excluded.contains(name)
        };
        Ok(names.iter().filter(is_meant).cloned().collect())
    }
}

impl ListedDatabase {
    /// Reads the databases that are meant, in pg_dumpall's order: `template1`, and then by name.
    ///
    /// # Errors
    ///
    /// [`Error::Query`] where the server refuses the query, [`Error::TooManyDots`] for a pattern with a dot, [`Error::NoMatch`] for one that includes
    /// nothing, [`Error::Pattern`] where the server cannot use it.
    pub async fn read(session: &mut Session, choice: &DatabaseChoice) -> Result<Vec<Self>, Error> {
        let encoding = session.client_encoding();
        let mut flight = Flight::new(session.server_version().num);
        let all = flight.push("databases", LIST.into(), Self::decode);
        let list = BString::from("pg_catalog.pg_database");
        let include = ask(&mut flight, &choice.include, &list, encoding)?;
        let exclude = ask(&mut flight, &choice.exclude, &list, encoding)?;
        let landed = flight.run(session).await?;
        let mut databases = landed.take(all)?;
        let mut included = Vec::new();
        for (pattern, ticket) in include {
            let names = landed.take(ticket)?;
            if names.is_empty() {
                return Err(no_match(pattern, databases.iter().map(|row| &row.name)));
            }
            included.extend(names);
        }
        if !choice.include.is_empty() {
            databases.retain(|row| included.contains(&row.name));
        }
        for (_, ticket) in exclude {
            let excluded = landed.take(ticket)?;
            databases.retain(|row| !excluded.contains(&row.name));
        }
        Ok(databases)
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            name: cells.text()?,
            allows_connections: cells.bool()?,
            is_invalid: cells.bool()?,
            size: cells.get::<Option<i64>>()?.unwrap_or_default(),
        })
    }
}

/// Asks for all databases.
const LIST: &str = "\
    SELECT datname, datallowconn, datconnlimit = -2,
           CASE WHEN datallowconn AND datconnlimit <> -2 AND pg_catalog.has_database_privilege(oid, 'CONNECT')
                THEN pg_catalog.pg_database_size(oid) END
    FROM pg_catalog.pg_database
    ORDER BY datname <> 'template1', datname";

/// Asks for the databases that each of some patterns matches, of those in `list`, which is something to select `datname` from.
fn ask(
    flight: &mut Flight,
    patterns: &[BString],
    list: &BString,
    encoding: Encoding,
) -> Result<Vec<(BString, Ticket<BString>)>, Error> {
    let asked = patterns.iter().map(|text| {
        let statement = asked(text, list, encoding)?;
        let decode = |cells: &mut Cells<'_>| cells.text();
        Ok((
            text.clone(),
            flight.push_for(text.clone(), statement, decode),
        ))
    });
    asked.collect()
}

/// Asks for the databases that a pattern matches.
fn asked(text: &BString, list: &BString, encoding: Encoding) -> Result<BString, Error> {
    let parsed = pattern::parse(text.as_bstr(), 0, encoding);
    if parsed.dots > 0 {
        return Err(Error::TooManyDots {
            what: "qualified",
            pattern: text.clone(),
        });
    }
    let mut statement = BString::from("SELECT datname FROM ");
    statement.extend_from_slice(list);
    statement.extend_from_slice(b" WHERE datname OPERATOR(pg_catalog.~) ");
    matching::push_literal(&mut statement, &parsed.name.regex);
    statement.extend_from_slice(b" COLLATE pg_catalog.\"default\"");
    Ok(statement)
}

/// A pattern that includes nothing of what there is.
fn no_match<'a>(pattern: BString, there: impl Iterator<Item = &'a BString>) -> Error {
    let names: Vec<_> = there.map(ToString::to_string).collect();
    Error::NoMatch {
        what: "databases",
        pattern: Some(pattern),
        hint: format!("there are {}", names.join(", ")),
    }
}
