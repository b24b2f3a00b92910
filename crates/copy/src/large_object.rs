//! Reading large objects.

use std::collections::VecDeque;
use std::ops::Range;

use bstr::BString;
use bytes::Bytes;
use pgdumprs_connect::CopyOut;

use crate::binary_rows::BinaryRows;
use crate::compress::Feed;
use crate::plan::Part;
use crate::table::Count;
use crate::worker::Came;
use crate::{Error, Step};

/// How many bytes of a large object come in a row.
const PIECE: usize = 256 * 1024;

/// What `lo_open` takes for reading (`INV_READ`).
const FOR_READING: i32 = 0x40000;

/// The statement that reads large objects of any number and size: a COPY, so that it can be sent ahead of time and nothing of its result
/// has to be held in memory.
///
/// Each row is a large object's OID and the next of its pieces; an empty one has one empty piece. Its functions check privileges and see
/// the transaction's snapshot as the role's own reads do. `lo_lseek64` finds the size: the catalog is closed to most roles.
pub(crate) fn statement(oids: &[u32], range: &Range<usize>) -> BString {
    let list = oids[range.clone()]
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(",");
    format!(
        "COPY (SELECT pieces.oid, pieces.content FROM ({}) AS pieces) TO STDOUT (FORMAT binary)",
        pieces(&list)
    )
    .into()
}

/// The query that reads some large objects in pieces: the columns `oid`, `start` and `content`.
pub fn large_object_pieces(oids: &[u32]) -> String {
    let list: Vec<String> = oids.iter().map(u32::to_string).collect();
    pieces(&list.join(","))
}

fn pieces(list: &str) -> String {
    format!(
        "SELECT sized.oid, piece.start, pg_catalog.lo_get(sized.oid, piece.start, {PIECE}) AS content
         FROM (SELECT opened.oid, pg_catalog.lo_lseek64(opened.fd, 0, 2) + pg_catalog.lo_close(opened.fd) AS size
               FROM (SELECT wanted.oid, pg_catalog.lo_open(wanted.oid, {FOR_READING}) AS fd
                     FROM pg_catalog.unnest('{{{list}}}'::pg_catalog.oid[]) AS wanted(oid) OFFSET 0) AS opened
               OFFSET 0) AS sized,
              LATERAL pg_catalog.generate_series(0::bigint, GREATEST(sized.size - 1, 0), {PIECE}::bigint) AS piece(start)"
    )
}

/// A part of some large objects, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// The next one begins, of this OID.
    Begin(u32),
    /// Some of its content.
    Content(Bytes),
    /// It is complete.
    End,
}

/// Reads the output of the [`statement`] for these large objects.
pub(crate) async fn read(
    copy: &mut CopyOut<'_>,
    feed: &Feed,
    mut came: Came<'_>,
    dump_id: i32,
    oids: &[u32],
    part: &Part,
) -> Result<Count, Error> {
    begin(feed, dump_id, part).await?;
    let mut objects = Objects::new(copy, oids);
    let mut bytes = 0;
    while let Some(object) = objects.next().await? {
        if let Object::Content(piece) = &object {
            bytes += piece.len() as u64;
            came.add(piece.len());
        }
        put(feed, object).await?;
    }
    end(feed, part).await?;
    Ok(Count {
        rows: oids.len() as u64,
        bytes,
    })
}

/// Says what comes before the large objects of a part.
pub(crate) async fn begin(feed: &Feed, dump_id: i32, part: &Part) -> Result<(), Error> {
    match part.is_first {
        true => feed.step(Step::BeginLargeObjects { dump_id }).await,
        false => Ok(()),
    }
}

/// Hands on some of them.
pub(crate) async fn put(feed: &Feed, object: Object) -> Result<(), Error> {
    match object {
        Object::Begin(oid) => feed.step(Step::BeginLargeObject { oid }).await,
        Object::Content(piece) => feed.data(piece, false).await,
        Object::End => {
            feed.end_data(false).await?;
            feed.step(Step::EndLargeObject).await
        }
    }
}

/// Says what comes behind them.
pub(crate) async fn end(feed: &Feed, part: &Part) -> Result<(), Error> {
    match part.is_last {
        true => feed.step(Step::EndBlock).await,
        false => Ok(()),
    }
}

/// The output of the [`statement`] for some large objects, taken apart.
pub(crate) struct Objects<'a, 'c> {
    copy: &'a mut CopyOut<'c>,
    rows: BinaryRows,
    /// Those that have not begun.
    wanted: std::slice::Iter<'a, u32>,
    open: Option<u32>,
    /// The one that the server is at.
    in_hand: u32,
    /// What has come and was not asked for yet.
    ready: VecDeque<Object>,
    is_over: bool,
}

impl<'a, 'c> Objects<'a, 'c> {
    /// For the large objects that the statement was made of.
    pub(crate) fn new(copy: &'a mut CopyOut<'c>, oids: &'a [u32]) -> Self {
        Self {
            copy,
            rows: BinaryRows::default(),
            wanted: oids.iter(),
            open: None,
            in_hand: oids.first().copied().unwrap_or_default(),
            ready: VecDeque::new(),
            is_over: false,
        }
    }

    /// What comes next; `None` when all that were asked for have come.
    pub(crate) async fn next(&mut self) -> Result<Option<Object>, Error> {
        loop {
            if let Some(object) = self.ready.pop_front() {
                return Ok(Some(object));
            }
            if self.is_over {
                return Ok(None);
            }
            let in_hand = self.in_hand;
            let row = self.rows.next_row();
            if let Some((oid, piece)) = row.map_err(|reason| unexpected(in_hand, reason))? {
                self.take(oid, piece)?;
                continue;
            }
            let next = self.copy.next().await;
            match next.map_err(|source| failed(in_hand, source))? {
                Some(piece) => self.rows.push(&piece),
                None => self.end()?,
            }
        }
    }

    /// Takes a row: some of the content of a large object.
    fn take(&mut self, oid: u32, piece: Bytes) -> Result<(), Error> {
        if self.open != Some(oid) {
            if self.open.is_some() {
                self.ready.push_back(Object::End);
            }
            let next = self.wanted.next().copied();
            if next != Some(oid) {
                let reason = format!("{oid} came where {next:?} was asked for");
                return Err(unexpected(self.in_hand, reason));
            }
            self.ready.push_back(Object::Begin(oid));
            self.open = Some(oid);
        }
        // A short piece is a large object's last one.
        self.in_hand = match self.wanted.as_slice().first() {
            Some(&next) if piece.len() < PIECE => next,
            _ => oid,
        };
        self.ready.push_back(Object::Content(piece));
        Ok(())
    }

    /// All rows have come.
    fn end(&mut self) -> Result<(), Error> {
        self.is_over = true;
        let in_hand = self.in_hand;
        let ended = self.rows.finish();
        ended.map_err(|reason| unexpected(in_hand, reason))?;
        if self.open.is_some() {
            self.ready.push_back(Object::End);
        }
        match self.wanted.next() {
            Some(&oid) => Err(unexpected(oid, "it did not come".to_owned())),
            None => Ok(()),
        }
    }
}

/// The error for a large object that the server could not read.
fn failed(oid: u32, source: pgdumprs_connect::Error) -> Error {
    Error::LargeObject { oid, source }
}

/// The error for an answer that is not what was asked for.
fn unexpected(oid: u32, reason: String) -> Error {
    Error::LargeObjectAnswer { oid, reason }
}
