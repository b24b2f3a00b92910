//! Reading the rows of tables.

use bstr::BString;
use bytes::Bytes;
use pgdumprs_connect::Session;

use crate::pipeline::Feed;
use crate::{Error, Step};

/// What ends the rows of a table in an archive: the end-of-data line that psql knows, and two newlines that pg_dump adds.
const END_OF_DATA: &[u8] = b"\\.\n\n\n";

/// How much was read.
pub(crate) struct Count {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Reads the output of the COPY that was queued in `session` before all others that are still unread.
pub(crate) async fn read(
    session: &mut Session,
    feed: &Feed,
    dump_id: i32,
    name: &BString,
) -> Result<Count, Error> {
    let failed = |source| Error::Table {
        table: name.clone(),
        source,
    };
    let copy = session.next_copy_out().await.map_err(failed)?;
    let mut copy = copy.expect("every table's COPY is queued before it is read");
    feed.step(Step::BeginTable { dump_id }).await?;
    let mut bytes = 0;
    while let Some(piece) = copy.next().await.map_err(failed)? {
        bytes += piece.len() as u64;
        feed.data(piece).await?;
    }
    let rows = copy.rows().unwrap_or(0);
    feed.data(Bytes::from_static(END_OF_DATA)).await?;
    feed.end_stream(Step::EndBlock).await?;
    Ok(Count { rows, bytes })
}
