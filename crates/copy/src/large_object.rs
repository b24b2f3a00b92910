//! Reading large objects.

use std::ops::Range;

use bstr::BString;
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
        "COPY (SELECT sized.oid, pg_catalog.lo_get(sized.oid, piece.start, {PIECE})
         FROM (SELECT opened.oid, pg_catalog.lo_lseek64(opened.fd, 0, 2) + pg_catalog.lo_close(opened.fd) AS size
               FROM (SELECT wanted.oid, pg_catalog.lo_open(wanted.oid, {FOR_READING}) AS fd
                     FROM pg_catalog.unnest('{{{list}}}'::pg_catalog.oid[]) AS wanted(oid) OFFSET 0) AS opened
               OFFSET 0) AS sized,
              LATERAL pg_catalog.generate_series(0::bigint, GREATEST(sized.size - 1, 0), {PIECE}::bigint) AS piece(start)
         ) TO STDOUT (FORMAT binary)"
    )
    .into()
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
    if part.is_first {
        feed.step(Step::BeginLargeObjects { dump_id }).await?;
    }
    let mut rows = BinaryRows::default();
    let mut bytes = 0;
    let mut wanted = oids.iter();
    let mut open = None;
    // The one that the server is at.
    let mut oid_in_hand = oids.first().copied().unwrap_or_default();
    loop {
        let next = copy.next().await;
        let Some(piece) = next.map_err(|source| failed(oid_in_hand, source))? else {
            break;
        };
        rows.push(&piece);
        let unexpected = move |reason| unexpected(oid_in_hand, reason);
        while let Some((oid, piece)) = rows.next_row().map_err(unexpected)? {
            if open != Some(oid) {
                if open.is_some() {
                    end(feed).await?;
                }
                let next = wanted.next().copied();
                if next != Some(oid) {
                    return Err(unexpected(format!(
                        "{oid} came where {next:?} was asked for"
                    )));
                }
                feed.step(Step::BeginLargeObject { oid }).await?;
                open = Some(oid);
            }
            bytes += piece.len() as u64;
            came.add(piece.len());
            // A short piece is a large object's last one.
            oid_in_hand = match wanted.as_slice().first() {
                Some(&next) if piece.len() < PIECE => next,
                _ => oid,
            };
            feed.data(piece, false).await?;
        }
    }
    rows.finish()
        .map_err(|reason| unexpected(oid_in_hand, reason))?;
    if open.is_some() {
        end(feed).await?;
    }
    if let Some(&oid) = wanted.next() {
        return Err(unexpected(oid, "it did not come".to_owned()));
    }
    if part.is_last {
        feed.step(Step::EndBlock).await?;
    }
    Ok(Count {
        rows: oids.len() as u64,
        bytes,
    })
}

/// The error for a large object that the server could not read.
fn failed(oid: u32, source: pgdumprs_connect::Error) -> Error {
    Error::LargeObject { oid, source }
}

/// The error for an answer that is not what was asked for.
fn unexpected(oid: u32, reason: String) -> Error {
    Error::LargeObjectAnswer { oid, reason }
}

async fn end(feed: &Feed) -> Result<(), Error> {
    feed.end_data(false).await?;
    feed.step(Step::EndLargeObject).await
}
