//! The restored database, held against the archive.

use bstr::{BString, ByteSlice};
use pgdumprs_connect::{ConnectParams, Session};

use super::contents::Contents;
use super::{money, reread};
use crate::clone::verify::sequences;
use crate::failure_line::with_causes;
use crate::restore::run::connect;
use crate::rows::copy_target::column_names;
use crate::rows::sum::Sum;
use crate::settings::SessionSettings;
use crate::{Checksum, ComparedKind, Comparison, RestoreReport, transaction};

/// Large objects that one statement reads.
const BATCH: usize = 500;

/// What the comparisons need to know.
pub(super) struct Comparer<'a> {
    pub(super) params: &'a ConnectParams,
    pub(super) contents: &'a Contents,
    pub(super) restored: &'a RestoreReport,
}

/// Tables that are filled by the same COPY: partitions that are loaded through their root are one.
struct Group {
    name: BString,
    table: BString,
    columns: BString,
    /// The entries, and the columns of each.
    entries: Vec<(i32, BString)>,
    archived: Checksum,
}

impl Comparer<'_> {
    /// Compares everything, and tells each to `said`. What cannot be compared is put to `failures`.
    pub(super) async fn run(&self, failures: &mut Vec<String>, mut said: impl FnMut(Comparison)) {
        let mut session = match self.begin().await {
            Ok(session) => session,
            Err(error) => return failures.push(format!("the restored database: {error}")),
        };
        for group in self.groups(failures) {
            let found = match rows(&mut session, &group).await {
                Ok(found) if found != group.archived && found.count == group.archived.count => {
                    // Texts may be others because settings are: time zones, digits.
                    let source = &self.contents.source;
                    match money::check(&mut session, source, &group.table, &group.entries).await {
                        Ok(()) => self.same_when_reread(&group, found, failures).await,
                        Err(error) => {
                            failures.push(format!("the rows of {}: {error}", group.name));
                            Some(found)
                        }
                    }
                }
                Ok(found) => Some(found),
                Err(error) => {
                    failures.push(format!(
                        "the rows of {}: {}",
                        group.name,
                        with_causes(&error)
                    ));
                    // The transaction is aborted, or the connection is lost.
                    session = match self.begin().await {
                        Ok(session) => session,
                        Err(error) => {
                            return failures.push(format!("the restored database: {error}"));
                        }
                    };
                    None
                }
            };
            said(Comparison {
                kind: ComparedKind::Table,
                name: group.name,
                source: Some(group.archived),
                target: found,
            });
        }
        let oids = match large_objects(&mut session).await {
            Ok(found) => Ok(found),
            Err(error) => Err(format!("large objects: {}", with_causes(&error))),
        };
        match oids {
            Ok(found) => {
                if (found, self.contents.large_objects) != Default::default() {
                    said(Comparison {
                        kind: ComparedKind::LargeObjects,
                        name: "all".into(),
                        source: Some(self.contents.large_objects),
                        target: Some(found),
                    });
                }
            }
            Err(failure) => {
                failures.push(failure);
                session = match self.begin().await {
                    Ok(session) => session,
                    Err(error) => return failures.push(format!("the restored database: {error}")),
                };
            }
        }
        match sequences::read(&mut session, &self.contents.entries, self.restored).await {
            Ok(compared) => compared.into_iter().for_each(said),
            Err(error) => failures.push(format!("sequences: {}", with_causes(&error))),
        }
        session.close().await;
    }

    /// What is compared of tables. Rows of INSERT statements are not.
    fn groups(&self, failures: &mut Vec<String>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut at = std::collections::HashMap::new();
        for rows in &self.contents.tables {
            let Some((table, columns)) = &rows.copy else {
                failures.push(format!(
                    "the rows of {} are INSERT statements in the archive, and cannot be compared",
                    rows.name
                ));
                continue;
            };
            let index = *at.entry(table).or_insert_with(|| {
                groups.push(Group {
                    name: rows.name.clone(),
                    table: table.clone(),
                    columns: rows.columns.clone(),
                    entries: Vec::new(),
                    archived: Checksum::default(),
                });
                groups.len() - 1
            });
            let group = &mut groups[index];
            if !group.entries.is_empty() {
                group.name = table.clone();
            }
            group.entries.push((rows.dump_id, columns.clone()));
            group.archived.count += rows.sum.count;
            group.archived.sum = group.archived.sum.wrapping_add(rows.sum.sum);
        }
        groups
    }

    /// A session in a transaction that reads under the settings of a dump, in the archive's encoding.
    async fn begin(&self) -> Result<Session, String> {
        let mut session = connect(self.params)
            .await
            .map_err(|error| with_causes(&error))?;
        let settings = SessionSettings {
            encoding: self.contents.encoding.clone(),
            ..SessionSettings::default()
        };
        transaction::begin(&mut session, false, &settings)
            .await
            .map_err(|error| with_causes(&error))?;
        Ok(session)
    }

    /// The archive's own sum where the server takes the archive's rows for those of the table, and else the sum that was found.
    async fn same_when_reread(
        &self,
        group: &Group,
        found: Checksum,
        failures: &mut Vec<String>,
    ) -> Option<Checksum> {
        let reread = reread::Reread {
            params: self.params,
            archive: &self.contents.source,
            encoding: self.contents.encoding.as_deref(),
            entries: &group.entries,
            columns: &group.columns,
            table: &group.table,
        };
        match reread.run().await {
            Ok((archived, restored)) if archived == restored => Some(group.archived),
            Ok(_) => Some(found),
            Err(error) => {
                failures.push(format!(
                    "the rows of {}: could not load those of the archive once more: {error}",
                    group.name
                ));
                Some(found)
            }
        }
    }
}

