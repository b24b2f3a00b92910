//! Reading large objects.

use bytes::Bytes;
use pgdumprs_connect::{Bytea, Session};

use crate::pipeline::Feed;
use crate::{Error, Step};

/// How many bytes of a large object are asked for at once.
const PIECE: usize = 256 * 1024;

/// How many large objects are asked for at once: most are small, and each would cost a round trip alone. An answer is at most
/// this many pieces, in hex.
const BATCH: usize = 32;

/// Reads the contents of large objects, many in one statement as long as they are small.
///
/// Returns the number of bytes. Contents come through `lo_get`, which checks privileges as the role's own reads do and sees the
/// transaction's snapshot.
pub(crate) async fn read(session: &mut Session, feed: &Feed, oids: &[u32]) -> Result<u64, Error> {
    let mut bytes = 0;
    for batch in oids.chunks(BATCH) {
        let first_pieces = get(session, batch, 0).await?;
        for (&oid, piece) in batch.iter().zip(first_pieces) {
            feed.step(Step::BeginLargeObject { oid }).await?;
            let mut last = piece.len();
            bytes += last as u64;
            let mut offset = last as u64;
            feed.data(piece).await?;
            while last == PIECE {
                let piece = get(session, &[oid], offset).await?.remove(0);
                last = piece.len();
                bytes += last as u64;
                offset += last as u64;
                feed.data(piece).await?;
            }
            feed.end_stream(Step::EndLargeObject).await?;
        }
    }
    Ok(bytes)
}

/// One piece, from `offset` on, of each large object in `oids`.
async fn get(session: &mut Session, oids: &[u32], offset: u64) -> Result<Vec<Bytes>, Error> {
    let list = oids
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(",");
    let query = format!(
        "SELECT pg_catalog.lo_get(oid, {offset}, {PIECE})
         FROM pg_catalog.unnest('{{{list}}}'::pg_catalog.oid[]) WITH ORDINALITY AS wanted(oid, position)
         ORDER BY position"
    );
    let rows = session
        .query(query)
        .await
        .map_err(|source| Error::LargeObject {
            oid: oids[0],
            source,
        })?;
    if rows.len() != oids.len() {
        let reason = format!("{} rows came for {} large objects", rows.len(), oids.len());
        return Err(Error::LargeObjectAnswer {
            oid: oids[0],
            reason,
        });
    }
    rows.iter()
        .zip(oids)
        .map(|(row, &oid)| match row.get::<Bytea>(0) {
            Ok(Bytea(bytes)) => Ok(bytes.into()),
            Err(error) => Err(Error::LargeObjectAnswer {
                oid,
                reason: error.to_string(),
            }),
        })
        .collect()
}
