//! The restored database, held against the archive.

use bstr::{BString, ByteSlice};
use pgdumprs_connect::{ConnectParams, Session};

use super::contents::Contents;
use super::reread;
use crate::clone::verify::sequences;
use crate::failure_line::with_causes;
use crate::restore::run::connect;
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
    dump_ids: Vec<i32>,
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
                    // Texts may be others because settings are: time zones, digits, currencies.
                    self.same_when_reread(&group, found, failures).await
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
            let index = *at.entry((table, columns)).or_insert_with(|| {
                groups.push(Group {
                    name: rows.name.clone(),
                    table: table.clone(),
                    columns: columns.clone(),
                    dump_ids: Vec::new(),
                    archived: Checksum::default(),
                });
                groups.len() - 1
            });
            let group = &mut groups[index];
            if !group.dump_ids.is_empty() {
                group.name = table.clone();
            }
            group.dump_ids.push(rows.dump_id);
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
            dump_ids: &group.dump_ids,
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

/// The query for a table's own rows, or those of all partitions.
pub(super) fn query(table: &BString, columns: &BString, is_partitioned: bool) -> Vec<u8> {
    let columns = columns
        .strip_prefix(b"(")
        .and_then(|columns| columns.strip_suffix(b")"))
        .unwrap_or_default();
    let from: &[u8] = match is_partitioned {
        true => b" FROM ",
        false => b" FROM ONLY ",
    };
    [b"SELECT ", columns, from, table.as_slice()].concat()
}

/// Whether a table has its rows in partitions.
pub(super) async fn is_partitioned(
    session: &mut Session,
    table: &BString,
) -> Result<bool, pgdumprs_connect::Error> {
    let name = pgdumprs_sql::literal(table, session.client_encoding());
    let found = session
        .query(
            [
                b"SELECT relkind = 'p' FROM pg_catalog.pg_class WHERE oid = ",
                name.as_slice(),
                b"::pg_catalog.regclass",
            ]
            .concat(),
        )
        .await?;
    Ok(found.one()?.get(0)?)
}

/// The sum of a table's rows.
async fn rows(session: &mut Session, group: &Group) -> Result<Checksum, pgdumprs_connect::Error> {
    let is_partitioned = is_partitioned(session, &group.table).await?;
    sum(
        session,
        &query(&group.table, &group.columns, is_partitioned),
    )
    .await
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
