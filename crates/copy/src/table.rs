//! Reading the rows of tables.

use bytes::Bytes;
use pgdumprs_connect::CopyOut;

use crate::compress::Feed;
use crate::plan::{Extent, Part};
use crate::worker::Came;
use crate::{Error, Step, Table};

/// What ends the rows of a table in an archive: the end-of-data line that psql knows, and two newlines that pg_dump adds.
const END_OF_DATA: &[u8] = b"\\.\n\n\n";

/// How much was read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Reads the output of a table's part.
pub(crate) async fn read(
    copy: &mut CopyOut<'_>,
    feed: &Feed,
    mut came: Came<'_>,
    dump_id: i32,
    table: &Table,
    part: &Part,
) -> Result<Count, Error> {
    let failed = |source| Error::Table {
        table: table.name.clone(),
        source,
    };
    let is_piece = is_piece(part);
    begin(feed, dump_id, part).await?;
    if let Some(inserts) = &table.inserts {
        feed.begin_inserts(inserts.clone()).await?;
    }
    let mut bytes = 0;
    while let Some(piece) = copy.next().await.map_err(failed)? {
        bytes += piece.len() as u64;
        came.add(piece.len());
        feed.data(piece, is_piece).await?;
    }
    let rows = copy.rows().ok_or_else(|| Error::TableAnswer {
        table: table.name.clone(),
    })?;
    end(feed, table, part).await?;
    Ok(Count { rows, bytes })
}

/// Whether what is read makes a stream only with other parts.
pub(crate) fn is_piece(part: &Part) -> bool {
    matches!(part.extent, Extent::Pages(..))
}

/// Says what comes before the rows of a table's part.
pub(crate) async fn begin(feed: &Feed, dump_id: i32, part: &Part) -> Result<(), Error> {
    if part.is_first {
        feed.step(Step::BeginTable { dump_id }).await?;
        if is_piece(part) {
            feed.begin_join().await?;
        }
    }
    Ok(())
}

/// Says what comes behind the rows of a table's part.
pub(crate) async fn end(feed: &Feed, table: &Table, part: &Part) -> Result<(), Error> {
    let is_piece = is_piece(part);
    if part.is_last && table.inserts.is_none() {
        feed.data(Bytes::from_static(END_OF_DATA), is_piece).await?;
    }
    feed.end_data(is_piece).await?;
    if part.is_last {
        if is_piece {
            feed.end_join().await?;
        }
        feed.step(Step::EndBlock).await?;
    }
    Ok(())
}