/// A restored table, as it is compared.
pub(super) struct Restored<'a> {
    name: &'a BString,
    columns: &'a BString,
    /// Its rows are in partitions.
    is_partitioned: bool,
    /// What begins with WHERE, or nothing: of a table that an extension fills with rows of its own, an archive has those alone that meet this.
    condition: BString,
}

impl<'a> Restored<'a> {
    /// Asks the restored database about it.
    pub(super) async fn find(
        session: &mut Session,
        name: &'a BString,
        columns: &'a BString,
    ) -> Result<Self, pgdumprs_connect::Error> {
        let literal = pgdumprs_sql::literal(name, session.client_encoding());
        let found = session
            .query(
                [
                    b"SELECT c.relkind = 'p',
                          (SELECT e.extcondition[at]
                           FROM pg_catalog.pg_extension AS e, pg_catalog.generate_subscripts(e.extconfig, 1) AS at
                           WHERE e.extconfig[at] = c.oid)
                      FROM pg_catalog.pg_class AS c WHERE c.oid = "
                        .as_slice(),
                    &literal,
                    b"::pg_catalog.regclass",
                ]
                .concat(),
            )
            .await?;
        let row = found.one()?;
        let condition: Option<BString> = row.get(1)?;
        Ok(Self {
            name,
            columns,
            is_partitioned: row.get(0)?,
            condition: condition.unwrap_or_default(),
        })
    }

    /// The query for its own rows, or those of all partitions.
    pub(super) fn query(&self) -> Vec<u8> {
        let from: &[u8] = match self.is_partitioned {
            true => b" FROM ",
            false => b" FROM ONLY ",
        };
        let columns = bstr::join(", ", column_names(self.columns));
        [
            b"SELECT ",
            &columns[..],
            from,
            self.name,
            b" ",
            &self.condition,
        ]
        .concat()
    }
}

/// The sum of a table's rows.
async fn rows(session: &mut Session, group: &Group) -> Result<Checksum, pgdumprs_connect::Error> {
    let restored = Restored::find(session, &group.table, &group.columns).await?;
    sum(session, &restored.query()).await
}

/// The sum of what a query gives, as COPY writes it.
pub(super) async fn sum(
    session: &mut Session,
    query: &[u8],
) -> Result<Checksum, pgdumprs_connect::Error> {
    let mut copy = session
        .copy_out([b"COPY (", query, b") TO STDOUT"].concat())
        .await?;
    let mut sum = Sum::default();
    while let Some(bytes) = copy.next().await? {
        sum.lines(&bytes);
    }
    Ok(sum.total())
}

/// The sum of all large objects of the database.
async fn large_objects(session: &mut Session) -> Result<Checksum, pgdumprs_connect::Error> {
    let found = session
        .query("SELECT oid FROM pg_catalog.pg_largeobject_metadata ORDER BY oid")
        .await?;
    let oids: Result<Vec<u32>, _> = found.iter().map(|row| row.get(0)).collect();
    let mut sum = Sum::default();
    for some in oids?.chunks(BATCH) {
        let pieces = pgdumprs_copy::large_object_pieces(some);
        let mut copy = session
            .copy_out(format!(
                "COPY (SELECT pieces.oid, pg_catalog.encode(pieces.content, 'hex') FROM ({pieces}) AS pieces) TO STDOUT"
            ))
            .await?;
        let mut current = None;
        let mut line = Vec::new();
        while let Some(bytes) = copy.next().await? {
            line.extend_from_slice(&bytes);
            while let Some(end) = line.find_byte(b'\n') {
                if let Some((oid, content)) = piece(&line[..end]) {
                    if current != Some(oid) {
                        if current.is_some() {
                            sum.end_item();
                        }
                        current = Some(oid);
                        sum.bytes(&oid.to_be_bytes());
                    }
                    sum.bytes(&content);
                }
                line.drain(..=end);
            }
        }
        if current.is_some() {
            sum.end_item();
        }
    }
    Ok(sum.total())
}

/// A large object's number and a piece of it, as they come.
fn piece(line: &[u8]) -> Option<(u32, Vec<u8>)> {
    let (oid, digits) = line.split_once_str(b"\t")?;
    let value = |digit: u8| (digit as char).to_digit(16);
    let content = digits
        .chunks_exact(2)
        .map(|pair| Some((value(pair[0])? << 4 | value(pair[1])?) as u8));
    Some((
        oid.to_str().ok()?.parse().ok()?,
        content.collect::<Option<_>>()?,
    ))
}
